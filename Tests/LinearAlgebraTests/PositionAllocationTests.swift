import AllocationCounter
import LinearAlgebra
import TestSupport
import Testing

/// Products of convolutions, pooling and row Grams over positions allocate nothing once their work areas have held the
/// shape.
@Suite struct PositionAllocationTests {
  func check<S: RealScalar>(_ type: S.Type, groups: Int) {
    let window = SlidingWindow(input: (8, 7), kernel: (3, 3), padding: (1, 1))
    let shape = Convolution.Shape(window: window, channels: 4, outputs: 6, groups: groups)
    var generator = SeededGenerator(seed: 4)
    let (x, u): (Matrix<S>, Matrix<S>) = (generator.matrix(5, 4 * 56), generator.matrix(5, 6 * 56))
    let w: Matrix<S> = generator.matrix(6, shape.fanIn)
    let (bias, weights): (Matrix<S>, [S]) = (generator.matrix(1, 6), generator.vector(5))
    var (y, back, gradients, sums, pooled) = (u, x, u, u, x)
    var gram = Matrix<S>(rows: 5, columns: 5)
    var g = [S](repeating: 0, count: 6 * shape.fanIn)
    var norms = [S](repeating: 0, count: 5)
    var index: [Int32] = []
    var (workspace, area) = (Convolution.Workspace<S>(), PositionProducts.Workspace<S>())
    func run() {
      Convolution.apply(shape, x, weight: w.view, bias: bias.view, into: &y, using: &workspace)
      Convolution.applyTransposed(shape, u, weight: w.view, into: &back, using: &workspace)
      Convolution.weightGradient(shape, x, u, weights: weights, into: &g, using: &workspace)
      let a = PositionRows.channelsFirst(u, positions: 56, width: shape.groupOutputs)
      let h = PositionRows.windows(x, of: shape)
      PositionProducts.doubleSum(a, h, into: &gram, using: &area)
      PositionProducts.gradients(a, h, outputs: 0..<2, into: &gradients, using: &area)
      PositionProducts.addDiagonalByDoubleSum(a, h, into: &norms, using: &area)
      PositionProducts.addDiagonalByGradients(a, h, into: &norms, using: &area)
      PositionProducts.sums(a, into: &sums)
      Pooling.maximum(x, window, planes: 4, into: &pooled, index: &index)
      Pooling.put(pooled, at: index, window, planes: 4, into: &back)
    }
    run()
    let before = allocation_count()
    for _ in 0..<10 { run() }
    let made = allocation_count() - before
    #expect(made == 0, "\(S.precisionName) groups \(groups): \(made) in 10 rounds")
  }

  @Test(.enabled(if: AllocationTests.isCounted), arguments: [1, 2]) func rounds(groups: Int) {
    check(Float.self, groups: groups)
    check(Double.self, groups: groups)
  }
}
