import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `ValueLearning`.
public struct ValueLearningOptions: Sendable, Codable, Equatable {
  /// Steps in the environment, at most.
  public var steps = 50_000
  /// Transitions in an optimizer step.
  public var batchSize = 128
  /// Transitions that are remembered.
  public var capacity = 50_000
  /// Steps by chance before anything is learned; at least `batchSize`.
  public var warmUp = 1_000
  /// Steps in the environment between rounds of optimizer steps.
  public var stepsPerRound = 8
  /// Optimizer steps in a round.
  public var updatesPerRound = 4
  /// Optimizer steps after which the target network becomes the present one.
  public var targetInterval = 200
  /// gamma, 0..<1.
  public var discount = 0.99
  /// Probability of an action by chance: falls in a straight line from 1 to `finalExploration`, by the step
  /// `explorationSteps`.
  public var finalExploration = 0.05
  public var explorationSteps = 8_000
  /// Steps between evaluations.
  public var evaluationInterval = 1_000
  /// Greedy episodes of an evaluation.
  public var evaluationEpisodes = 20
  /// Mean return of an evaluation that ends the run; nil to take all steps.
  public var goal: Double?

  public init() {}
}

/// Deep Q-learning: the values Q(s, a) of a model's outputs are fitted to r + gamma Q'(s', argmax_a Q(s', a)).
///
/// Q' is the target network, a copy of Q that is renewed now and then; the action is the present network's (double
/// Q-learning). Actions are greedy but for an epsilon of chance; transitions are drawn from a replay buffer. The gradient
/// ignores that the target depends on the parameters (semi-gradient). Where an episode ends Q' is zero; where it is cut
/// off it is not. Sources: Mnih et al. 2015; van Hasselt, Guez & Silver 2016.
///
/// Value learning is not monotone: so the greedy policy is evaluated every `evaluationInterval` steps on episodes of its
/// own, and the best network is kept (of equals the later).
public struct ValueLearning<World: Environment, ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  public let environment: World
  public let model: ModelType
  public var options: ValueLearningOptions

  /// The model has an input for each number of an observation and an output for each action.
  public init(environment: World, model: ModelType, options: ValueLearningOptions = ValueLearningOptions()) {
    precondition(
      model.inputWidth == environment.observationWidth && model.outputWidth == environment.actionCount,
      "expected \(environment.observationWidth) inputs and \(environment.actionCount) outputs, got \(model.inputWidth) and \(model.outputWidth)"
    )
    precondition(options.warmUp >= options.batchSize && options.capacity >= options.batchSize, "too few transitions")
    self.environment = environment
    self.model = model
    self.options = options
  }

  /// An evaluation on the way.
  public struct Point: Sendable, Codable, Equatable {
    /// Steps in the environment so far, without those of evaluations.
    public var step: Int
    public var meanReturn: Double
  }

  /// What was learned.
  public struct Result: Sendable {
    /// Those of the best evaluation.
    public var parameters: Parameters<Scalar>
    public var curve: [Point] = []
    /// Steps in the environment to learn from.
    public var steps = 0
    /// Steps in the environment to evaluate.
    public var evaluationSteps = 0
    /// Optimizer steps, and how many of them were rejected.
    public var updates = 0
    public var rejected = 0

    public var best: Point? { curve.reduce(nil) { $1.meanReturn >= $0?.meanReturn ?? -.infinity ? $1 : $0 } }
  }

  /// Learns from scratch. The optimizer's loss is `SelectedSquaredLoss`, its model this one.
  public func run(
    _ optimizer: inout some Optimizer<Scalar>, seed: UInt64, onEvaluation: (Point) -> Void = { _ in }
  ) -> Result {
    var learner = Learner(self, seed: seed)
    var world = environment
    var observation = world.reset(using: &learner.starts)
    var age = 0
    for step in 1...options.steps {
      let action = learner.action(for: observation, at: step)
      let outcome = world.step(action)
      learner.buffer.append(observation, action, outcome)
      observation = outcome.observation
      age += 1
      if outcome.isTerminal || age == environment.stepLimit {
        observation = world.reset(using: &learner.starts)
        age = 0
      }
      learner.result.steps = step
      guard step >= options.warmUp else { continue }
      if step % options.stepsPerRound == 0 {
        for _ in 0..<options.updatesPerRound { learner.update(&optimizer) }
      }
      if step % options.evaluationInterval == 0 || step == options.steps {
        let point = learner.evaluate()
        onEvaluation(point)
        if let goal = options.goal, point.meanReturn >= goal { break }
      }
    }
    return learner.result
  }

  /// Returns of greedy episodes that no run has seen.
  public func test(_ parameters: Parameters<Scalar>, episodes: Int, seed: UInt64) -> Episodes {
    var generator = SeededGenerator(seed: seed, .test)
    var values = ActionValues(model: model)
    return values.play(environment, episodes: episodes, at: parameters, using: &generator)
  }
}

/// The state of a run.
private struct Learner<World: Environment, ModelType: Model> {
  typealias Scalar = ModelType.Scalar
  let task: ValueLearning<World, ModelType>
  var result: ValueLearning<World, ModelType>.Result
  var buffer: ReplayBuffer<Scalar>
  var starts: SeededGenerator
  private var exploration: SeededGenerator
  private var replay: SeededGenerator
  private var trials: SeededGenerator
  private var parameters: Parameters<Scalar>
  private var target: Parameters<Scalar>
  private var values: ActionValues<ModelType>
  private var targetValues: ActionValues<ModelType>
  private var batch = Transitions<Scalar>()

  init(_ task: ValueLearning<World, ModelType>, seed: UInt64) {
    self.task = task
    var generator = SeededGenerator(seed: seed, .parameters)
    parameters = task.model.initialParameters(using: &generator)
    target = parameters
    result = .init(parameters: parameters)
    buffer = ReplayBuffer(
      capacity: min(task.options.capacity, task.options.steps), width: task.environment.observationWidth)
    starts = SeededGenerator(seed: seed, .episodes)
    exploration = SeededGenerator(seed: seed, .exploration)
    replay = SeededGenerator(seed: seed, .replay)
    trials = SeededGenerator(seed: seed, .evaluation)
    values = ActionValues(model: task.model)
    targetValues = values
  }

  /// By chance with probability epsilon, else the best.
  mutating func action(for observation: [Double], at step: Int) -> Int {
    let options = task.options
    let decay = min(1, Double(step) / Double(max(1, options.explorationSteps)))
    let epsilon = step <= options.warmUp ? 1 : 1 - decay * (1 - options.finalExploration)
    if exploration.uniform() < epsilon { return exploration.index(below: task.environment.actionCount) }
    return values.bestAction(observation, at: parameters)
  }

  /// One optimizer step on a batch from the buffer.
  mutating func update(_ optimizer: inout some Optimizer<Scalar>) {
    let options = task.options
    buffer.sample(options.batchSize, into: &batch, using: &replay)
    values.evaluate(batch.after, at: parameters)
    targetValues.evaluate(batch.after, at: target)
    let best = RowKernels.argmax(values.values)
    let aims = ValueTargets.bootstrapped(
      batch.rewards, batch.goesOn, best, targetValues.values, discount: Scalar(options.discount))
    let planned = max(1, options.steps / options.stepsPerRound * options.updatesPerRound)
    let report = optimizer.step(
      &parameters, on: Batch(inputs: Inputs(batch.before), targets: .selected(batch.actions, aims)),
      at: Progress(step: result.updates, total: planned))
    result.updates += 1
    if report.outcome == .rejected { result.rejected += 1 }
    if result.updates % options.targetInterval == 0 { target = parameters }
  }

  mutating func evaluate() -> ValueLearning<World, ModelType>.Point {
    let episodes = values.play(
      task.environment, episodes: task.options.evaluationEpisodes, at: parameters, using: &trials)
    let point = ValueLearning<World, ModelType>.Point(step: result.steps, meanReturn: episodes.meanReturn)
    if point.meanReturn >= result.best?.meanReturn ?? -.infinity { result.parameters = parameters }
    result.evaluationSteps += episodes.steps
    result.curve.append(point)
    return point
  }
}

/// Loops over [B] vectors, compiled for each precision.
enum ValueTargets {
  /// r + gamma Q'(s', a), without the second term where the episode ended.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func bootstrapped<S: RealScalar>(
    _ rewards: [S], _ goesOn: [S], _ actions: [Int32], _ values: Matrix<S>, discount: S
  ) -> [S] {
    var result = rewards
    for i in result.indices { result[i] += discount * goesOn[i] * values[i, Int(actions[i])] }
    return result
  }
}
