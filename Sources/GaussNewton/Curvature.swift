import LinearAlgebra
import Models
import Optimization

/// Which matrix stands for the curvature of the mean loss.
public enum Curvature: String, Sendable, Codable, CaseIterable {
  /// Fast Gauss-Newton: (1/B) sum s a a^T through the Jacobian. One row for each example.
  case fgn
  /// The full Gauss-Newton matrix: (1/B) sum J^T (diag(p) - p p^T) J. One row for each example and class.
  case ggn
  /// The empirical Fisher: FGN's rows weighted by v^2 in place of s = p_y v.
  case fisher
  /// What FGN leaves out of the GGN: the within-competitor covariance. Not for directions; for measurement.
  case competitor

  /// Coefficients of s-like and rest-like terms for each row, `kept` a a^T + `rest` (diag(q) - q q^T), with the
  /// example weights in.
  func coefficients<Scalar>(of rows: MarginRows<Scalar>) -> (kept: [Scalar], rest: [Scalar]) {
    let zeros = [Scalar](repeating: 0, count: rows.count)
    let kept: [Scalar]
    switch self {
    case .fgn, .ggn: kept = rows.rootWeight.map { $0 * $0 }
    case .fisher: kept = rows.residual.map { $0 * $0 }
    case .competitor: kept = zeros
    }
    let rest = self == .ggn || self == .competitor ? rows.residual : zeros
    guard let weights = rows.weights else { return (kept, rest) }
    return (zip(kept, weights).map { $0 * $1 }, zip(rest, weights).map { $0 * $1 })
  }
}

/// A curvature matrix in parameter space, (1/B) J^T H J + l2 on the penalised parameters, known by its products.
///
/// A product is one pushforward, one pass over the rows and one pullback: 4 B C D flops for a linear head.
public struct CurvatureOperator<ModelType: Model>: LinearOperator, Sendable {
  public typealias Scalar = ModelType.Scalar
  public let curvature: Curvature
  public let dimension: Int
  let penalised: [Range<Int>]
  let rows: MarginRows<Scalar>
  let kept: [Scalar]
  let rest: [Scalar]
  let l2: Scalar
  var linearization: ModelType.LinearizationType
  private var outputs: Matrix<Scalar>

  /// The curvature of `model` at `parameters` on `batch`, with the penalty `l2`, at least 0: one forward pass.
  public init(
    _ curvature: Curvature, model: ModelType, parameters: Parameters<Scalar>, batch: Batch<Scalar>, l2: Scalar = 0
  ) {
    var linearization = model.makeLinearization()
    var rows = MarginRows<Scalar>()
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &rows.rows)
    rows.evaluate(labels: batch.labels, weights: batch.weights)
    self.init(curvature, layout: model.layout, linearization: linearization, rows: rows, l2: l2)
  }

  init(
    _ curvature: Curvature, layout: ParameterLayout, linearization: ModelType.LinearizationType,
    rows: MarginRows<Scalar>, l2: Scalar
  ) {
    self.curvature = curvature
    dimension = layout.trainableCount
    penalised = layout.trainable.filter(\.isPenalised).map(\.range)
    self.linearization = linearization
    self.rows = rows
    self.l2 = l2
    (kept, rest) = curvature.coefficients(of: rows)
    outputs = Matrix(rows: rows.rows.rows, columns: rows.rows.columns)
  }

  public mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    linearization.pushforward(x, into: &outputs)
    RowKernels.curvature(rows.rows, labels: rows.labels, kept: kept, rest: rest, times: &outputs)
    linearization.pullback(
      outputs, rowWeights: nil, alpha: SliceFactors(1 / Scalar(rows.count)), beta: SliceFactors(0), into: &result)
    guard l2 != 0 else { return }
    for i in 0..<penalised.count { result.combine(l2, x, range: penalised[i]) }
  }

  /// The trace of the matrix without its L2 part, at least 0.
  ///
  /// The trace of one example is that of (kept a a^T + rest (diag q - q q^T)) J J^T. Where J J^T is a multiple of
  /// the identity (a linear head) this takes two passes over the rows, elsewhere C row norms.
  public mutating func trace() -> Double {
    let count = rows.count
    var squares = [Scalar](repeating: 0, count: count)
    linearization.rowSquaredNorms(of: rows.rows, into: &squares)
    var total = zip(kept, squares).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    guard rest.contains(where: { $0 != 0 }) else { return total / Double(count) }
    if linearization.isIsotropic {
      // |row|^2 = |a|^2 kappa with |a|^2 = 1 + |q|^2, and the covariance's trace is (1 - |q|^2) kappa.
      var lengths = squares
      RowKernels.dots(rows.rows.view, rows.rows.view, into: &lengths)
      for i in 0..<count {
        total += Double(rest[i]) * Double(squares[i]) / Double(lengths[i]) * (2 - Double(lengths[i]))
      }
    } else {
      // Rows sqrt(q_k) (e_k - q) have the covariance as the sum of their outer products.
      var cotangents = rows.rows
      for k in 0..<rows.rows.columns {
        for i in 0..<count { cotangents.setCompetitorRow(i, class: k, rows: rows) }
        linearization.rowSquaredNorms(of: cotangents, into: &squares)
        for i in 0..<count where Int(rows.labels[i]) != k {
          total += Double(rest[i]) * Double(-rows.rows[i, k]) * Double(squares[i])
        }
      }
    }
    return total / Double(count)
  }
}

extension Matrix {
  /// Row i becomes e_k - q_i.
  fileprivate mutating func setCompetitorRow(_ i: Int, class k: Int, rows: MarginRows<Scalar>) {
    for c in 0..<columns { self[i, c] = Int(rows.labels[i]) == c ? 0 : rows.rows[i, c] }
    self[i, k] += 1
  }
}
