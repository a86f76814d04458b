import GaussNewton
import Training

/// The training methods, by the names that the command line knows them by. docs/methods.md tells more of each.
public enum OptimizerName: String, Sendable, Codable, CaseIterable {
  case fgn, ggn, egn, fisher, sgd, nesterov, adam, adamw, sgn, sqn, lbfgs, kfac, shampoo, sophia

  /// - Throws: `ContestantError` with the nearest name.
  public init(naming text: String) throws(ContestantError) {
    if let known = Self(rawValue: text) {
      self = known
      return
    }
    let names = Self.allCases.map(\.rawValue)
    throw ContestantError(
      "unknown optimizer \"\(text)\", did you mean \(NearestName.suggestion(for: text, among: names) ?? "")? "
        + "There are \(names.joined(separator: ", "))")
  }

  /// What a method is and what can be set of it.
  public struct Traits: Sendable {
    /// For people, in a line.
    public var summary: String
    public var options: [OptimizerOption]
    /// The number that a small grid varies, and the middle of the grid: the default, or for SGN, whose default was made
    /// for larger batches, more damping. Nil for methods that need no tuning.
    public var grid: (option: OptimizerOption, value: Double)?
    /// The solvers it can choose from.
    public var solvers: [Solver] = []
  }

  /// One row of the table of methods.
  public var traits: Traits {
    switch self {
    case .fgn: Self.gaussNewton("Fast Gauss-Newton", Solver.available(for: .fgn), [.weightFloor])
    case .ggn: Self.gaussNewton("full Gauss-Newton, by the cheapest solver", Solver.available(for: .ggn))
    case .egn:
      Self.gaussNewton(
        "Exact Gauss-Newton: full Gauss-Newton in closed form", Solver.available(for: .ggn).filter(\.isExact))
    case .fisher:
      Self.gaussNewton("FGN with empirical Fisher weights", Solver.available(for: .fisher), [.weightFloor])
    case .sgd: Self.gradient("stochastic gradient descent", [.momentum], rate: 0.1)
    case .nesterov: Self.gradient("SGD with Nesterov's momentum", [.momentum], rate: 0.1)
    case .adam: Self.gradient("Adam", rate: 1e-3)
    case .adamw: Self.gradient("Adam with decoupled weight decay", rate: 1e-3)
    case .sgn:
      Traits(
        summary: "full Gauss-Newton by conjugate gradient in parameter space",
        options: [.damping, .gainRatio, .momentum, .iterations, .gradientAgreement], grid: (.damping, 0.1))
    case .sqn: Traits(summary: "stochastic quasi-Newton with line search", options: [.memory, .gradientAgreement])
    case .lbfgs:
      Traits(summary: "L-BFGS with a strong Wolfe line search", options: [.memory, .metric, .gradientAgreement])
    case .kfac: Self.gradient("K-FAC", [.momentum, .damping, .interval], rate: 0.1)
    case .shampoo: Self.gradient("Shampoo", [.momentum, .interval], rate: 0.1)
    case .sophia: Self.gradient("Sophia with the Gauss-Newton-Bartlett estimate", [.interval], rate: 6e-4)
    }
  }

  private static func gaussNewton(
    _ summary: String, _ solvers: [Solver], _ more: [OptimizerOption] = []
  ) -> Traits {
    Traits(
      summary: summary,
      options: [
        .damping, .dampingFactor, .fixedDamping, .gainRatio, .momentum, .averaging, .schedule, .solver, .lineSearch,
        .trustRegion,
      ] + more + [.memoryBudget, .gradientAgreement], solvers: solvers)
  }

  private static func gradient(_ summary: String, _ more: [OptimizerOption] = [], rate: Double) -> Traits {
    Traits(
      summary: summary,
      options: [.learningRate, .schedule, .warmUp, .weightDecay, .clipping] + more + [.gradientAgreement],
      grid: (.learningRate, rate))
  }

  /// Whether it needs a learning rate.
  public var needsLearningRate: Bool { defaultLearningRate != nil }

  /// The learning rate where none is given; nil for methods without.
  public var defaultLearningRate: Double? { traits.grid.flatMap { $0.option == .learningRate ? $0.value : nil } }

  /// Whether a step takes all training rows, unless somebody says otherwise: its line searches want one objective.
  public var takesAllRows: Bool { self == .lbfgs }

  /// Examples in a step where none are asked for, of `count`.
  public func batchSize(of count: Int) -> Int { takesAllRows ? count : 128 }

  /// What happened to a run and what to do about it: that depends on the method where it diverged.
  public func remedy(after outcome: TrainingOutcome) -> String {
    guard outcome == .diverged else { return outcome.remedy }
    var advice = "standardise the features or use double"
    if needsLearningRate {
      advice = "lower the learning rate, add warm-up or clipping, or \(advice)"
    } else if traits.options.contains(.damping) {
      advice = "raise the damping, \(advice)"
    }
    return "\(rawValue) diverged, the objective lost or every step of an epoch refused: \(advice)"
  }

  /// Its options, for messages.
  var optionList: String { traits.options.map(\.rawValue).joined(separator: ", ") }

  /// What it has where it does not have `option`.
  func instead(of option: OptimizerOption) -> String {
    let reason =
      switch option {
      case .learningRate where traits.options.contains(.damping): "its damping sets how far a step goes; "
      case .learningRate: "a line search sets how far a step goes; "
      default: ""
      }
    return ": \(reason)it has \(optionList)"
  }
}
