import TestSupport
import Testing

@testable import LinearAlgebra

/// The same bits on any number of threads, at sizes where the work is really cut.
@Suite(.serialized) struct ThreadTests {
  @Test func workIsCut() {
    let product = Partition.pieces(300, step: 16, work: 2 * 300 * 200 * 250, grain: Products.grain)
    #expect(product.count > 3)
    #expect((0..<product.count).flatMap { Array(product[$0]) } == Array(0..<300))
    for total in [0, 1, 15, 16, 17, 1000] {
      for work in [0.0, 1, 1e7, 1e12] {
        let pieces = Partition.pieces(total, step: 16, work: work, grain: 3e6)
        #expect((0..<pieces.count).flatMap { Array(pieces[$0]) } == Array(0..<total))
        #expect(pieces.count <= Partition.maximumPieces)
      }
    }
  }

  /// As 0: one for each core.
  @Test func fewerThreadsThanNone() {
    withThreads {
      for count in [-1, Int.min] {
        Partition.threads = count
        #expect(Partition.threads == Partition.availableCores)
      }
    }
  }

  /// `prepare` draws the input once and returns the work.
  func check<S: RealScalar>(_ type: S.Type, _ name: String, _ prepare: (inout SeededGenerator) -> () -> [S]) {
    var generator = SeededGenerator(seed: 31)
    let work = prepare(&generator)
    #expect(areIdentical(onThreads(work)), "seed 31, \(name) \(S.precisionName)")
  }

  func products<S: RealScalar>(_ type: S.Type) {
    for (m, n, k) in [(300, 200, 250), (90, 500, 250), (900, 20, 900)] {
      check(S.self, "x w^T") { generator in
        let (x, w): (Matrix<S>, Matrix<S>) = (generator.matrix(m, k), generator.matrix(n, k))
        return {
          var result = Matrix<S>(rows: m, columns: n)
          Products.timesTransposed(x.view, w.view, into: &result)
          return result.elements
        }
      }
      check(S.self, "a w") { generator in
        let (a, w): (Matrix<S>, Matrix<S>) = (generator.matrix(m, k), generator.matrix(k, n))
        return {
          var result = Matrix<S>(rows: m, columns: n)
          Products.times(a.view, w.view, into: &result)
          return result.elements
        }
      }
      check(S.self, "a^T x") { generator in
        let (a, x): (Matrix<S>, Matrix<S>) = (generator.matrix(k, n), generator.matrix(k, m))
        return {
          var result = [S](repeating: 0, count: m * n)
          Products.transposedTimes(a.view, x.view, into: &result)
          return result
        }
      }
    }
    check(S.self, "a x") { generator in
      let (a, x): (Matrix<S>, [S]) = (generator.matrix(900, 1000), generator.vector(1000))
      return {
        var result = [S](repeating: 0, count: 900)
        Products.times(a.view, x, into: &result)
        return result
      }
    }
  }

  @Test func products() {
    products(Float.self)
    products(Double.self)
  }

  func factors<S: RealScalar>(_ type: S.Type) {
    for (n, k) in [(300, 250), (450, 100), (60, 6000)] {
      check(S.self, "gram \(n) \(k)") { generator in
        let x: Matrix<S> = generator.matrix(n, k)
        return {
          var result = Matrix<S>(rows: n, columns: n)
          var workspace = Gram.Workspace<S>()
          Gram.lower(x.view, into: &result, using: &workspace)
          Gram.mirror(&result)
          return result.elements
        }
      }
    }
    check(S.self, "cholesky") { generator in
      let a: Matrix<S> = CholeskyTests.positive(520, &generator)
      let b: [S] = generator.vector(520)
      return {
        var x = b
        var cholesky = Cholesky<S>()
        _ = cholesky.refactor(order: 520) { $0 = a }
        cholesky.solve(&x)
        return x
      }
    }
  }

  @Test func factors() {
    factors(Float.self)
    factors(Double.self)
  }

  func rowsAndVectors<S: RealScalar>(_ type: S.Type) {
    check(S.self, "margins") { generator in
      let logits: Matrix<S> = generator.matrix(1500, 101)
      let labels = generator.labels(1500, classes: 101)
      return {
        var z = logits
        var margin = [S](repeating: 0, count: 1500)
        var (loss, residual, root) = (margin, margin, margin)
        RowKernels.margins(&z, labels: labels, margin: &margin, loss: &loss, residual: &residual, rootWeight: &root)
        return z.elements + margin + loss + residual + root
      }
    }
    check(S.self, "long vectors") { generator in
      let (first, second): ([S], [S]) = (generator.vector(150_000), generator.vector(150_000))
      return {
        var (x, y) = (first, second)
        y.combine(0.3, x, beta: -0.7)
        x.scale(by: 3)
        return y + [x.dot(y), x.norm]
      }
    }
  }

  @Test func rowsAndVectors() {
    rowsAndVectors(Float.self)
    rowsAndVectors(Double.self)
  }
}
