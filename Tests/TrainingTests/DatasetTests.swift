import FastGaussNewton
import Testing

@Suite struct DatasetTests {
  static func make(
    _ elements: [Double] = [1, 2, 3, 4, 5, 6], rows: Int = 3, labels: [Int32] = [0, 1, 0],
    names: [String] = ["a", "b"], weights: [Double]? = nil, columnNames: [String]? = nil
  ) throws -> Dataset<Double> {
    try Dataset(
      features: Matrix(rows: rows, columns: elements.count / max(rows, 1), elements: elements), labels: labels,
      classNames: names, weights: weights, source: "file", columnNames: columnNames)
  }

  @Test func keepsWhatItIsGiven() throws {
    let data = try Self.make(weights: [1, 0, 2])
    #expect((data.count, data.featureCount, data.classCount) == (3, 2, 2))
    #expect(data.classCounts == [2, 1])
    #expect(data.weights == [1, 0, 2])
    #expect(data.features.dense[2, 1] == 6)
  }

  @Test(arguments: [(Double.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf")])
  func notFinite(_ value: Double, _ text: String) {
    expectFailure(DataError.self, "file: row 1, column 0: expected a finite number, got \(text)") {
      try Self.make([1, 2, value, 4, 5, .nan])
    }
    expectFailure(DataError.self, "row 2, column \"height\"", "got \(text)") {
      try Self.make([1, 2, 3, 4, 5, value], columnNames: ["width", "height"])
    }
  }

  @Test func floatsAreCheckedToo() {
    expectFailure(DataError.self, "row 0, column 1", "got inf") {
      try Dataset<Float>(
        features: Matrix(rows: 2, columns: 2, elements: [1, .infinity, 1, 1]), labels: [0, 1], classNames: ["a", "b"])
    }
  }

  @Test func shapesThatDoNotMatch() {
    expectFailure(DataError.self, "file: expected one label for each of the 3 feature rows, got 2 labels") {
      try Self.make(labels: [0, 1])
    }
    expectFailure(DataError.self, "expected examples with features, got 0 x 0") {
      try Self.make([], rows: 0, labels: [])
    }
    expectFailure(DataError.self, "got 3 x 0") { try Self.make([], rows: 3) }
    expectFailure(DataError.self, "expected at least two classes, got 1") {
      try Self.make(labels: [0, 0, 0], names: ["a"])
    }
  }

  @Test(arguments: [Int32(2), -1, .max, .min]) func labelsOutOfRange(_ label: Int32) {
    expectFailure(DataError.self, "file: row 2: expected a label in 0..<2, got \(label)") {
      try Self.make(labels: [0, 1, label])
    }
  }

  @Test func badWeights() throws {
    expectFailure(DataError.self, "expected one sample weight for each of 3 rows, got 4") {
      try Self.make(weights: [1, 1, 1, 1])
    }
    for bad in [-1, .nan, .infinity] {
      expectFailure(DataError.self, "row 1: expected a finite sample weight of at least 0, got \(bad)") {
        try Self.make(weights: [1, bad, 1])
      }
    }
    expectFailure(DataError.self, "got only zeros") { try Self.make(weights: [0, 0, 0]) }
    var data = try Self.make(weights: [1, 2, 3])
    expectFailure(DataError.self, "got 1") { try data.setWeights([1]) }
    #expect(data.weights == [1, 2, 3], "refused weights change nothing")
    try data.setWeights(nil)
    #expect(data.weights == nil)
  }

  @Test func balancedClassesWeighTheSame() throws {
    // Class 2 of three has no examples.
    let labels: [Int32] = [0, 0, 0, 0, 1, 1]
    var data = try Self.make(
      [Double](repeating: 1, count: 6), rows: 6, labels: labels, names: ["a", "b", "c"])
    try data.balanceClasses()
    #expect(data.weights == [0.75, 0.75, 0.75, 0.75, 1.5, 1.5])
    var weighted = try Self.make(
      [Double](repeating: 1, count: 6), rows: 6, labels: labels, names: ["a", "b", "c"], weights: [2, 1, 1, 1, 1, 0])
    try weighted.balanceClasses()
    #expect(weighted.weights == [1.2, 0.6, 0.6, 0.6, 3, 0])
  }

  @Test func splitIsSeededDisjointAndComplete() throws {
    // The only feature of a row is its number.
    let count = 101
    let labels = (0..<count).map { Int32($0 % 3) }
    let numbers = (0..<count).map { Double($0) }
    let data = try Dataset(
      features: Matrix(rows: count, columns: 1, elements: numbers), labels: labels, classNames: ["a", "b", "c"],
      weights: numbers.map { $0 + 1 }, source: "file")
    let (training, validation) = try data.split(validationFraction: 0.2, seed: 5)
    #expect(validation.count == 20 && training.count == 81)
    #expect((training.features.dense.elements + validation.features.dense.elements).sorted() == numbers)
    for part in [training, validation] {
      #expect(part.features.dense.elements == part.features.dense.elements.sorted(), "rows keep their order")
      #expect(part.labels == part.features.dense.elements.map { Int32($0) % 3 }, "labels stay with their rows")
      #expect(part.weights == part.features.dense.elements.map { $0 + 1 }, "weights stay with their rows")
      #expect(part.classNames == data.classNames && part.source == "file")
    }
    #expect(try data.split(validationFraction: 0.2, seed: 5).validation.features.dense == validation.features.dense)
    #expect(try data.split(validationFraction: 0.2, seed: 6).validation.features.dense != validation.features.dense)
  }

  @Test(arguments: [0.0, 0.1, 0.9, 1, 1.5, -0.2]) func splitThatLeavesASideEmpty(_ fraction: Double) throws {
    let data = try Self.make()
    expectFailure(DataError.self, "leaves rows on both sides of 3, got \(fraction)") {
      try data.split(validationFraction: fraction, seed: 0)
    }
  }

  @Test func someRows() throws {
    let part = try Self.make(weights: [1, 2, 3]).rows([2, 0, 2])
    #expect(part.features.dense.elements == [5, 6, 1, 2, 5, 6])
    #expect(part.labels == [0, 0, 0] && part.weights == [3, 1, 3])
  }

  @Test func standardizationThatOverflowsIsRefused() throws {
    var data = try Self.make()
    expectFailure(DataError.self, "row 0, column 1", "got inf") {
      try data.standardize(Standardization(mean: [0, 0], scale: [1, .leastNonzeroMagnitude]))
    }
  }
}
