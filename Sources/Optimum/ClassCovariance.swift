import LinearAlgebra

/// S = mean of diag(p) - p p^T over rows: the curvature of softmax cross-entropy in the logits, averaged. It is
/// singular along the ones.
struct ClassCovariance<Scalar: RealScalar>: Sendable {
  /// [C, C], both triangles.
  let matrix: Matrix<Scalar>

  /// From logits [n, C]: 2 n C^2 flops.
  init(logits: Matrix<Scalar>) {
    var p = logits
    RowKernels.softmax(&p)
    let (rows, classes) = (p.rows, p.columns)
    var matrix = Matrix<Scalar>(rows: classes, columns: classes)
    let scale = Scalar(1 / Double(rows))
    KroneckerProducts.addColumnGram(p.view, alpha: -scale, beta: 0, to: &matrix)
    var mean = [Scalar](repeating: 0, count: classes)
    RowKernels.columnSums(p.view, weights: nil, alpha: scale, into: &mean)
    for c in 0..<classes { matrix[c, c] += mean[c] }
    self.matrix = matrix
  }

  /// tr S / C.
  var meanDiagonal: Double {
    (0..<matrix.rows).reduce(0) { $0 + Double(matrix[$1, $1]) } / Double(matrix.rows)
  }

  /// (S + shift)^-1 x, with the least of 1e-6, 1e-5, ... 1 of the mean diagonal that lets S be factored: C^3 / 3 flops.
  /// Nil where none does, as where S is zero or not finite.
  func solve(_ x: [Scalar]) -> [Scalar]? {
    var cholesky = Cholesky<Scalar>()
    var shift = 1e-6 * meanDiagonal
    guard shift > 0, shift.isFinite else { return nil }
    for _ in 0..<7 {
      let failure = cholesky.refactor(order: matrix.rows) { a in
        a.assign(matrix.view)
        for c in 0..<matrix.rows { a[c, c] += Scalar(shift) }
      }
      if failure == nil {
        var result = x
        cholesky.solve(&result)
        return result
      }
      shift *= 10
    }
    return nil
  }
}
