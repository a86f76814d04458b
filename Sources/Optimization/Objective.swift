import LinearAlgebra
import Losses
import Models

/// What is minimised: f(theta) = mean loss + (l2 / 2) |W|^2, of a model, a loss and a penalty.
///
/// This is the one place that says so, with its conventions:
///
/// - The mean is weighted: sum_i w_i loss_i / sum_i w_i over the rows of outputs. Only ratios of weights matter.
/// - W are the penalised slices of the parameters that training changes: weights are penalised; biases, gains of
///   normalisations and frozen parameters are free.
/// - The penalty belongs to the mean, not to the sum: with scikit-learn's C and N examples, l2 = 1 / (C N).
///
/// Optimizers own an objective, and a trainer asks its optimizer for it, so that the two cannot differ.
/// `ObjectivePoint` is the objective at parameters on a batch.
///
/// ```swift
/// let objective = Objective(LinearHead<Float>(features: 2, classes: 3), l2: 1e-4)
/// ```
public struct Objective<ModelType: Model>: Sendable {
  public let model: ModelType
  public let loss: any Loss
  /// At least 0 and finite.
  public let l2: Double

  /// - Precondition: `l2` is at least 0 and finite.
  public init(_ model: ModelType, loss: any Loss = CrossEntropy(), l2: Double = 0) {
    precondition(l2 >= 0 && l2.isFinite, "the penalty l2 must be at least 0 and finite, got \(l2)")
    self.model = model
    self.loss = loss
    self.l2 = l2
  }

  /// The same model and loss without a penalty.
  public var withoutPenalty: Objective { Objective(model, loss: loss) }

  /// f, of the weighted mean loss at `parameters`. One pass over the penalised parameters, where there is a penalty.
  public func value(meanLoss: Double, at parameters: Parameters<ModelType.Scalar>) -> Double {
    value(meanLoss: meanLoss, squaredNorm: l2 > 0 ? Double(parameters.penalisedSquaredNorm) : 0)
  }

  /// f, of the weighted mean loss and |W|^2, for parameters that are kept in another form.
  package func value(meanLoss: Double, squaredNorm: Double) -> Double { meanLoss + l2 / 2 * squaredNorm }

  /// What f = `value` becomes, at the same parameters, with the penalty `other`.
  package func value(_ value: Double, afterPenalty other: Double, squaredNorm: Double) -> Double {
    value - (l2 - other) / 2 * squaredNorm
  }
}
