import FastGaussNewton
import TestSupport
import Testing

@testable import Training

/// One rule for labels as classes, whatever the format.
@Suite struct ClassLabelsTests {
  let directory = TemporaryDirectory()

  @Test func spellingsOfANumber() {
    let labels = ClassLabels(["1.0", "+1", "-1", "1e0", "200000", "1"])
    #expect(labels.names == ["-1", "1", "200000"] && labels.codes == [1, 1, 0, 1, 2, 1] && labels.areWhole)
    let texts = ClassLabels(["b", "1.0", "1"])
    #expect(texts.names == ["1", "1.0", "b"] && texts.codes == [2, 1, 0] && !texts.areWhole)
    #expect(ClassLabels(["007", "7", "10"]).names == ["007", "10", "7"], "zeros in front make texts")
    #expect(ClassLabels(["0", "0.0", "-0"]).names == ["0"])
    #expect(ClassLabels.wholeNumber("1.5") == nil && ClassLabels.wholeNumber("1e300") == nil)
  }

  @Test func arraysKeepTheirNumbers() throws {
    let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
    func load(_ labels: [Int]) throws -> DataFiles.Loaded<Float> {
      try NPY.write(Matrix<Float>(rows: labels.count, columns: 1), to: x)
      try NPY.write(labels, to: y)
      return try DataFiles(.pair(features: x, labels: y)).load()
    }
    let ids = try load([200000, 0, 200000])
    #expect(ids.data.classNames == ["0", "200000"] && ids.data.labels == [1, 0, 1])
    #expect(ids.remarks.contains { $0.contains("the 2 classes are the values that occur, 0, 200000") })
    #expect(try load([1, 2, 1]).data.classNames == ["1", "2"])
    #expect(try load([-5, 7]).data.classNames == ["-5", "7"])
    let counted = try load([0, 1, 2])
    #expect(counted.data.classNames == ["0", "1", "2"] && counted.remarks.isEmpty)
    var files = DataFiles(.pair(features: x, labels: y))
    files.classNames = ["2", "0", "1", "9"]
    #expect(try files.load(as: Float.self).data.labels == [1, 2, 0], "a model that goes on keeps its classes")
    try NPY.write([0, 1, 3], to: y)
    expectFailure(DataError.self, "expected a label among the 4 classes (2, 0, 1, 9), got \"3\"") {
      try files.load(as: Float.self)
    }
  }

  @Test func numbersToPredictAreNoClasses() throws {
    func load(_ labels: [Int]) throws -> Int {
      let rows = labels.enumerated().map { "\($0),\($1)\n" }.joined()
      return try DataFiles(.file(directory.write("a,y\n" + rows, "t.csv"))).load(as: Float.self).data.classCount
    }
    let prices = (0..<120).map { 1000 + 37 * $0 }
    expectFailure(DataError.self, "expected classes, got 120 different numbers in 120 examples") { try load(prices) }
    #expect(try load(Array(0..<120)) == 120 && load(Array(1...120)) == 120, "one example of each class")
    #expect(try load(prices + prices + prices) == 120)
    #expect(try load((0..<10).map { 100 * $0 }) == 10)
  }

  /// Balanced weights of whole weights are those of as many rows.
  @Test func balanceWeighs() throws {
    let (labels, weights): ([Int32], [Double]) = ([0, 0, 1, 2, 1], [3, 1, 2, 0, 1])
    var weighted = try Dataset(
      features: Matrix<Double>(rows: 5, columns: 1), labels: labels, classNames: ["a", "b", "c"], weights: weights)
    try weighted.balanceClasses()
    let rows = zip(labels, weights).flatMap { [Int32](repeating: $0, count: Int($1)) }
    var repeated = try Dataset(
      features: Matrix<Double>(rows: rows.count, columns: 1), labels: rows, classNames: ["a", "b", "c"])
    try repeated.balanceClasses()
    func totals(_ data: Dataset<Double>) -> [Double] {
      var sums = [0.0, 0, 0]
      for (label, weight) in zip(data.labels, data.weights!) { sums[Int(label)] += weight }
      return sums
    }
    #expect(zip(totals(weighted), totals(repeated)).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(totals(weighted) == [3.5, 3.5, 0])
  }
}
