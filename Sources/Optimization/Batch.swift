import LinearAlgebra
import Models

/// Examples to take a step on: inputs, hard labels, and optionally a weight for each.
public struct Batch<Scalar: RealScalar>: Sendable {
  public var inputs: Inputs<Scalar>
  /// [B], each in 0..<C.
  public var labels: [Int32]
  /// [B], non-negative and not all zero; nil is ones. Only their ratios matter: losses are weighted means.
  public var weights: [Scalar]?

  public init(inputs: Inputs<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    precondition(labels.count == inputs.features.rows, "one label for each of \(inputs.features.rows) rows")
    precondition(weights.map { $0.count == labels.count } ?? true, "one weight for each row")
    self.inputs = inputs
    self.labels = labels
    self.weights = weights
  }

  public init(features: Matrix<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    self.init(inputs: Inputs(features), labels: labels, weights: weights)
  }

  /// B.
  public var count: Int { labels.count }
}
