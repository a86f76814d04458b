import Errors
import Methods
import Optimization
import RealModule

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

  /// `OptimizerComparison` checks the options.
  public init(contestants: [TrainingMethod], seeds: [UInt64], budget: Budget) {
    self.contestants = contestants
    self.seeds = seeds
    self.budget = budget
  }
  /// Throws if an option is out of its range, or a contestant or a seed is given twice.
  public func check() throws(OptionError) {
    guard !contestants.isEmpty else { throw OptionError("optimizers", "needs at least one name") }
    guard Set(contestants).count == contestants.count else { throw OptionError("optimizers", "names one twice") }
    try Self.check(seeds.count, 10_000, "seeds")
    guard Set(seeds).count == seeds.count else { throw OptionError("seeds", "has one twice") }
    switch budget {
    case .epochs(let count): try Self.check(count, 1_000_000, "epochs")
    case .steps(let count): try Self.check(count, 1_000_000_000, "steps")
    case .seconds(let seconds):
      try OptionError.check(seconds >= 1e-3 && seconds.isFinite, "seconds", "at least 0.001", got: seconds)
    }
    try OptionError.check(batchSize >= 1, "batch-size", "at least 1", got: batchSize)
    try OptionError.checkPenalty(l2)
    try Self.check(points, 100_000, "points")
    try OptionError.check(1...99 ~= gridPoints, "grid", "from 1 to 99", got: gridPoints)
    try OptionError.check(gridFactor > 1 && gridFactor.isFinite, "grid-factor", "above 1", got: gridFactor)
    // As many settings again may be tried beyond the edges.
    let span = 2 * Double(gridPoints) * Double.log10(gridFactor)
    guard span < 100 else {
      throw OptionError(
        "grid-factor", "and grid must not span more than 100 digits, got \(gridPoints) times \(gridFactor)")
    }
    try OptionError.check(target.map { !$0.isNaN } ?? true, "target", "a number", got: target ?? 0)
  }

  private static func check(_ count: Int, _ most: Int, _ option: String) throws(OptionError) {
    try OptionError.check(count >= 1, option, "at least 1", got: count)
    try OptionError.check(count <= most, option, "at most \(most)", got: count)
  }
}
