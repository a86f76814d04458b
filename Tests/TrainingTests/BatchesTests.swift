import FastGaussNewton
import Testing

@Suite struct BatchesTests {
  /// Row i holds (i, -i), has label i % 2 and weight i + 1.
  static func numbered(_ count: Int, weighted: Bool = true) throws -> Dataset<Double> {
    try Dataset(
      features: Matrix(rows: count, columns: 2, elements: (0..<count).flatMap { [Double($0), -Double($0)] }),
      labels: (0..<count).map { Int32($0 % 2) }, classNames: ["even", "odd"],
      weights: weighted ? (0..<count).map { Double($0) + 1 } : nil)
  }

  /// The row numbers of each batch of the next epoch.
  static func epoch(
    _ batches: inout Batches<Double>, _ data: Dataset<Double>, gram: Matrix<Double>? = nil
  ) throws -> [Batch<Double>] {
    batches.shuffle()
    return try (0..<batches.count).map { try batches.batch($0, of: data, featureGram: gram) }
  }

  static func rows(_ batch: Batch<Double>) -> [Int] {
    (0..<batch.count).map { Int(batch.inputs.dense[$0, 0]) }
  }

  @Test(arguments: [(1, 1), (7, 3), (10, 10), (10, 100), (128, 32), (129, 32), (1000, 7)])
  func everyExampleOnceAnEpoch(_ count: Int, _ size: Int) throws {
    let data = try Self.numbered(count)
    var batches = Batches(of: data, batchSize: size, seed: 1)
    #expect(batches.count == (count + size - 1) / size)
    for _ in 0..<3 {
      let epoch = try Self.epoch(&batches, data)
      #expect(epoch.flatMap(Self.rows).sorted() == Array(0..<count))
      let sizes = epoch.map(\.count)
      #expect(sizes.max()! - sizes.min()! <= 1 && sizes.max()! <= size)
      for batch in epoch {
        let rows = Self.rows(batch)
        #expect(batch.labels == rows.map { Int32($0 % 2) })
        #expect(batch.weights == rows.map { Double($0) + 1 })
        #expect(rows.indices.allSatisfy { batch.inputs.dense[$0, 1] == -Double(rows[$0]) })
        #expect(batch.inputs.gram == nil)
      }
    }
  }

  @Test func anyBatchSizeIsAccepted() throws {
    #expect(Batches(of: try Self.numbered(5), batchSize: .max, seed: 0).count == 1)
  }

  @Test func theSeedDecidesTheOrder() throws {
    let data = try Self.numbered(50, weighted: false)
    func order(_ seed: UInt64) throws -> [[Int]] {
      var batches = Batches(of: data, batchSize: 8, seed: seed)
      return try (0..<2).map { _ in try Self.epoch(&batches, data).flatMap(Self.rows) }
    }
    let first = try order(1)
    #expect(try first == order(1))
    #expect(first[0] != first[1], "each epoch is shuffled anew")
    #expect(try first[0] != order(2)[0])
    #expect(first[0] != Array(0..<50))
    var batches = Batches(of: data, batchSize: 8, seed: 1)
    #expect(try Self.epoch(&batches, data)[0].weights == nil)
  }

  @Test func rowsWithoutWeightAreLeftOut() throws {
    var data = try Self.numbered(20)
    try data.setWeights((0..<20).map { $0 % 5 == 2 ? Double($0) + 1 : 0 })
    var batches = Batches(of: data, batchSize: 3, seed: 1)
    #expect(batches.count == 2 && batches.exampleCount == 4)
    for _ in 0..<3 {
      let epoch = try Self.epoch(&batches, data)
      #expect(epoch.flatMap(Self.rows).sorted() == [2, 7, 12, 17] && epoch.map(\.count) == [2, 2])
      for batch in epoch { #expect(batch.weights == Self.rows(batch).map { Double($0) + 1 }) }
    }
  }

  @Test func theCachedGramIsGathered() throws {
    let data = try Self.numbered(20)
    let gram = try #require(FeatureGram.make(data.features, budget: 1 << 20, batchSize: 6, epochs: 10))
    var batches = Batches(of: data, batchSize: 6, seed: 4)
    for batch in try Self.epoch(&batches, data, gram: gram) {
      let rows = Self.rows(batch)
      let own = try #require(batch.inputs.gram)
      #expect((own.rows, own.columns) == (rows.count, rows.count))
      for (i, a) in rows.enumerated() {
        for (j, b) in rows.enumerated() where j <= i { #expect(own[i, j] == Double(2 * a * b)) }
      }
    }
  }
}

@Suite struct FeatureGramTests {
  static func isMade(rows: Int = 10, budget: Int = 1 << 20, batchSize: Int = 4, epochs: Int = 10) -> Bool {
    FeatureGram.make(
      .dense(Matrix<Double>(rows: rows, columns: 3)), budget: budget, batchSize: batchSize, epochs: epochs) != nil
  }

  @Test func onlyWithinTheBudget() {
    #expect(Self.isMade(budget: 800) && !Self.isMade(budget: 799) && !Self.isMade(budget: 0))
  }

  @Test func onlyWhereItSavesWork() {
    #expect(!Self.isMade(batchSize: 5, epochs: 2) && Self.isMade(batchSize: 6, epochs: 2))
    // A batch is never larger than the data: one epoch of one batch needs the Gram once.
    #expect(!Self.isMade(batchSize: 1000, epochs: 1) && Self.isMade(batchSize: 1000, epochs: 2))
    #expect(Self.isMade(batchSize: .max, epochs: .max))
  }

  @Test func isTheProductOfTheRows() throws {
    let data = try blobs(Double.self, rows: 37, features: 5, classes: 2)
    let gram = try #require(FeatureGram.make(data.features, budget: 1 << 20, batchSize: 10, epochs: 10))
    for i in 0..<37 {
      for j in 0...i {
        let naive = zip(data.features.dense.row(i), data.features.dense.row(j)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(gram[i, j] - naive) < 1e-12 * max(1, abs(naive)))
      }
    }
  }
}
