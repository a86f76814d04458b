import LinearAlgebra
import Losses
import RealModule

/// The Hessian of softmax cross-entropy in the logits by its definition, in Double: what the row kernels are compared
/// with. Nothing is shared with them.
enum SoftmaxHessian {
  /// p [B, C] of logits.
  static func probabilities(_ logits: Matrix<Double>) -> Matrix<Double> {
    var p = logits
    for i in 0..<p.rows {
      let largest = logits.row(i).max() ?? 0
      var total = 0.0
      for k in 0..<p.columns {
        p[i, k] = Double.exp(p[i, k] - largest)
        total += p[i, k]
      }
      for k in 0..<p.columns { p[i, k] /= total }
    }
    return p
  }

  /// p * t - p (p . t), row by row.
  static func product(_ logits: Matrix<Double>, _ t: Matrix<Double>) -> Matrix<Double> {
    var result = probabilities(logits)
    for i in 0..<t.rows {
      let mean = zip(result.row(i), t.row(i)).reduce(0) { $0 + $1.0 * $1.1 }
      for k in 0..<t.columns { result[i, k] *= t[i, k] - mean }
    }
    return result
  }

  /// The matrix of one example [C, C], column by column from products of the row kernels.
  static func matrix<S: RealScalar>(_ rows: MarginRows<S>, _ example: Int, _ curvature: Curvature) -> Matrix<Double> {
    let (classes, weights) = (rows.rows.columns, Curvature.Weights(curvature, of: rows))
    var matrix = Matrix<Double>(rows: classes, columns: classes)
    for j in 0..<classes {
      var unit = Matrix<S>(rows: rows.count, columns: classes)
      unit[example, j] = 1
      rows.apply(weights, to: &unit)
      for i in 0..<classes { matrix[i, j] = Double(unit[example, i]) }
    }
    return matrix
  }
}
