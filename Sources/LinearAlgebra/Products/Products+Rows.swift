/// Products that end in a number a row.
extension Products {
  /// The work area of `addRowProducts`, kept from call to call.
  package struct RowWorkspace<Scalar: RealScalar>: Sendable {
    var products: [Scalar] = []
    var sums: [Scalar] = []
    package init() {}
  }

  /// Outputs from which `addRowProducts` pays: with fewer the whole x w^T stays in cache.
  package static let rowProductOutputs = 4096
  /// Outputs at a time: the gemm is still efficient, and its result in cache when it is used.
  private static let rowBlock = 512

  /// result_i += a_i . (w x_i + b): for x [m, k], w [n, k], a [m, n] and b [1, n] or nil, without an [m, n] in memory.
  ///
  /// 2 m n k flops. Reads a once, where a product and then dots would also write and read m n numbers.
  package static func addRowProducts<Scalar>(
    _ x: MatrixView<Scalar>, _ w: MatrixView<Scalar>, bias: MatrixView<Scalar>?, _ a: MatrixView<Scalar>,
    into result: inout [Scalar], using workspace: inout RowWorkspace<Scalar>
  ) {
    let (m, n, k) = (x.rows, w.rows, x.columns)
    precondition(
      w.columns == k && a.rows == m && a.columns == n && result.count == m && bias.map { $0.columns == n } ?? true,
      "shapes of a . (x w^T) do not match")
    let pieces = Partition.pieces(n, step: rowBlock, work: 2 * Double(m) * Double(n) * Double(k), grain: grain)
    workspace.products.resize(to: pieces.count * m * rowBlock)
    workspace.sums.resize(to: pieces.count * m)
    workspace.sums.fill(with: 0)
    let hasBias = bias != nil
    let bias = bias ?? x
    x.withPointer { x in
      w.withPointer { w in
        a.withPointer { a in
          bias.withPointer { bias in
            workspace.products.withMutablePointer { products in
              workspace.sums.withMutablePointer { sums in
                Partition.run(pieces.count) { piece in
                  let (out, sum) = (products + piece * m * rowBlock, sums + piece * m)
                  for first in stride(from: pieces[piece].lowerBound, to: pieces[piece].upperBound, by: rowBlock) {
                    let count = min(rowBlock, pieces[piece].upperBound - first)
                    if hasBias { Scalar.kernels.pointee.main.fillRows(bias + first, out, m, count) }
                    let shape = GEMMShape(m: m, n: count, k: k, transposeB: true, lda: k, ldb: k, ldc: count)
                    Scalar.kernels.pointee.main.gemm(shape, 1, x, w + first * k, hasBias ? 1 : 0, out)
                    for i in 0..<m {
                      sum[i] += Scalar.kernels.pointee.main.dot(a + i * n + first, out + i * count, count)
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    workspace.sums.withPointer { sums in
      result.withMutablePointer { result in
        for piece in 0..<pieces.count { Scalar.kernels.pointee.main.axpby(1, sums + piece * m, 1, result, m) }
      }
    }
  }
}
