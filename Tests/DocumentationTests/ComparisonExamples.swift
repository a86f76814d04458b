import Comparison
import FastGaussNewton
import Testing

/// The examples of comparisons in docs/methods.md and in Comparison's comments.
@Suite struct ComparisonExamples {
  let head = LinearHead<Double>(features: 2, classes: 2)

  static func data(rows: Int) throws -> Dataset<Double> {
    let labels = (0..<rows).map { Int32($0 % 2) }
    let elements = labels.enumerated().flatMap { [Double($1), Double($0) / Double(rows)] }
    return try Dataset(
      features: Matrix(rows: rows, columns: 2, elements: elements), labels: labels, classNames: ["no", "yes"])
  }

  @Test func comparison() throws {
    let (data, held) = (try Self.data(rows: 20), try Self.data(rows: 8))
    let options = ComparisonOptions(
      contestants: [try TrainingMethod("fgn"), try TrainingMethod("sgd:lr=0.1")], seeds: [0, 1], budget: .epochs(2))
    let problem = ComparisonProblem(model: head, training: data, validation: held)
    var comparison = try OptimizerComparison(problem, options)
    let report = try comparison.run()
    print(report?.summary.text ?? "interrupted")
    #expect(report?.contestants.count == 2)
  }
}

/// The page of the command line against the rows of comparisons.
@Suite struct ComparisonPageTests {
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
