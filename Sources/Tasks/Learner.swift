import LinearAlgebra
import Losses
import Models
import Optimization

/// The state of a run.
struct Learner<World: Environment, ModelType: Model> {
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
    var generator = SeededGenerator(seed: seed, .taskParameters)
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
  mutating func update(_ optimizer: inout some Optimizer<ModelType>) {
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
      at: Schedule.Progress(step: result.updates, total: planned))
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
