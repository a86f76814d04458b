import Comparison
import FastGaussNewton
import Testing

/// The examples of docs/methods.md and of Comparison's comments.
@Suite struct ComparisonExamples {
  let head = LinearHead<Double>(features: 2, classes: 2)

  func data(rows: Int) throws -> Dataset<Double> {
    let labels = (0..<rows).map { Int32($0 % 2) }
    let elements = labels.enumerated().flatMap { [Double($1), Double($0) / Double(rows)] }
    return try Dataset(
      features: Matrix(rows: rows, columns: 2, elements: elements), labels: labels, classNames: ["no", "yes"])
  }

  @Test func settings() {
    var settings = OptimizerSettings()
    settings[.learningRate] = 0.1
    settings.set(.schedule, to: "linear")
    #expect(settings.schedule == .linear && settings.given == [.learningRate, .schedule])
  }

  @Test func contestant() throws {
    let contestant = try Contestant("sgd:lr=0.1:momentum=0.9")
    print(contestant)  // sgd:learning-rate=0.1:momentum=0.9
    #expect("\(contestant)" == "sgd:learning-rate=0.1:momentum=0.9")
  }

  @Test func make() throws {
    let batch = try data(rows: 6).batch
    var parameters = Parameters<Double>(layout: head.layout)
    var made = try Contestant("adam:lr=0.01").make(head, l2: 1e-4)
    let report = made.optimizer.step(&parameters, on: batch, at: Progress(step: 0, total: 10))
    #expect(report.outcome == .accepted)
  }

  @Test func trainer() throws {
    let data = try data(rows: 20)
    let contestant = try Contestant("sgd:lr=0.1:momentum=0.9")
    var optimizer = contestant.make(head, loss: CrossEntropy(), l2: 1e-4).optimizer
    var observer = SilentObserver()
    let result = try Trainer(options: TrainingOptions(epochs: 2, l2: 1e-4)).run(
      &optimizer, on: data, observer: &observer)
    #expect(result.epochs.count == 2)
  }

  @Test func comparison() throws {
    let (data, held) = (try data(rows: 20), try data(rows: 8))
    let options = ComparisonOptions(
      contestants: [try Contestant("fgn"), try Contestant("sgd:lr=0.1")], seeds: [0, 1], budget: .epochs(2))
    let problem = ComparisonProblem(model: head, training: data, validation: held)
    var comparison = try OptimizerComparison(problem, options)
    let report = try comparison.run()
    print(report?.summary.text ?? "interrupted")
    #expect(report?.contestants.count == 2)
  }
}

/// docs/methods.md against the table of methods.
@Suite struct MethodPageTests {
  @Test(arguments: OptimizerName.allCases) func everyMethodHasItsSection(_ name: OptimizerName) throws {
    let page = try Repository.text("docs/methods.md")
    let section = try #require(page.section("### \(name)"))
    for option in name.traits.options {
      #expect(section.contains("`\(option.rawValue)`"), "\(name): \(option.rawValue)")
    }
    if let rate = name.defaultLearningRate {
      #expect(section.contains("`learning-rate` (\(rate))"), "\(name): \(rate)")
    }
    for solver in name.traits.solvers { #expect(section.contains("`\(solver.rawValue)`"), "\(name): \(solver)") }
    #expect(page.contains("| [`\(name)`](#\(name)) |"))
    let help = try Repository.text("Sources/fgn/MethodArguments.swift")
    #expect(help.contains(" \(name)"), "\(name)")
  }

  /// Every row and key of a comparison is on the page of the command line.
  @Test func everyColumnIsDocumented() throws {
    let section = try #require(try Repository.text("docs/command-line.md").section("## fgn compare"))
    for file in ["ComparisonRow", "ComparisonSummary"] {
      let source = try Repository.text("Sources/Comparison/\(file).swift").components(separatedBy: "extension ")[0]
      let keys = try source.captures(#"^ +public var (\w+)(?::| =)"#)
      #expect(keys.count > 15)
      for key in keys { #expect(section.contains("`\(key)`"), "\(key)") }
    }
  }
}
