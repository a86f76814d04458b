import Errors

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
  public var targetInterval = 20
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

  /// Throws if an option is out of its range.
  public func check() throws(OptionError) {
    func check(_ count: Int, _ option: String, from least: Int = 1) throws(OptionError) {
      try OptionError.check(
        least...1_000_000_000 ~= count, option, "from \(least) to 1000000000", got: count)
    }
    try check(steps, "steps")
    try check(batchSize, "batch-size")
    try check(capacity, "capacity", from: batchSize)
    try check(warmUp, "warm-up", from: batchSize)
    try check(stepsPerRound, "steps-per-round")
    try check(updatesPerRound, "updates-per-round", from: 0)
    try check(targetInterval, "target-interval")
    try check(evaluationInterval, "evaluation-interval")
    try check(evaluationEpisodes, "evaluation-episodes")
    try OptionError.check(discount >= 0 && discount < 1, "discount", "0 or more and below 1", got: discount)
    try OptionError.check(
      finalExploration >= 0 && finalExploration <= 1, "final-exploration", "from 0 to 1", got: finalExploration)
  }
}

extension ValueLearningOptions {
  /// For `CartPole`: ends with an evaluation in which no episode falls.
  public static var cartPole: ValueLearningOptions {
    var options = ValueLearningOptions()
    options.goal = 500
    return options
  }

  /// For `Acrobot`: no return is known to be the best, so it takes all steps.
  public static var acrobot: ValueLearningOptions {
    var options = ValueLearningOptions()
    (options.steps, options.targetInterval, options.evaluationInterval) = (30_000, 50, 2_000)
    return options
  }
}
