import LinearAlgebra

/// The row Gram of a weight that is used at several positions of each example (a convolution, a dense layer on a
/// sequence), with inputs h_it and output cotangents delta_it at the positions t:
///
///     sum over t, t' of (delta_it . delta_jt') (h_it . h_jt')
///
/// Either as this double sum, B^2 T^2 (m + n) flops, or from the gradients of the single examples, 2 B T m n + B^2 m n
/// flops on some rows of the weight at a time: whichever is cheaper.
package struct PositionGram<Scalar: RealScalar>: Sendable {
  /// How activations lie in a row.
  package enum Layout: Sendable {
    /// [T, n], as in a sequence.
    case positionsFirst
    /// [n, T], as the channels of an image.
    case channelsFirst
  }

  private enum Source: Sendable {
    case layout(Layout)
    case convolution(Convolution.Shape, group: Int)
  }

  /// Also for tests.
  var size: PositionSize
  /// For tests: this way in place of the cheaper one.
  var forcedWay: PositionSize.Way?
  private let source: Source
  private var workspace = PositionProducts.Workspace<Scalar>()
  /// Gradients of some rows of the weight, and of the last ones.
  private var gradients = Matrix<Scalar>(rows: 0, columns: 0)
  private var lastGradients = Matrix<Scalar>(rows: 0, columns: 0)
  private var sums = Matrix<Scalar>(rows: 0, columns: 0)
  private var biasRows = Matrix<Scalar>(rows: 0, columns: 0)

  /// For T positions with n inputs and m outputs each.
  package init(positions: Int, inputs: Int, outputs: Int, layout: Layout) {
    size = PositionSize(positions: positions, inputs: inputs, outputs: outputs)
    source = .layout(layout)
  }

  /// For one group of a convolution: cotangents are [B, O L] and inputs [B, C H W]. The windows are unfolded block by
  /// block where they are needed, so there is no [B, K L] in memory.
  package init(_ shape: Convolution.Shape, group: Int = 0) {
    size = PositionSize(positions: shape.positions, inputs: shape.fanIn, outputs: shape.groupOutputs)
    source = .convolution(shape, group: group)
  }

  /// Adds the Gram for cotangents [B, T m] and inputs [B, T n].
  package mutating func add(
    _ cotangents: Matrix<Scalar>, _ input: Matrix<Scalar>, weight: ParameterLayout.Slice, bias: ParameterLayout.Slice?,
    into gram: inout Linearizations.RowGram<Scalar>
  ) {
    let (a, x) = factors(cotangents, input)
    switch forcedWay ?? size.gramWay(rows: a.rows, bytes: Self.bytes) {
    case .doubleSum:
      PositionProducts.doubleSum(a, x, into: &sums, using: &workspace)
      gram.add(sums, to: weight)
    case .gradients:
      let step = size.gradientRows(rows: a.rows, bytes: Self.bytes)
      for first in stride(from: 0, to: size.outputs, by: step) {
        let outputs = first..<min(first + step, size.outputs)
        if outputs.count == step {
          PositionProducts.gradients(a, x, outputs: outputs, into: &gradients, using: &workspace)
          gram.addRows(gradients.view, to: weight)
        } else {
          PositionProducts.gradients(a, x, outputs: outputs, into: &lastGradients, using: &workspace)
          gram.addRows(lastGradients.view, to: weight)
        }
      }
    }
    guard let bias else { return }
    PositionProducts.sums(a, into: &biasRows)
    gram.addRows(biasRows.view, to: bias)
  }

  /// Adds its diagonal. Needs no memory that grows with B.
  package mutating func addSquaredNorms(
    _ cotangents: Matrix<Scalar>, _ input: Matrix<Scalar>, hasBias: Bool, into result: inout [Scalar]
  ) {
    let (a, x) = factors(cotangents, input)
    switch forcedWay ?? size.normsWay {
    case .doubleSum: PositionProducts.addDiagonalByDoubleSum(a, x, into: &result, using: &workspace)
    case .gradients: PositionProducts.addDiagonalByGradients(a, x, into: &result, using: &workspace)
    }
    guard hasBias else { return }
    PositionProducts.sums(a, into: &biasRows)
    RowKernels.addDots(biasRows.view, biasRows.view, into: &result)
  }

  /// Flops and work areas of the Gram and its diagonal, in the ways that are taken, with a bias.
  package func costs(rows: Int) -> Layers.Costs {
    let way = forcedWay ?? size.gramWay(rows: rows, bytes: Self.bytes)
    let bias = Double(rows) * Double(size.outputs * size.positions)
    return Layers.Costs(
      rowGram: size.gramFlops(way, rows: rows) + bias + Double(rows) * Double(rows) * Double(size.outputs),
      rowGramBytes: size.gramBytes(way, rows: rows, bytes: Self.bytes),
      rowSquaredNorms: Double(rows) * size.normFlops(forcedWay ?? size.normsWay) + bias)
  }

  /// Bytes of a number.
  private static var bytes: Int { MemoryLayout<Scalar>.stride }

  private func factors(
    _ cotangents: Matrix<Scalar>, _ input: Matrix<Scalar>
  ) -> (PositionRows<Scalar>, PositionRows<Scalar>) {
    let positions = size.positions
    switch source {
    case .layout(.positionsFirst):
      return (
        .positionsFirst(cotangents, positions: positions, width: size.outputs),
        .positionsFirst(input, positions: positions, width: size.inputs)
      )
    case .layout(.channelsFirst):
      return (
        .channelsFirst(cotangents, positions: positions, width: size.outputs),
        .channelsFirst(input, positions: positions, width: size.inputs)
      )
    case .convolution(let shape, let group):
      return (
        .channelsFirst(
          cotangents, positions: positions, width: size.outputs, first: group * size.outputs),
        .windows(input, of: shape, group: group)
      )
    }
  }
}

/// T positions with n inputs and m outputs each, and what the ways to their row Gram cost.
struct PositionSize: Sendable {
  enum Way: Sendable, CaseIterable {
    case doubleSum
    case gradients
  }

  var positions: Int
  var inputs: Int
  var outputs: Int
  /// Memory for gradients, about.
  var gradientBytes = 16 << 20

  private var vectors: Double { Double(inputs + outputs) }
  private var weights: Double { Double(inputs) * Double(outputs) }

  /// Flops of the row Gram of B examples. The double sum goes over blocks of positions, those on the diagonal whole.
  func gramFlops(_ way: Way, rows: Int) -> Double {
    switch way {
    case .doubleSum: 2 * Self.pairs(rows * positions) * (vectors + 1)
    case .gradients: 2 * Double(rows * positions) * weights + Double(rows) * Double(rows) * weights
    }
  }

  /// Pairs among so many positions that the double sum visits: half of all, and half of a block for each.
  private static func pairs(_ count: Int) -> Double { Double(count) * Double(count + min(count, 256)) / 2 }

  /// The way that takes less time. Besides its flops, the double sum writes and reads two products for each pair of
  /// positions, and the other way its gradients: measured, that takes as long as 4 flops a byte of a pair and 6 a byte
  /// of the gradients.
  func gramWay(rows: Int, bytes: Int) -> Way {
    let sumTime = gramFlops(.doubleSum, rows: rows) + Double(4 * bytes) * Self.pairs(rows * positions)
    let gradientTime = gramFlops(.gradients, rows: rows) + Double(6 * bytes * rows) * weights
    return sumTime < gradientTime ? .doubleSum : .gradients
  }

  /// Rows of the weight whose gradients are formed at a time: some MB for all examples, but enough rows for a product.
  func gradientRows(rows: Int, bytes: Int) -> Int {
    let fitting = gradientBytes / max(1, rows * inputs * bytes)
    return min(outputs, max(16, fitting))
  }

  /// Work areas: gradients, or the blocks of positions and their two products.
  func gramBytes(_ way: Way, rows: Int, bytes: Int) -> Double {
    switch way {
    case .doubleSum: 2 * 256 * (vectors + 256) * Double(bytes)
    case .gradients: Double(rows * inputs) * Double(gradientRows(rows: rows, bytes: bytes)) * Double(bytes)
    }
  }

  /// Flops of one example's squared norm.
  func normFlops(_ way: Way) -> Double {
    switch way {
    case .doubleSum: 2 * Self.pairs(positions) * (vectors + 1)
    case .gradients: 2 * Double(positions + 1) * weights
    }
  }

  /// The way that takes fewer flops for squared norms.
  var normsWay: Way { normFlops(.doubleSum) < normFlops(.gradients) ? .doubleSum : .gradients }
}
