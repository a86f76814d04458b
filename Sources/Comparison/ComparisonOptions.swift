import Methods
import Optimization

/// What every contestant gets, the same for all.
public enum Budget: Sendable, Codable, Hashable {
  /// Passes over the training rows, at least 1.
  case epochs(Int)
  /// Steps, at least 1.
  case steps(Int)
  /// Seconds of steps, above 0; evaluations, batches and tuning are not in them.
  case seconds(Double)

  /// For people: "10 epochs".
  public var text: String {
    switch self {
    case .epochs(let count): count == 1 ? "1 epoch" : "\(count) epochs"
    case .steps(let count): count == 1 ? "1 step" : "\(count) steps"
    case .seconds(let seconds): "\(NumberForm.short(seconds)) s"
    }
  }
}

/// What a second is.
public enum Clock: String, Sendable, Codable, CaseIterable {
  /// Of all processors, in this process: what else the machine does costs nobody anything.
  case cpu
  /// Of the clock on the wall: what waiting for threads costs is in it, and what other processes do.
  case wall
}

/// How a comparison is run.
public struct ComparisonOptions: Sendable, Codable, Equatable {
  /// At least one, all different.
  public var contestants: [TrainingMethod]
  /// Of shuffling, initialisation and dropout; at least one, all different.
  public var seeds: [UInt64]
  public var budget: Budget
  public var clock = Clock.cpu
  /// Examples in a step, at least 1. L-BFGS takes all.
  public var batchSize = 128
  /// Penalty (l2 / 2) |penalised parameters|^2 in every contestant's objective, at least 0.
  public var l2 = 0.0
  /// Evaluations at equally spaced points of the budget, at least 1; besides those at the start and, before the first
  /// point, after 1, 2, 4, 8, ... steps.
  public var points = 20
  /// Whether those before the first point are made.
  public var measuresEarly = true
  /// Whether rows tell the loss and accuracy on all training rows too: one more pass over them at each evaluation,
  /// outside the timed seconds.
  public var measuresTraining = false
  /// Settings that a contestant with something to tune may try, at least 1; 1 is its default alone.
  public var gridPoints = 5
  /// Ratio from one setting to the next, above 1.
  public var gridFactor = 3.1622776601683795
  /// Whether a contestant whose best setting is at the edge of its grid tries further ones, at most `gridPoints`, while
  /// they get better.
  public var extendsGrid = false
  /// Whether settings are chosen by the mean over all seeds, or by the first seed.
  public var tunesOnAllSeeds = false
  /// Validation loss to be reached; nil for the best that the worst contestant reaches.
  public var target: Double?

  /// Examples in a step of one contestant, of `count`.
  func batchSize(of contestant: TrainingMethod, _ count: Int) -> Int {
    contestant.name.takesAllRows ? count : min(count, batchSize)
  }

  public init(contestants: [TrainingMethod], seeds: [UInt64], budget: Budget) {
    precondition(!contestants.isEmpty && !seeds.isEmpty, "a comparison needs contestants and seeds")
    precondition(Set(contestants).count == contestants.count && Set(seeds).count == seeds.count, "given twice")
    self.contestants = contestants
    self.seeds = seeds
    self.budget = budget
  }
}
