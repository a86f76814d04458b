import Baselines
import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization

/// An optimizer, and all of its options for a log.
public struct MadeOptimizer<ModelType: Model>: Sendable {
  public var optimizer: any Optimizer<ModelType>
  public var options: OptimizerOptions
}

/// The options of any method, to be encoded.
public struct OptimizerOptions: Encodable, Sendable {
  public var value: any Encodable & Sendable

  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension Contestant {
  /// The optimizer of an objective.
  ///
  /// ```swift
  /// var made = try Contestant("adam:lr=0.01").make(Objective(head, l2: 1e-4))
  /// let report = made.optimizer.step(&parameters, on: batch, at: Progress(step: 0, total: 10))
  /// ```
  ///
  /// - Parameter seed: of targets that a method draws.
  public func make<M: Model>(
    _ objective: Objective<M>, seed: UInt64 = 0
  ) -> MadeOptimizer<M> {
    func made<O: Optimizer<M>>(_ optimizer: O, _ options: any Encodable & Sendable) -> MadeOptimizer<M> {
      let options = OptimizerOptions(value: options)
      guard let cosine = settings[.gradientAgreement] else {
        return MadeOptimizer(optimizer: optimizer, options: options)
      }
      let agreement = GradientAgreementOptions(threshold: 1 - cosine)
      return MadeOptimizer(
        optimizer: GradientAgreement(optimizer, options: agreement), options: options)
    }
    switch name {
    case .fgn, .ggn, .egn, .fisher:
      let options = gaussNewton()
      return made(GaussNewtonOptimizer(objective, options: options), options)
    case .sgd, .nesterov:
      let options = SGDOptions(
        gradient: gradient(), momentum: settings[.momentum] ?? (name == .nesterov ? 0.9 : 0),
        nesterov: name == .nesterov)
      return made(SGD(objective, options: options), options)
    case .adam, .adamw:
      let options = AdamOptions(gradient: gradient(weightDecay: name == .adamw ? 0.01 : 0))
      return made(Adam(objective, options: options), options)
    case .sgn:
      let options = sgn()
      return made(SGN(objective, options: options), options)
    case .sqn:
      var options = SQNOptions()
      options.memory = count(.memory) ?? options.memory
      return made(SQN(objective, options: options), options)
    case .lbfgs:
      var options = LBFGSOptions()
      options.history = count(.memory) ?? options.history
      options.metric = settings.metric ?? options.metric
      return made(LBFGS(objective, options: options), options)
    case .kfac:
      var options = KFACOptions(gradient: gradient(), seed: seed)
      options.momentum = settings[.momentum] ?? options.momentum
      options.damping = settings[.damping] ?? options.damping
      options.inverseInterval = count(.interval) ?? options.inverseInterval
      return made(KFAC(objective, options: options), options)
    case .shampoo:
      var options = ShampooOptions(gradient: gradient())
      options.momentum = settings[.momentum] ?? options.momentum
      options.interval = count(.interval) ?? options.interval
      return made(Shampoo(objective, options: options), options)
    case .sophia:
      var options = SophiaOptions(gradient: gradient(weightDecay: 0.2), seed: seed)
      options.interval = count(.interval) ?? options.interval
      return made(Sophia(objective, options: options), options)
    }
  }

  private func count(_ option: OptimizerOption) -> Int? { settings[option].map { Int($0) } }

  /// Rate, penalties and clipping. Schedules are cosines unless set, as FGN's own is.
  private func gradient(weightDecay: Double = 0) -> GradientOptions {
    let rate = LearningRate(
      settings[.learningRate] ?? name.defaultLearningRate ?? 0.1, schedule: settings.schedule ?? .cosine,
      warmUp: settings[.warmUp] ?? 0)
    return GradientOptions(
      learningRate: rate, weightDecay: settings[.weightDecay] ?? weightDecay, clipping: settings[.clipping])
  }

  private func sgn() -> SGNOptions {
    var options = SGNOptions()
    options.damping = settings[.gainRatio] ?? settings[.damping] ?? options.damping
    options.adaptsDamping = settings[.gainRatio] != nil
    options.momentum = settings[.momentum] ?? options.momentum
    options.iterations = count(.iterations) ?? options.iterations
    return options
  }

  private func gaussNewton() -> GaussNewtonOptions {
    let solver = settings.solver ?? (name == .egn ? .gram : .automatic)
    var options = GaussNewtonOptions(descent: .training(curvature: curvature, solver: solver))
    options.damping =
      settings[.fixedDamping].map { .fixed($0) } ?? settings[.gainRatio].map { .gainRatio(initial: $0) }
      ?? automaticDamping
    options.momentum =
      settings[.momentum].map { .projected($0) } ?? settings[.averaging].map { .averaged($0) } ?? .automatic
    options.schedule = settings.schedule ?? options.schedule
    if settings.lineSearch == true { options.lineSearch = LineSearch() }
    options.descent.weightFloor = settings[.weightFloor] ?? options.descent.weightFloor
    if let megabytes = settings[.memoryBudget] { options.descent.memoryBudget = Int(megabytes) << 20 }
    if let radius = settings[.trustRegion] {
      options.trustRegion =
        radius.isFinite
        ? TrustRegion(radius: radius) : TrustRegion(radius: .infinity, warmUp: 0, deviations: .infinity)
    }
    return options
  }

  private var automaticDamping: Damping {
    let initial = settings[.damping]
    return settings[.dampingFactor].map { .automatic(initial: initial, factor: $0) } ?? .automatic(initial: initial)
  }

  private var curvature: Curvature {
    switch name {
    case .ggn, .egn: .ggn
    case .fisher: .fisher
    default: .fgn
    }
  }
}
