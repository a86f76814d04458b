/// Cholesky factorisation of a symmetric positive definite matrix given by its lower triangle, in place.
///
/// n^3 / 3 flops. Blocked: the diagonal block by LAPACK, the panel and the trailing update cut into fixed
/// pieces over the threads.
package struct Cholesky<Scalar: RealScalar>: Sendable {
  /// The factor in the lower triangle; what is above the diagonal is left over from the input.
  package private(set) var factor: Matrix<Scalar>

  static var block: Int { 192 }

  /// Work areas for n unknowns. Fill `factor` through `refactor`.
  package init() { factor = Matrix(rows: 0, columns: 0) }

  /// Lets `fill` write the lower triangle of an n x n matrix, then factors it.
  /// Returns nil, or the order of the leading minor that is not positive: the matrix is not (numerically)
  /// positive definite, and `factor` holds nothing useful.
  package mutating func refactor(order n: Int, fill: (inout Matrix<Scalar>) -> Void) -> Int? {
    factor.reshape(rows: n, columns: n)
    fill(&factor)
    return factorInPlace()
  }

  /// Factors the lower triangle of `matrix`, whose memory is exchanged for that of the last factor.
  package mutating func factor(swapping matrix: inout Matrix<Scalar>) -> Int? {
    precondition(matrix.rows == matrix.columns, "a square matrix")
    swap(&matrix, &factor)
    return factorInPlace()
  }

  /// Hands over the memory of the last factor, which is lost.
  package mutating func takeMemory() -> Matrix<Scalar> { exchange(&factor, with: Matrix(rows: 0, columns: 0)) }

  private mutating func factorInPlace() -> Int? {
    let n = factor.rows
    var failure = 0
    factor.elements.withMutablePointer { a in
      for k in stride(from: 0, to: n, by: Self.block) {
        let width = min(Self.block, n - k)
        let diagonal = a + k * n + k
        failure = Scalar.kernels.pointee.main.factor(width, diagonal, n)
        // OpenBLAS lets NaN pass, LAPACK does not.
        if failure == 0 { failure = (1...width).first { !(diagonal[($0 - 1) * (n + 1)] > 0) } ?? 0 }
        if failure != 0 {
          failure += k
          return
        }
        let below = n - k - width
        if below == 0 { return }
        let panel = a + (k + width) * n + k
        Partition.forEach(below, step: 16, work: Double(below * width * width), grain: Products.grain) { r in
          Scalar.kernels.pointee.main.solveFromRight(r.count, width, diagonal, n, panel + r.lowerBound * n, n)
        }
        let trailing = a + (k + width) * n + k + width
        let pieces = Partition.pieces(
          below, step: 64, work: Double(below * below * width), grain: Products.grain)
        Partition.run(pieces.count) { piece in
          let r = pieces[pieces.count - 1 - piece]
          let shape = GEMMShape(
            m: r.count, n: r.upperBound, k: width, transposeB: true, lda: n, ldb: n, ldc: n)
          Scalar.kernels.pointee.main.gemm(shape, -1, panel + r.lowerBound * n, panel, 1, trailing + r.lowerBound * n)
        }
      }
    }
    return failure == 0 ? nil : failure
  }

  /// x <- L^-1 x, or L^-T x: n^2 flops.
  package func solveFactor(_ x: inout [Scalar], transposed: Bool) {
    let n = factor.rows
    precondition(x.count == n, "the right-hand side has \(x.count) elements, the matrix order is \(n)")
    factor.elements.withPointer { l in
      x.withMutablePointer { Scalar.kernels.pointee.main.solveVector(n, l, n, transposed, $0) }
    }
  }

  /// x <- A^-1 x, 2 n^2 flops.
  package func solve(_ x: inout [Scalar]) {
    let n = factor.rows
    precondition(x.count == n, "the right-hand side has \(x.count) elements, the matrix order is \(n)")
    factor.elements.withPointer { l in
      x.withMutablePointer { x in
        Scalar.kernels.pointee.main.solveVector(n, l, n, false, x)
        Scalar.kernels.pointee.main.solveVector(n, l, n, true, x)
      }
    }
  }
}
