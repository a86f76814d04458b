import CKernels

/// Matrix products, cut into a fixed set of pieces of the output and run over the threads.
///
/// Costs are 2 m n k flops. The larger side of the output is cut, so that no piece packs a large operand again.
/// With few classes the thin kernels run in place of the BLAS, which is weak there.
package enum Products {
  /// Flops that one piece is worth at least: some 40 microseconds.
  static let grain = 4e6

  /// Runs `body` on pieces of the cut side of a BLAS product.
  ///
  /// Each piece packs the whole other operand again, which costs about as much as twelve columns of flops: so a piece
  /// is at least 160 wide, or half of a side that is shorter than that. The count is even, for two threads.
  private static func cut(_ total: Int, work: Double, _ body: (Range<Int>) -> Void) {
    var count = min(Partition.maximumPieces, Int(min(work / grain, 1e3)), total / 160)
    if count < 2 && total >= 96 && work >= 2 * grain { count = 2 }
    if count > 2 { count &= ~1 }
    let size = ((total + max(count, 1) - 1) / max(count, 1) + 15) / 16 * 16
    let pieces = Partition.Pieces(total: total, size: max(size, 16))
    Partition.run(pieces.count) { body(pieces[$0]) }
  }

  /// Classes up to which the thin kernels run: 32; up to 128 in the forward product of so many rows that packing the
  /// weight does not count. (C = 100: 96 GF/s against 85; back-projections are even from 48 on.)
  static let thinLimit = 32

  private static func isThin(rows: Int, classes: Int) -> Bool {
    classes >= 8 && (classes <= thinLimit || classes <= 128 && rows >= 16 * classes)
  }

  /// The work area of `timesTransposed`, kept from call to call.
  package struct Workspace<Scalar: RealScalar>: Sendable {
    var packed: [Scalar] = []
    package init() {}
  }

  /// `timesTransposed` with a work area of its own, for a single product.
  package static func timesTransposed<Scalar>(
    _ x: MatrixView<Scalar>, _ w: MatrixView<Scalar>, alpha: Scalar = 1, beta: Scalar = 0,
    into result: inout Matrix<Scalar>
  ) {
    var workspace = Workspace<Scalar>()
    timesTransposed(x, w, alpha: alpha, beta: beta, into: &result, using: &workspace)
  }

  /// result [m, n] = alpha x w^T + beta result, with x [m, k] and w [n, k]: the forward pass of a dense layer.
  /// Allocates nothing once the work area has held this shape.
  package static func timesTransposed<Scalar>(
    _ x: MatrixView<Scalar>, _ w: MatrixView<Scalar>, alpha: Scalar = 1, beta: Scalar = 0,
    into result: inout Matrix<Scalar>, using workspace: inout Workspace<Scalar>
  ) {
    let (m, n, k) = (x.rows, w.rows, x.columns)
    precondition(w.columns == k && result.rows == m && result.columns == n, "shapes of x w^T do not match")
    let work = 2 * Double(m) * Double(n) * Double(k)
    x.withPointer { x in
      w.withPointer { w in
        result.elements.withMutablePointer { out in
          if isThin(rows: m, classes: n) {
            thinForward(x, w, alpha, beta, out, m: m, n: n, k: k, work: work, &workspace.packed)
          } else if m >= n {
            cut(m, work: work) { r in
              let shape = GEMMShape(m: r.count, n: n, k: k, transposeB: true, lda: k, ldb: k, ldc: n)
              Scalar.kernels.pointee.main.gemm(shape, alpha, x + r.lowerBound * k, w, beta, out + r.lowerBound * n)
            }
          } else {
            cut(n, work: work) { r in
              let shape = GEMMShape(m: m, n: r.count, k: k, transposeB: true, lda: k, ldb: k, ldc: n)
              Scalar.kernels.pointee.main.gemm(shape, alpha, x, w + r.lowerBound * k, beta, out + r.lowerBound)
            }
          }
        }
      }
    }
  }

  private static func thinForward<Scalar: RealScalar>(
    _ x: UnsafePointer<Scalar>, _ w: UnsafePointer<Scalar>, _ alpha: Scalar, _ beta: Scalar,
    _ out: UnsafeMutablePointer<Scalar>, m: Int, n: Int, k: Int, work: Double, _ packed: inout [Scalar]
  ) {
    let size = fgn_thin_packed_size(n, k)
    if packed.count < size { packed.resize(to: size) }
    packed.withMutablePointer { packed in
      Scalar.kernels.pointee.main.thinPack(w, n, k, packed)
      Partition.forEach(m, step: 6, work: work, grain: grain) { r in
        Scalar.kernels.pointee.main.thinForward(
          x + r.lowerBound * k, packed, alpha, beta, out + r.lowerBound * n, r.count, k, n)
      }
    }
  }

  /// result[offset...] as [m, n] = alpha a^T x + beta result, with a [k, m] and x [k, n]: the weight gradient
  /// of a dense layer, written straight into a parameter slice.
  package static func transposedTimes<Scalar>(
    _ a: MatrixView<Scalar>, _ x: MatrixView<Scalar>, alpha: Scalar = 1, beta: Scalar = 0,
    into result: inout [Scalar], at offset: Int = 0
  ) {
    let (m, n, k) = (a.columns, x.columns, a.rows)
    precondition(x.rows == k && offset + m * n <= result.count, "shapes of a^T x do not match")
    let work = 2 * Double(m) * Double(n) * Double(k)
    a.withPointer { a in
      x.withPointer { x in
        result.withMutablePointer { out in
          let out = out + offset
          if m <= thinLimit && n >= 16 {
            Partition.forEach(n, step: 128, work: work, grain: grain) { r in
              Scalar.kernels.pointee.main.thinTransposed(a, x, alpha, beta, out, k, n, m, r.lowerBound, r.upperBound)
            }
          } else if m >= n {
            cut(m, work: work) { r in
              let shape = GEMMShape(m: r.count, n: n, k: k, transposeA: true, lda: m, ldb: n, ldc: n)
              Scalar.kernels.pointee.main.gemm(shape, alpha, a + r.lowerBound, x, beta, out + r.lowerBound * n)
            }
          } else {
            cut(n, work: work) { r in
              let shape = GEMMShape(m: m, n: r.count, k: k, transposeA: true, lda: m, ldb: n, ldc: n)
              Scalar.kernels.pointee.main.gemm(shape, alpha, a, x + r.lowerBound, beta, out + r.lowerBound)
            }
          }
        }
      }
    }
  }

  /// result [m, n] = alpha a w + beta result, with a [m, k] and w [k, n].
  package static func times<Scalar>(
    _ a: MatrixView<Scalar>, _ w: MatrixView<Scalar>, alpha: Scalar = 1, beta: Scalar = 0,
    into result: inout Matrix<Scalar>
  ) {
    let (m, n, k) = (a.rows, w.columns, a.columns)
    precondition(w.rows == k && result.rows == m && result.columns == n, "shapes of a w do not match")
    let work = 2 * Double(m) * Double(n) * Double(k)
    a.withPointer { a in
      w.withPointer { w in
        result.elements.withMutablePointer { out in
          if m >= n {
            cut(m, work: work) { r in
              let shape = GEMMShape(m: r.count, n: n, k: k, lda: k, ldb: n, ldc: n)
              Scalar.kernels.pointee.main.gemm(shape, alpha, a + r.lowerBound * k, w, beta, out + r.lowerBound * n)
            }
          } else {
            cut(n, work: work) { r in
              let shape = GEMMShape(m: m, n: r.count, k: k, lda: k, ldb: n, ldc: n)
              Scalar.kernels.pointee.main.gemm(shape, alpha, a, w + r.lowerBound, beta, out + r.lowerBound)
            }
          }
        }
      }
    }
  }

  /// result [m] = a x, a [m, n].
  package static func times<Scalar>(_ a: MatrixView<Scalar>, _ x: [Scalar], into result: inout [Scalar]) {
    precondition(x.count == a.columns && result.count == a.rows, "shapes of a x do not match")
    let (m, n) = (a.rows, a.columns)
    a.withPointer { a in
      x.withPointer { x in
        result.withMutablePointer { out in
          // Memory-bound: a piece is worth a quarter of a million elements.
          Partition.forEach(m, step: 16, work: Double(m) * Double(n), grain: 2.5e5) { r in
            Scalar.kernels.pointee.main.gemv(r.count, n, a + r.lowerBound * n, n, x, out + r.lowerBound)
          }
        }
      }
    }
  }
}
