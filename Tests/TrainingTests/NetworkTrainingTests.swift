// Without Foundation, which has a Progress of its own.
import FastGaussNewton
import Testing

/// Remembers what batches are like, and moves nothing.
private struct BatchRecorder<ModelType: Model>: Optimizer {
  let objective: Objective<ModelType>
  struct State: Codable, Sendable {
    var seeds: [Layers.DropoutSeed?] = []
    var hasGram: [Bool] = []
  }
  var state = State()
  var explanation: String { "recorder" }

  init(_ model: ModelType) { objective = Objective(model) }

  mutating func step(
    _ parameters: inout Parameters<ModelType.Scalar>, on batch: Batch<ModelType.Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    state.seeds.append(batch.inputs.dropoutSeed)
    state.hasGram.append(batch.inputs.gram != nil)
    return StepReport(outcome: .accepted, objective: 1)
  }
}

/// Networks in the loop.
@Suite struct NetworkTrainingTests {
  static func network<S: RealScalar>(_ layers: [any Layer], as type: S.Type = S.self) throws -> Network<S> {
    try Network(Architecture(input: [4], layers: layers))
  }

  private func record<M: Model<Double>>(_ model: M, seed: UInt64 = 0) throws -> BatchRecorder<M>.State {
    var optimizer = BatchRecorder(model)
    var observer = SilentObserver()
    let options = Trainer.Options(epochs: 3, batchSize: 10, seed: seed)
    _ = try Trainer(options: options).run(
      &optimizer, on: blobs(rows: 25, features: 4, classes: 3), observer: &observer)
    return optimizer.state
  }

  @Test func everyStepHasItsDropoutSeed() throws {
    let model = try Self.network([Layers.Dense(3)], as: Double.self)
    let seeds = try record(model).seeds
    #expect(seeds.count == 9 && !seeds.contains(nil) && Set(seeds).count == 9)
    #expect(try record(model).seeds == seeds, "the same run has the same masks")
    #expect(try Set(record(model, seed: 1).seeds).isDisjoint(with: seeds))
  }

  @Test func theGramOfFeaturesOnlyWhereItIsUsed() throws {
    #expect(try record(LinearHead(features: 4, classes: 3)).hasGram == [Bool](repeating: true, count: 9))
    #expect(
      try record(Self.network([Layers.Dense(5), Layers.Activation(.relu), Layers.Dense(3)])).hasGram.allSatisfy { $0 })
    #expect(try !record(Self.network([Layers.Frozen(Layers.Dense(5)), Layers.Dense(3)])).hasGram.contains(true))
    #expect(try !record(Self.network([Layers.Activation(.relu), Layers.Dense(3)])).hasGram.contains(true))
  }

  @Test func aPerceptronLearnsWhatNoHeadCan() throws {
    // Two classes in a checkerboard of four noisy clouds.
    var generator = SeededGenerator(seed: 3)
    var (features, labels): ([Double], [Int32]) = ([], [])
    for _ in 0..<200 {
      let corner = [generator.index(below: 2), generator.index(below: 2)]
      features += corner.map { 4 * Double($0) - 2 + 0.5 * generator.normal() }
      labels.append(corner[0] == corner[1] ? 0 : 1)
    }
    let data = try Dataset(
      features: Matrix(rows: 200, columns: 2, elements: features), labels: labels, classNames: ["same", "different"])
    func accuracy(_ model: some Model<Double>) throws -> Double {
      var optimizer = GaussNewtonOptimizer(Objective(model))
      var observer = SilentObserver()
      let result = try Trainer(options: Trainer.Options(epochs: 10, batchSize: 50)).run(
        &optimizer, on: data, observer: &observer)
      return result.epochs.last!.accuracy!
    }
    #expect(try accuracy(LinearHead(features: 2, classes: 2)) < 0.8)
    for activation in [Layers.Activation(.relu), Layers.Activation(.tanh)] {
      #expect(try accuracy(Network(.mlp([2, 8, 2], activation: activation))) > 0.98, "\(activation)")
    }
  }

  @Test func frozenParametersStay() throws {
    let model: Network<Double> = try Self.network([
      Layers.Frozen(Layers.Dense(5)), Layers.Activation(.tanh), Layers.Dense(3),
    ])
    var generator = SeededGenerator(seed: 9)
    let start = model.initialParameters(using: &generator)
    var optimizer = GaussNewtonOptimizer(Objective(model))
    var observer = SilentObserver()
    let result = try Trainer(options: Trainer.Options(epochs: 2, batchSize: 10)).run(
      &optimizer, from: start, on: blobs(rows: 40, features: 4, classes: 3), observer: &observer)
    for slice in model.layout.slices {
      #expect((result.parameters[slice] == start[slice]) == slice.isFrozen, "\(slice.name)")
    }
  }

  @Test func manyActivationsAreSmallBlocks() throws {
    // 2^18 numbers an example in between: four would fill a block, sixteen are the least.
    let model: Network<Float> = try Self.network([Layers.Dense(1 << 18), Layers.Activation(.relu), Layers.Dense(2)])
    #expect(model.activationsPerExample > 1 << 19)
    var starts: [Int] = []
    var evaluator = Evaluator(Objective(model))
    try evaluator.forEachBlock(Parameters(layout: model.layout), .dense(Matrix(rows: 33, columns: 4))) { _, start in
      starts.append(start)
    }
    #expect(starts == [0, 16, 32])
  }

  @Test func modelsThatCannotBeTrained() throws {
    let model: Network<Double> = try Self.network([Layers.Frozen(Layers.Dense(3))])
    var optimizer = BatchRecorder(model)
    var observer = SilentObserver()
    expectFailure(Layers.Failure.self, "the network has no parameters to train") {
      try Trainer(options: Trainer.Options()).run(
        &optimizer, on: blobs(rows: 25, features: 4, classes: 3), observer: &observer)
    }
  }
}
