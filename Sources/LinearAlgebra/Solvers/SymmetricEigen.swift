import RealModule

/// Eigenvalues and eigenvectors of a symmetric matrix, A = V^T diag(values) V with the eigenvectors as rows of V.
///
/// By divide and conquer (LAPACK's syevd): some 9 n^3 flops on one thread; work areas of about 2 n^2 numbers, kept.
///
/// ```swift
/// var eigen = SymmetricEigen<Double>()
/// let isFound = eigen.decompose(Matrix(rows: 2, columns: 2, elements: [2, 1, 1, 2]))
/// let values = eigen.values  // 1, 3
/// ```
package struct SymmetricEigen<Scalar: RealScalar>: Sendable {
  /// Ascending [n].
  package private(set) var values: [Scalar] = []
  /// Orthonormal rows [n, n], in the order of the values.
  package private(set) var vectors = Matrix<Scalar>(rows: 0, columns: 0)
  private var work: [Scalar] = []
  private var integers: [Int32] = []
  private var scaled = Matrix<Scalar>(rows: 0, columns: 0)

  package init() {}

  /// Decomposes `matrix` [n, n], of which the lower triangle is read. Returns false, and holds nothing useful, if it is
  /// not finite or the iteration does not converge.
  package mutating func decompose(_ matrix: Matrix<Scalar>) -> Bool {
    let n = matrix.rows
    precondition(matrix.columns == n, "a square matrix, got \(n) x \(matrix.columns)")
    vectors.reshape(rows: n, columns: n)
    vectors.assign(matrix.view)
    values.resize(to: n)
    guard n > 0 else { return true }
    guard matrix.elements.isFinite else { return false }
    work.resize(to: 1 + 6 * n + 2 * n * n)
    if integers.count < 3 + 5 * n { integers = [Int32](repeating: 0, count: 3 + 5 * n) }
    let (size, integerSize) = (work.count, 3 + 5 * n)
    var info = 0
    vectors.elements.withMutablePointer { a in
      values.withMutablePointer { values in
        work.withMutablePointer { work in
          integers.withUnsafeMutableBufferPointer { integers in
            info = Scalar.kernels.pointee.curvature.eigen(n, a, values, work, size, integers.baseAddress!, integerSize)
          }
        }
      }
    }
    return info == 0 && values.isFinite && vectors.elements.isFinite
  }

  /// result [n, n] = A^exponent of the matrix that was decomposed, with eigenvalues below `floor` taken for it; `floor`
  /// is above 0 for negative exponents. 2 n^3 flops.
  package mutating func power(_ exponent: Double, floor: Scalar, into result: inout Matrix<Scalar>) {
    let n = values.count
    let factors = values.map { Scalar(Double.pow(max(Double($0), Double(floor)), exponent)) }
    scaled.reshape(rows: n, columns: n)
    RowKernels.scale(vectors.view, by: factors, into: &scaled)
    result.reshape(rows: n, columns: n)
    Products.transposedTimes(vectors.view, scaled.view, into: &result.elements)
  }
}
