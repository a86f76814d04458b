import LinearAlgebra

/// A world in which actions are taken one after another, each answered by an observation and a reward.
///
/// A value: a copy goes on by itself. All chance comes from the generator given to `reset`, so that the same seed and
/// the same actions give the same episode, bit for bit. There is one from scratch in docs/tasks.md.
public protocol Environment: Sendable {
  /// Numbers in an observation, D.
  var observationWidth: Int { get }
  /// Actions are 0..<actionCount; at least 2.
  var actionCount: Int { get }
  /// Steps after which an episode is cut off, though it has not ended.
  var stepLimit: Int { get }
  /// Starts an episode; its first observation [D].
  mutating func reset(using generator: inout SeededGenerator) -> [Double]
  /// Takes an action. Not after a terminal step, before `reset`.
  mutating func step(_ action: Int) -> EnvironmentStep
}

/// What an action led to.
public struct EnvironmentStep: Sendable, Equatable {
  /// [D], finite.
  public var observation: [Double]
  public var reward: Double
  /// Whether the episode has ended: no reward is to come. Being cut off at the step limit is not that.
  public var isTerminal: Bool

  public init(observation: [Double], reward: Double, isTerminal: Bool) {
    self.observation = observation
    self.reward = reward
    self.isTerminal = isTerminal
  }
}

extension SeededGenerator {
  /// Uniform in -size..<size.
  mutating func uniform(within size: Double) -> Double { size * (2 * uniform() - 1) }
}
