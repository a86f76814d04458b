import AllocationCounter
import LinearAlgebra
import TestSupport
import Testing

/// Products of convolutions, pooling and row Grams over positions allocate nothing once their work areas have held the
/// shape.
@Suite struct PositionAllocationTests {
  /// One example, so one thread, and products of more than a million multiplications: in smaller ones the BLAS itself
  /// allocates.
  func check<S: RealScalar>(_ type: S.Type) {
    let window = SlidingWindow(input: (20, 20), kernel: (3, 3), padding: (1, 1))
    let shape = Convolution.Shape(window: window, channels: 16, outputs: 96)
    var generator = SeededGenerator(seed: 4)
    let (x, u): (Matrix<S>, Matrix<S>) = (generator.matrix(1, 16 * 400), generator.matrix(1, 96 * 400))
    let w: Matrix<S> = generator.matrix(96, shape.fanIn)
    let (bias, weights): (Matrix<S>, [S]) = (generator.matrix(1, 96), generator.vector(1))
    var (y, back, gradients, sums, pooled) = (u, x, u, u, x)
    var gram = Matrix<S>(rows: 1, columns: 1)
    var g = [S](repeating: 0, count: 96 * shape.fanIn)
    var norms: [S] = [0]
    var index: [Int32] = []
    var (workspace, area) = (Convolution.Workspace<S>(), PositionProducts.Workspace<S>())
    func run() {
      Convolution.apply(shape, x, weight: w.view, bias: bias.view, into: &y, using: &workspace)
      Convolution.applyTransposed(shape, u, weight: w.view, into: &back, using: &workspace)
      Convolution.weightGradient(shape, x, u, weights: weights, into: &g, using: &workspace)
      let a = PositionRows.channelsFirst(u, positions: 400, width: 96)
      let h = PositionRows.windows(x, of: shape)
      PositionProducts.doubleSum(a, h, into: &gram, using: &area)
      PositionProducts.gradients(a, h, outputs: 0..<96, into: &gradients, using: &area)
      PositionProducts.addDiagonalByDoubleSum(a, h, into: &norms, using: &area)
      PositionProducts.addDiagonalByGradients(a, h, into: &norms, using: &area)
      PositionProducts.sums(a, into: &sums)
      Pooling.maximum(x, window, planes: 16, into: &pooled, index: &index)
      Pooling.put(pooled, at: index, window, planes: 16, into: &back)
    }
    run()
    let before = allocation_count()
    for _ in 0..<10 { run() }
    let made = allocation_count() - before
    #expect(made == 0, "\(S.precisionName): \(made) in 10 rounds")
  }

  @Test(.enabled(if: AllocationTests.isCounted)) func rounds() {
    check(Float.self)
    check(Double.self)
  }
}
