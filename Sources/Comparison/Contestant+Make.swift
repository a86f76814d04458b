import Baselines
import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization

/// An optimizer, and all of its options for a log.
public struct MadeOptimizer<Scalar: RealScalar>: Sendable {
  public var optimizer: any Optimizer<Scalar>
  public var options: OptimizerOptions
}

/// The options of any method, to be encoded.
public struct OptimizerOptions: Encodable, Sendable {
  public var value: any Encodable & Sendable

  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension Contestant {
  /// The optimizer for a model and a loss, with penalty (l2 / 2) |penalised parameters|^2.
  ///
  /// ```swift
  /// var made = try Contestant("adam:lr=0.01").make(head, l2: 1e-4)
  /// let report = made.optimizer.step(&parameters, on: batch, at: Progress(step: 0, total: 10))
  /// ```
  ///
  /// - Parameter seed: of targets that a method draws.
  public func make<M: Model>(
    _ model: M, loss: any Loss = CrossEntropy(), l2: Double = 0, seed: UInt64 = 0
  ) -> MadeOptimizer<M.Scalar> {
    func made<O: Optimizer<M.Scalar>>(_ optimizer: O, _ options: any Encodable & Sendable) -> MadeOptimizer<M.Scalar> {
      let options = OptimizerOptions(value: options)
      guard let cosine = settings[.gradientAgreement] else {
        return MadeOptimizer(optimizer: optimizer, options: options)
      }
      let agreement = GradientAgreementOptions(threshold: 1 - cosine)
      return MadeOptimizer(
        optimizer: GradientAgreement(optimizer, model: model, loss: loss, options: agreement), options: options)
    }
    switch name {
    case .fgn, .ggn, .egn, .fisher:
      let options = gaussNewton(l2)
      return made(GaussNewtonOptimizer(model: model, loss: loss, options: options), options)
    case .sgd, .nesterov:
      let options = SGDOptions(
        gradient: gradient(l2), momentum: settings[.momentum] ?? (name == .nesterov ? 0.9 : 0),
        nesterov: name == .nesterov)
      return made(SGD(model: model, loss: loss, options: options), options)
    case .adam, .adamw:
      let options = AdamOptions(gradient: gradient(l2, weightDecay: name == .adamw ? 0.01 : 0))
      return made(Adam(model: model, loss: loss, options: options), options)
    case .sgn:
      let options = sgn(l2)
      return made(SGN(model: model, loss: loss, options: options), options)
    case .sqn:
      var options = SQNOptions(l2: l2)
      options.memory = count(.memory) ?? options.memory
      return made(SQN(model: model, loss: loss, options: options), options)
    case .lbfgs:
      var options = LBFGSOptions(l2: l2)
      options.history = count(.memory) ?? options.history
      options.metric = settings.metric ?? options.metric
      return made(LBFGS(model: model, loss: loss, options: options), options)
    case .kfac:
      var options = KFACOptions(gradient: gradient(l2), seed: seed)
      options.momentum = settings[.momentum] ?? options.momentum
      options.damping = settings[.damping] ?? options.damping
      options.inverseInterval = count(.interval) ?? options.inverseInterval
      return made(KFAC(model: model, loss: loss, options: options), options)
    case .shampoo:
      var options = ShampooOptions(gradient: gradient(l2))
      options.momentum = settings[.momentum] ?? options.momentum
      options.interval = count(.interval) ?? options.interval
      return made(Shampoo(model: model, loss: loss, options: options), options)
    case .sophia:
      var options = SophiaOptions(gradient: gradient(l2, weightDecay: 0.2), seed: seed)
      options.interval = count(.interval) ?? options.interval
      return made(Sophia(model: model, loss: loss, options: options), options)
    }
  }

  private func count(_ option: OptimizerOption) -> Int? { settings[option].map { Int($0) } }

  /// Rate, penalties and clipping. Schedules are cosines unless set, as FGN's own is.
  private func gradient(_ l2: Double, weightDecay: Double = 0) -> GradientOptions {
    let rate = LearningRate(
      settings[.learningRate] ?? name.defaultLearningRate ?? 0.1, schedule: settings.schedule ?? .cosine,
      warmUp: settings[.warmUp] ?? 0)
    return GradientOptions(
      learningRate: rate, l2: l2, weightDecay: settings[.weightDecay] ?? weightDecay, clipping: settings[.clipping])
  }

  private func sgn(_ l2: Double) -> SGNOptions {
    var options = SGNOptions(l2: l2)
    options.damping = settings[.gainRatio] ?? settings[.damping] ?? options.damping
    options.adaptsDamping = settings[.gainRatio] != nil
    options.momentum = settings[.momentum] ?? options.momentum
    options.iterations = count(.iterations) ?? options.iterations
    return options
  }

  private func gaussNewton(_ l2: Double) -> GaussNewtonOptions {
    let solver = settings.solver ?? (name == .egn ? .gram : .automatic)
    var options = GaussNewtonOptions(descent: .training(curvature: curvature, solver: solver), l2: l2)
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
