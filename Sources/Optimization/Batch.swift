import LinearAlgebra
import Models

/// Examples to take a step on: inputs, and a hard label and optionally a weight for each row of outputs.
public struct Batch<Scalar: RealScalar>: Sendable {
  public var inputs: Inputs<Scalar>
  /// [R], each in 0..<C: one for each example, or for each of the positions that `inputs.rows` lists.
  public var labels: [Int32]
  /// [R], non-negative and not all zero; nil is ones. Only their ratios matter: losses are weighted means.
  public var weights: [Scalar]?

  public init(inputs: Inputs<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    let examples = inputs.features.rows
    let fits = inputs.rows.map { $0.count == labels.count } ?? (examples > 0 && labels.count % examples == 0)
    precondition(fits, "a label for each row of \(examples) examples, got \(labels.count)")
    precondition(weights.map { $0.count == labels.count } ?? true, "one weight for each row")
    self.inputs = inputs
    self.labels = labels
    self.weights = weights
  }

  public init(features: Matrix<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    self.init(inputs: Inputs(features), labels: labels, weights: weights)
  }

  /// R.
  public var count: Int { labels.count }
}
