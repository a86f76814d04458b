import LinearAlgebra
import Models
import Optimization

/// The centre of a system of the full Gauss-Newton matrix H: J d_0, and what it does to residual and curvature.
struct OutputCenter<Scalar: RealScalar>: Sendable {
  /// J d_0 [R, C].
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)

  /// Empty is no centre; the memory stays.
  private var isSet: Bool { outputs.rows > 0 }

  mutating func clear() { outputs.reshape(rows: 0, columns: 0) }

  mutating func set<M: Model>(_ buffer: [Scalar], scale: Scalar, _ point: inout ObjectivePoint<M>)
  where M.Scalar == Scalar {
    point.pushforward(buffer, into: &outputs)
    outputs.scale(by: scale)
  }

  /// result [R, C] = w (-grad_z l) - H J d_0: minus the gradient in the outputs, after the centre.
  func residual<M: Model>(_ point: ObjectivePoint<M>, into result: inout Matrix<Scalar>) where M.Scalar == Scalar {
    point.rows.descent(into: &result)
    guard isSet else { return }
    var curved = outputs
    point.rows.applyHessian(to: &curved)
    result.combine(-1, curved)
  }

  /// d^T GGN d, given J (d - d_0).
  func quadratic<M: Model>(of change: Matrix<Scalar>, _ point: ObjectivePoint<M>) -> Double where M.Scalar == Scalar {
    var change = change
    if isSet { change.combine(1, outputs) }
    var curved = change
    point.rows.applyHessian(to: &curved)
    return Double(change.elements.dot(curved.elements)) / Double(point.rows.count)
  }

  /// d^T GGN d, given N J (d - d_0) with the example weights in, N^T N = H.
  func quadratic<M: Model>(ofWhitened whitened: Matrix<Scalar>, _ point: ObjectivePoint<M>) -> Double
  where M.Scalar == Scalar {
    var change = whitened
    if isSet {
      var center = outputs
      point.rows.applyRoot(transposed: false, to: &center)
      change.combine(1, center)
    }
    return Double(change.elements.dot(change.elements)) / Double(point.rows.count)
  }
}
