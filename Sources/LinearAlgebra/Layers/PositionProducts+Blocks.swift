import CKernels

/// The double sum over blocks of positions: the products of all pairs of cotangents and of inputs, multiplied and
/// summed for each pair of examples.
struct BlockProduct<Scalar: RealScalar> {
  /// The vectors at some positions, in memory until its half of the area is used again.
  struct Factors {
    let examples: Range<Int>
    let positions: Int
    let a: PositionRows<Scalar>.Block
    let x: PositionRows<Scalar>.Block
  }

  private let a: PositionRows<Scalar>
  private let x: PositionRows<Scalar>
  private let bases: (a: UnsafePointer<Scalar>, x: UnsafePointer<Scalar>)
  private let size: Int
  private let kernels = Scalar.kernels.pointee.main

  /// For blocks of at most `size` positions; the bases are from `withPointer`.
  init(
    _ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>, _ aBase: UnsafePointer<Scalar>,
    _ xBase: UnsafePointer<Scalar>, size: Int
  ) {
    self.a = a
    self.x = x
    bases = (aBase, xBase)
    self.size = size
  }

  private var halfSize: Int { a.areaSize(size) + x.areaSize(size) }

  /// Two blocks of either factor, then two products.
  var areaSize: Int { 2 * (halfSize + size * size) }

  func load(
    _ examples: Range<Int>, _ positions: Range<Int>, _ area: UnsafeMutablePointer<Scalar>, half: Int
  ) -> Factors {
    let area = area + half * halfSize
    return Factors(
      examples: examples, positions: positions.count,
      a: a.block(examples, positions, bases.a, area, Scalar.kernels.pointee.image),
      x: x.block(examples, positions, bases.x, area + a.areaSize(size), Scalar.kernels.pointee.image))
  }

  /// g_ij += factor * the sum over the positions of two blocks, for their examples i and j.
  func add(
    _ first: Factors, _ second: Factors, factor: Scalar, _ area: UnsafeMutablePointer<Scalar>,
    _ g: UnsafeMutablePointer<Scalar>, _ strideG: Int
  ) {
    let m = first.examples.count * first.positions
    let n = second.examples.count * second.positions
    let products = area + 2 * halfSize
    dots(first.a, second.a, m, n, a.width, products)
    dots(first.x, second.x, m, n, x.width, products + size * size)
    Scalar.kernels.pointee.image.addBlockProducts(
      products, products + size * size, n, first.positions, second.positions, factor, g, strideG,
      first.examples.count, second.examples.count)
  }

  /// result [m, n] = the products of all pairs of vectors.
  private func dots(
    _ first: PositionRows<Scalar>.Block, _ second: PositionRows<Scalar>.Block, _ m: Int, _ n: Int, _ k: Int,
    _ result: UnsafeMutablePointer<Scalar>
  ) {
    let shape = GEMMShape(
      m: m, n: n, k: k, transposeA: !first.isPositionsFirst, transposeB: second.isPositionsFirst, lda: first.stride,
      ldb: second.stride, ldc: n)
    kernels.gemm(shape, 1, first.elements, second.elements, 0, result)
  }
}

/// Gradients of the single examples, G_i = sum over t of a_it x_it^T, block by block of positions.
struct GradientProduct<Scalar: RealScalar> {
  private let a: PositionRows<Scalar>
  private let x: PositionRows<Scalar>
  private let blocks: PositionBlocks
  private let kernels = Scalar.kernels.pointee.main

  init(_ a: PositionRows<Scalar>, _ x: PositionRows<Scalar>, _ blocks: PositionBlocks) {
    self.a = a
    self.x = x
    self.blocks = blocks
  }

  /// A block of x.
  var areaSize: Int { x.areaSize(blocks.maximum) }

  func flops(outputs: Int) -> Double {
    2 * Double(a.rows) * Double(a.positions) * Double(outputs) * Double(x.width)
  }

  /// result [outputs.count, n] = those rows of G_i. `aBase` and `xBase` are from `withPointer`.
  func gradient(
    _ i: Int, _ outputs: Range<Int>, _ aBase: UnsafePointer<Scalar>, _ xBase: UnsafePointer<Scalar>,
    _ result: UnsafeMutablePointer<Scalar>, _ area: UnsafeMutablePointer<Scalar>
  ) {
    for part in 0..<blocks.parts {
      let range = blocks.positions(part)
      // One example of cotangents lies as a matrix: nothing is copied.
      let left = a.block(i..<i + 1, range, aBase, area, Scalar.kernels.pointee.image)
      let right = x.block(i..<i + 1, range, xBase, area, Scalar.kernels.pointee.image)
      let shape = GEMMShape(
        m: outputs.count, n: x.width, k: range.count, transposeA: left.isPositionsFirst,
        transposeB: !right.isPositionsFirst, lda: left.stride, ldb: right.stride, ldc: x.width)
      let start = left.elements + outputs.lowerBound * (left.isPositionsFirst ? 1 : left.stride)
      kernels.gemm(shape, 1, start, right.elements, part == 0 ? 0 : 1, result)
    }
  }
}
