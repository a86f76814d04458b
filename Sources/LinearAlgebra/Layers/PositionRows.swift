import CKernels

/// B examples that have a vector of n numbers at each of T positions, as they lie in a batch: for reading.
package struct PositionRows<Scalar: RealScalar>: Sendable {
  enum Form: Sendable {
    /// [T, n], as in a sequence.
    case positionsFirst
    /// [n, T], the channels of an image.
    case channelsFirst
    /// The windows of an image [C, H, W], as columns [K, L]. They are unfolded block by block where they are used.
    case windows(Convolution.Shape)
  }

  let form: Form
  /// T.
  package let positions: Int
  /// n.
  package let width: Int
  private let matrix: Matrix<Scalar>
  /// Where the vectors start in each row of the matrix.
  private let offset: Int

  /// B.
  package var rows: Int { matrix.rows }
  /// From one example to the next.
  var stride: Int { matrix.columns }

  private init(_ form: Form, _ matrix: Matrix<Scalar>, positions: Int, width: Int, offset: Int, size: Int) {
    precondition(offset + size <= matrix.columns, "rows of \(offset + size) numbers, got \(matrix.columns)")
    self.form = form
    self.matrix = matrix
    self.positions = positions
    self.width = width
    self.offset = offset
  }

  /// Rows [T, n].
  package static func positionsFirst(_ x: Matrix<Scalar>, positions: Int, width: Int) -> Self {
    precondition(x.columns == positions * width, "rows of \(positions * width) numbers, got \(x.columns)")
    return Self(.positionsFirst, x, positions: positions, width: width, offset: 0, size: positions * width)
  }

  /// Rows [n, T], or those n of more channels that begin with `first`.
  package static func channelsFirst(_ x: Matrix<Scalar>, positions: Int, width: Int, first: Int = 0) -> Self {
    Self(
      .channelsFirst, x, positions: positions, width: width, offset: first * positions, size: positions * width)
  }

  /// The windows that a group of a convolution's outputs sees in images [C, H, W].
  package static func windows(_ x: Matrix<Scalar>, of shape: Convolution.Shape, group: Int = 0) -> Self {
    let size = shape.groupChannels * shape.window.inputs
    let form: Form = shape.window.isIdentity ? .channelsFirst : .windows(shape)
    return Self(form, x, positions: shape.positions, width: shape.fanIn, offset: group * size, size: size)
  }

  /// Positions of a block are a multiple of this, or all.
  var granularity: Int {
    if case .windows(let shape) = form { shape.window.outputWidth } else { 1 }
  }

  /// Numbers of a work area for a block of so many positions.
  func areaSize(_ count: Int) -> Int {
    if case .positionsFirst = form { 0 } else { width * count }
  }

  func withPointer<Result>(_ body: (UnsafePointer<Scalar>) -> Result) -> Result {
    matrix.elements.withPointer { body($0 + offset) }
  }

  /// A factor of a product: [n, count], or [count, n] with positions first.
  struct Block {
    var elements: UnsafePointer<Scalar>
    var stride: Int
    var isPositionsFirst: Bool
  }

  /// The vectors at positions `range` of some examples, all positions if these are more than one. `base` is from
  /// `withPointer`. Copied into the area only if they do not lie as a matrix.
  func block(
    _ examples: Range<Int>, _ range: Range<Int>, _ base: UnsafePointer<Scalar>, _ area: UnsafeMutablePointer<Scalar>,
    _ kernels: ImageKernels<Scalar>
  ) -> Block {
    let start = base + examples.lowerBound * matrix.columns
    let count = examples.count * range.count
    switch form {
    case .positionsFirst:
      return Block(elements: start + range.lowerBound * width, stride: width, isPositionsFirst: true)
    case .channelsFirst:
      if examples.count == 1 {
        return Block(elements: start + range.lowerBound, stride: positions, isPositionsFirst: false)
      }
      for e in 0..<examples.count {
        kernels.combineRows(
          1, start + e * matrix.columns, positions, nil, 0, area + e * positions, count, width, positions)
      }
    case .windows(let shape):
      let line = shape.window.outputWidth
      shape.window.withGeometry { window in
        for e in 0..<examples.count {
          kernels.unfold(
            start + e * matrix.columns, window, shape.groupChannels, range.lowerBound / line, range.upperBound / line,
            area + e * range.count, count)
        }
      }
    }
    return Block(elements: UnsafePointer(area), stride: count, isPositionsFirst: false)
  }
}

extension PositionRows {
  /// All vectors as rows [B T, n], windows unfolded: a copy, cut over the examples.
  package func flattened() -> Matrix<Scalar> {
    var result = Matrix<Scalar>(rows: rows * positions, columns: width)
    let kernels = Scalar.kernels.pointee.image
    let pieces = Partition.pieces(
      rows, step: 1, work: Double(rows * positions * width), grain: [Scalar].vectorGrain)
    let workers = Partition.workers(pieces.count)
    let size = areaSize(positions)
    var areas = [Scalar](repeating: 0, count: workers * size)
    withPointer { base in
      areas.withMutablePointer { areas in
        result.elements.withMutablePointer { out in
          Partition.run(pieces.count, workers: workers) { piece, worker in
            for example in pieces[piece] {
              let block = block(example..<example + 1, 0..<positions, base, areas + worker * size, kernels)
              let own = out + example * positions * width
              if block.isPositionsFirst {
                own.update(from: block.elements, count: positions * width)
              } else {
                Scalar.kernels.pointee.curvature.transpose(block.elements, block.stride, own, width, positions)
              }
            }
          }
        }
      }
    }
    return result
  }
}

/// How the positions of B examples are cut into blocks: some whole examples, or a part of one.
struct PositionBlocks {
  /// Positions of a block, about.
  static let size = 256

  let rows: Int
  let positions: Int
  /// Examples of a block, 1 if examples are cut.
  let examples: Int
  /// Parts of an example.
  let parts: Int
  private let part: Int

  /// - Parameter mixed: whether a block may hold several examples.
  init(rows: Int, positions: Int, granularity: Int, mixed: Bool) {
    self.rows = rows
    self.positions = positions
    examples = mixed ? max(1, min(rows, Self.size / positions)) : 1
    let cuts = max(1, (positions + Self.size / 2) / Self.size)
    part = ((positions + cuts - 1) / cuts + granularity - 1) / granularity * granularity
    parts = (positions + part - 1) / part
  }

  /// Groups of examples.
  var groups: Int { (rows + examples - 1) / examples }
  /// At most this many positions in a block.
  var maximum: Int { parts == 1 ? examples * positions : part }

  func examples(_ group: Int) -> Range<Int> { group * examples..<min(rows, (group + 1) * examples) }
  func positions(_ part: Int) -> Range<Int> { part * self.part..<min(positions, (part + 1) * self.part) }
}
