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
    /// The number that a small grid varies, and the default in its middle; nil for methods that need no tuning.
    public var grid: (option: OptimizerOption, value: Double)?
  }

  /// One row of the table of methods.
  public var traits: Traits {
    switch self {
    case .fgn: Traits(summary: "Fast Gauss-Newton", options: Self.gaussNewton)
    case .ggn: Traits(summary: "generalised Gauss-Newton by conjugate gradient", options: Self.gaussNewton)
    case .egn:
      Traits(
        summary: "Exact Gauss-Newton", options: Self.gaussNewton)
    case .fisher: Traits(summary: "FGN's system with empirical Fisher weights", options: Self.gaussNewton)
    case .sgd: Traits(summary: "stochastic gradient", options: Self.gradient + [.momentum], grid: Self.rate(0.1))
    case .nesterov:
      Traits(summary: "SGD with Nesterov momentum", options: Self.gradient + [.momentum], grid: Self.rate(0.1))
    case .adam: Traits(summary: "Adam", options: Self.gradient, grid: Self.rate(1e-3))
    case .adamw: Traits(summary: "Adam, decoupled weight decay", options: Self.gradient, grid: Self.rate(1e-3))
    case .sgn:
      Traits(
        summary: "stochastic Gauss-Newton by parameter-space conjugate gradient",
        options: [.damping, .gradientAgreement], grid: (.damping, 1e-3))
    case .sqn: Traits(summary: "stochastic quasi-Newton with line search", options: [.gradientAgreement])
    case .lbfgs: Traits(summary: "L-BFGS with strong Wolfe line search", options: [.gradientAgreement])
    case .kfac:
      Traits(summary: "Kronecker-factored curvature", options: Self.gradient + [.damping], grid: Self.rate(1e-3))
    case .shampoo: Traits(summary: "Shampoo", options: Self.gradient, grid: Self.rate(0.1))
    case .sophia:
      Traits(summary: "Sophia with the Gauss-Newton-Bartlett estimate", options: Self.gradient, grid: Self.rate(1e-4))
    }
  }

  private static let gaussNewton: [OptimizerOption] = [
    .damping, .fixedDamping, .momentum, .schedule, .solver, .gradientAgreement,
  ]
  private static let gradient: [OptimizerOption] = [
    .learningRate, .schedule, .warmUp, .weightDecay, .clipping, .gradientAgreement,
  ]

  private static func rate(_ value: Double) -> (OptimizerOption, Double) { (.learningRate, value) }

  /// Whether it needs a learning rate.
  public var needsLearningRate: Bool { traits.options.contains(.learningRate) }

  /// What takes a learning rate where none is given; nil for methods without.
  public var defaultLearningRate: Double? { traits.grid.flatMap { $0.option == .learningRate ? $0.value : nil } }

  /// What happened to a run and what to do about it: that depends on the method where it diverged.
  public func remedy(after outcome: TrainingOutcome) -> String {
    guard outcome == .diverged else { return outcome.remedy }
    return "\(rawValue) diverged: the objective was lost, or every step of an epoch refused; \(remedy)"
  }

  private var remedy: String {
    if needsLearningRate { return "lower the learning rate, add warm-up or clipping, or standardise the features" }
    if traits.options.contains(.damping) { return "raise the damping, standardise the features or use double" }
    return "standardise the features or use double"
  }

  /// The solvers it can choose from; nil where there is no such choice.
  public var solvers: [Solver]? {
    switch self {
    case .fgn: Solver.available(for: .fgn)
    case .ggn, .egn: Solver.available(for: .ggn)
    case .fisher: Solver.available(for: .fisher)
    default: nil
    }
  }

  /// Its options, for messages.
  var optionList: String { traits.options.map(\.rawValue).joined(separator: ", ") }

  /// What it has where it does not have `option`.
  func instead(of option: OptimizerOption) -> String {
    let reason =
      switch option {
      case .learningRate where traits.options.contains(.damping): "its damping sets how far a step goes"
      case .learningRate: "a line search sets how far a step goes"
      default: ""
      }
    return ": " + [reason, "it has \(optionList)"].filter { !$0.isEmpty }.joined(separator: "; ")
  }
}
