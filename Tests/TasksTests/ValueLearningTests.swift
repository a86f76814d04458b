import FastGaussNewton
import TestSupport
import Testing

@testable import Tasks

/// A corridor of five places: left or right, the right end pays 1 and ends; each step costs 0.1.
private struct Corridor: Environment {
  var place = 0
  let observationWidth = 5
  let actionCount = 2
  let stepLimit = 20

  mutating func reset(using generator: inout SeededGenerator) -> [Double] {
    place = generator.index(below: 4)
    return observation
  }

  mutating func step(_ action: Int) -> EnvironmentStep {
    place = max(0, place + (action == 1 ? 1 : -1))
    let ends = place == 4
    return EnvironmentStep(observation: observation, reward: ends ? 1 : -0.1, isTerminal: ends)
  }

  var observation: [Double] { (0..<5).map { $0 == place ? 1 : 0 } }
}

/// Takes steps by chance, and compares every target with r + gamma Q'(s', argmax_a Q(s', a)) from the corridor's rules.
private struct Recorder: Optimizer {
  struct State: Codable, Sendable {
    /// Parameters before each step.
    var history: [[Double]] = []
    var worst = 0.0
    var generator = SeededGenerator(seed: 8)
  }
  let objective: Objective<LinearHead<Double>>
  var state = State()
  var targetInterval: Int
  var explanation: String { "" }

  mutating func step(
    _ parameters: inout Parameters<Double>, on batch: Batch<Double>, at progress: Schedule.Progress
  ) -> StepReport {
    #expect(progress.step == state.history.count && progress.step < progress.total)
    state.history.append(parameters.values)
    let (present, target) = (
      parameters.values, state.history[(state.history.count - 1) / targetInterval * targetInterval]
    )
    guard case .selected(let actions, let values) = batch.targets else { preconditionFailure() }
    for (i, action) in actions.enumerated() {
      let place = batch.inputs.dense.row(i).enumerated().first { $0.1 == 1 }?.0 ?? 0
      let next = max(0, place + (action == 1 ? 1 : -1))
      // Weights are [action, place].
      let best = present[5 + next] > present[next] ? 1 : 0
      let expected = next == 4 ? 1 : -0.1 + 0.9 * target[5 * best + next]
      state.worst = largest(state.worst, abs(values[i] - expected))
    }
    parameters.move(by: 1, along: state.generator.vector(10))
    return StepReport(outcome: .accepted, objective: 0)
  }
}

@Suite struct ValueLearningTests {
  static var options: ValueLearningOptions {
    var options = ValueLearningOptions()
    (options.steps, options.batchSize, options.capacity, options.warmUp) = (600, 32, 200, 100)
    (options.stepsPerRound, options.updatesPerRound, options.targetInterval) = (4, 1, 10)
    (options.discount, options.explorationSteps, options.finalExploration) = (0.9, 300, 0.5)
    (options.evaluationInterval, options.evaluationEpisodes) = (200, 4)
    return options
  }

  private static func learn(
    seed: UInt64, options: ValueLearningOptions = options
  ) throws -> (ValueLearning<Corridor, LinearHead<Double>>, ValueLearning<Corridor, LinearHead<Double>>.Result) {
    let model = LinearHead<Double>(features: 5, classes: 2, intercept: false)
    let method = GaussNewtonOptions(
      descent: DescentOptions(curvature: .ggn, solver: .gram), damping: .fixed(1e-6),
      trustRegion: GaussNewtonOptions.TrustRegion(radius: .infinity, warmUp: 0), momentum: 0, schedule: .constant)
    var optimizer = GaussNewtonOptimizer(Objective(model, loss: SelectedSquaredLoss()), options: method)
    let task = ValueLearning(environment: Corridor(), model: model, options: options)
    return (task, try task.run(&optimizer, seed: seed))
  }

  /// Against dynamic programming: V of the place k steps from the end.
  @Test(arguments: [1, 2, 3] as [UInt64]) func learnsTheValues(_ seed: UInt64) throws {
    let (task, result) = try Self.learn(seed: seed)
    var best = [0.0, 0, 0, 1, 0]
    for place in stride(from: 2, through: 0, by: -1) { best[place] = -0.1 + 0.9 * best[place + 1] }
    var values = ActionValues(model: task.model)
    values.evaluate(Matrix(rows: 5, columns: 5, elements: (0..<25).map { $0 % 6 == 0 ? 1 : 0 }), at: result.parameters)
    for place in 0..<4 {
      let left = -0.1 + 0.9 * best[max(0, place - 1)]
      #expect(abs(values.values[place, 1] - best[place]) < 1e-4, "seed \(seed), place \(place)")
      #expect(abs(values.values[place, 0] - left) < 1e-4, "seed \(seed), place \(place)")
    }
    #expect(task.test(result.parameters, episodes: 3, seed: 1).returns.allSatisfy { $0 > 0.6 })
    #expect(result.updates == 126 && result.rejected == 0 && result.steps == 600)
  }

  @Test func optionsOutOfRange() throws {
    let changes: [(String, (inout ValueLearningOptions) -> Void)] = [
      ("steps must be from 1", { $0.steps = 0 }), ("batch-size must be from 1", { $0.batchSize = .max }),
      ("capacity must be from", { $0.capacity = 1 }), ("warm-up must be from", { $0.warmUp = 0 }),
      ("steps-per-round must be", { $0.stepsPerRound = 0 }), ("target-interval must be", { $0.targetInterval = 0 }),
      ("updates-per-round must be", { $0.updatesPerRound = -1 }), ("discount must be", { $0.discount = .nan }),
      ("evaluation-interval must be", { $0.evaluationInterval = 0 }),
      ("final-exploration must be from 0 to 1", { $0.finalExploration = 2 }),
    ]
    for (part, change) in changes {
      var options = Self.options
      change(&options)
      let error = #expect(throws: OptionError.self) { _ = try Self.learn(seed: 1, options: options) }
      #expect("\(error!)".contains(part))
    }
  }

  @Test func sameSeedSameBits() throws {
    let (one, two) = try (Self.learn(seed: 4).1, Self.learn(seed: 4).1)
    #expect(one.parameters == two.parameters && one.curve == two.curve && one.evaluationSteps == two.evaluationSteps)
    #expect(try Self.learn(seed: 5).1.parameters != one.parameters)
  }

  @Test func theGoalEndsTheRun() throws {
    var options = Self.options
    options.goal = 0.5
    let result = try Self.learn(seed: 1, options: options).1
    #expect(result.steps < 600 && result.curve.last?.meanReturn ?? 0 >= 0.5)
    #expect(result.best == result.curve.last)
  }

  /// The network that is kept is that of the best evaluation, and evaluating does not change what is learned.
  @Test func theBestIsKept() throws {
    var options = Self.options
    options.evaluationInterval = 20
    let result = try Self.learn(seed: 2, options: options).1
    #expect(result.curve.count == 26)
    let highest = result.curve.map(\.meanReturn).max()
    #expect(result.best?.meanReturn == highest)
    #expect(result.best?.step == result.curve.last { $0.meanReturn == highest }?.step)
    options.steps = result.best?.step ?? 0
    options.capacity = 200
    #expect(try Self.learn(seed: 2, options: options).1.parameters == result.parameters)
  }

  /// The action is the present network's, its value the target network's, which is renewed when it should be.
  @Test func targetsAreThoseOfTwoNetworks() throws {
    let model = LinearHead<Double>(features: 5, classes: 2, intercept: false)
    let task = ValueLearning(environment: Corridor(), model: model, options: Self.options)
    var recorder = Recorder(objective: task.objective, targetInterval: Self.options.targetInterval)
    _ = try task.run(&recorder, seed: 6)
    #expect(recorder.state.history.count == 126)
    #expect(recorder.state.worst < 1e-12)
  }

  @Test func targetsStopAtTheEnd() {
    let values = Matrix<Double>(rows: 3, columns: 2, elements: [1, 2, 3, 4, 5, 6])
    let targets = ValueTargets.bootstrapped([1, 1, -1], [1, 0, 1], [1, 0, 0], values, discount: 0.5)
    #expect(targets == [2, 1, 1.5])
  }

  @Test func theOldestTransitionIsOverwritten() {
    var buffer = ReplayBuffer<Float>(capacity: 3, width: 1)
    for i in 0..<5 {
      let step = EnvironmentStep(observation: [Double(i) + 0.5], reward: Double(-i), isTerminal: i == 4)
      buffer.append([Double(i)], i % 2, step)
      #expect(buffer.count == min(i + 1, 3))
    }
    var generator = SeededGenerator(seed: 1)
    var batch = Transitions<Float>()
    buffer.sample(40, into: &batch, using: &generator)
    #expect(Set(batch.before.elements) == [2, 3, 4])
    for i in 0..<40 {
      let number = batch.before.elements[i]
      #expect(batch.after.elements[i] == number + 0.5 && batch.rewards[i] == -number)
      #expect(batch.actions[i] == Int32(number) % 2 && batch.goesOn[i] == (number == 4 ? 0 : 1))
    }
  }

  /// Episodes side by side are the episodes one after the other.
  @Test func episodesSideBySide() throws {
    let model = try Network<Double>(.mlp([4, 8, 2], activation: Layers.Activation(.tanh)))
    var generator = SeededGenerator(seed: 3)
    let parameters = model.initialParameters(using: &generator)
    var (starts, same) = (SeededGenerator(seed: 9), SeededGenerator(seed: 9))
    var values = ActionValues(model: model)
    let together = values.play(CartPole(), episodes: 6, at: parameters, using: &starts)
    for i in 0..<6 {
      var world = CartPole()
      var (observation, total) = (world.reset(using: &same), 0.0)
      for _ in 0..<world.stepLimit {
        let step = world.step(values.bestAction(observation, at: parameters))
        (observation, total) = (step.observation, total + step.reward)
        if step.isTerminal { break }
      }
      #expect(together.returns[i] == total)
    }
    #expect(Double(together.steps) == together.returns.reduce(0, +))
    #expect(together.meanReturn == together.returns.reduce(0, +) / 6)
  }

  /// A pole that is held for as long as an episode lasts: cut off, not ended.
  @Test func episodesAreCutOff() {
    struct Forever: Environment {
      let observationWidth = 1, actionCount = 2, stepLimit = 7
      mutating func reset(using generator: inout SeededGenerator) -> [Double] { [1] }
      mutating func step(_ action: Int) -> EnvironmentStep {
        EnvironmentStep(observation: [1], reward: 1, isTerminal: false)
      }
    }
    let model = LinearHead<Double>(features: 1, classes: 2)
    var values = ActionValues(model: model)
    var generator = SeededGenerator(seed: 0)
    let episodes = values.play(Forever(), episodes: 2, at: Parameters(layout: model.layout), using: &generator)
    #expect(episodes.returns == [7, 7] && episodes.steps == 14)
  }
}
