import LinearAlgebra

/// One factor of a Kronecker product: a symmetric positive semidefinite matrix [n, n], or its diagonal alone where the
/// matrix would be too large; and the inverse of what it is with damping.
package struct KroneckerFactor<Scalar: RealScalar>: Codable, Sendable {
  /// The matrix [n, n], both triangles, or the diagonal [1, n].
  package var values: Matrix<Scalar>
  package let isDiagonal: Bool
  /// (matrix + shift I)^-1 in the shape of `values`, as `invert` left it; empty before.
  package private(set) var inverse = Matrix<Scalar>(rows: 0, columns: 0)

  package init(_ matrix: Matrix<Scalar>) {
    precondition(matrix.rows == matrix.columns, "a factor is square, got \(matrix.rows) x \(matrix.columns)")
    (values, isDiagonal) = (matrix, false)
  }

  package init(diagonal: [Scalar]) {
    (values, isDiagonal) = (Matrix(rows: 1, columns: diagonal.count, elements: diagonal), true)
  }

  /// n.
  package var order: Int { values.columns }

  /// The trace over n.
  package var meanDiagonal: Double {
    let sum =
      isDiagonal ? values.elements.sum : (0..<values.rows).reduce(0.0) { $0 + Double(values[$1, $1]) }
    return sum / Double(order)
  }

  /// Sets `inverse`: n^3 flops of a matrix, n of a diagonal.
  ///
  /// - Returns: false where matrix + shift I is not positive definite, or the inverse of the matrix is not finite;
  ///   `inverse` holds nothing useful then.
  package mutating func invert(shift: Scalar, using cholesky: inout Cholesky<Scalar>) -> Bool {
    if isDiagonal {
      inverse = Matrix(rows: 1, columns: order, elements: values.elements.map { 1 / ($0 + shift) })
      return true
    }
    let values = values
    let failure = cholesky.refactor(order: values.rows) { matrix in
      matrix.assign(values.view)
      for i in 0..<values.rows { matrix[i, i] += shift }
    }
    return failure == nil && cholesky.inverse(into: &inverse)
  }
}

/// The curvature S x A of a weight [out, in], row-major, as a Kronecker product: A [in, in] of its inputs, with a one
/// for the bias where there is one, and S [out, out] of its outputs; and the inverses of both with damping.
package struct KroneckerFactors<Scalar: RealScalar>: Codable, Sendable {
  /// A.
  package var input: KroneckerFactor<Scalar>
  /// S.
  package var output: KroneckerFactor<Scalar>

  /// Work areas, which the factors of several weights may share.
  package struct Workspace: Sendable {
    package var left = Matrix<Scalar>(rows: 0, columns: 0)
    package var right = Matrix<Scalar>(rows: 0, columns: 0)
    package var cholesky = Cholesky<Scalar>()

    package init() {}
  }

  package init(input: KroneckerFactor<Scalar>, output: KroneckerFactor<Scalar>) {
    (self.input, self.output) = (input, output)
  }

  /// What a metric adds to the curvature for safety, over the product of the factors' mean diagonals.
  package static var relativeDamping: Double { 1e-5 }
  /// The largest order of a factor that a metric forms as a matrix.
  package static var largestOrder: Int { 4096 }

  /// The mean of A's diagonal times that of S's: that of their product's.
  package var meanDiagonal: Double { input.meanDiagonal * output.meanDiagonal }

  /// Sets the inverses of A + pi sqrt(damping) I and S + sqrt(damping) / pi I, pi^2 the mean of A's diagonal over that
  /// of S's: factored Tikhonov damping (Martens & Grosse 2015, section 6.3).
  ///
  /// - Parameter damping: above 0.
  /// - Returns: false where one of them has no finite inverse; the inverses hold nothing useful then.
  package mutating func invert(damping: Double, using work: inout Workspace) -> Bool {
    let ratio = (input.meanDiagonal / output.meanDiagonal).squareRoot()
    let pi = ratio.isFinite && ratio > 0 ? ratio : 1
    let root = damping.squareRoot()
    return input.invert(shift: Scalar(pi * root), using: &work.cholesky)
      && output.invert(shift: Scalar(root / pi), using: &work.cholesky)
  }
}
