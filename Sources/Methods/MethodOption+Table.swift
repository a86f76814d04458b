import Baselines
import GaussNewton
import Optimization

/// The table of options. Which method has which, and with which default, is in the table of methods, `MethodForm`.
extension MethodOption {
  package static let learningRate = MethodOption(
    "learning-rate", "Step along the direction of a gradient method", .above(0))
  package static let schedule = MethodOption(
    "schedule", "Factor on the step length, from 1 to 0 over the run", Schedule.self)
  package static let warmUp = MethodOption(
    "warm-up", "Fraction of the run in which the learning rate rises in a straight line", .from(0, below: 1))
  package static let weightDecay = MethodOption(
    "weight-decay",
    "What a step shrinks penalised parameters by, in units of the learning rate (decoupled weight decay)",
    .atLeast(0))
  package static let clipping = MethodOption(
    "clipping", "Largest Euclidean norm of the gradient; a longer one is scaled down", .above(0))
  package static let momentum = MethodOption(
    "momentum", "How much of the last direction is kept, by the method's own rule", .from(0, below: 1))
  package static let averaging = MethodOption(
    "averaging", "How much of an average of directions is kept, its bias corrected, in place of momentum",
    .from(0, below: 1), excludes: [momentum])
  package static let damping = MethodOption(
    "damping", "Damping of the linear system; Gauss-Newton starts there and adapts it", .above(0),
    automatic: "auto")
  package static let dampingFactor = MethodOption(
    "damping-factor", "What automatic damping adds to the row system's diagonal, in units of its mean", .above(0))
  package static let fixedDamping = MethodOption(
    "fixed-damping", "Damping that stays at this value, for experiments", .above(0), excludes: [damping, dampingFactor])
  package static let gainRatio = MethodOption(
    "gain-ratio", "Where damping starts that follows the gain ratio (Levenberg-Marquardt)", .above(0),
    excludes: [damping, dampingFactor, fixedDamping])
  package static let solver = MethodOption("solver", "How the linear system is solved", DescentOptions.Solver.self)
  package static let lineSearch = MethodOption("line-search", "Search along each direction", LineSearchName.self)
  package static let trustRegion = MethodOption(
    "trust-region", "Largest mean squared whitened change of the margins in a step", .above(0).orInfinity)
  package static let weightFloor = MethodOption(
    "weight-floor", "Smallest curvature weight of a row", .from(0, below: 0.25))
  package static let memoryBudget = MethodOption(
    "memory-budget", "Memory that Gram matrices and row systems may take", .whole(1...1_000_000_000),
    unit: "megabytes")
  package static let memory = MethodOption(
    "memory", "Steps and gradient changes that are remembered", .whole(1...1_000_000), unit: "pairs")
  package static let metric = MethodOption("metric", "What the pairs correct", LBFGSOptions.Metric.self)
  package static let iterations = MethodOption(
    "iterations", "Conjugate gradient in a step, at most", .whole(1...1_000_000), unit: "iterations")
  package static let interval = MethodOption(
    "interval", "How often curvature is estimated or inverted anew", .whole(1...1_000_000), unit: "steps")
  package static let gradientAgreement = MethodOption(
    "gradient-agreement", "Cosine between the gradients of a batch's halves below which the second half is left out",
    .from(-1, to: 1), unit: "cosine")

  /// In the order in which settings are written.
  package static let all: [MethodOption] = [
    learningRate, schedule, warmUp, weightDecay, clipping, momentum, averaging, damping, dampingFactor, fixedDamping,
    gainRatio, solver, lineSearch, trustRegion, weightFloor, memoryBudget, memory, metric, iterations, interval,
    gradientAgreement,
  ]

  /// By its name, or `lr` for the learning rate.
  package init?(name: String) {
    guard let known = Self.all.first(where: { $0.name == (name == "lr" ? "learning-rate" : name) }) else { return nil }
    self = known
  }
}

/// The words of `MethodOption.lineSearch`.
enum LineSearchName: String, CaseIterable {
  case armijo, none
}
