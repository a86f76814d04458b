import FastGaussNewton
import TestSupport
import Testing

/// The loop with the real optimizer.
@Suite struct LearningTests {
  static func train<S: RealScalar>(
    _ data: Dataset<S>, options: Trainer.Options = Trainer.Options(), method: GaussNewtonOptions = GaussNewtonOptions(),
    l2: Double = 0, gramBudget: Int? = nil
  ) throws -> Trainer.Result<S> {
    let head = LinearHead<S>(features: data.featureCount, classes: data.classCount)
    var optimizer = GaussNewtonOptimizer(Objective(head, l2: l2), options: method)
    var options = options
    if let gramBudget { options.gramBudget = gramBudget }
    var silent = SilentObserver()
    return try Trainer(options: options).run(&optimizer, on: data, observer: &silent)
  }

  /// The least objective, by full-batch GGN steps (Newton's method for this model) until the gradient is gone.
  static func optimum(_ data: Dataset<Double>, l2: Double) -> (objective: Double, gradient: Double) {
    let head = LinearHead<Double>(features: data.featureCount, classes: data.classCount)
    var parameters = Parameters<Double>(layout: head.layout)
    var descent = Descent(
      Objective(head, l2: l2),
      options: DescentOptions(curvature: .ggn, solver: .cg, tolerance: 1e-8, maximumIterations: 500))
    let batch = Batch(features: data.features, labels: data.labels)
    for _ in 0..<30 {
      let (direction, _) = descent.direction(at: parameters, batch: batch, damping: 1e-6)
      parameters.values.combine(1, direction)
    }
    let objective = descent.linearize(at: parameters, batch: batch)
    return (objective, Double(descent.point.gradient().norm))
  }

  @Test(arguments: [0.001, 0.03]) func defaultsComeNearTheOptimum(_ l2: Double) throws {
    let data = try blobs(Double.self, rows: 1500, features: 8, classes: 4, spread: 0.6)
    let (best, gradient) = Self.optimum(data, l2: l2)
    #expect(gradient < 1e-7, "\(gradient)")
    let result = try Self.train(
      data, options: Trainer.Options(epochs: 5), l2: l2)
    let last = try #require(result.epochs.last)
    print("optimum \(best), reached \(result.epochs.map(\.objective))")
    #expect(last.objective > best - 1e-9 && last.objective < 1.005 * best)
    #expect(result.outcome == .finished && last.rejected == 0)
  }

  static let methods: [(Curvature, DescentOptions.Solver)] = [
    (.fgn, .gram), (.fgn, .cg), (.fgn, .gramCG), (.ggn, .cg), (.ggn, .dual), (.fisher, .gram), (.fisher, .cg),
  ]

  @Test(arguments: methods) func everyMethodLearns(_ curvature: Curvature, _ solver: DescentOptions.Solver) throws {
    let data = try blobs(Float.self, rows: 400, features: 6, classes: 3, spread: 1)
    let descent = DescentOptions(curvature: curvature, solver: solver, weightFloor: 1e-4)
    let result = try Self.train(
      data, options: Trainer.Options(epochs: 4, batchSize: 50), method: GaussNewtonOptions(descent: descent))
    let last = try #require(result.epochs.last)
    let accuracy = last.accuracy ?? 0
    #expect(last.loss < 0.5 * 1.0986 && accuracy > 0.85, "\(curvature) \(solver): \(last.loss) \(accuracy)")
    #expect(last.solver == solver.rawValue)
    #expect(solver == .gram ? last.iterations == 0 : last.iterations > 0)
  }

  @Test func theCachedGramChangesNothing() throws {
    let data = try blobs(Double.self, rows: 300, features: 40, classes: 3, spread: 0.3)
    let method = GaussNewtonOptions(descent: DescentOptions(solver: .gram, weightFloor: 1e-4))
    let options = Trainer.Options(epochs: 6, batchSize: 64)
    let cached = try Self.train(data, options: options, method: method)
    let plain = try Self.train(data, options: options, method: method, gramBudget: 0)
    #expect(largestError(cached.parameters.values, plain.parameters.values) < 1e-9)
    #expect(cached.epochs.count == 6 && cached.bestEpoch == plain.bestEpoch)
  }

  @Test func weightsOfZeroLeaveRowsOut() throws {
    // Rows with flipped labels and no weight against the same features with nothing wrong.
    let clean = try blobs(Double.self, rows: 200, features: 4, classes: 2, spread: 1)
    let labels = clean.labels.enumerated().map { $0 % 4 == 0 ? 1 - $1 : $1 }
    let data = try Dataset(
      features: clean.features, labels: labels, classNames: clean.classNames,
      weights: labels.indices.map { $0 % 4 == 0 ? 0 : 1 })
    let weighted = try Self.train(data, options: Trainer.Options(epochs: 5, batchSize: 50))
    let right = try clean.rows((0..<200).filter { $0 % 4 != 0 })
    let alone = try Self.train(right, options: Trainer.Options(epochs: 5, batchSize: 50))
    #expect(largestError(weighted.parameters.values, alone.parameters.values) < 1e-9)
    #expect(abs(weighted.epochs[4].loss - alone.epochs[4].loss) < 1e-12)
  }

  @Test func featuresTooLargeForThePrecision() throws {
    let data = try Dataset<Float>(
      features: Matrix(rows: 4, columns: 1, elements: [1e30, -1e30, 2e30, -2e30]), labels: [0, 1, 0, 1],
      classNames: ["0", "1"])
    let result = try Self.train(data)
    #expect(result.outcome == .diverged, "\(result.outcome)")
    #expect(result.parameters.values.isFinite)
  }
}

@Suite(.serialized) struct DeterminismTests {
  /// Large enough that work is spread over threads.
  func values<S: RealScalar>(_ type: S.Type, solver: DescentOptions.Solver, threads: Int) throws -> [S] {
    let data = try blobs(type, rows: 1200, features: 48, classes: 12, spread: 0.3)
    let method = GaussNewtonOptions(descent: DescentOptions(solver: solver, weightFloor: 1e-4))
    let options = Trainer.Options(epochs: 1, batchSize: 400, seed: 9)
    return try withThreads(threads) {
      try LearningTests.train(data, options: options, method: method).parameters.values
    }
  }

  @Test(arguments: [DescentOptions.Solver.gram, .cg, .gramCG]) func sameSeedSameBits(_ solver: DescentOptions.Solver)
    throws
  {
    let floats = try values(Float.self, solver: solver, threads: 1)
    let doubles = try values(Double.self, solver: solver, threads: 1)
    for threads in [1, 2, 3] {
      #expect(try values(Float.self, solver: solver, threads: threads) == floats, "\(threads) threads")
      #expect(try values(Double.self, solver: solver, threads: threads) == doubles, "\(threads) threads")
    }
  }

  @Test func anotherSeedOtherBits() throws {
    let data = try blobs(Float.self, rows: 200, features: 4, classes: 3)
    let values = try [UInt64(1), 1, 2].map { seed in
      try LearningTests.train(data, options: Trainer.Options(epochs: 1, batchSize: 30, seed: seed)).parameters.values
    }
    #expect(values[0] == values[1] && values[0] != values[2])
  }
}
