import FastGaussNewton
import Foundation
import TestSupport
import Testing

@testable import Comparison

/// Training on sparse features is training on the same features in full, to rounding, by every method of a linear head.
@Suite struct SparseTrainingTests {
  /// Words of which each class prefers some.
  static func data<S: RealScalar>(_ type: S.Type, rows: Int = 48, width: Int = 30) throws -> Dataset<S> {
    var generator = SeededGenerator(seed: 13)
    let labels = (0..<rows).map { Int32($0 % 4) }
    var counts = Matrix<S>(rows: rows, columns: width)
    for i in 0..<rows where i % 11 != 5 {  // some rows are empty
      for _ in 0..<6 { counts[i, (generator.index(below: width) + Int(labels[i]) * 7 % width) % width] += 1 }
    }
    return try Dataset(
      features: .sparse(SparseMatrix(counts)), labels: labels, classNames: ["a", "b", "c", "d"],
      weights: (0..<rows).map { S($0 % 3 + 1) })
  }

  static func densified<S: RealScalar>(_ data: Dataset<S>) throws -> Dataset<S> {
    guard case .sparse(let x) = data.features else { return data }
    return try Dataset(
      features: x.densified(), labels: data.labels, classNames: data.classNames, weights: data.weights)
  }

  static func train<S: RealScalar>(_ contestant: String, on data: Dataset<S>) throws -> Trainer.Result<S> {
    let head = LinearHead<S>(features: data.featureCount, classes: data.classCount)
    func run(_ optimizer: some Optimizer<LinearHead<S>>) throws -> Trainer.Result<S> {
      var (optimizer, silent) = (optimizer, SilentObserver())
      let options = Trainer.Options(epochs: 2, batchSize: 16, seed: 3)
      return try Trainer(options: options).run(&optimizer, on: data, validation: data, observer: &silent)
    }
    return try run(TrainingMethod(contestant).make(Objective(head, l2: 1e-3)).optimizer)
  }

  static let contestants = [
    "fgn", "fgn:solver=gram", "fgn:solver=cg", "fgn:solver=gram-cg", "fgn:gradient-agreement=0", "fisher:solver=gram",
    "ggn:solver=cg", "ggn:solver=dual", "ggn:solver=gram", "egn", "sgd:lr=0.1", "nesterov:lr=0.05", "adam:lr=0.01",
    "adamw:lr=0.01", "lbfgs", "sgn", "sqn", "shampoo", "sophia",
  ]

  private func check<S: RealScalar>(_ type: S.Type, _ contestant: String, limit: Double) throws {
    let sparse = try Self.data(type)
    let result = try Self.train(contestant, on: sparse)
    let expected = try Self.train(contestant, on: Self.densified(sparse))
    let error = relativeError(result.parameters.values, expected.parameters.values.map { Double($0) })
    #expect(result.outcome == .finished && expected.parameters.values.norm > 0, "\(contestant) \(S.precisionName)")
    #expect(error < limit, "seed 13, \(contestant) \(S.precisionName)")
    let (loss, other) = (result.epochs.last?.validationLoss ?? 0, expected.epochs.last?.validationLoss ?? 1)
    #expect(abs(loss - other) < limit, "\(contestant) \(S.precisionName)")
  }

  @Test(arguments: contestants) func parametersAreThoseOfDenseFeatures(_ contestant: String) throws {
    // SGN's conjugate gradient stops early, at an iterate that rounding moves.
    try check(Double.self, contestant, limit: contestant == "sgn" ? 1e-4 : 1e-9)
    try check(Float.self, contestant, limit: contestant == "sgn" ? 1e-1 : 2e-3)
  }

  /// Factors of the features would be D x D: the curvature of a weight is a diagonal then.
  @Test func thereAreNoFactors() throws {
    let result = try Self.train("kfac:lr=0.01", on: Self.data(Double.self))
    #expect(result.outcome == .finished && result.explanation.hasPrefix("0 Kronecker factored weights"))
    #expect(try #require(result.epochs.last).loss < 1.386)
    let (plain, factors) = try (
      Self.train("lbfgs", on: Self.data(Double.self)), Self.train("lbfgs:metric=kronecker", on: Self.data(Double.self))
    )
    #expect(plain.parameters == factors.parameters)
  }

  @Test func theSeedAndThreadsDecideNothingElse() throws {
    let data = try Self.data(Float.self, rows: 300, width: 500)
    let runs = onThreads { (try? Self.train("fgn", on: data).parameters.values) ?? [.nan] }
    #expect(areIdentical(runs) && runs[0][0].isFinite)
  }

  @Test func dataSetsAreCutAndChecked() throws {
    let data = try Self.data(Double.self)
    let dense = try Self.densified(data)
    let sparse = try data.split(validationFraction: 0.25, seed: 2)
    let full = try dense.split(validationFraction: 0.25, seed: 2)
    guard case .sparse(let part) = sparse.training.features else {
      Issue.record("expected sparse rows")
      return
    }
    #expect(part.densified() == full.training.features.dense && sparse.training.weights == full.training.weights)
    do {
      let x = SparseMatrix<Double>(
        columns: 9, rowStarts: [0, 0, 2, 3], columnIndices: [1, 7, 2], values: [1, .nan, 2])
      _ = try Dataset(features: .sparse(x), labels: [0, 1, 0], classNames: ["a", "b"], source: "x")
      Issue.record("expected an error")
    } catch {
      #expect("\(error)" == "x: row 1, column 7: expected a finite number, got nan")
    }
    let network = try Network<Double>(.mlp([30, 3, 4], activation: Layers.Activation(.tanh)))
    #expect(throws: DataError.self) { try data.checkFit(network) }
    #expect(throws: Never.self) { try dense.checkFit(network) }
  }

  @Test func standardizationScalesAndDoesNotCentre() throws {
    var data = try Self.data(Double.self)
    let moments = Standardization(fitting: try Self.densified(data).features.dense)
    let scaling = try Standardization(fitting: data.features)
    #expect(scaling.isScaling && !moments.isScaling)
    for (a, b) in zip(scaling.scale, moments.scale) { #expect(abs(a - b) < 1e-12) }
    #expect(throws: DataError.self) { try data.standardize(moments) }
    let before = data
    try data.standardize(scaling)
    guard case .sparse(let x) = before.features, case .sparse(let y) = data.features else { return }
    #expect(y.columnIndices == x.columnIndices)
    for k in 0..<x.entryCount {
      #expect(abs(y.values[k] * scaling.scale[Int(x.columnIndices[k])] - x.values[k]) < 1e-12)
    }
  }

  /// [200, 1,000,000] with 4,000 entries: the matrix in full would be 800 MB.
  static func wide() throws -> Dataset<Float> {
    var generator = SeededGenerator(seed: 1)
    let (rows, width) = (200, 1_000_000)
    var (starts, columns) = ([0], [Int32]())
    for i in 0..<rows {
      columns += Set((0..<20).map { _ in Int32(generator.index(below: width / 2) * 2 + i % 2) }).sorted()
      starts.append(columns.count)
    }
    let x = SparseMatrix<Float>(
      columns: width, rowStarts: starts, columnIndices: columns, values: columns.map { _ in 1 })
    return try Dataset(features: .sparse(x), labels: (0..<rows).map { Int32($0 % 2) }, classNames: ["a", "b"])
  }

  #if os(Linux)
    static func peakMemory() throws -> Int {
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
      return try #require(Int(line.filter(\.isNumber))) * 1024
    }

    /// In a process of its own, whose peak it is: weights are 8 MB, and a step holds some of that size.
    @Test func memoryIsThatOfEntriesAndWeights() async throws {
      await #expect(processExitsWith: .success) {
        let data = try SparseTrainingTests.wide()
        let before = try SparseTrainingTests.peakMemory()
        for contestant in ["fgn:solver=gram", "fgn:solver=cg", "adam", "lbfgs:memory=2"] {
          let result = try SparseTrainingTests.train(contestant, on: data)
          #expect(try #require(result.epochs.last).loss < 0.69)
        }
        let used = try SparseTrainingTests.peakMemory() - before
        #expect(used < 200 << 20, "\(used)")
      }
    }
  #endif
}
