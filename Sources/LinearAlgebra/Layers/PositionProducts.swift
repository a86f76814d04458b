import CKernels

/// The row Gram of a weight that is used at several positions, and its diagonal, from cotangents a (m numbers at a
/// position) and inputs x (n numbers): g_ij = sum over t, t' of (a_it . a_jt') (x_it . x_jt').
///
/// Either as this sum, by products of blocks of positions, or through the gradients of the single examples,
/// G_i = sum over t of a_it x_it^T. `PositionGram` in Models chooses.
package enum PositionProducts {
  /// Work areas kept from call to call, a few MB for each thread.
  package struct Workspace<Scalar: RealScalar>: Sendable {
    private var areas: [Scalar] = []
    package init() {}

    /// Runs `body` on each piece, the last first, with an area of `size` numbers.
    fileprivate mutating func run(
      _ pieces: Partition.Pieces, areaSize: Int, _ body: (Range<Int>, UnsafeMutablePointer<Scalar>) -> Void
    ) {
      let workers = Partition.workers(pieces.count)
      let size = (areaSize + 31) / 16 * 16
      if areas.count < workers * size { areas.resize(to: workers * size) }
      areas.withMutablePointer { areas in
        Partition.run(pieces.count, workers: workers) { piece, worker in
          body(pieces[pieces.count - 1 - piece], areas + worker * size)
        }
      }
    }
  }

  /// Flops that a piece is worth at least.
  static let grain = 4e6

  /// Lower triangle of result [B, B], by the double sum: B^2 T^2 (m + n + 1) flops, and half of a block of 256
  /// positions on the diagonal more. What is above it is unspecified.
  package static func doubleSum<Scalar>(
    _ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>, into result: inout Matrix<Scalar>,
    using workspace: inout Workspace<Scalar>
  ) {
    let rows = a.rows
    check(a, x)
    result.reshape(rows: rows, columns: rows)
    result.clear()
    let blocks = blocks(a, x, mixed: true)
    let pairs = Double(rows * a.positions)
    let work = pairs * pairs * Double(a.width + x.width)
    // As in `Gram.lower`: a group of examples costs in proportion to its number.
    let count = work < 2 * grain ? 1 : max(8, min(Partition.maximumPieces, Int(min(work / grain, 1e3))))
    let pieces = Partition.Pieces(total: blocks.groups, size: max(1, (blocks.groups + count - 1) / count))
    result.elements.withMutablePointer { out in
      withBases(a, x) { aBase, xBase in
        let product = BlockProduct(a, x, aBase, xBase, size: blocks.maximum)
        workspace.run(pieces, areaSize: product.areaSize) { groups, area in
          for i in groups {
            for s in 0..<blocks.parts {
              let first = product.load(blocks.examples(i), blocks.positions(s), area, half: 0)
              for j in 0...i {
                let out = out + first.examples.lowerBound * rows + blocks.examples(j).lowerBound
                // Within an example the parts (s, t) and (t, s) are equal.
                for t in 0..<(i == j ? s : blocks.parts) {
                  let second = product.load(blocks.examples(j), blocks.positions(t), area, half: 1)
                  product.add(first, second, factor: i == j ? 2 : 1, area, out, rows)
                }
                if i == j { product.add(first, first, factor: 1, area, out, rows) }
              }
            }
          }
        }
      }
    }
  }

  /// result_i += g_ii by the double sum: 2 T^2 (m + n + 1) flops an example, towards half of that for many positions.
  package static func addDiagonalByDoubleSum<Scalar>(
    _ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>, into result: inout [Scalar],
    using workspace: inout Workspace<Scalar>
  ) {
    let (rows, positions) = (a.rows, Double(a.positions))
    check(a, x)
    precondition(result.count == rows, "an element for each row")
    let blocks = blocks(a, x, mixed: false)
    let work = 2 * Double(rows) * positions * positions * Double(a.width + x.width)
    let pieces = Partition.pieces(rows, step: 1, work: work, grain: grain)
    result.withMutablePointer { out in
      withBases(a, x) { aBase, xBase in
        let product = BlockProduct(a, x, aBase, xBase, size: blocks.maximum)
        workspace.run(pieces, areaSize: product.areaSize) { examples, area in
          for i in examples {
            for s in 0..<blocks.parts {
              let first = product.load(i..<i + 1, blocks.positions(s), area, half: 0)
              for t in 0..<s {
                let second = product.load(i..<i + 1, blocks.positions(t), area, half: 1)
                product.add(first, second, factor: 2, area, out + i, 1)
              }
              product.add(first, first, factor: 1, area, out + i, 1)
            }
          }
        }
      }
    }
  }

  /// result [B, outputs.count * n] = the rows `outputs` of the gradients G_i [m, n]: 2 T n flops an output and example.
  package static func gradients<Scalar>(
    _ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>, outputs: Range<Int>, into result: inout Matrix<Scalar>,
    using workspace: inout Workspace<Scalar>
  ) {
    let (rows, size) = (a.rows, outputs.count * x.width)
    check(a, x)
    precondition(outputs.lowerBound >= 0 && outputs.upperBound <= a.width, "rows of the weight")
    result.reshape(rows: rows, columns: size)
    let product = GradientProduct(a, x, blocks(a, x, mixed: false))
    let pieces = Partition.pieces(rows, step: 1, work: product.flops(outputs: outputs.count), grain: grain)
    result.elements.withMutablePointer { out in
      withBases(a, x) { aBase, xBase in
        workspace.run(pieces, areaSize: product.areaSize) { examples, area in
          for i in examples { product.gradient(i, outputs, aBase, xBase, out + i * size, area) }
        }
      }
    }
  }

  /// result_i += |G_i|^2 by the gradients, one at a time: 2 (T + 1) m n flops an example.
  package static func addDiagonalByGradients<Scalar>(
    _ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>, into result: inout [Scalar],
    using workspace: inout Workspace<Scalar>
  ) {
    let rows = a.rows
    check(a, x)
    precondition(result.count == rows, "an element for each row")
    let product = GradientProduct(a, x, blocks(a, x, mixed: false))
    // Some outputs at a time: their gradient stays in the cache.
    let step = max(16, min(a.width, (1 << 17) / x.width))
    let pieces = Partition.pieces(rows, step: 1, work: product.flops(outputs: a.width), grain: grain)
    let dot = Scalar.kernels.pointee.main.dot
    result.withMutablePointer { out in
      withBases(a, x) { aBase, xBase in
        workspace.run(pieces, areaSize: product.areaSize + step * x.width) { examples, area in
          let gradient = area + product.areaSize
          for i in examples {
            for first in stride(from: 0, to: a.width, by: step) {
              let outputs = first..<min(first + step, a.width)
              product.gradient(i, outputs, aBase, xBase, gradient, area)
              out[i] += dot(gradient, gradient, outputs.count * x.width)
            }
          }
        }
      }
    }
  }

  /// result [B, m] = the sums of a over the positions.
  package static func sums<Scalar>(_ a: PositionRows<Scalar>, into result: inout Matrix<Scalar>) {
    let (rows, width, positions) = (a.rows, a.width, a.positions)
    result.reshape(rows: rows, columns: width)
    let (columnSums, rowSums) = (Scalar.kernels.pointee.main.columnSums, Scalar.kernels.pointee.image.rowSums)
    a.withPointer { base in
      result.elements.withMutablePointer { out in
        Partition.forEach(rows, work: Double(rows * width * positions), grain: 5e4) { r in
          for i in r {
            switch a.form {
            case .positionsFirst:
              columnSums(base + i * a.stride, width, nil, 1, 0, out + i * width, positions, width)
            case .channelsFirst:
              rowSums(base + i * a.stride, 1, out + i * width, width, positions)
            case .windows:
              preconditionFailure("windows have no sums")
            }
          }
        }
      }
    }
  }

  private static func check<Scalar>(_ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>) {
    precondition(x.rows == a.rows && x.positions == a.positions, "cotangents and inputs at the same positions")
  }

  private static func withBases<Scalar>(
    _ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>, _ body: (UnsafePointer<Scalar>, UnsafePointer<Scalar>) -> Void
  ) {
    a.withPointer { aBase in x.withPointer { xBase in body(aBase, xBase) } }
  }

  private static func blocks<Scalar>(
    _ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>, mixed: Bool
  ) -> PositionBlocks {
    PositionBlocks(
      rows: a.rows, positions: a.positions, granularity: max(a.granularity, x.granularity), mixed: mixed)
  }
}
