import FastGaussNewton
import Foundation
import Testing

@testable import Comparison

@Suite struct ContestantTests {
  @Test(arguments: [
    ("fgn", "fgn"), ("sgd:lr=0.1:momentum=0.9", "sgd:learning-rate=0.1:momentum=0.9"),
    ("sgd:momentum=0.90:learning-rate=1e-1", "sgd:learning-rate=0.1:momentum=0.9"),
    ("adam:lr=1e-3:schedule=linear:warm-up=0.1", "adam:learning-rate=0.001:schedule=linear:warm-up=0.1"),
    ("egn:solver=woodbury:gain-ratio=1:averaging=0.9", "egn:averaging=0.9:gain-ratio=1:solver=woodbury"),
    ("fgn:damping=auto", "fgn"), ("fgn:trust-region=inf", "fgn:trust-region=inf"), ("lbfgs:memory=5", "lbfgs:memory=5"),
    ("fgn:weight-floor=0:damping-factor=24:damping=0.1", "fgn:damping=0.1:damping-factor=24:weight-floor=0"),
  ])
  func textIsReadAndWritten(_ text: String, _ canonical: String) throws {
    let contestant = try Contestant(text)
    #expect(contestant.description == canonical)
    #expect(try Contestant(canonical) == contestant)
    let copy = try JSONDecoder().decode(Contestant.self, from: JSONEncoder().encode(contestant))
    #expect(copy == contestant)
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
    ("kfac:interval=2.5", "interval of kfac must be a whole number from 1, got 2.5"),
    ("sgd:lr", "expected option=value after a colon, got \"lr\""),
    ("sgd:", "expected option=value after a colon, got \"\""),
    ("fgn:solver=dual", "solver for fgn must be one of auto, gram, cg"),
    ("egn:solver=cg", "solver for egn must be one of gram, duncan-guttman, woodbury, got cg"),
    ("fgn:damping=1:fixed-damping=2", "fgn: give damping or fixed-damping, not both"),
    ("fgn:damping-factor=24:gain-ratio=1", "fgn: give damping-factor or gain-ratio, not both"),
    ("fgn:damping-factor=0", "damping-factor of fgn must be a number above 0, got 0"),
    ("fisher:weight-floor=0.25", "weight-floor of fisher must be a number from 0 to below 0.25, got 0.25"),
    ("ggn:weight-floor=0", "ggn has no weight-floor: it has damping, damping-factor"),
    ("egn:momentum=0.5:averaging=0.5", "give momentum or averaging, not both"),
    ("nesterov:momentum=0", "momentum of nesterov must be above 0"), ("", "unknown optimizer \"\""),
  ])
  func badTextIsRefused(_ text: String, _ part: String) {
    do {
      let contestant = try Contestant(text)
      Issue.record("\(text) became \(contestant)")
    } catch {
      #expect(error.message.contains(part), "\(error)")
    }
  }

  /// Every method takes steps that lower the loss, with every kind of loss.
  @Test(arguments: OptimizerName.allCases) func everyMethodSteps(_ name: OptimizerName) throws {
    func check(_ data: Dataset<Double>, _ loss: any Loss) throws {
      let head = LinearHead<Double>(features: 3, classes: data.outputCount)
      var optimizer = Contestant(name).make(head, loss: loss, l2: 1e-3).optimizer
      var parameters = Parameters<Double>(layout: head.layout)
      let reports = (0..<20).map {
        optimizer.step(&parameters, on: data.batch, at: Progress(step: $0, total: 20, stepsPerEpoch: 1))
      }
      #expect(reports[0].outcome == .accepted && reports[1].outcome == .accepted, "\(name) \(loss.name)")
      #expect(reports[19].objective < reports[0].objective, "\(name) \(loss.name)")
    }
    try check(toy(), CrossEntropy())
    try check(toyRegression(), SquaredLoss())
  }

  /// Whatever an option says reaches the optimizer: its options as JSON change.
  @Test(arguments: OptimizerName.allCases) func everyOptionCounts(_ name: OptimizerName) throws {
    let head = LinearHead<Double>(features: 3, classes: 3)
    func made(_ contestant: Contestant) throws -> String {
      let made = contestant.make(head)
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      return String(decoding: try encoder.encode(made.options), as: UTF8.self) + "\(type(of: made.optimizer))"
    }
    let plain = try made(Contestant(name))
    for option in name.traits.options {
      let value =
        switch option {
        case .schedule: "linear"
        case .solver: "woodbury"
        case .lineSearch: "armijo"
        case .metric: "kronecker"
        case .weightFloor: "0.02"
        case .memory, .memoryBudget, .iterations, .interval: "7"
        default: "0.37"
        }
      let contestant = try Contestant("\(name.rawValue):\(option.rawValue)=\(value)")
      #expect(try made(contestant) != plain, "\(contestant)")
    }
  }

  @Test func gridsAreSpreadAroundTheDefault() throws {
    let grid = try Contestant("adam").grid(count: 5, factor: 10.0.squareRoot())
    #expect(grid.map { $0.settings[.learningRate] } == [0.0001, 0.00032, 0.001, 0.0032, 0.01])
    #expect(try Contestant("sgn").grid(count: 3, factor: 10).map { $0.settings[.damping] } == [0.01, 0.1, 1])
    for alone in ["fgn", "egn", "lbfgs", "sqn", "adam:lr=0.1", "sgn:damping=1", "sgn:gain-ratio=1"] {
      let contestant = try Contestant(alone)
      #expect(contestant.grid(count: 5, factor: 10) == [contestant], "\(alone)")
    }
    #expect(try Contestant("adam").grid(count: 1, factor: 10) == [Contestant("adam")])
  }

  @Test func whoNeedsALearningRate() {
    let needy = OptimizerName.allCases.filter(\.needsLearningRate)
    #expect(needy == [.sgd, .nesterov, .adam, .adamw, .kfac, .shampoo, .sophia])
    #expect(OptimizerName.adam.remedy(after: .diverged).contains("lower the learning rate"))
    #expect(OptimizerName.fgn.remedy(after: .diverged).contains("raise the damping"))
    #expect(!OptimizerName.lbfgs.remedy(after: .diverged).contains("damping"))
    #expect(OptimizerName.adam.remedy(after: .timeLimit) == TrainingOutcome.timeLimit.remedy)
  }
}
