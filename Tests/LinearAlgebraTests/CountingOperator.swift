import LinearAlgebra

/// An operator that counts what is asked of it, and can go wrong at a given product.
struct CountingOperator<S: RealScalar>: LinearOperator {
  var inner: DenseOperator<S>
  private(set) var products = 0
  private(set) var accumulations = 0
  /// What `accumulate` was told, in terms of the vectors of `apply`.
  private(set) var accumulated: [S]
  private var last: [S] = []
  /// The product whose result is spoiled.
  var poisonedProduct: Int?
  var poison: S = .nan

  init(_ matrix: Matrix<S>) {
    inner = DenseOperator(matrix)
    accumulated = [S](repeating: 0, count: matrix.rows)
  }

  var dimension: Int { inner.dimension }

  mutating func apply(_ x: [S], into result: inout [S]) {
    products += 1
    last = x
    inner.apply(x, into: &result)
    if products == poisonedProduct { result[0] = poison }
  }

  mutating func accumulate(_ step: S) {
    accumulations += 1
    accumulated.combine(step, last)
  }
}
