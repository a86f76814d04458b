import Errors
import LinearAlgebra
import Losses
import Models
import Optimization

/// Deep Q-learning: the values Q(s, a) of a model's outputs are fitted to r + gamma Q'(s', argmax_a Q(s', a)).
///
/// Q' is the target network, a copy of Q that is renewed now and then; the action is the present network's (double
/// Q-learning). Actions are greedy but for an epsilon of chance; transitions are drawn from a replay buffer. The
/// gradient ignores that the target depends on the parameters (semi-gradient). Where an episode ends Q' is zero; where
/// it is cut off it is not. Sources: Mnih et al. 2015; van Hasselt, Guez & Silver 2016.
///
/// Value learning is not monotone: so the greedy policy is evaluated every `evaluationInterval` steps on episodes of
/// its own, and the best network is kept (of equals the later).
public struct ValueLearning<World: Environment, ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  public let environment: World
  public let model: ModelType
  public var options: ValueLearningOptions

  /// The model has an input for each number of an observation and an output for each action.
  public init(environment: World, model: ModelType, options: ValueLearningOptions = ValueLearningOptions()) {
    precondition(
      model.inputWidth == environment.observationWidth && model.outputWidth == environment.actionCount,
      "expected \(environment.observationWidth) inputs and \(environment.actionCount) outputs, got "
        + "\(model.inputWidth) and \(model.outputWidth)"
    )
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

  /// What the optimizer is to minimise.
  public var objective: Objective<ModelType> { Objective(model, loss: SelectedSquaredLoss()) }

  /// Learns from scratch. The optimizer's objective is `objective`.
  ///
  /// - Throws: `OptionError` for options out of their range.
  public func run(
    _ optimizer: inout some Optimizer<ModelType>, seed: UInt64, onEvaluation: (Point) -> Void = { _ in }
  ) throws(OptionError) -> Result {
    try options.check()
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
