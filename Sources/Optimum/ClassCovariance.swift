import LinearAlgebra

/// S = mean of diag(p) - p p^T over rows: the curvature of softmax cross-entropy in the logits, averaged. Damped, as it
/// is singular along the ones.
struct ClassCovariance<Scalar: RealScalar>: Sendable {
  /// [C, C], both triangles, before damping.
  let matrix: Matrix<Scalar>
  private var cholesky = Cholesky<Scalar>()

  /// From logits [n, C]: 2 n C^2 flops and a Cholesky factorisation.
  init(logits: Matrix<Scalar>, relativeDamping: Double = 1e-6) {
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
    let damping = Scalar(relativeDamping * meanDiagonal + Double(Scalar.leastNormalMagnitude))
    var filled = false
    var shift = damping
    while !filled {
      filled =
        cholesky.refactor(order: classes) { a in
          a.assign(matrix.view)
          for c in 0..<classes { a[c, c] += shift }
        } == nil
      shift *= 10
    }
  }

  /// tr S / C.
  var meanDiagonal: Double {
    (0..<matrix.rows).reduce(0) { $0 + Double(matrix[$1, $1]) } / Double(matrix.rows)
  }

  /// S^-1 x.
  func solve(_ x: [Scalar]) -> [Scalar] {
    var result = x
    cholesky.solve(&result)
    return result
  }

  /// S^-1 [C, C].
  func inverse() -> Matrix<Scalar>? {
    var result = Matrix<Scalar>(rows: 0, columns: 0)
    return cholesky.inverse(into: &result) ? result : nil
  }
}
