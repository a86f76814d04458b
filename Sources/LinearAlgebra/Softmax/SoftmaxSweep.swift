/// Passes over examples of a softmax regression: logits, softmax and the product back in blocks of rows that stay in
/// the cache, so that the features come from memory once.
///
/// A pass is 4 N D C flops (for sparse features with E entries 4 E C), C rounded up to a vector register's. Work is cut
/// by shape alone: the same bits on any number of threads.
package struct SoftmaxSweep<Scalar: RealScalar>: Sendable {
  /// What evaluations of rows add up to.
  package struct Sums: Sendable {
    fileprivate var pieces = PieceSums()

    package init() {}

    /// The sum of the losses, times the rows' weights.
    package var loss: Double { pieces.first }
    /// How many rows there are whose class is not ahead of all others; those of weight zero do not count.
    package var rowsBehind: Int { Int(pieces.second) }
  }

  /// Two sums, the parts of each piece of the work apart, so that they are added in order.
  struct PieceSums: Sendable {
    var parts = [Double](repeating: 0, count: 2 * Partition.maximumPieces)

    var first: Double { total(0) }
    var second: Double { total(1) }

    private func total(_ first: Int) -> Double {
      stride(from: first, to: parts.count, by: 2).reduce(0) { $0 + parts[$1] }
    }
  }

  /// Rows of a block.
  package let blockSize: Int
  let classes: Int
  private let entriesPerRow: Double
  private var area = Area()

  /// What dense rows are centred by as weights follow them, without a copy: those are of x - mean, and the bias beside
  /// them is that of x, which is the bias of x - mean less W mean.
  package struct Centring: Sendable {
    /// [D].
    package var mean: [Scalar]
    /// (x_i - mean) . mean for each row [N].
    package var offsets: [Scalar]

    package init(mean: [Scalar], offsets: [Scalar]) { (self.mean, self.offsets) = (mean, offsets) }
  }

  private struct Area: Sendable {
    var logits: [Scalar] = []
    var delta: [Scalar] = []
  }

  var vectors: Int { (classes + ClassPanels<Scalar>.lanes - 1) / ClassPanels<Scalar>.lanes }

  /// - Parameters:
  ///   - entriesPerRow: D, or of sparse features the mean over all rows: the cut of the work. It is not taken from the
  ///     features of a call, which may be a part of them.
  ///   - blockSize: rows of a block; as many as keep logits in the cache by default.
  package init(classes: Int, entriesPerRow: Double, blockSize: Int? = nil) {
    self.classes = classes
    self.entriesPerRow = entriesPerRow
    let vectors = (classes + ClassPanels<Scalar>.lanes - 1) / ClassPanels<Scalar>.lanes
    self.blockSize = blockSize ?? min(504, max(24, (256 << 10) / (64 * vectors) / 12 * 12))
  }

  /// A dual ascent over rows, block by block. For each row the dual variable q moves to q + s (p - q), p the softmax of
  /// its logits at the weights as they are, and the weights follow: W += rate sum of w (q_old - q_new) x^T, the bias at
  /// its own rate. Rows of one block do not see each other's moves.
  ///
  /// - Parameters:
  ///   - features: in memory.
  ///   - index: rows of `features` in the order of the visit.
  ///   - numbers: for each of them its number in what follows.
  ///   - labels, steps, weights: [N] each; s from 0 to 1; weights of nil are ones.
  ///   - duals: [N, C].
  ///   - rates: of weights and bias: 1 / (N l2) for the dual of a penalty l2.
  ///   - centring: of dense features; weights and bias then follow x - mean.
  /// - Returns: sums over the visited rows, times their weights: the losses, and the divergences KL(q, p) to third order
  ///   in p - q, both before the row's step and at the weights of the visit.
  package mutating func ascend(
    _ features: Features<Scalar>, index: [Int32], numbers: [Int32], labels: [Int32], steps: [Scalar],
    weights: [Scalar]?, duals: inout [Scalar], panels: inout ClassPanels<Scalar>,
    rates: (weight: Scalar, bias: Scalar), centring: Centring? = nil
  ) -> (loss: Double, divergence: Double) {
    precondition(index.count == numbers.count && duals.count == labels.count * classes, "a dual for each label")
    precondition(
      centring.map { $0.offsets.count == labels.count && $0.mean.count == features.columns && !features.isSparse }
        ?? true, "centring of dense features")
    precondition(steps.count == labels.count && weights.map { $0.count == labels.count } ?? true, "a step for each row")
    var shape = shape(of: panels, features, count: index.count)
    // Rows of sparse features touch few weights: threads would wait for the lines that others have just written.
    if features.isSparse, vectors <= 4 { shape.most = 1 }
    let lanes = (classes, vectors, blockSize)
    let rowWeights = weights ?? []
    let (mean, offsets) = (centring?.mean ?? [], centring?.offsets ?? [])
    var sums = PieceSums()
    index.withNumbers { index in
      numbers.withNumbers { numbers in
        labels.withNumbers { labels in
          steps.withPointer { steps in
            rowWeights.withPointer { rowWeights in
              duals.withMutablePointer { duals in
                panels.elements.withMutablePointer { panels in
                  sums.parts.withMutablePointer { sums in
                    mean.withPointer { mean in
                      offsets.withPointer { offsets in
                        let shift = centring.map { _ in Shift(mean: mean, offsets: offsets, numbers: numbers) }
                        run(shape, features, index, read: panels, write: panels, rates, shift) {
                          start, rows, z, delta, piece in
                          Scalar.kernels.pointee.sweep.duals(
                            z, rows, lanes.0, lanes.1, numbers + start, labels, steps,
                            weights == nil ? nil : rowWeights, duals, delta, lanes.2, sums + 2 * piece)
                        }
                      }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
    return (sums.first, sums.second)
  }

  /// Losses and their gradient over rows in order: gradient += alpha sum of w (p - y) x^T, and of the bias likewise.
  ///
  /// - Parameters:
  ///   - features: in memory.
  ///   - first: the number of their first row in `labels` and `weights` [N].
  ///   - sums: what is added to. All rows in one call, or whole blocks of them at a time: the same bits.
  package mutating func evaluate(
    _ features: Features<Scalar>, first: Int = 0, labels: [Int32], weights: [Scalar]?, panels: ClassPanels<Scalar>,
    alpha: Scalar, gradient: inout ClassPanels<Scalar>, sums: inout Sums
  ) {
    precondition(first + features.rows <= labels.count, "a label for each row")
    precondition(weights.map { $0.count == labels.count } ?? true, "a weight for each row")
    precondition(gradient.elements.count == panels.elements.count, "panels of another shape")
    let (shape, lanes) = (shape(of: panels, features), (classes, vectors, blockSize))
    let rowWeights = weights ?? []
    labels.withNumbers { labels in
      rowWeights.withPointer { rowWeights in
        panels.elements.withPointer { panels in
          gradient.elements.withMutablePointer { gradient in
            sums.pieces.parts.withMutablePointer { sums in
              run(shape, features, nil, read: panels, write: gradient, (alpha, alpha)) {
                start, rows, z, delta, piece in
                Scalar.kernels.pointee.sweep.residuals(
                  z, rows, lanes.0, lanes.1, labels + first + start, weights == nil ? nil : rowWeights + first + start,
                  delta, lanes.2, sums + 2 * piece)
              }
            }
          }
        }
      }
    }
  }

  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>

  /// How a pass is cut.
  struct Shape {
    /// Rows to visit.
    var count: Int
    /// Pieces of a phase, at most.
    var most: Int
    var biasOffset: Int
  }

  /// `Centring` where a pass reads it.
  struct Shift {
    var mean: Input
    var offsets: Input
    var numbers: UnsafePointer<Int32>
  }

  /// Multiply-adds that a piece of a phase is worth at least: two microseconds.
  private static var grain: Double { 1e5 }

  func shape(of panels: ClassPanels<Scalar>, _ features: Features<Scalar>, count: Int? = nil) -> Shape {
    precondition(panels.classes == classes && panels.features == features.columns, "panels of another shape")
    let perBlock = entriesPerRow * Double(blockSize * classes)
    let most = max(1, min(Partition.maximumPieces, Int(min(perBlock / Self.grain, 1e6))))
    return Shape(count: count ?? features.rows, most: most, biasOffset: panels.biasOffset)
  }

  /// Two phases a block: logits of its rows and what `body` makes of them, then the product of that with the features.
  /// Without panels to write the first alone.
  ///
  /// - Parameter body: gets the place of its first row in the visit, the rows, their logits, where their deltas go, and
  ///   the number of its piece, below `shape.most`: one call at a time for each.
  mutating func run(
    _ shape: Shape, _ features: Features<Scalar>, _ index: UnsafePointer<Int32>?, read panels: Input,
    write target: Output?, _ rates: (weight: Scalar, bias: Scalar), _ shift: Shift? = nil,
    _ body: (_ start: Int, _ rows: Int, Output, Output, _ piece: Int) -> Void
  ) {
    let (capacity, vectors, lanes) = (blockSize, vectors, ClassPanels<Scalar>.lanes)
    var area = exchange(&self.area, with: Area())
    area.logits.resize(to: capacity * vectors * lanes)
    area.delta.resize(to: capacity * vectors * lanes)
    let blocks = Partition.Pieces(total: shape.count, size: capacity)
    let phasesOfBlock = target == nil ? 1 : 2
    /// Whole tiles of six rows.
    func rowPieces(_ rows: Int) -> Partition.Pieces {
      Partition.Pieces(total: rows, size: ((rows + 5) / 6 + shape.most - 1) / shape.most * 6)
    }
    features.withSweepRows { x in
      let targets = x.pieces(vectors: vectors, most: shape.most)
      area.logits.withMutablePointer { logits in
        area.delta.withMutablePointer { delta in
          Partition.phases(phasesOfBlock * blocks.count, workers: shape.most) {
            $0 % phasesOfBlock == 0 ? rowPieces(blocks[$0 / phasesOfBlock].count).count : targets.count
          } _: { phase, piece in
            let block = blocks[phase / phasesOfBlock]
            let first = index == nil ? block.lowerBound : 0
            let index = index.map { $0 + block.lowerBound }
            if phase % phasesOfBlock == 0 {
              let rows = rowPieces(block.count)[piece]
              let z = logits + rows.lowerBound * vectors * lanes
              x.forward(
                index.map { $0 + rows.lowerBound }, first: index == nil ? first + rows.lowerBound : 0,
                rows: rows.count, panels: panels, bias: panels + shape.biasOffset, vectors: vectors, z: z)
              body(block.lowerBound + rows.lowerBound, rows.count, z, delta + rows.lowerBound * lanes, piece)
              return
            }
            guard let target else { return }
            x.accumulate(
              index, first: first, rows: block.count, piece: targets[piece], mean: shift?.mean, delta: delta,
              capacity: capacity, alpha: rates.weight, panels: target, vectors: vectors)
            guard piece == 0 else { return }
            Scalar.kernels.pointee.sweep.addBias(
              delta, capacity, block.count, rates.bias, shift?.offsets, shift.map { $0.numbers + block.lowerBound },
              rates.weight, target + shape.biasOffset, vectors)
          }
        }
      }
    }
    self.area = area
  }
}

extension [Int32] {
  func withNumbers<Result>(_ body: (UnsafePointer<Int32>) -> Result) -> Result {
    withUnsafeBufferPointer { body($0.baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<Int32>.alignment)!) }
  }
}
