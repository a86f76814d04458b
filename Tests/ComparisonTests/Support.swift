import FastGaussNewton

@testable import Comparison

/// Noisy classes around random centres.
func toy(rows: Int = 60, features: Int = 3, classes: Int = 3, seed: UInt64 = 7) throws -> Dataset<Double> {
  var generator = SeededGenerator(seed: seed)
  let centers = (0..<classes * features).map { _ in 2 * generator.normal() }
  let labels = (0..<rows).map { Int32($0 % classes) }
  let elements = labels.flatMap { label in
    (0..<features).map { centers[Int(label) * features + $0] + generator.normal() }
  }
  return try Dataset(
    features: Matrix(rows: rows, columns: features, elements: elements), labels: labels,
    classNames: (0..<classes).map(String.init), source: "toy")
}

/// A linear function of the features with noise.
func toyRegression(rows: Int = 60, seed: UInt64 = 9) throws -> Dataset<Double> {
  var generator = SeededGenerator(seed: seed)
  let elements = (0..<3 * rows).map { _ in generator.normal() }
  let values = (0..<rows).map { elements[3 * $0] - 2 * elements[3 * $0 + 1] + 0.1 * generator.normal() }
  return try Dataset(
    features: Matrix(rows: rows, columns: 3, elements: elements),
    values: Matrix(rows: rows, columns: 1, elements: values),
    targetNames: ["y"])
}

func toyProblem(test: Bool = false) throws -> ComparisonProblem<LinearHead<Double>> {
  let parts = try toy().split(validationFraction: 0.3, seed: 1)
  return ComparisonProblem(
    model: LinearHead(features: 3, classes: 3), training: parts.training, validation: parts.validation,
    test: test ? try toy(seed: 8) : nil)
}

func toyOptions(_ contestants: String..., seeds: [UInt64] = [0, 1], budget: Budget = .epochs(2)) throws
  -> ComparisonOptions
{
  var options = ComparisonOptions(
    contestants: try contestants.map { try TrainingMethod($0) }, seeds: seeds, budget: budget)
  (options.batchSize, options.points, options.gridPoints) = (10, 4, 3)
  return options
}

extension ComparisonRow {
  /// Without what the clock says. The key and the number of threads stay: a test that compares two runs holds the
  /// thread count meanwhile (`withThreads`), which other tests change.
  var timeless: ComparisonRow {
    var row = self
    (row.wallSeconds, row.cpuSeconds) = (0, 0)
    return row
  }
}

extension ComparisonReport {
  var timeless: [ComparisonRow] {
    contestants.flatMap { ($0.tuning + $0.runs).flatMap(\.rows) }.map(\.timeless)
  }
}
