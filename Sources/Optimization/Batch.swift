import LinearAlgebra
import Losses
import Models

/// Examples to take a step on: inputs, and a target and optionally a weight for each row of outputs.
public struct Batch<Scalar: RealScalar>: Sendable {
  public var inputs: Inputs<Scalar>
  /// R of them: one for each example, or for each of the positions that `inputs.rows` lists.
  public var targets: Targets<Scalar>
  /// [R], non-negative and not all zero; nil is ones. Only their ratios matter: losses are weighted means.
  public var weights: [Scalar]?

  public init(inputs: Inputs<Scalar>, targets: Targets<Scalar>, weights: [Scalar]? = nil) {
    let (examples, count) = (inputs.features.rows, targets.count)
    let fits = inputs.rows.map { $0.count == count } ?? (examples > 0 && count % examples == 0)
    precondition(fits, "a target for each row of \(examples) examples, got \(count)")
    precondition(weights.map { $0.count == count } ?? true, "one weight for each row")
    self.inputs = inputs
    self.targets = targets
    self.weights = weights
  }

  public init(inputs: Inputs<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    self.init(inputs: inputs, targets: .classes(labels), weights: weights)
  }

  public init(features: Matrix<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    self.init(inputs: Inputs(features), targets: .classes(labels), weights: weights)
  }

  /// - Parameter features: in memory.
  public init(features: Features<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    self.init(inputs: Inputs(features), targets: .classes(labels), weights: weights)
  }

  /// Numbers to predict, [B, C].
  public init(features: Matrix<Scalar>, values: Matrix<Scalar>, weights: [Scalar]? = nil) {
    self.init(inputs: Inputs(features), targets: .values(values), weights: weights)
  }

  /// R.
  public var count: Int { targets.count }
  /// The classes [R]; empty for other targets.
  public var labels: [Int32] { targets.labels }
}
