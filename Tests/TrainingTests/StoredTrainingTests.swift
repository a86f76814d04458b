import FastGaussNewton
import Foundation
import TestSupport
import Testing

@testable import Training

/// Features that stay in their file give what those in memory give, bit for bit.
@Suite struct StoredTrainingTests {
  let directory = TemporaryDirectory()

  enum Kind: CaseIterable { case archive, pair, sparse }

  /// 90 examples of 3 classes, in one or two files.
  private func files<S: RealScalar>(_ kind: Kind, _ type: S.Type) throws -> DataFiles {
    var data: Dataset<S> = try blobs(rows: 90, features: 6, classes: 3)
    let path = directory.file("data.npz")
    let labels = data.labels.map { Int($0) }
    switch kind {
    case .archive:
      try NPZ.write(to: path) { file throws(FileError) in
        try file.add(data.features.dense, named: "X")
        try file.add(labels, named: "y")
      }
    case .pair:
      try NPY.write(data.features.dense, to: directory.file("X.npy"))
      try NPY.write(labels, to: directory.file("y.npy"))
      return DataFiles(.pair(features: directory.file("X.npy"), labels: directory.file("y.npy")))
    case .sparse:
      let kept = data.features.dense.elements.enumerated().map { $0 % 7 == 0 || $0 % 11 == 3 ? $1 : 0 }
      data = try Dataset(
        features: Matrix(rows: 90, columns: 6, elements: kept), labels: data.labels, classNames: data.classNames)
      let matrix = SparseMatrix(data.features.dense)
      try NPZ.write(to: path) { file throws(FileError) in
        try file.add(matrix.columnIndices.map { Int($0) }, named: "indices")
        try file.add(matrix.rowStarts, named: "indptr")
        try file.add([90, 6], named: "shape")
        try file.add(matrix.values, named: "data")
        try file.add(labels, named: "y")
      }
    }
    return DataFiles(.file(path))
  }

  /// What a run makes of a file: everything that may not depend on where its features are.
  private struct Run<S: RealScalar>: Equatable {
    var parameters: [S]
    var objectives: [Double]
    var evaluation: Evaluation
    var held: Evaluation
    var standardization: Standardization?
    var outputs: [S]
  }

  private func run<S: RealScalar>(
    _ files: DataFiles, _ type: S.Type, standardize: Bool, batchSize: Int = 16, isStored: Bool
  ) throws -> Run<S> {
    var files = files
    files.sparseBelow = .infinity
    files.memoryLimit = isStored ? 0 : .max
    let loaded: Dataset<S> = try files.load().data
    #expect(loaded.features.isInMemory == !isStored)
    var (training, held) = try loaded.split(validationFraction: 0.2, seed: 5)
    let standardization = try standardize ? Standardization(fitting: training.features) : nil
    if let standardization {
      try training.standardize(standardization)
      try held.standardize(standardization)
    }
    try training.balanceClasses()
    #expect(training.features.isInMemory == !isStored)
    let head = LinearHead<S>(features: 6, classes: 3)
    var optimizer = GaussNewtonOptimizer(Objective(head))
    var observer = SilentObserver()
    var options = Trainer.Options(epochs: 2, batchSize: batchSize, seed: 3)
    options.gramBudget = 0  // the Gram of features in a file is never cached
    let result = try Trainer(options: options).run(
      &optimizer, on: training, validation: held, observer: &observer)
    let file = ModelFile(model: head, parameters: result.parameters, classNames: training.classNames)
    var outputs: [S] = []
    var features: Features<S> = try files.loadFeatures(width: 6)
    try standardization?.apply(to: &features)
    #expect(features.isInMemory == !isStored)
    try file.forEachBlock(features) { block, _ in outputs += block.elements }
    features = .none
    return Run(
      parameters: result.parameters.values, objectives: result.epochs.map(\.objective),
      evaluation: try file.evaluate(training), held: try file.evaluate(held), standardization: standardization,
      outputs: outputs)
  }

  private func expectSame<S: RealScalar>(_ kind: Kind, _ type: S.Type, _ standardize: Bool, batchSize: Int) throws {
    let files = try files(kind, type)
    let inMemory = try run(files, type, standardize: standardize, batchSize: batchSize, isStored: false)
    let stored = try run(files, type, standardize: standardize, batchSize: batchSize, isStored: true)
    #expect(inMemory == stored)
    #expect(inMemory.parameters.contains { $0 != 0 } && inMemory.outputs.count == 270)
  }

  @Test(arguments: Kind.allCases, [true, false])
  func trainsToTheSameBits(_ kind: Kind, _ standardize: Bool) throws {
    try expectSame(kind, Float.self, standardize, batchSize: 16)
    try expectSame(kind, Double.self, standardize, batchSize: 16)
    // All in one batch keep their order.
    try expectSame(kind, Float.self, standardize, batchSize: 100)
  }

  @Test func threadsChangeNothing() throws {
    let files = try files(.archive, Float.self)
    let runs = try [1, 2, 3].map { count in
      try withThreads(count) { try run(files, Float.self, standardize: true, isStored: true) }
    }
    #expect(runs[0] == runs[1] && runs[0] == runs[2])
  }

  @Test func sparseFilesForModelsOfDenseFeatures() throws {
    var files = try files(.sparse, Float.self)
    let inMemory: Features<Float> = try files.load(as: Float.self).data.features
    files.memoryLimit = 0
    let stored = try files.load(as: Float.self).data.features
    guard case .stored(let source) = stored, case .dense(let whole) = inMemory else {
      Issue.record("expected dense features in a file and in memory, got \(stored.kind), \(inMemory.kind)")
      return
    }
    #expect(source.entryCount == nil)
    #expect(try source.read(0..<90).dense == whole)
    #expect(try source.gather([7, 3]).dense.elements == Array(whole.row(7)) + whole.row(3))
  }

  @Test func sizesAgainstTheLimit() throws {
    var files = try files(.archive, Float.self)
    // 90 x 6 numbers of 4 bytes, as they would be in memory.
    for (limit, isInMemory) in [(2160, true), (2159, false)] {
      files.memoryLimit = limit
      #expect(try files.load(as: Float.self).data.features.isInMemory == isInMemory)
      #expect(try files.load(as: Double.self).data.features.isInMemory == false)
    }
    let data = try files.load(as: Float.self).data
    try data.checkBatch(of: 89, memoryLimit: 2159)
    expectFailure(DataError.self, "a batch of 90 examples", "take smaller batches") {
      try data.checkBatch(of: 1000, memoryLimit: 2159)
    }
    files = try self.files(.sparse, Float.self)
    files.sparseBelow = .infinity
    let entries = try files.load(as: Float.self).data.features.entryCount!
    for (limit, isInMemory) in [(8 * entries, true), (8 * entries - 1, false)] {
      files.memoryLimit = limit
      #expect(try files.load(as: Float.self).data.features.isInMemory == isInMemory)
    }
  }

  /// A row of 3 MB is a block of its own.
  private func wide(_ change: (inout [Float]) -> Void = { _ in }) throws -> DataFiles {
    var elements = (0..<4 * 750_000).map { Float($0 % 1009) }
    change(&elements)
    try NPY.write(Matrix(rows: 4, columns: 750_000, elements: elements), to: directory.file("X.npy"))
    try NPY.write([0, 1, 0, 1], to: directory.file("y.npy"))
    var files = DataFiles(.pair(features: directory.file("X.npy"), labels: directory.file("y.npy")))
    files.memoryLimit = 0
    return files
  }

  @Test func whatIsNotFiniteIsNamed() throws {
    let files = try wide { $0[2 * 750_000 + 700_001] = .infinity }
    expectFailure(DataError.self, "X.npy: row 2, column 700001: expected a finite number, got inf") {
      try files.load(as: Float.self)
    }
    expectFailure(DataError.self, "X.npy: row 2, column 700001") {
      try files.loadFeatures(as: Float.self, width: 750_000) as Features<Float>
    }
  }

  @Test func momentsOfManyBlocks() throws {
    let stored = try wide().load(as: Float.self).data.features
    let whole = try NPY.matrix(directory.file("X.npy"), as: Float.self)
    var blocks: [Int] = []
    try stored.forEachBlock { block, first throws(DataError) in blocks.append(first) }
    #expect(blocks == [0, 1, 2, 3])
    #expect(try Standardization(fitting: stored) == Standardization(fitting: whole))
  }

  @Test func filesThatShrinkEndTraining() throws {
    var files = try files(.pair, Float.self)
    files.memoryLimit = 0
    let data = try files.load(as: Float.self).data
    let handle = try FileHandle(forWritingTo: URL(filePath: directory.file("X.npy")))
    try handle.truncate(atOffset: 1000)
    let head = LinearHead<Float>(features: 6, classes: 3)
    var optimizer = GaussNewtonOptimizer(Objective(head))
    var observer = SilentObserver()
    expectFailure(FileError.self, "X.npy", "truncated") {
      try Trainer(options: Trainer.Options(epochs: 1, batchSize: 16)).run(
        &optimizer, on: data, observer: &observer)
    }
    expectFailure(FileError.self, "X.npy: byte 1000", "the file has shrunk") {
      var evaluator = Evaluator(Objective(head))
      return try evaluator.evaluate(randomParameters(head), data)
    }
  }

  @Test func viewsOfViews() throws {
    var files = try files(.pair, Double.self)
    let whole = try files.load(as: Double.self).data
    files.memoryLimit = 0
    let stored = try files.load(as: Double.self).data
    let (first, second): ([Int32], [Int32]) = (Array(stride(from: 80, to: 2, by: -3)), [0, 5, 5, 21])
    let (a, b) = (try whole.rows(first).rows(second), try stored.rows(first).rows(second))
    guard case .stored(let view) = b.features else {
      Issue.record("expected features in a file, got \(b.features.kind)")
      return
    }
    #expect(a.labels == b.labels && view.rows == 4)
    #expect(try view.read(0..<4).dense == a.features.dense)
    #expect(try view.read(1..<3).dense.elements == Array(a.features.dense.row(1)) + a.features.dense.row(2))
    #expect(try view.gather([3, 0]).dense == a.rows([3, 0]).features.dense)
  }

  @Test func sizes() {
    #expect(MemoryLimit.bytes("0") == 0 && MemoryLimit.bytes("12345") == 12345)
    #expect(
      MemoryLimit.bytes("1K") == 1024 && MemoryLimit.bytes("1.5g") == 3 << 29 && MemoryLimit.bytes("2T") == 2 << 40)
    for text in ["", "G", "-1", "1e3", "two", "5 G", "1GB", "nan"] {
      #expect(MemoryLimit.bytes(text) == nil, "\(text)")
    }
    #expect(MemoryLimit.standard > 1 << 24)
  }
}
