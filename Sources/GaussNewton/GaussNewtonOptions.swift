import Optimization

/// Settings of `GaussNewtonOptimizer`. The defaults are one policy for every problem; its evidence is in benchmarks/.
public struct GaussNewtonOptions: Sendable, Codable, Equatable {
  /// Curvature and solver.
  public var descent: DescentOptions
  /// How lambda is set.
  public var damping: GaussNewtonOptions.Damping
  /// How far a step may go, and when it is taken back.
  public var trustRegion: GaussNewtonOptions.TrustRegion
  /// What is kept of earlier directions.
  public var momentum: GaussNewtonOptions.Momentum
  /// Step length over the run.
  public var schedule: Schedule
  /// Search along each direction, up to the length that schedule and trust region leave; nil for none.
  public var lineSearch: LineSearch?

  public init(
    descent: DescentOptions = .training(), damping: GaussNewtonOptions.Damping = .automatic(),
    trustRegion: GaussNewtonOptions.TrustRegion = GaussNewtonOptions.TrustRegion(),
    momentum: GaussNewtonOptions.Momentum = .automatic, schedule: Schedule = .cosine
  ) {
    precondition(momentum.isValid, "momentum must be in 0..<1")
    self.descent = descent
    self.damping = damping
    self.trustRegion = trustRegion
    self.momentum = momentum
    self.schedule = schedule
  }
}

extension GaussNewtonOptions {
  /// Exact Gauss-Newton (arXiv 2405.14402): the whole GGN, solved in closed form over the B C output rows; the rest as
  /// for FGN.
  public static func egn(solver: DescentOptions.Solver = .gram) -> GaussNewtonOptions {
    GaussNewtonOptions(descent: .training(curvature: .ggn, solver: solver))
  }

  /// EGN with the options of its paper in place of ours: Armijo line search, damping by gain ratio, averaged momentum;
  /// no trust region, no schedule.
  public static func egnAsPublished(momentum: Double = 0.9) -> GaussNewtonOptions {
    var options = GaussNewtonOptions(
      descent: .training(curvature: .ggn, solver: .gram), damping: .gainRatio(),
      trustRegion: GaussNewtonOptions.TrustRegion(radius: .infinity, warmUp: 0, deviations: .infinity),
      momentum: .averaged(momentum),
      schedule: .constant)
    options.lineSearch = LineSearch()
    return options
  }
}

extension GaussNewtonOptions {
  /// What is kept of earlier directions.
  ///
  /// A number stands for projected momentum: `momentum: 0.9`.
  public enum Momentum: Sendable, Codable, Equatable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    /// Projected, as `StepBudget` says.
    case automatic
    /// Each direction is regularised toward mu times the last one, for one product with the rows; mu in 0..<1. What the
    /// last one knows outside the rows of this batch is kept, inside it is corrected (arXiv 2401.10190).
    case projected(Double)
    /// m <- beta m + (1 - beta) d, and the step is m / (1 - beta^t): an average of directions without the bias of its
    /// start, as in arXiv 2405.14402; beta in 0..<1.
    case averaged(Double)

    public init(floatLiteral value: Double) { self = .projected(value) }
    public init(integerLiteral value: Int) { self = .projected(Double(value)) }

    var isValid: Bool {
      switch self {
      case .automatic: true
      case .projected(let factor), .averaged(let factor): factor >= 0 && factor < 1
      }
    }
  }
}
