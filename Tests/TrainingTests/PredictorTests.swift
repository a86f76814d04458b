import FastGaussNewton
import Foundation
import TestSupport
import Testing

@Suite struct PredictorTests {
  private func file<M: Model>(_ model: M, _ classes: Int) -> ModelFile<M.Scalar> {
    var generator = SeededGenerator(seed: 3)
    let parameters = Parameters<M.Scalar>(layout: model.layout, values: generator.vector(model.layout.count))
    return ModelFile(model: model, parameters: parameters, classNames: (0..<classes).map(String.init))
  }

  /// The outputs of the model, by its own forward pass.
  private func logits<S>(_ file: ModelFile<S>, _ features: Matrix<S>) throws -> Matrix<S> {
    var all: [S] = []
    try file.forEachBlock(.dense(features)) { logits, _ in all += logits.elements }
    return Matrix(rows: all.count / file.model.outputWidth, columns: file.model.outputWidth, elements: all)
  }

  private func check<S: RealScalar>(_ file: ModelFile<S>, _ features: Matrix<S>, limit: Double) throws {
    var file = file
    file.temperature = 2.5
    let predictor = Predictor(file)
    var scaled = try logits(file, features)
    scaled.scale(by: 0.4)
    RowKernels.softmax(&scaled)
    let table = try predictor.probabilities(of: features)
    #expect(table.rows == scaled.rows && largestDifference(table.elements, scaled.elements) < limit)
    #expect(try predictor.classes(of: features) == RowKernels.argmax(scaled))
    let top = try predictor.top(2, of: features)
    #expect(top.classes.count == 2 * table.rows)
    for row in 0..<table.rows {
      let sorted = table.row(row).sorted(by: >)
      for j in 0..<2 { #expect(abs(Double(top.probabilities[2 * row + j] - sorted[j])) < limit, "row \(row)") }
      #expect(abs(Double(table[row, Int(top.classes[2 * row + 1])] - sorted[1])) < limit, "row \(row)")
    }
  }

  @Test func headsAndNetworks() throws {
    var generator = SeededGenerator(seed: 5)
    let x: Matrix<Float> = generator.matrix(50, 6)
    try check(file(LinearHead<Float>(features: 6, classes: 4), 4), x, limit: 1e-6)
    try check(file(LinearHead<Double>(features: 6, classes: 3, intercept: false), 3), x.converted(), limit: 1e-14)
    let network = try Network<Float>(.mlp([6, 5, 4], activation: Layers.Activation(.tanh)))
    try check(file(network, 4), x, limit: 1e-6)
  }

  @Test func standardisesInItsOwnUnits() throws {
    var generator = SeededGenerator(seed: 6)
    let x: Matrix<Double> = generator.matrix(30, 5, scale: 4)
    var model = file(LinearHead<Double>(features: 5, classes: 3), 3)
    let plain = Predictor(model)
    model.standardization = Standardization(fitting: x)
    var standardised = x
    model.standardization?.apply(to: &standardised)
    let table = try Predictor(model).probabilities(of: x)
    #expect(try table == plain.probabilities(of: standardised))
    #expect(try table != plain.probabilities(of: x))
  }

  @Test func sparseFeaturesAndFeaturesInAFile() throws {
    struct InFile: StoredFeatures {
      let features: Features<Float>
      var rows: Int { features.rows }
      var columns: Int { features.columns }
      var entryCount: Int? { features.entryCount }
      func entryCount(of index: [Int32]) -> Int? { nil }
      func read(_ range: Range<Int>, into result: inout Features<Float>) throws {
        try features.read(range, into: &result)
      }
      func gather(_ index: [Int32], into result: inout Features<Float>) throws {
        result = features.gatheredInMemory(index)
      }
    }
    let (rows, columns) = (1100, 16_385)  // 256 rows at a time
    let sparse = SparseMatrix<Float>(
      columns: columns, rowStarts: (0...rows).map { 2 * $0 }, columnIndices: (0..<rows).flatMap { [Int32($0), 5000] },
      values: (0..<2 * rows).map { Float($0 % 13) - 6 })
    let predictor = Predictor(file(LinearHead<Float>(features: columns, classes: 3), 3))
    let expected = try predictor.probabilities(of: sparse.densified())
    for features in [Features.sparse(sparse), .stored(InFile(features: .sparse(sparse)))] {
      let table = try predictor.probabilities(of: features)
      #expect(table.rows == rows && largestDifference(table.elements, expected.elements) < 1e-5)
      #expect(try predictor.classes(of: features) == RowKernels.argmax(table))
      #expect(try predictor.top(1, of: features).classes == RowKernels.argmax(table))
    }
    let stored = Features.stored(InFile(features: .dense(sparse.densified())))
    #expect(try predictor.probabilities(of: stored) == expected)
    #expect(try predictor.classes(of: stored) == RowKernels.argmax(expected))
    #expect(try predictor.top(2, of: stored).classes.count == 2 * rows)
  }

  @Test func refuses() throws {
    var predictor = Predictor(file(LinearHead<Float>(features: 5, classes: 3), 3))
    (predictor.source, predictor.firstRow) = ("rows", 100)
    var x = Matrix<Float>(rows: 4, columns: 5)
    expectFailure(DataError.self, "rows: expected k from 1 to the model's 3 classes, got 4") {
      try predictor.top(4, of: x)
    }
    x[2, 1] = .infinity
    expectFailure(DataError.self, "rows: row 102: the logits overflow float32") { try predictor.classes(of: x) }
    expectFailure(DataError.self, "row 102: the logits") { try predictor.top(1, of: x) }
    expectFailure(DataError.self, "row 102: the logits") { try predictor.probabilities(of: x) }
    expectFailure(DataError.self, "expected 5 features, as the model has, got 6") {
      try predictor.classes(of: Matrix(rows: 1, columns: 6))
    }
  }

  @Test func standardisesACopyInBlocks() throws {
    let (rows, columns) = (700, 16_385)  // 256 rows at a time
    let x = Matrix<Float>(rows: rows, columns: columns, elements: (0..<rows * columns).map { Float($0 * 7919 % 1021) })
    var model = file(LinearHead<Float>(features: columns, classes: 3), 3)
    model.standardization = Standardization(fitting: x)
    var standardized = x
    model.standardization?.apply(to: &standardized)
    let own = try Predictor(model).probabilities(of: x)
    model.standardization = nil
    #expect(try Predictor(model).probabilities(of: standardized) == own)
    model.standardization = Standardization(
      mean: [Double](repeating: 0, count: columns),
      scale: (0..<columns).map { $0 == 1 ? 1e-40 : 1 })
    expectFailure(DataError.self, "row 0, column 1: expected a finite number, got inf") {
      try Predictor(model).classes(of: x)
    }
  }

  @Test func classesAndNumbersAreKeptApart() throws {
    let head = LinearHead<Double>(features: 1, classes: 1)
    let values = Matrix<Double>(rows: 2, columns: 1, elements: [10, 30])
    var data = try Dataset(features: Matrix(rows: 2, columns: 1, elements: [0, 1]), values: values, targetNames: ["y"])
    try data.standardizeTargets(Standardization(mean: [20], scale: [10]))
    let regression = ModelFile(
      model: head, parameters: Parameters(layout: head.layout, values: [2, -1]), loss: SquaredLoss(), trainedOn: data)
    let predictor = Predictor(regression)
    #expect(try predictor.numbers(of: data.features).elements == [10, 30])
    let x = data.features
    expectFailure(DataError.self, "expected a classifier, got a model that predicts numbers, with the squared") {
      try predictor.classes(of: x)
    }
    expectFailure(DataError.self, "expected a classifier") { try predictor.top(1, of: x) }
    expectFailure(DataError.self, "expected a classifier") { try predictor.probabilities(of: x) }
    let classifier = file(LinearHead<Float>(features: 5, classes: 3), 3)
    expectFailure(DataError.self, "expected a model that predicts numbers, got a classifier") {
      try Predictor(classifier).numbers(of: Matrix(rows: 1, columns: 5))
    }
  }

  @Test func temperatureInFiles() throws {
    let directory = TemporaryDirectory()
    var model = file(LinearHead<Float>(features: 5, classes: 3), 3)
    let path = directory.file("model.safetensors")
    try model.write(to: path)
    #expect(try ModelFile<Float>(reading: path).temperature == nil)
    model.temperature = 0.1 + 0.2
    try model.write(to: path)
    #expect(try ModelFile<Float>(reading: path).temperature == 0.1 + 0.2)
    model.temperature = -1
    try model.write(to: path)
    expectFailure(FileError.self, "metadata \"temperature\": expected a number from 1e-6 to 1e6, got \"-1.0\"") {
      try ModelFile<Float>(reading: path)
    }
  }
}
