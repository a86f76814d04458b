import LinearAlgebra

/// (t - z_k)^2 / 2 for one output k of each row: the value of the action that was taken, in value learning. The other
/// outputs are free, so H = e_k e_k^T: one row for each example, and FGN is the GGN.
public struct SelectedSquaredLoss: Loss {
  public init() {}

  public var name: String { "selected-squared" }
  public var isQuadratic: Bool { true }

  public func isScalar(outputs: Int) -> Bool { true }

  public func check<Scalar>(_ targets: Targets<Scalar>, outputs: Int) throws(TargetError) {
    guard case .selected(let index, let values) = targets else {
      throw TargetError("the \(name) loss wants the number of an output and its value for each row")
    }
    if let row = index.firstIndex(where: { $0 < 0 || $0 >= Int32(outputs) }) {
      throw TargetError(row: row, "expected an output in 0..<\(outputs), got \(index[row])")
    }
    if let row = values.firstIndex(where: { !$0.isFinite }) {
      throw TargetError(row: row, "expected a finite target, got \(values[row])")
    }
  }

  public func makeRows<Scalar: RealScalar>(as type: Scalar.Type) -> any LossRows<Scalar> { SelectedRows<Scalar>() }
}

/// The squared loss of selected outputs on a batch: a = e_k, v = t - z_k, s = 1.
package struct SelectedRows<Scalar: RealScalar>: LossRows {
  package var rows = Matrix<Scalar>(rows: 0, columns: 0)
  package private(set) var loss: [Scalar] = []
  package private(set) var residual: [Scalar] = []
  package private(set) var rootWeight: [Scalar] = []
  package private(set) var weights: [Scalar]?

  package init() {}

  package mutating func evaluate(_ targets: Targets<Scalar>, weights: [Scalar]?) {
    guard case .selected(let index, let values) = targets, values.count == rows.rows else {
      preconditionFailure("the loss wants one output and one value for each row")
    }
    self.weights = weights.map(Self.meanOne)
    residual = index.indices.map { values[$0] - rows[$0, Int(index[$0])] }
    loss = residual.map { $0 * $0 / 2 }
    rootWeight = [Scalar](repeating: 1, count: index.count)
    rows.clear()
    for (i, k) in index.enumerated() { rows[i, Int(k)] = 1 }
  }

  package func applyHessian(to t: inout Matrix<Scalar>) { apply(to: &t) { weights?[$0] ?? 1 } }

  /// R = 0.
  package func apply(_ weights: Curvature.Weights<Scalar>, to t: inout Matrix<Scalar>) {
    apply(to: &t) { weights.kept[$0] }
  }

  private func apply(to t: inout Matrix<Scalar>, _ coefficient: (Int) -> Scalar) {
    for i in 0..<t.rows {
      let row = i % rows.rows
      let factor = coefficient(row)
      for k in 0..<t.columns { t[i, k] *= factor * rows[row, k] }
    }
  }

  package func applyRoot(transposed: Bool, to t: inout Matrix<Scalar>) {
    for i in 0..<t.rows {
      let root = weights?[i % rows.rows].squareRoot() ?? 1
      for k in 0..<t.columns { t[i, k] *= root * rows[i % rows.rows, k] }
    }
  }

  package func start(norms: [Scalar], shift: Scalar, _ h: inout Matrix<Scalar>, _ right: inout Matrix<Scalar>) {
    for i in 0..<h.rows {
      let weight = weights?[i] ?? 1
      for k in 0..<h.columns {
        let scaled = rows[i, k] * h[i, k] / (shift + norms[i] * weight)
        h[i, k] = scaled
        right[i, k] = weight.squareRoot() * norms[i] * scaled
      }
    }
  }

  package func moments() -> Curvature.Moments {
    let ones = residual.map { _ in 1.0 }
    return Curvature.Moments(squaredNorms: ones, quadratics: ones, restTraces: residual.map { _ in 0 })
  }
}
