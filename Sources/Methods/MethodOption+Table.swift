import Baselines
import GaussNewton
import Optimization

/// The table of options. Which method has which, and with which default, is in the table of methods, `MethodForm`.
extension MethodOption {
  public static let learningRate = MethodOption(
    "learning-rate", "Step along the direction of a gradient method", .above(0))
  public static let schedule = MethodOption(
    "schedule", "Factor on the step length, from 1 to 0 over the run", Schedule.self)
  public static let warmUp = MethodOption(
    "warm-up", "Fraction of the run in which the learning rate rises in a straight line", .from(0, below: 1))
  public static let weightDecay = MethodOption(
    "weight-decay",
    "What a step shrinks penalised parameters by, in units of the learning rate (decoupled weight decay)",
    .atLeast(0))
  public static let clipping = MethodOption(
    "clipping", "Largest Euclidean norm of the gradient; a longer one is scaled down", .above(0))
  public static let momentum = MethodOption(
    "momentum", "How much of the last direction is kept, by the method's own rule", .from(0, below: 1))
  public static let averaging = MethodOption(
    "averaging", "How much of an average of directions is kept, its bias corrected, in place of momentum",
    .from(0, below: 1), excludes: [momentum])
  public static let damping = MethodOption(
    "damping", "Damping of the linear system; Gauss-Newton starts there and adapts it", .above(0),
    automatic: "auto")
  public static let dampingFactor = MethodOption(
    "damping-factor", "What automatic damping adds to the row system's diagonal, in units of its mean", .above(0))
  public static let fixedDamping = MethodOption(
    "fixed-damping", "Damping that stays at this value, for experiments", .above(0), excludes: [damping, dampingFactor])
  public static let gainRatio = MethodOption(
    "gain-ratio", "Where damping starts that follows the gain ratio (Levenberg-Marquardt)", .above(0),
    excludes: [damping, dampingFactor, fixedDamping])
  public static let solver = MethodOption("solver", "How the linear system is solved", Solver.self)
  public static let lineSearch = MethodOption("line-search", "Search along each direction", LineSearchName.self)
  public static let trustRegion = MethodOption(
    "trust-region", "Largest mean squared whitened change of the margins in a step", .above(0).orInfinity)
  public static let weightFloor = MethodOption(
    "weight-floor", "Smallest curvature weight of a row", .from(0, below: 0.25))
  public static let memoryBudget = MethodOption(
    "memory-budget", "Memory that Gram matrices and row systems may take", .whole(1...1_000_000_000),
    unit: "megabytes")
  public static let memory = MethodOption(
    "memory", "Steps and gradient changes that are remembered", .whole(1...1_000_000), unit: "pairs")
  public static let metric = MethodOption("metric", "What the pairs correct", LBFGSOptions.Metric.self)
  public static let iterations = MethodOption(
    "iterations", "Conjugate gradient in a step, at most", .whole(1...1_000_000), unit: "iterations")
  public static let interval = MethodOption(
    "interval", "How often curvature is estimated or inverted anew", .whole(1...1_000_000), unit: "steps")
  public static let gradientAgreement = MethodOption(
    "gradient-agreement", "Cosine between the gradients of a batch's halves below which the second half is left out",
    .from(-1, to: 1), unit: "cosine")

  /// In the order in which settings are written.
  public static let all: [MethodOption] = [
    learningRate, schedule, warmUp, weightDecay, clipping, momentum, averaging, damping, dampingFactor, fixedDamping,
    gainRatio, solver, lineSearch, trustRegion, weightFloor, memoryBudget, memory, metric, iterations, interval,
    gradientAgreement,
  ]

  /// By its name, or `lr` for the learning rate.
  public init?(name: String) {
    guard let known = Self.all.first(where: { $0.name == (name == "lr" ? "learning-rate" : name) }) else { return nil }
    self = known
  }
}

/// The words of `MethodOption.lineSearch`.
enum LineSearchName: String, CaseIterable {
  case armijo, none
}
