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
  /// var made = try Contestant("fgn").make(head, loss: CrossEntropy(), l2: 1e-4)
  /// let report = made.optimizer.step(&parameters, on: batch, at: Progress(step: 0, total: 10))
  /// ```
  public func make<M: Model>(_ model: M, loss: any Loss, l2: Double) -> MadeOptimizer<M.Scalar> {
    switch name {
    case .fgn, .ggn, .egn, .fisher:
      made(gaussNewton(l2)) { GaussNewtonOptimizer(model: model, loss: loss, options: $0) }
    case .sgd:
      made(SGDOptions(gradient: gradient(l2), momentum: settings[.momentum] ?? 0)) {
        SGD(model: model, loss: loss, options: $0)
      }
    case .nesterov:
      made(SGDOptions(gradient: gradient(l2), momentum: settings[.momentum] ?? 0.9, nesterov: true)) {
        SGD(model: model, loss: loss, options: $0)
      }
    case .adam: made(AdamOptions(gradient: gradient(l2))) { Adam(model: model, loss: loss, options: $0) }
    case .adamw:
      made(AdamOptions(gradient: gradient(l2, weightDecay: 0.01))) { Adam(model: model, loss: loss, options: $0) }
    default: fatalError()
    }
  }

  private func made<Options: Encodable & Sendable, Scalar>(
    _ options: Options, _ make: (Options) -> any Optimizer<Scalar>
  ) -> MadeOptimizer<Scalar> {
    MadeOptimizer(optimizer: make(options), options: OptimizerOptions(value: options))
  }

  /// Rate, penalties and clipping. Schedules are cosines unless set, as FGN's own is.
  private func gradient(_ l2: Double, weightDecay: Double = 0) -> GradientOptions {
    let rate = LearningRate(
      settings[.learningRate] ?? name.defaultLearningRate ?? 0.1, schedule: settings.schedule ?? .cosine,
      warmUp: settings[.warmUp] ?? 0)
    return GradientOptions(
      learningRate: rate, l2: l2, weightDecay: settings[.weightDecay] ?? weightDecay, clipping: settings[.clipping])
  }

  private func gaussNewton(_ l2: Double) -> GaussNewtonOptions {
    let curvature: Curvature =
      switch name {
      case .fisher: .fisher
      case .ggn, .egn: .ggn
      default: .fgn
      }
    var options = GaussNewtonOptions(
      descent: .training(curvature: curvature, solver: settings.solver ?? .automatic), l2: l2,
      damping: settings[.fixedDamping].map { .fixed($0) } ?? .automatic(initial: settings[.damping]),
      momentum: settings[.momentum])
    if let schedule = settings.schedule { options.schedule = schedule }
    return options
  }
}

extension OptimizerName {
  /// Whether a step takes all training rows, whatever the batch size: its line searches want one objective.
  public var takesAllRows: Bool { self == .lbfgs }

  /// Examples in a step where none are asked for, of `count`.
  public func batchSize(of count: Int) -> Int { takesAllRows ? count : 128 }
}
