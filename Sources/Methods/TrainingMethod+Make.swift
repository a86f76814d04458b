import Baselines
import Models
import Optimization

extension TrainingMethod {
  /// An optimizer, and all of its options for a log.
  public struct Made<ModelType: Model>: Sendable {
    public var optimizer: any Optimizer<ModelType>
    package var options: OptimizerOptions
  }
}

/// The options of any method, to be encoded.
package struct OptimizerOptions: Encodable, Sendable {
  package var value: any Encodable & Sendable

  package func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension TrainingMethod {
  /// The optimizer of an objective.
  ///
  /// ```swift
  /// var made = try TrainingMethod("adam:lr=0.01").make(Objective(head, l2: 1e-4))
  /// let report = made.optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
  /// ```
  ///
  /// - Parameter seed: of targets that a method draws.
  public func make<M: Model>(_ objective: Objective<M>, seed: UInt64 = 0) -> TrainingMethod.Made<M> {
    var options = name.form.applying(settings)
    options.setSeed(seed)
    var optimizer = options.optimizer(objective)
    if let cosine = settings[.gradientAgreement]?.number {
      let agreement = GradientAgreementOptions(threshold: 1 - cosine)
      func filtered(_ base: some Optimizer<M>) -> any Optimizer<M> { GradientAgreement(base, options: agreement) }
      optimizer = filtered(optimizer)
    }
    return TrainingMethod.Made(optimizer: optimizer, options: OptimizerOptions(value: options))
  }
}
