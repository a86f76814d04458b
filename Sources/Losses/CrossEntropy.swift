import LinearAlgebra

/// Softmax cross-entropy of logits [R, C] and one class a row: log(1 + e^-m), m the true-vs-rest margin. See
/// `MarginRows`.
public struct CrossEntropy: Loss {
  public init() {}

  public var name: String { "cross-entropy" }
  public var unit: String { "nats" }
  public var minimumOutputs: Int { 2 }

  /// With two classes the one competitor has no covariance.
  public func isScalar(outputs: Int) -> Bool { outputs == 2 }

  public func check<Scalar>(_ targets: Targets<Scalar>, outputs: Int) throws(TargetError) {
    guard case .classes(let labels) = targets else {
      throw TargetError("cross-entropy wants a class for each row, got numbers: try the squared loss")
    }
    if let row = labels.firstIndex(where: { $0 < 0 || $0 >= Int32(outputs) }) {
      throw TargetError(row: row, "expected a label in 0..<\(outputs), got \(labels[row])")
    }
  }

  public func makeRows<Scalar: RealScalar>(as type: Scalar.Type) -> any LossRows<Scalar> { MarginRows<Scalar>() }
}
