/// LU factorisation with partial pivoting of a square matrix, in place: for systems that are not symmetric.
///
/// 2 n^3 / 3 flops, twice those of `Cholesky`; one thread.
///
/// ```swift
/// var lu = LU<Double>()
/// var x = [1.0, 2.0]
/// let failure = lu.factor(Matrix(rows: 2, columns: 2, elements: [0, 2, 1, 1]))
/// lu.solve(&x)  // [1.5, 0.5]
/// ```
package struct LU<Scalar: RealScalar>: Sendable {
  /// The factors, in LAPACK's form of the transpose.
  private var factors = Matrix<Scalar>(rows: 0, columns: 0)
  private var pivots: [Int32] = []

  package init() {}

  /// Factors a row-major matrix, which is taken over: give it away (`exchange`) and nothing is copied.
  /// Returns nil, or the 1-based place of a pivot that is zero or not finite.
  package mutating func factor(_ matrix: consuming Matrix<Scalar>) -> Int? {
    let n = matrix.rows
    precondition(matrix.columns == n, "a square matrix, got \(n) x \(matrix.columns)")
    factors = Matrix(rows: 0, columns: 0)
    factors = matrix
    pivots = [Int32](repeating: 0, count: n)
    var failure = 0
    factors.elements.withMutablePointer { a in
      pivots.withUnsafeMutableBufferPointer { pivots in
        if let pivots = pivots.baseAddress { failure = Scalar.kernels.pointee.main.factorLU(n, a, pivots) }
      }
      if failure == 0 { failure = (0..<n).first { !a[$0 * (n + 1)].isFinite }.map { $0 + 1 } ?? 0 }
    }
    return failure == 0 ? nil : failure
  }

  /// x <- A^-1 x, or A^-T x; 2 n^2 flops.
  package func solve(_ x: inout [Scalar], transposed: Bool = false) {
    let n = factors.rows
    precondition(x.count == n, "the right-hand side has \(x.count) elements, the matrix order is \(n)")
    factors.elements.withPointer { a in
      pivots.withUnsafeBufferPointer { pivots in
        // LAPACK sees the transpose of a row-major matrix.
        x.withMutablePointer { x in
          if let pivots = pivots.baseAddress { Scalar.kernels.pointee.main.solveLU(n, a, pivots, !transposed, x) }
        }
      }
    }
  }

  /// Gives the memory of the last factors back, for the next matrix; nothing can be solved after that.
  package mutating func takeMemory() -> Matrix<Scalar> {
    exchange(&factors, with: Matrix(rows: 0, columns: 0))
  }
}
