import AllocationCounter
import LinearAlgebra
import TestSupport
import Testing

/// An iteration of conjugate gradient allocates nothing: k + 20 iterations make as many allocations as k.
@Suite struct AllocationTests {
  static let isCounted = allocations_are_counted() != 0

  @Test(.enabled(if: isCounted)) func theCounterCounts() {
    let before = allocation_count()
    var kept: [[Int]] = []
    for i in 0..<10 { kept.append([Int](repeating: i, count: 100 + i)) }
    #expect(allocation_count() - before >= 10)
    #expect(kept.count == 10)
  }

  func check<S: RealScalar>(_ type: S.Type, norm: ConjugateGradient<S>.Norm) {
    var generator = SeededGenerator(seed: 2)
    let matrix = ConjugateGradientTests.semidefinite(64, rank: 64, &generator, as: S.self)
    let b: [S] = generator.vector(64)
    var solver = ConjugateGradient<S>()
    var `operator` = DenseOperator(matrix)
    func allocations(_ iterations: Int) -> UInt64 {
      var x = [S](repeating: 0, count: 64)
      let before = allocation_count()
      let report = solver.solve(
        &`operator`, shift: 0, b, adding: &x, norm: norm,
        options: .init(tolerance: 0, maximumIterations: iterations))
      let after = allocation_count()
      #expect(report.iterations == iterations)
      return after - before
    }
    _ = allocations(2)
    #expect(allocations(5) == allocations(25), "\(S.precisionName) \(norm)")
  }

  @Test(.enabled(if: isCounted)) func iterationsOfTheSolver() {
    check(Float.self, norm: .euclidean)
    check(Float.self, norm: .image)
    check(Double.self, norm: .euclidean)
    check(Double.self, norm: .image)
  }

  /// A product with few classes packs one factor; the work area for that is kept.
  @Test(.enabled(if: isCounted), arguments: [2, 8, 20, 32, 33], [10, 600])
  func products(classes: Int, features: Int) {
    func check<S: RealScalar>(_ type: S.Type) {
      var generator = SeededGenerator(seed: 3)
      let (x, w): (Matrix<S>, Matrix<S>) = (generator.matrix(20, features), generator.matrix(classes, features))
      var z = Matrix<S>(rows: 20, columns: classes)
      var g = [S](repeating: 0, count: classes * features)
      var workspace = Products.Workspace<S>()
      func run() {
        Products.timesTransposed(x.view, w.view, into: &z, using: &workspace)
        Products.transposedTimes(z.view, x.view, into: &g)
      }
      run()
      let before = allocation_count()
      for _ in 0..<20 { run() }
      let made = allocation_count() - before
      #expect(made == 0, "\(S.precisionName) C \(classes) D \(features): \(made) in 20 products")
    }
    check(Float.self)
    check(Double.self)
  }
}
