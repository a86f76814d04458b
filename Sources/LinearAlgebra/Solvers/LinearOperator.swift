/// A symmetric positive semidefinite operator known by its products.
///
/// `apply` may keep work areas between calls, so operators are mutable values that solvers borrow.
package protocol LinearOperator<Scalar> {
  associatedtype Scalar: RealScalar
  /// Length of the vectors it takes and gives.
  var dimension: Int { get }
  /// result = K x. Must not allocate, once it has run for this shape.
  mutating func apply(_ x: [Scalar], into result: inout [Scalar])
  /// Told by conjugate gradient that the solution moves by `step` times the vector of the last `apply`:
  /// an operator of the form K = R R^T can add step R^T x to what it accumulates. Does nothing by default.
  mutating func accumulate(_ step: Scalar)
}

extension LinearOperator {
  package mutating func accumulate(_ step: Scalar) {}

  /// The operator as a dense matrix, column by column: for tests, n products.
  package mutating func dense() -> Matrix<Scalar> {
    var result = Matrix<Scalar>(rows: dimension, columns: dimension)
    var unit = [Scalar](repeating: 0, count: dimension)
    var column = unit
    for j in 0..<dimension {
      unit[j] = 1
      apply(unit, into: &column)
      unit[j] = 0
      for i in 0..<dimension { result[i, j] = column[i] }
    }
    return result
  }
}

/// A dense symmetric matrix (both triangles) as an operator; n^2 elements read for each product.
package struct DenseOperator<Scalar: RealScalar>: LinearOperator {
  package var matrix: Matrix<Scalar>
  package init(_ matrix: Matrix<Scalar>) { self.matrix = matrix }
  package var dimension: Int { matrix.rows }
  package mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    Products.times(matrix.view, x, into: &result)
  }
}
