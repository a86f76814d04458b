import Baselines
import GaussNewton
import Losses
import Optimization

extension TrainingMethod {
  /// The training methods, by the names that the command line knows them by. docs/methods.md tells more of each.
  public enum Name: String, Sendable, Codable, CaseIterable {
    case fgn, ggn, egn, fisher, rayleigh, sgd, nesterov, adam, adamw, sgn, sqn, lbfgs, kfac, shampoo, sophia

    /// The table of methods: a row each. Schedules are cosines unless set, as FGN's own is, so that none is favoured.
    package var form: MethodForm {
      switch self {
      case .fgn: .gaussNewton("Fast Gauss-Newton", .fgn)
      case .ggn: .gaussNewton("full Gauss-Newton, by the cheapest solver", .ggn)
      case .egn:
        .gaussNewton("Exact Gauss-Newton: full Gauss-Newton in closed form", .ggn, solvers: \.isExact, solver: .gram)
      case .fisher: .gaussNewton("FGN with empirical Fisher weights", .fisher)
      case .rayleigh: .gaussNewton("FGN with the Rayleigh weight, the curvature of the loss along each row", .rayleigh)
      case .sgd:
        .gradient(
          "stochastic gradient descent", SGDOptions(gradient: .cosine(0.1)), [OptionPlace(.momentum, \.momentum)])
      case .nesterov:
        .gradient(
          "SGD with Nesterov's momentum", SGDOptions(gradient: .cosine(0.1), momentum: 0.9, nesterov: true),
          [OptionPlace(MethodOption.momentum.withoutLower, \.momentum)])
      case .adam: .gradient("Adam", AdamOptions(gradient: .cosine(1e-3)))
      case .adamw:
        .gradient("Adam with decoupled weight decay", AdamOptions(gradient: .cosine(1e-3, weightDecay: 0.01)))
      case .sgn:
        // The default was made for larger batches: the grid is around more damping.
        MethodForm(
          "full Gauss-Newton by conjugate gradient in parameter space", SGNOptions(),
          [
            OptionPlace(.damping, \.damping), OptionPlace(.gainRatio, \.gainRatio), OptionPlace(.momentum, \.momentum),
            OptionPlace(.iterations, \.iterations),
          ], grid: (.damping, 0.1))
      case .sqn: MethodForm("stochastic quasi-Newton with line search", SQNOptions(), [OptionPlace(.memory, \.memory)])
      case .lbfgs:
        MethodForm(
          "L-BFGS with a strong Wolfe line search", LBFGSOptions(),
          [OptionPlace(.memory, \.history), OptionPlace(.metric, \.metric)], takesAllRows: true)
      case .kfac:
        .gradient(
          "K-FAC", KFACOptions(gradient: .cosine(0.1)),
          [
            OptionPlace(.momentum, \.momentum), OptionPlace(.damping, \.damping),
            OptionPlace(.interval, \.inverseInterval),
          ])
      case .shampoo:
        .gradient(
          "Shampoo", ShampooOptions(gradient: .cosine(0.1)),
          [OptionPlace(.momentum, \.momentum), OptionPlace(.interval, \.interval)])
      case .sophia:
        .gradient(
          "Sophia with the Gauss-Newton-Bartlett estimate", SophiaOptions(gradient: .cosine(6e-4, weightDecay: 0.2)),
          [OptionPlace(.interval, \.interval)])
      }
    }
  }
}

extension MethodForm {
  /// The methods of `GaussNewtonOptimizer`, with those of the curvature's solvers that `solvers` takes.
  fileprivate static func gaussNewton(
    _ summary: String, _ curvature: Curvature, solvers: (DescentOptions.Solver) -> Bool = { _ in true },
    solver: DescentOptions.Solver = .automatic
  ) -> MethodForm {
    let names = DescentOptions.Solver.available(for: curvature).filter(solvers).map(\.rawValue)
    // A row of the full matrix has no weight of its own.
    let floor: [OptionPlace<GaussNewtonOptions>] =
      curvature == .ggn ? [] : [OptionPlace(.weightFloor, \.descent.weightFloor)]
    return MethodForm(
      summary, GaussNewtonOptions(descent: .training(curvature: curvature, solver: solver)),
      [
        OptionPlace(.damping, \.startingDamping), OptionPlace(.dampingFactor, \.dampingFactor),
        OptionPlace(.fixedDamping, \.fixedDamping), OptionPlace(.gainRatio, \.gainRatio),
        OptionPlace(.momentum, \.projection), OptionPlace(.averaging, \.averaging),
        OptionPlace(.schedule, \.schedule),
        OptionPlace(MethodOption.solver.among(names), \.descent.solver),
        OptionPlace(.lineSearch, \.lineSearchName), OptionPlace(.trustRegion, \.trustRadius),
      ] + floor + [OptionPlace(.memoryBudget, \.descent.megabytes)])
  }

  /// The methods with a learning rate, which a grid varies.
  fileprivate static func gradient<Options: GradientMethodOptions>(
    _ summary: String, _ prototype: Options, _ more: [OptionPlace<Options>] = []
  ) -> MethodForm {
    MethodForm(
      summary, prototype,
      [
        OptionPlace(.learningRate, \.gradient.learningRate.base),
        OptionPlace(.schedule, \.gradient.learningRate.schedule), OptionPlace(.warmUp, \.gradient.learningRate.warmUp),
        OptionPlace(.weightDecay, \.gradient.weightDecay), OptionPlace(.clipping, \.gradient.clipping),
      ] + more, grid: (.learningRate, prototype.gradient.learningRate.base))
  }
}

extension GradientOptions {
  fileprivate static func cosine(_ rate: Double, weightDecay: Double = 0) -> GradientOptions {
    GradientOptions(learningRate: LearningRate(rate, schedule: .cosine), weightDecay: weightDecay)
  }
}

extension SGNOptions {
  /// Damping that follows the gain ratio from this value; nil where damping stays.
  fileprivate var gainRatio: Double? {
    get { adaptsDamping ? damping : nil }
    set {
      adaptsDamping = newValue != nil
      damping = newValue ?? damping
    }
  }
}

/// Each option of Gauss-Newton as a number or a word of its own.
extension GaussNewtonOptions {
  fileprivate var startingDamping: Double? {
    get { if case .automatic(let initial, _) = damping { initial } else { nil } }
    set { damping = dampingFactor.map { .automatic(initial: newValue, factor: $0) } ?? .automatic(initial: newValue) }
  }

  fileprivate var dampingFactor: Double? {
    get { if case .automatic(_, let factor) = damping { factor } else { nil } }
    set {
      let initial = startingDamping
      damping = newValue.map { .automatic(initial: initial, factor: $0) } ?? .automatic(initial: initial)
    }
  }

  fileprivate var fixedDamping: Double? {
    get { if case .fixed(let value) = damping { value } else { nil } }
    set { damping = newValue.map { .fixed($0) } ?? .automatic() }
  }

  fileprivate var gainRatio: Double? {
    get { if case .gainRatio(let initial, _) = damping { initial } else { nil } }
    set { damping = newValue.map { .gainRatio(initial: $0) } ?? .automatic() }
  }

  /// mu of projected momentum.
  fileprivate var projection: Double? {
    get { if case .projected(let factor) = momentum { factor } else { nil } }
    set { momentum = newValue.map { .projected($0) } ?? .automatic }
  }

  fileprivate var averaging: Double? {
    get { if case .averaged(let factor) = momentum { factor } else { nil } }
    set { momentum = newValue.map { .averaged($0) } ?? .automatic }
  }

  fileprivate var lineSearchName: LineSearchName {
    get { lineSearch == nil ? .none : .armijo }
    set { lineSearch = newValue == .armijo ? LineSearch() : nil }
  }

  /// Infinity is for no limit, and for no step undone.
  fileprivate var trustRadius: Double {
    get { trustRegion.radius }
    set {
      trustRegion =
        newValue.isFinite
        ? GaussNewtonOptions.TrustRegion(radius: newValue)
        : GaussNewtonOptions.TrustRegion(radius: .infinity, warmUp: 0, deviations: .infinity)
    }
  }
}

extension DescentOptions {
  fileprivate var megabytes: Int {
    get { memoryBudget >> 20 }
    set { memoryBudget = newValue << 20 }
  }
}
