import CKernels

/// Symmetric products of rows, X X^T, and what is made of them.
///
/// Only lower triangles are computed; `mirror` fills the other half where a whole matrix is wanted.
package enum Gram {
  /// Work areas that are kept from call to call.
  package struct Workspace<Scalar: RealScalar>: Sendable {
    var partial: [Scalar] = []
    package init() {}
  }

  /// Lower triangle of result [n, n] = x x^T + beta result, x [n, k]. n^2 k flops (half of a full product).
  ///
  /// Very many columns are cut along k, into a fixed number of partial sums that are added in order; otherwise the
  /// triangle is cut into block rows.
  package static func lower<Scalar>(
    _ x: MatrixView<Scalar>, beta: Scalar = 0, into result: inout Matrix<Scalar>,
    using workspace: inout Workspace<Scalar>
  ) {
    let (n, k) = (x.rows, x.columns)
    precondition(result.rows == n && result.columns == n, "the Gram of \(n) rows is \(n) x \(n)")
    let work = Double(n) * Double(n) * Double(k)
    if n <= splitRows && k >= splitColumns && work >= 2 * Products.grain {
      lowerByColumns(x, beta: beta, into: &result, using: &workspace)
      return
    }
    // Block row i costs in proportion to i, so the last goes first and there are at least eight.
    let blocks = work < 2 * Products.grain ? 1 : max(8, min(Partition.maximumPieces, Int(work / Products.grain)))
    let pieces = Partition.Pieces(total: n, size: max(16, ((n + blocks - 1) / blocks + 15) / 16 * 16))
    x.withPointer { x in
      result.elements.withMutablePointer { out in
        Partition.run(pieces.count) { piece in
          let r = pieces[pieces.count - 1 - piece]
          if hasWideVectors && n <= FGN_GRAM_LIMIT {
            Scalar.kernels.pointee.main.gram(x, k, k, beta, out, n, r.lowerBound, r.upperBound)
            return
          }
          let row = x + r.lowerBound * k
          if r.lowerBound > 0 {
            let shape = GEMMShape(m: r.count, n: r.lowerBound, k: k, transposeB: true, lda: k, ldb: k, ldc: n)
            Scalar.kernels.pointee.main.gemm(shape, 1, row, x, beta, out + r.lowerBound * n)
          }
          Scalar.kernels.pointee.main.syrk(r.count, k, row, k, beta, out + r.lowerBound * n + r.lowerBound, n)
        }
      }
    }
  }

  /// Columns from which on they are cut in place of rows: then the rows no longer fit a core's cache.
  static let splitColumns = 4096
  /// Rows up to which that is done: the partial sums stay below 16 n^2 numbers.
  static let splitRows = 512

  private static func lowerByColumns<Scalar>(
    _ x: MatrixView<Scalar>, beta: Scalar, into result: inout Matrix<Scalar>, using workspace: inout Workspace<Scalar>
  ) {
    let (n, k) = (x.rows, x.columns)
    let pieces = Partition.Pieces(
      total: k, size: max(2048, ((k + Partition.maximumPieces - 1) / Partition.maximumPieces + 63) / 64 * 64))
    workspace.partial.resize(to: pieces.count * n * n)
    x.withPointer { x in
      workspace.partial.withMutablePointer { partial in
        Partition.run(pieces.count) { piece in
          let r = pieces[piece]
          if hasWideVectors && n <= FGN_GRAM_LIMIT {
            Scalar.kernels.pointee.main.gram(x + r.lowerBound, k, r.count, 0, partial + piece * n * n, n, 0, n)
          } else {
            Scalar.kernels.pointee.main.syrk(n, r.count, x + r.lowerBound, k, 0, partial + piece * n * n, n)
          }
        }
        result.elements.withMutablePointer { out in
          Partition.forEach(n * n, step: 16, work: Double(pieces.count * n * n), grain: 2e5) { r in
            for piece in 0..<pieces.count {
              Scalar.kernels.pointee.main.axpby(
                1, partial + piece * n * n + r.lowerBound, piece == 0 ? beta : 1, out + r.lowerBound, r.count)
            }
          }
        }
      }
    }
  }

  /// Few rows go to our own kernel where there are 512-bit vectors: 88 to 108 useful GF/s on a core whose measured
  /// peak is 105, against 52 to 82 of the BLAS' symmetric product.
  private static let hasWideVectors = fgn_has_wide_vectors() != 0

  /// Lower triangle: result_ij = a_ij b_ij + beta result_ij. The row Gram of a dense layer is the product of the
  /// Gram of its cotangents and the Gram of its inputs.
  package static func multiply<Scalar>(
    _ a: Matrix<Scalar>, _ b: Matrix<Scalar>, beta: Scalar = 0, into result: inout Matrix<Scalar>
  ) {
    withTriangles(a, b, &result) { a, b, out, n, r in
      Scalar.kernels.pointee.main.multiplyGrams(a, b, beta, out, n, r.lowerBound, r.upperBound)
    }
  }

  /// Lower triangle: result_ij = alpha a_ij + beta b_ij.
  package static func combine<Scalar>(
    _ alpha: Scalar, _ a: Matrix<Scalar>, _ beta: Scalar, _ b: Matrix<Scalar>, into result: inout Matrix<Scalar>
  ) {
    withTriangles(a, b, &result) { a, b, out, n, r in
      Scalar.kernels.pointee.main.combineGrams(a, alpha, b, beta, out, n, r.lowerBound, r.upperBound)
    }
  }

  private static func withTriangles<Scalar: RealScalar>(
    _ a: Matrix<Scalar>, _ b: Matrix<Scalar>, _ result: inout Matrix<Scalar>,
    _ body: (UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int, Range<Int>) -> Void
  ) {
    let n = result.rows
    precondition(a.rows == n && b.rows == n, "Gram matrices of the same rows")
    a.elements.withPointer { a in
      b.elements.withPointer { b in
        result.elements.withMutablePointer { out in
          Partition.forEach(n, step: 16, work: Double(n) * Double(n), grain: 1e5) { body(a, b, out, n, $0) }
        }
      }
    }
  }

  /// result = gram x, from the lower triangle.
  package static func times<Scalar>(_ gram: Matrix<Scalar>, _ x: [Scalar], into result: inout [Scalar]) {
    let n = gram.rows
    precondition(x.count == n && result.count == n, "vectors of \(n) elements")
    gram.elements.withPointer { gram in
      x.withPointer { x in result.withMutablePointer { Scalar.kernels.pointee.main.symv(n, gram, x, $0) } }
    }
  }

  /// Lower triangle: result_ij = w_i w_j gram_ij, with `shift` added on the diagonal.
  package static func whiten<Scalar>(
    _ gram: Matrix<Scalar>, by w: [Scalar], shift: Scalar, into result: inout Matrix<Scalar>
  ) {
    let n = gram.rows
    precondition(w.count == n && result.rows == n, "one weight for each row of the Gram")
    gram.elements.withPointer { gram in
      w.withPointer { w in
        result.elements.withMutablePointer { out in
          Partition.forEach(n, step: 16, work: Double(n) * Double(n), grain: 1e5) { r in
            Scalar.kernels.pointee.main.whitenGram(gram, w, shift, out, n, r.lowerBound, r.upperBound)
          }
        }
      }
    }
  }

  /// Copies the lower triangle to the upper one.
  package static func mirror<Scalar>(_ gram: inout Matrix<Scalar>) {
    let n = gram.rows
    gram.elements.withMutablePointer { out in
      Partition.forEach(n, step: 32, work: Double(n) * Double(n), grain: 1e5) { r in
        Scalar.kernels.pointee.main.mirror(out, n, r.lowerBound, r.upperBound)
      }
    }
  }

  /// Lower triangle: result_ab = gram_(index_a)(index_b), a batch's Gram out of the whole data set's lower triangle.
  /// b^2 / 2 reads.
  package static func gather<Scalar>(_ gram: Matrix<Scalar>, _ index: [Int32], into result: inout Matrix<Scalar>) {
    precondition(result.rows == index.count, "one row for each index")
    let n = gram.rows
    gram.elements.withPointer { gram in
      index.withUnsafeBufferPointer { index in
        result.elements.withMutablePointer { out in
          Scalar.kernels.pointee.main.gatherGram(gram, n, index.baseAddress!, index.count, out)
        }
      }
    }
  }
}

extension Matrix {
  /// The diagonal of a square matrix.
  public var diagonal: [Scalar] {
    var result: [Scalar] = []
    copyDiagonal(into: &result)
    return result
  }

  /// The diagonal of a square matrix, into memory that is kept.
  public func copyDiagonal(into result: inout [Scalar]) {
    precondition(rows == columns, "a square matrix")
    result.resize(to: rows)
    VectorLoops.copyDiagonal(elements, order: rows, &result)
  }
}
