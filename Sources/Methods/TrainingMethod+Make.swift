import Baselines
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

extension TrainingMethod {
  /// The optimizer for a model and a loss, with penalty (l2 / 2) |penalised parameters|^2.
  ///
  /// ```swift
  /// var made = try TrainingMethod("adam:lr=0.01").make(head, l2: 1e-4)
  /// let report = made.optimizer.step(&parameters, on: batch, at: Progress(step: 0, total: 10))
  /// ```
  ///
  /// - Parameter seed: of targets that a method draws.
  public func make<M: Model>(
    _ model: M, loss: any Loss = CrossEntropy(), l2: Double = 0, seed: UInt64 = 0
  ) -> MadeOptimizer<M.Scalar> {
    var options = name.form.applying(settings)
    options.l2 = l2
    options.setSeed(seed)
    var optimizer = options.optimizer(model, loss: loss)
    if let cosine = settings[.gradientAgreement]?.number {
      let agreement = GradientAgreementOptions(threshold: 1 - cosine)
      func filtered<Base: Optimizer<M.Scalar>>(_ base: Base) -> any Optimizer<M.Scalar> {
        GradientAgreement(base, model: model, loss: loss, options: agreement)
      }
      optimizer = filtered(optimizer)
    }
    return MadeOptimizer(optimizer: optimizer, options: OptimizerOptions(value: options))
  }
}
