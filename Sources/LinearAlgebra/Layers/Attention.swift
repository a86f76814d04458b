/// The core of multi-head attention: from queries, keys and values to attended values, and its two products.
///
/// Rows are examples: q, k and v of each position lie side by side, [B, T 3D], and head h has columns h D/H up to
/// (h + 1) D/H of each. For every example and head
///
///     P = softmax of the rows of q k^T / sqrt(D/H),    o = P v
///
/// where a causal head lets position t see positions up to t only (Vaswani et al. 2017, arXiv 1706.03762). The
/// probabilities P [B, H T T] are kept for the products. Cut over examples and heads.
package struct Attention: Sendable {
  /// T.
  package let positions: Int
  /// D.
  package let width: Int
  /// H, a divisor of D.
  package let heads: Int
  package let isCausal: Bool

  /// A work area that is kept from call to call: T^2 numbers for each piece.
  package struct Workspace<Scalar: RealScalar>: Sendable {
    var scores: [Scalar] = []
    package init() {}
  }

  package init(positions: Int, width: Int, heads: Int, isCausal: Bool) {
    precondition(heads >= 1 && width % heads == 0, "\(heads) heads of \(width) columns")
    self.positions = positions
    self.width = width
    self.heads = heads
    self.isCausal = isCausal
  }

  /// Flops of the forward pass for one example; a pushforward and a pullback are twice that.
  package var flops: Double { 4 * Double(positions) * Double(positions) * Double(width) }

  private var headWidth: Int { width / heads }
  private var causal: Int32 { isCausal ? 1 : 0 }

  /// Attended values [B, T D], and the probabilities.
  package func forward<Scalar>(
    _ projected: Matrix<Scalar>, probabilities: inout Matrix<Scalar>, into result: inout Matrix<Scalar>
  ) {
    let rows = projected.rows
    check(projected, columns: 3 * positions * width, rows)
    probabilities.reshape(rows: rows, columns: heads * positions * positions)
    result.reshape(rows: rows, columns: positions * width)
    let scale = scale(Scalar.self)
    projected.elements.withPointer { projected in
      probabilities.elements.withMutablePointer { probabilities in
        result.elements.withMutablePointer { result in
          let pieces = pieces(rows, passes: 1)
          Partition.run(pieces.count) { piece in
            for item in pieces[piece] {
              let q = projected + projectedStart(item)
              let p = probabilities + item * positions * positions
              Scalar.kernels.pointee.main.gemm(scores(3 * width, 3 * width), scale, q, q + width, 0, p)
              Scalar.kernels.pointee.sequence.attentionSoftmax(p, positions, causal)
              Scalar.kernels.pointee.main.gemm(
                values(3 * width, width), 1, p, q + 2 * width, 0, result + attendedStart(item))
            }
          }
        }
      }
    }
  }

  /// result [B, T D] = the change of the attended values for a change `tangent` [B, T 3D] of `projected`:
  /// o' = P' v + P v' with P' = P * (S' - row sums of P * S') and S' = (q' k^T + q k'^T) / sqrt(D/H).
  package func pushforward<Scalar>(
    _ tangent: Matrix<Scalar>, at projected: Matrix<Scalar>, probabilities: Matrix<Scalar>,
    into result: inout Matrix<Scalar>, using workspace: inout Workspace<Scalar>
  ) {
    check(tangent, columns: 3 * positions * width, projected.rows)
    result.reshape(rows: projected.rows, columns: positions * width)
    forEachHead(tangent, projected, probabilities, &result, &workspace) { item, tangent, q, p, s, result in
      let (dq, out) = (tangent + projectedStart(item), result + attendedStart(item))
      Scalar.kernels.pointee.main.gemm(scores(3 * width, 3 * width), 1, dq, q + width, 0, s)
      Scalar.kernels.pointee.main.gemm(scores(3 * width, 3 * width), 1, q, dq + width, 1, s)
      Scalar.kernels.pointee.sequence.attentionSlopes(p, s, positions, causal, scale(Scalar.self))
      Scalar.kernels.pointee.main.gemm(values(3 * width, width), 1, s, q + 2 * width, 0, out)
      Scalar.kernels.pointee.main.gemm(values(3 * width, width), 1, p, dq + 2 * width, 1, out)
    }
  }

  /// result [B, T 3D] = the cotangents of `projected` for cotangents c [B, T D] of the attended values: P^T c for v,
  /// and with S = P * (c v^T - row sums of P * c v^T) / sqrt(D/H), S k for q and S^T q for k.
  package func pullback<Scalar>(
    _ cotangents: Matrix<Scalar>, at projected: Matrix<Scalar>, probabilities: Matrix<Scalar>,
    into result: inout Matrix<Scalar>, using workspace: inout Workspace<Scalar>
  ) {
    check(cotangents, columns: positions * width, projected.rows)
    result.reshape(rows: projected.rows, columns: 3 * positions * width)
    forEachHead(cotangents, projected, probabilities, &result, &workspace) { item, cotangents, q, p, s, result in
      let (c, out) = (cotangents + attendedStart(item), result + projectedStart(item))
      Scalar.kernels.pointee.main.gemm(values(width, 3 * width, transposed: true), 1, p, c, 0, out + 2 * width)
      Scalar.kernels.pointee.main.gemm(scores(width, 3 * width), 1, c, q + 2 * width, 0, s)
      Scalar.kernels.pointee.sequence.attentionSlopes(p, s, positions, causal, scale(Scalar.self))
      Scalar.kernels.pointee.main.gemm(values(3 * width, 3 * width), 1, s, q + width, 0, out)
      Scalar.kernels.pointee.main.gemm(values(3 * width, 3 * width, transposed: true), 1, s, q, 0, out + width)
    }
  }

  // MARK: - One head of one example

  private func scale<Scalar: RealScalar>(_ type: Scalar.Type) -> Scalar { 1 / Scalar(headWidth).squareRoot() }

  /// Where the queries, and the attended values, of a head begin.
  private func projectedStart(_ item: Int) -> Int {
    item / heads * positions * 3 * width + item % heads * headWidth
  }
  private func attendedStart(_ item: Int) -> Int { item / heads * positions * width + item % heads * headWidth }

  /// [T, T] = [T, D/H] [T, D/H]^T, whose rows are so far apart.
  private func scores(_ a: Int, _ b: Int) -> GEMMShape {
    GEMMShape(m: positions, n: positions, k: headWidth, transposeB: true, lda: a, ldb: b, ldc: positions)
  }

  /// [T, D/H] = [T, T] [T, D/H], or with the transpose of the first.
  private func values(_ b: Int, _ out: Int, transposed: Bool = false) -> GEMMShape {
    GEMMShape(
      m: positions, n: headWidth, k: positions, transposeA: transposed, lda: positions, ldb: b, ldc: out)
  }

  private func pieces(_ rows: Int, passes: Double) -> Partition.Pieces {
    Partition.pieces(rows * heads, step: 1, work: passes * Double(rows) * flops, grain: Products.grain)
  }

  /// Runs `body` with the number of the head, `first`, its queries, its probabilities, a work area and `result`.
  private func forEachHead<Scalar>(
    _ first: Matrix<Scalar>, _ projected: Matrix<Scalar>, _ probabilities: Matrix<Scalar>,
    _ result: inout Matrix<Scalar>, _ workspace: inout Workspace<Scalar>,
    _ body: (
      Int, UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>,
      UnsafeMutablePointer<Scalar>
    ) -> Void
  ) {
    let square = positions * positions
    check(projected, columns: 3 * positions * width, first.rows)
    check(probabilities, columns: heads * square, first.rows)
    let pieces = pieces(first.rows, passes: 2)
    if workspace.scores.count < pieces.count * square { workspace.scores.resize(to: pieces.count * square) }
    first.elements.withPointer { first in
      projected.elements.withPointer { projected in
        probabilities.elements.withPointer { probabilities in
          workspace.scores.withMutablePointer { work in
            result.elements.withMutablePointer { result in
              Partition.run(pieces.count) { piece in
                for item in pieces[piece] {
                  body(
                    item, first, projected + projectedStart(item), probabilities + item * square,
                    work + piece * square, result)
                }
              }
            }
          }
        }
      }
    }
  }

  private func check<Scalar>(_ x: Matrix<Scalar>, columns: Int, _ rows: Int) {
    precondition(
      x.rows == rows && x.columns == columns, "expected [\(rows), \(columns)], got [\(x.rows), \(x.columns)]")
  }
}
