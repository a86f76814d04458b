import LinearAlgebra
import Losses
import Models

/// A curvature matrix in parameter space, (1/B) J^T H J + l2 on the penalised parameters, known by its products: for
/// inspection, experiments and tests.
///
/// A product is one pushforward, one pass over the rows and one pullback: 4 B C D flops for a linear head.
package struct CurvatureOperator<ModelType: Model>: LinearOperator, Sendable {
  package typealias Scalar = ModelType.Scalar
  private var point: ObjectivePoint<ModelType>
  private let weights: Curvature.Weights<Scalar>

  /// The curvature of `objective` at `parameters` on `batch`: one forward pass.
  package init(
    _ curvature: Curvature, of objective: Objective<ModelType>, at parameters: Parameters<Scalar>, batch: Batch<Scalar>
  ) {
    point = ObjectivePoint(objective)
    point.evaluate(at: parameters, batch: batch)
    weights = Curvature.Weights(curvature, of: point.rows)
  }

  package var dimension: Int { point.dimension }

  package mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    if weights.curvature.isHessian {
      point.curvatureProduct(x, into: &result)
    } else {
      point.curvatureProduct(weights, x, into: &result)
    }
  }

  /// The trace of the matrix without its L2 part, at least 0.
  ///
  /// Where J J^T is a multiple of the identity in each row (a linear head) this takes two passes over the rows; a
  /// curvature of one row an example takes their norms; the GGN elsewhere takes C row norms, of N = H^(1/2).
  package mutating func trace() -> Double {
    let rows = point.rows
    let count = rows.count
    var squares = [Scalar](repeating: 0, count: count)
    let examples = rows.weights ?? [Scalar](repeating: 1, count: count)
    func total(_ squares: [Scalar], _ factor: (Int) -> Double) -> Double {
      (0..<count).reduce(0.0) { $0 + Double(examples[$1]) * factor($1) * Double(squares[$1]) } / Double(count)
    }
    if point.linearization.isIsotropic {
      var lengths = squares
      point.linearization.rowSquaredNorms(of: rows.rows, into: &squares)
      RowKernels.dots(rows.rows.view, rows.rows.view, into: &lengths)
      let traces = rows.traces(weights)
      return total(squares) { traces[$0] / Double(lengths[$0]) }
    }
    guard weights.curvature.includesRest else {
      point.linearization.rowSquaredNorms(of: rows.rows, into: &squares)
      return total(squares) { Double(weights.roots[$0]) * Double(weights.roots[$0]) }
    }
    var sum = 0.0
    for k in 0..<rows.rows.columns {
      var cotangents = Matrix<Scalar>(rows: count, columns: rows.rows.columns)
      for i in 0..<count { cotangents[i, k] = 1 }
      rows.applyRoot(transposed: true, to: &cotangents)
      point.linearization.rowSquaredNorms(of: cotangents, into: &squares)
      sum += squares.sum / Double(count)
    }
    guard !weights.curvature.isHessian else { return sum }
    // R = H - s a a^T.
    point.linearization.rowSquaredNorms(of: rows.rows, into: &squares)
    return max(0, sum - total(squares) { Double(rows.rootWeight[$0]) * Double(rows.rootWeight[$0]) })
  }
}
