import FastGaussNewton
import Foundation
import Testing

@testable import Methods

@Suite struct TrainingMethodTests {
  @Test(arguments: [
    ("fgn", "fgn"), ("sgd:lr=0.1:momentum=0.9", "sgd:learning-rate=0.1:momentum=0.9"),
    ("sgd:momentum=0.90:learning-rate=1e-1", "sgd:learning-rate=0.1:momentum=0.9"),
    ("adam:lr=1e-3:schedule=linear:warm-up=0.1", "adam:learning-rate=0.001:schedule=linear:warm-up=0.1"),
    ("egn:solver=woodbury:gain-ratio=1:averaging=0.9", "egn:averaging=0.9:gain-ratio=1:solver=woodbury"),
    ("fgn:damping=auto", "fgn"), ("fgn:trust-region=inf", "fgn:trust-region=inf"), ("lbfgs:memory=5", "lbfgs:memory=5"),
    ("fgn:weight-floor=0:damping-factor=24:damping=0.1", "fgn:damping=0.1:damping-factor=24:weight-floor=0"),
  ])
  func textIsReadAndWritten(_ text: String, _ canonical: String) throws {
    let method = try TrainingMethod(text)
    #expect(method.description == canonical)
    #expect(try TrainingMethod(canonical) == method)
    let copy = try JSONDecoder().decode(TrainingMethod.self, from: JSONEncoder().encode(method))
    #expect(copy == method)
  }

  @Test(arguments: [
    ("fgm", "unknown optimizer \"fgm\", did you mean fgn? There are fgn, ggn, egn"),
    ("Adam", "did you mean adam?"), ("adma", "did you mean adam?"), ("k-fac", "did you mean kfac?"),
    ("sgd:momentun=0.9", "unknown option \"momentun\" for sgd, did you mean momentum? It has learning-rate, schedule"),
    ("fgn:lr=0.1", "fgn has no learning-rate: its damping sets how far a step goes; it has damping, damping-factor"),
    ("lbfgs:lr=0.1", "lbfgs has no learning-rate: a line search sets how far a step goes; it has memory"),
    ("adam:momentum=0.9", "adam has no momentum: it has learning-rate"),
    ("sgd:lr=0", "learning-rate of sgd must be a number above 0, got 0"),
    ("sgd:lr=nan", "must be a number above 0, got nan"), ("sgd:lr=inf", "must be a number above 0, got inf"),
    ("sgd:momentum=1", "momentum of sgd must be a number from 0 to below 1, got 1"),
    ("adam:schedule=cos", "schedule of adam must be one of constant, linear, cosine, got cos"),
    ("kfac:interval=2.5", "interval of kfac must be a whole number of steps from 1 to 1000000, got 2.5"),
    ("sgd:lr", "expected option=value after a colon, got \"lr\""),
    ("sgd:", "expected option=value after a colon, got \"\""),
    ("fgn:solver=dual", "solver of fgn must be one of auto, gram, cg"),
    ("egn:solver=cg", "solver of egn must be one of gram, duncan-guttman, woodbury, got cg"),
    ("fgn:damping=1:fixed-damping=2", "fgn: give damping or fixed-damping, not both"),
    ("fgn:damping-factor=24:gain-ratio=1", "fgn: give damping-factor or gain-ratio, not both"),
    ("fgn:damping-factor=0", "damping-factor of fgn must be a number above 0, got 0"),
    ("fisher:weight-floor=0.25", "weight-floor of fisher must be a number from 0 to below 0.25, got 0.25"),
    ("ggn:weight-floor=0", "ggn has no weight-floor: it has damping, damping-factor"),
    ("egn:momentum=0.5:averaging=0.5", "give momentum or averaging, not both"),
    ("nesterov:momentum=0", "momentum of nesterov must be a number above 0 and below 1, got 0"),
    ("adam:gradient-agreement=2", "gradient-agreement of adam must be a cosine from -1 to 1, got 2"),
    ("fgn:memory-budget=0", "must be a whole number of megabytes from 1 to 1000000000, got 0"),
    ("fgn:trust-region=0", "must be a number above 0, or inf, got 0"), ("fgn:damping=off", "auto or a number above 0"),
    ("adam:weight-decay=-1", "must be a number of at least 0, got -1"), ("", "unknown optimizer \"\""),
  ])
  func badTextIsRefused(_ text: String, _ part: String) {
    do {
      let method = try TrainingMethod(text)
      Issue.record("\(text) became \(method)")
    } catch {
      #expect(error.message.contains(part), "\(error)")
    }
  }

  /// Every method takes steps that lower the loss, with every kind of loss.
  @Test(arguments: TrainingMethod.Name.allCases) func everyMethodSteps(_ name: TrainingMethod.Name) throws {
    func check(_ data: Dataset<Double>, _ loss: any Loss) throws {
      let head = LinearHead<Double>(features: 3, classes: data.outputCount)
      var optimizer = TrainingMethod(name).make(Objective(head, loss: loss, l2: 1e-3)).optimizer
      var parameters = Parameters<Double>(layout: head.layout)
      let reports = (0..<20).map {
        optimizer.step(&parameters, on: data.batch, at: Schedule.Progress(step: $0, total: 20, stepsPerEpoch: 1))
      }
      #expect(reports[0].outcome == .accepted && reports[1].outcome == .accepted, "\(name) \(loss.name)")
      #expect(reports[19].objective < reports[0].objective, "\(name) \(loss.name)")
    }
    try check(toy(), CrossEntropy())
    try check(toyRegression(), SquaredLoss())
  }

  /// Whatever an option says reaches the optimizer: its options as JSON change.
  @Test(arguments: TrainingMethod.Name.allCases) func everyOptionCounts(_ name: TrainingMethod.Name) throws {
    let head = LinearHead<Double>(features: 3, classes: 3)
    func made(_ method: TrainingMethod) throws -> String {
      let made = method.make(Objective(head))
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      return String(decoding: try encoder.encode(made.options), as: UTF8.self) + "\(type(of: made.optimizer))"
    }
    let plain = try made(TrainingMethod(name))
    for option in name.options {
      let standard = name.defaultValue(of: option)?.text
      let words = option.words.isEmpty ? ["7", "0.37", "0.02"] : option.words
      let value = try #require(words.first { $0 != standard && option.value(reading: $0) != nil })
      let method = try TrainingMethod("\(name.rawValue):\(option.name)=\(value)")
      #expect(try made(method) != plain, "\(method)")
      // Saying the default changes nothing.
      guard let standard else { continue }
      #expect(try made(TrainingMethod("\(name.rawValue):\(option.name)=\(standard)")) == plain, "\(option)")
    }
  }

  @Test func gridsAreSpreadAroundTheDefault() throws {
    let grid = try TrainingMethod("adam").grid(count: 5, factor: 10.0.squareRoot())
    #expect(grid.map { $0.settings[.learningRate]?.number } == [0.0001, 0.00032, 0.001, 0.0032, 0.01])
    #expect(
      try TrainingMethod("sgn").grid(count: 3, factor: 10).map { $0.settings[.damping]?.number } == [0.01, 0.1, 1])
    for alone in ["fgn", "egn", "lbfgs", "sqn", "adam:lr=0.1", "sgn:damping=1", "sgn:gain-ratio=1"] {
      let method = try TrainingMethod(alone)
      #expect(method.grid(count: 5, factor: 10) == [method], "\(alone)")
    }
    #expect(try TrainingMethod("adam").grid(count: 1, factor: 10) == [TrainingMethod("adam")])
  }

  @Test func whoNeedsALearningRate() {
    let needy = TrainingMethod.Name.allCases.filter { $0.options.contains(.learningRate) }
    #expect(needy == [.sgd, .nesterov, .adam, .adamw, .kfac, .shampoo, .sophia])
    #expect(TrainingMethod.Name.adam.divergenceRemedy.contains("lower the learning rate"))
    #expect(TrainingMethod.Name.fgn.divergenceRemedy.contains("raise the damping"))
    #expect(!TrainingMethod.Name.lbfgs.divergenceRemedy.contains("damping"))
  }

  /// Settings that did not come from text are held to the same records.
  @Test(arguments: [
    (TrainingMethod.Name.fgn, MethodOption.learningRate, OptionValue.number(0.1), "fgn has no learning-rate"),
    (.egn, .solver, "cg", "solver of egn must be one of gram, duncan-guttman, woodbury, got cg"),
    (.nesterov, .momentum, 0, "momentum of nesterov must be a number above 0"),
  ]) func settingsAreChecked(_ name: TrainingMethod.Name, _ option: MethodOption, _ value: OptionValue, _ part: String)
  {
    var method = TrainingMethod(name)
    method.settings[option] = value
    do {
      try method.check()
      Issue.record("\(method) was taken")
    } catch {
      #expect(error.message.contains(part), "\(error)")
    }
  }

  @Test func strangeSettingsInJSONAreRefused() throws {
    for text in [#"{"learning-rte": "0.1"}"#, #"{"learning-rate": "0"}"#, #"{"schedule": "step"}"#] {
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(MethodSettings.self, from: Data(text.utf8)) }
    }
    var settings = MethodSettings()
    (settings[.learningRate], settings[.schedule]) = (0.1, "linear")
    let text = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
    #expect(
      [#"{"learning-rate":"0.1","schedule":"linear"}"#, #"{"schedule":"linear","learning-rate":"0.1"}"#].contains(text))
  }

  /// The two tables fit each other: each option has an owner and a name of its own, exclusions point backwards.
  @Test func theTablesFit() {
    let options = MethodOption.all
    #expect(Set(options).count == options.count)
    let owned = Set(TrainingMethod.Name.allCases.flatMap(\.options))
    #expect(owned == Set(options), "an option that no method has, or that is not in the table")
    for (index, option) in options.enumerated() {
      #expect(option.excludes.allSatisfy { options[..<index].contains($0) }, "\(option)")
      #expect(option.words.isEmpty == (option.range != nil), "\(option)")
      #expect(!option.meaning.hasSuffix("."), "\(option)")
    }
    for name in TrainingMethod.Name.allCases {
      #expect(Set(name.options).count == name.options.count, "\(name)")
      for option in name.options {
        #expect(name.defaultValue(of: option).map(option.admits) ?? true, "\(name) \(option)")
      }
      if let grid = name.form.grid { #expect(name.options.contains(grid.option), "\(name)") }
    }
  }
}
