import FastGaussNewton

/// Noisy classes around random centres.
func toy() throws -> Dataset<Double> {
  var generator = SeededGenerator(seed: 7)
  let centers = (0..<9).map { _ in 2 * generator.normal() }
  let labels = (0..<60).map { Int32($0 % 3) }
  let elements = labels.flatMap { label in (0..<3).map { centers[Int(label) * 3 + $0] + generator.normal() } }
  return try Dataset(
    features: Matrix(rows: 60, columns: 3, elements: elements), labels: labels, classNames: ["0", "1", "2"])
}

/// A linear function of the features with noise.
func toyRegression() throws -> Dataset<Double> {
  var generator = SeededGenerator(seed: 9)
  let elements = (0..<180).map { _ in generator.normal() }
  let values = (0..<60).map { elements[3 * $0] - 2 * elements[3 * $0 + 1] + 0.1 * generator.normal() }
  return try Dataset(
    features: Matrix(rows: 60, columns: 3, elements: elements), values: Matrix(rows: 60, columns: 1, elements: values),
    targetNames: ["y"])
}
