import CKernels

/// Positions that go through one product: all those of some examples, or some output rows of one.
struct PositionBlock {
  var examples: Range<Int>
  /// Output rows, of a convolution.
  var lines: Range<Int>
}

extension Convolution {
  /// Positions of a block, about: the BLAS is at its best between 200 and 400 columns, and the unfolded columns [K, n]
  /// stay in the second-level cache, if K is not too large.
  static func blockPositions(fanIn: Int, bytes: Int) -> Int {
    min(320, max(200, (1 << 19) / (fanIn * bytes)))
  }

  /// One convolution of so many rows: how it is cut, and the work on a piece.
  struct Run<Scalar: RealScalar> {
    let shape: Shape
    let pieces: Partition.Pieces
    /// Examples of a block, 1 if an example is cut.
    let blockExamples: Int
    /// Output rows of a block, all if it holds whole examples.
    let blockLines: Int
    private let kernels = Scalar.kernels.pointee.main

    init(_ shape: Shape, rows: Int, maximumPieces: Int = Partition.maximumPieces) {
      self.shape = shape
      let positions = shape.positions
      let size = Convolution.blockPositions(fanIn: shape.fanIn, bytes: MemoryLayout<Scalar>.stride)
      blockExamples = max(1, min(rows, size / positions))
      let cuts = max(1, (positions + size / 2) / size)
      blockLines = (shape.window.outputHeight + cuts - 1) / cuts
      let work = shape.flops(rows: rows)
      pieces = Partition.pieces(
        rows, step: blockExamples, work: work, grain: max(Convolution.grain, work / Double(maximumPieces)))
    }

    private var blockSize: Int { blockExamples * blockLines * shape.window.outputWidth }

    /// Unfolded columns [K, n], and outputs [O / groups, n] behind them.
    private var columnsSize: Int { shape.fanIn * blockSize }
    private var areaSize: Int { (columnsSize + shape.groupOutputs * blockSize + 31) / 16 * 16 }

    /// Runs `body` with the examples, the number and the work area of each piece.
    func forEachPiece(
      _ areas: inout [Scalar], _ body: (Range<Int>, Int, UnsafeMutablePointer<Scalar>) -> Void
    ) {
      let workers = Partition.workers(pieces.count)
      if areas.count < workers * areaSize { areas.resize(to: workers * areaSize) }
      areas.withMutablePointer { areas in
        Partition.run(pieces.count, workers: workers) { piece, worker in
          body(pieces[piece], piece, areas + worker * areaSize)
        }
      }
    }

    private func forEachBlock(_ examples: Range<Int>, _ body: (PositionBlock) -> Void) {
      let height = shape.window.outputHeight
      for first in stride(from: examples.lowerBound, to: examples.upperBound, by: blockExamples) {
        let last = min(first + blockExamples, examples.upperBound)
        for line in stride(from: 0, to: height, by: blockLines) {
          body(PositionBlock(examples: first..<last, lines: line..<min(line + blockLines, height)))
        }
      }
    }

    /// Positions in a block, and where the first is in the plane.
    private func extent(_ block: PositionBlock) -> (count: Int, start: Int) {
      let width = shape.window.outputWidth
      return (block.examples.count * block.lines.count * width, block.lines.lowerBound * width)
    }

    /// The columns [K, n] of a block and their stride: in x itself where an output sees one input only.
    private func columns(
      _ block: PositionBlock, group: Int, _ x: UnsafePointer<Scalar>, _ area: UnsafeMutablePointer<Scalar>
    ) -> (UnsafePointer<Scalar>, Int) {
      let (count, start) = extent(block)
      let x = x + block.examples.lowerBound * shape.inputWidth + group * shape.groupChannels * shape.window.inputs
      if shape.window.isIdentity && block.examples.count == 1 { return (x + start, shape.positions) }
      let each = count / block.examples.count
      shape.window.withGeometry { window in
        for e in 0..<block.examples.count {
          Scalar.kernels.pointee.image.unfold(
            x + e * shape.inputWidth, window, shape.groupChannels, block.lines.lowerBound, block.lines.upperBound,
            area + e * each, count)
        }
      }
      return (UnsafePointer(area), count)
    }

    /// The same for cotangents [O / groups, n]; weighted, if the block is of several examples.
    private func cotangents(
      _ block: PositionBlock, group: Int, _ c: UnsafePointer<Scalar>, _ weights: UnsafePointer<Scalar>?,
      _ area: UnsafeMutablePointer<Scalar>
    ) -> (UnsafePointer<Scalar>, Int) {
      let (count, start) = extent(block)
      let c = c + block.examples.lowerBound * shape.outputWidth + group * shape.groupOutputs * shape.positions
      if block.examples.count == 1 { return (c + start, shape.positions) }
      let each = count / block.examples.count
      for e in 0..<block.examples.count {
        var factor: Scalar = 1
        if let weights { factor = weights[block.examples.lowerBound + e] }
        Scalar.kernels.pointee.image.combineRows(
          factor, c + e * shape.outputWidth, shape.positions, nil, 0, area + e * each, count,
          shape.groupOutputs, each)
      }
      return (UnsafePointer(area), count)
    }

    func apply(
      _ examples: Range<Int>, _ x: UnsafePointer<Scalar>, _ weight: UnsafePointer<Scalar>,
      _ bias: UnsafePointer<Scalar>?, _ beta: Scalar, _ out: UnsafeMutablePointer<Scalar>,
      _ area: UnsafeMutablePointer<Scalar>
    ) {
      let (outputs, fanIn, positions) = (shape.groupOutputs, shape.fanIn, shape.positions)
      forEachBlock(examples) { block in
        let (count, start) = extent(block)
        for group in 0..<shape.groups {
          let (columns, stride) = columns(block, group: group, x, area)
          let first = group * outputs
          let out = out + block.examples.lowerBound * shape.outputWidth + first * positions
          let weight = weight + first * fanIn
          let shift = bias.map { $0 + first }
          if block.examples.count == 1 {
            if let shift {
              Scalar.kernels.pointee.image.combineRows(0, nil, 0, shift, beta, out + start, positions, outputs, count)
            }
            let product = GEMMShape(m: outputs, n: count, k: fanIn, lda: fanIn, ldb: stride, ldc: positions)
            kernels.gemm(product, 1, weight, columns, shift == nil ? beta : 1, out + start)
          } else {
            let buffer = area + columnsSize
            let product = GEMMShape(m: outputs, n: count, k: fanIn, lda: fanIn, ldb: stride, ldc: count)
            kernels.gemm(product, 1, weight, columns, 0, buffer)
            for e in 0..<block.examples.count {
              Scalar.kernels.pointee.image.combineRows(
                1, buffer + e * positions, count, shift, beta, out + e * shape.outputWidth, positions, outputs,
                positions)
            }
          }
        }
      }
    }

    func applyTransposed(
      _ examples: Range<Int>, _ c: UnsafePointer<Scalar>, _ weight: UnsafePointer<Scalar>,
      _ out: UnsafeMutablePointer<Scalar>, _ area: UnsafeMutablePointer<Scalar>
    ) {
      let (outputs, fanIn) = (shape.groupOutputs, shape.fanIn)
      let isIdentity = shape.window.isIdentity
      let isDirect = isIdentity && blockExamples == 1
      if !isIdentity {
        let width = shape.inputWidth
        Scalar.kernels.pointee.image.combineRows(
          0, nil, 0, nil, 0, out + examples.lowerBound * width, width, examples.count, width)
      }
      forEachBlock(examples) { block in
        let (count, start) = extent(block)
        for group in 0..<shape.groups {
          let (c, stride) = cotangents(block, group: group, c, nil, area + columnsSize)
          let weight = weight + group * outputs * fanIn
          let out =
            out + block.examples.lowerBound * shape.inputWidth + group * shape.groupChannels * shape.window.inputs
          let target = isDirect ? out + start : area
          let product = GEMMShape(
            m: fanIn, n: count, k: outputs, transposeA: true, lda: fanIn, ldb: stride,
            ldc: isDirect ? shape.positions : count)
          kernels.gemm(product, 1, weight, c, 0, target)
          if isDirect { continue }
          let each = count / block.examples.count
          shape.window.withGeometry { window in
            for e in 0..<block.examples.count {
              if isIdentity {
                Scalar.kernels.pointee.image.combineRows(
                  1, area + e * each, count, nil, 0, out + e * shape.inputWidth, each, fanIn, each)
                continue
              }
              Scalar.kernels.pointee.image.fold(
                area + e * each, count, window, shape.groupChannels, block.lines.lowerBound, block.lines.upperBound,
                out + e * shape.inputWidth)
            }
          }
        }
      }
    }

    func weightGradient(
      _ examples: Range<Int>, _ x: UnsafePointer<Scalar>, _ c: UnsafePointer<Scalar>,
      _ weights: UnsafePointer<Scalar>?, _ result: UnsafeMutablePointer<Scalar>,
      _ area: UnsafeMutablePointer<Scalar>
    ) {
      let (outputs, fanIn) = (shape.groupOutputs, shape.fanIn)
      forEachBlock(examples) { block in
        let (count, _) = extent(block)
        let isFirst = block.examples.lowerBound == examples.lowerBound && block.lines.lowerBound == 0
        let factor = block.examples.count == 1 ? weights?[block.examples.lowerBound] ?? 1 : 1
        for group in 0..<shape.groups {
          let (columns, stride) = columns(block, group: group, x, area)
          let (c, strideC) = cotangents(block, group: group, c, weights, area + columnsSize)
          let product = GEMMShape(
            m: outputs, n: fanIn, k: count, transposeB: true, lda: strideC, ldb: stride, ldc: fanIn)
          kernels.gemm(product, factor, c, columns, isFirst ? 0 : 1, result + group * outputs * fanIn)
        }
      }
    }
  }
}
