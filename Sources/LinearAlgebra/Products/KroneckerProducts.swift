/// Products with Kronecker factors, and matrices with one column more: the weight and the bias of a layer as one.
package enum KroneckerProducts {
  /// result [rows, columns + 1] = x with a last column: `last` [rows], or ones.
  package static func append<Scalar: RealScalar>(
    _ last: MatrixView<Scalar>?, to x: MatrixView<Scalar>, into result: inout Matrix<Scalar>
  ) {
    let (rows, columns) = (x.rows, x.columns)
    precondition(last.map { $0.rows * $0.columns == rows } ?? true, "a last column of \(rows) elements")
    result.reshape(rows: rows, columns: columns + 1)
    x.withPointer { x in
      result.elements.withMutablePointer { y in
        guard let last else { return Scalar.kernels.pointee.curvature.appendColumn(x, nil, y, rows, columns) }
        last.withPointer { Scalar.kernels.pointee.curvature.appendColumn(x, $0, y, rows, columns) }
      }
    }
  }

  /// The reverse: matrix [rows, columns + 1] into result[offset...] as [rows, columns] and result[last...] as [rows].
  package static func split<Scalar: RealScalar>(
    _ matrix: Matrix<Scalar>, into result: inout [Scalar], at offset: Int, last: Int
  ) {
    let (rows, columns) = (matrix.rows, matrix.columns - 1)
    precondition(
      columns >= 0 && offset + rows * columns <= result.count && last + rows <= result.count, "shapes differ")
    matrix.elements.withPointer { y in
      result.withMutablePointer { out in
        Scalar.kernels.pointee.curvature.splitColumn(y, out + offset, out + last, rows, columns)
      }
    }
  }

  /// result [n, n] = alpha x^T x + beta result, x [rows, n], both triangles. 2 rows n^2 flops.
  package static func addColumnGram<Scalar: RealScalar>(
    _ x: MatrixView<Scalar>, alpha: Scalar, beta: Scalar, to result: inout Matrix<Scalar>
  ) {
    let n = x.columns
    precondition(result.rows == n && result.columns == n, "the Gram of \(n) columns is \(n) x \(n)")
    Products.transposedTimes(x, x, alpha: alpha, beta: beta, into: &result.elements)
  }
}

extension Cholesky {
  /// result [n, n] = A^-1 from the factor, both triangles. 2 n^3 / 3 flops on one thread. Returns false if it is not
  /// finite.
  package func inverse(into result: inout Matrix<Scalar>) -> Bool {
    let n = factor.rows
    result.reshape(rows: n, columns: n)
    result.assign(factor.view)
    var info = 0
    result.elements.withMutablePointer { info = Scalar.kernels.pointee.curvature.invertFactored(n, $0) }
    Gram.mirror(&result)
    return info == 0 && result.elements.isFinite
  }
}
