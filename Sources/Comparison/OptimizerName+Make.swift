import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization

/// An optimizer, and all of its options for a log.
public struct MadeOptimizer<Scalar: RealScalar>: Sendable {
  public var optimizer: any Optimizer<Scalar>
  public var options: any Encodable & Sendable
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
    case .fgn: gaussNewton(model, loss, options(.fgn, l2))
    case .ggn: gaussNewton(model, loss, options(.ggn, l2))
    case .egn: gaussNewton(model, loss, options(.ggn, l2))
    case .fisher: gaussNewton(model, loss, options(.fisher, l2))
    default: fatalError()
    }
  }

  private func gaussNewton<M: Model>(
    _ model: M, _ loss: any Loss, _ options: GaussNewtonOptions
  ) -> MadeOptimizer<M.Scalar> {
    MadeOptimizer(optimizer: GaussNewtonOptimizer(model: model, loss: loss, options: options), options: options)
  }

  private func options(_ curvature: Curvature, _ l2: Double) -> GaussNewtonOptions {
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
}
