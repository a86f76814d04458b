import FastGaussNewton
import Testing

/// Labels of positions: data sets, batches and evaluation.
@Suite struct PositionLabelsTests {
  static let positions = 3

  /// Example i has features (i, -i) at each position; labels are (i + t) % 2, but -100 where `isMissing`.
  static func data(
    _ count: Int, weighted: Bool = false, isMissing: (Int, Int) -> Bool = { _, _ in false }
  ) throws -> Dataset<Double> {
    var elements: [Double] = []
    var labels: [Int32] = []
    for i in 0..<count {
      for t in 0..<positions {
        elements += [Double(i), -Double(i)]
        labels.append(isMissing(i, t) ? -100 : Int32((i + t) % 2))
      }
    }
    return try Dataset(
      features: Matrix(rows: count, columns: 2 * positions, elements: elements), labels: labels,
      labelsPerExample: positions, classNames: ["even", "odd"],
      weights: weighted ? (0..<count).map { Double($0) } : nil, source: "file")
  }

  static func model() throws -> Network<Double> {
    try Network(Architecture(input: [positions, 2], layers: [Layers.Positions(), Layers.Dense(2)]))
  }

  @Test func counts() throws {
    let data = try Self.data(4) { i, t in i == 1 || t == 2 }
    #expect((data.count, data.featureCount, data.labelsPerExample, data.labelCount) == (4, 6, 3, 6))
    #expect(data.classCounts == [3, 3])
    let part = try data.rows([3, 0])
    #expect(part.labels == [1, 0, -100, 0, 1, -100] && part.labelCount == 4)
    expectFailure(DataError.self, "file: expected a label somewhere, got only positions without one") {
      try data.rows([1])
    }
  }

  @Test func labelsThatAreNone() throws {
    func make(_ labels: [Int32], _ count: Int = 2) throws -> Dataset<Double> {
      try Dataset(
        features: Matrix(rows: 2, columns: 1), labels: labels, labelsPerExample: count, classNames: ["a", "b"],
        source: "file")
    }
    expectFailure(DataError.self, "row 1, position 0: expected a label in 0..<2, or a negative one for none, got 2") {
      try make([0, -1, 2, 0])
    }
    expectFailure(DataError.self, "expected 2 labels for each of the 2 feature rows, got 3 labels") {
      try make([0, 1, 0])
    }
    expectFailure(DataError.self, "expected 0 labels") { try make([0, 1], 0) }
    expectFailure(DataError.self, "row 1: expected a label in 0..<2, got -1") { try make([0, -1], 1) }
    var data = try make([-1, -1, 0, 1])
    expectFailure(DataError.self, "expected a sample weight above 0 on an example with a label, got only zeros") {
      try data.setWeights([1, 0])
    }
    expectFailure(DataError.self, "which have 2 labels here") { try data.balanceClasses() }
  }

  @Test func theWholeDataAsABatch() throws {
    let full = try Self.data(2).batch
    #expect(full.count == 6 && full.inputs.rows == nil && full.labels == [0, 1, 0, 1, 0, 1])
    let batch = try Self.data(3, weighted: true) { i, t in t == i }.batch
    #expect(batch.inputs.rows == [1, 2, 3, 5, 6, 7])
    #expect(batch.labels == [1, 0, 1, 1, 0, 1] && batch.weights == [0, 0, 1, 1, 2, 2])
  }

  @Test(arguments: [1, 2, 5, 100]) func batchesOfExamples(_ size: Int) throws {
    // Example 3 has no label at all, example 0 no weight.
    let data = try Self.data(9, weighted: true) { i, t in i == 3 || (i + t) % 4 == 0 }
    var batches = Batches(of: data, batchSize: size, seed: 1)
    #expect(batches.exampleCount == 7 && batches.count == (7 + size - 1) / size)
    for _ in 0..<2 {
      batches.shuffle()
      var seen: [Int] = []
      for number in 0..<batches.count {
        let batch = try batches.batch(number, of: data, featureGram: nil)
        let examples = (0..<batch.inputs.features.rows).map { Int(batch.inputs.dense[$0, 0]) }
        seen += examples
        var (rows, labels, weights): ([Int32], [Int32], [Double]) = ([], [], [])
        for (k, i) in examples.enumerated() {
          for t in 0..<Self.positions where (i + t) % 4 != 0 {
            rows.append(Int32(k * Self.positions + t))
            labels.append(Int32((i + t) % 2))
            weights.append(Double(i))
          }
        }
        #expect(batch.labels == labels && batch.weights == weights)
        #expect((batch.inputs.rows ?? (0..<Int32(rows.count)).map { $0 }) == rows && batch.count > 0)
      }
      #expect(seen.sorted() == [1, 2, 4, 5, 6, 7, 8])
    }
  }

  @Test func onlyLabelledRowsAreEvaluated() throws {
    let data = try Self.data(50, weighted: true) { i, t in i % 7 == 0 || (i * t) % 5 == 1 }
    let model = try Self.model()
    var generator = SeededGenerator(seed: 2)
    var parameters = model.initialParameters(using: &generator)
    parameters.values.scale(by: 0.1)
    var evaluator = Evaluator(Objective(model))
    let result = try evaluator.evaluate(parameters, data)
    // The same rows as examples of their own, for a linear head with the same parameters.
    let batch = data.batch
    let rows = try #require(batch.inputs.rows)
    let head = LinearHead<Double>(features: 2, classes: 2)
    let flat = try Dataset(
      features: Matrix(rows: rows.count, columns: 2, elements: rows.flatMap { [Double($0 / 3), -Double($0 / 3)] }),
      labels: batch.labels, classNames: data.classNames, weights: batch.weights)
    var plain = Evaluator(Objective(head))
    let expected = try plain.evaluate(Parameters(layout: head.layout, values: parameters.values), flat)
    #expect(abs(result.loss - expected.loss) < 1e-12 && result.accuracy == expected.accuracy)
    #expect(result.examples == data.labelCount && result.classes == expected.classes)
    #expect(result.classes.map(\.examples) == data.classCounts)
    var starts: [Int] = []
    try evaluator.forEachBlock(parameters, data.features) { logits, start in starts += [start, logits.rows] }
    #expect(starts == [0, 150])
  }

  @Test func trainingLearnsFromTheLabelsThereAre() throws {
    // What has no label here has the wrong features for any.
    let data = try Self.data(40) { i, t in i % 4 == 0 || t == 1 }
    let model = try Self.model()
    var optimizer = GaussNewtonOptimizer(Objective(model))
    var observer = SilentObserver()
    let result = try Trainer(options: Trainer.Options(epochs: 2, batchSize: 3)).run(
      &optimizer, on: data, validation: data, observer: &observer)
    #expect(result.epochs.count == 2 && result.epochs[0].steps == 10)
    #expect(result.epochs[1].loss == result.epochs[1].validationLoss)
  }

  @Test func dataMustFitTheModel() throws {
    let model = try Self.model()
    let flat = try Dataset(
      features: Matrix<Double>(rows: 2, columns: 6), labels: [0, 1], classNames: ["a", "b"], source: "file")
    expectFailure(DataError.self, "file: the model wants 3 labels for each example, the data have 1") {
      try flat.checkFit(model)
    }
    expectFailure(DataError.self, "the model wants 1 labels for each example, the data have 3") {
      try Self.data(2).checkFit(LinearHead(features: 6, classes: 2))
    }
  }

  @Test func files() throws {
    let directory = TemporaryDirectory()
    let data = try Self.data(5) { i, t in i == t }
    let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
    try NPY.write(data.features.dense, to: x)
    try NPY.write(data.labels.map { Int($0) }, shape: [5, 3], to: y)
    try NPZ.write(to: directory.file("t.npz")) { archive throws(FileError) in
      try archive.add(data.features.dense, named: "X")
      // Whole numbers of any type.
      try archive.add(Matrix(rows: 5, columns: 3, elements: data.labels.map { Double($0) }), named: "y")
    }
    for location in [DataFiles.Location.pair(features: x, labels: y), .file(directory.file("t.npz"))] {
      var files = DataFiles(location)
      files.labelsPerExample = 3
      let read: Dataset<Double> = try files.load().data
      #expect(read.labels == data.labels.map { $0 < 0 ? -1 : $0 } && read.classNames == ["0", "1"])
      #expect(read.labelsPerExample == 3 && read.features.dense == data.features.dense)
      let known: Dataset<Double> = try files.load(classNames: ["1", "2", "0"])
      #expect(known.labels == data.labels.map { $0 < 0 ? -1 : $0 == 0 ? 2 : 0 })
      expectFailure(DataError.self, "row 0, position 1: expected a label among the 2 classes (0, 2), got \"1\"") {
        try files.load(as: Double.self, classNames: ["0", "2"])
      }
      files.labelsPerExample = 2
      expectFailure(FileError.self, "shape: expected whole numbers [rows, 2], got shape (5, 3)") {
        try files.load(as: Double.self)
      }
    }
    var short = DataFiles(.pair(features: x, labels: y))
    short.labelsPerExample = 3
    try NPY.write([0, 1, 0, 1, 1, 0], shape: [2, 3], to: y)
    expectFailure(DataError.self, "expected one label for each of the 5 feature rows, got 2 rows of labels") {
      try short.load(as: Double.self)
    }
    try NPY.write([Int](repeating: -100, count: 15), shape: [5, 3], to: y)
    expectFailure(DataError.self, "expected examples of at least two classes, got none") {
      try short.load(as: Double.self)
    }
    var table = DataFiles(.file(try directory.write("a,label\n1,0\n2,1\n", "t.csv")))
    table.labelsPerExample = 3
    expectFailure(DataError.self, "t.csv: the model classifies 3 positions of each example: expected a .npz file") {
      try table.load(as: Double.self)
    }
  }
}
