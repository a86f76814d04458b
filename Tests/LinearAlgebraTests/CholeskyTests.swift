import LinearAlgebra
import TestSupport
import Testing

/// Orders on both sides of the block of 192.
@Suite struct CholeskyTests {
  /// x x^T / k + 0.1, both triangles.
  static func positive<S: RealScalar>(_ n: Int, _ generator: inout SeededGenerator) -> Matrix<S> {
    let x: Matrix<S> = generator.matrix(n, n, scale: 1 / Double(n).squareRoot())
    var result = Matrix<S>(rows: n, columns: n)
    Products.timesTransposed(x.view, x.view, into: &result)
    for i in 0..<n {
      for j in 0..<i { result[j, i] = result[i, j] }
      result[i, i] += 0.1
    }
    return result
  }

  static func lower<S: RealScalar>(_ matrix: Matrix<S>) -> Matrix<S> {
    var result = matrix
    for i in 0..<matrix.rows {
      for j in i + 1..<max(matrix.rows, i + 1) { result[i, j] = .nan }
    }
    return result
  }

  static func checkSolve<S: RealScalar>(_ type: S.Type, _ n: Int, _ findings: inout Findings) {
    var generator = SeededGenerator(seed: UInt64(n))
    let a: Matrix<S> = positive(n, &generator)
    let b: [S] = generator.vector(n)
    var cholesky = Cholesky<S>()
    findings.expect(cholesky.refactor(order: n) { $0 = lower(a) } == nil, "positive definite", "n \(n)")
    var x = b
    cholesky.solve(&x)
    // Backward error: |b - A x| against |A||x|, which a stable solve keeps at a few epsilons whatever the condition.
    let product = naiveProduct(
      Reference(a), Reference(Matrix(rows: n, columns: 1, elements: x)), plus: Reference(rows: n, columns: 1))
    var worst = 0.0
    for i in 0..<n { worst = largest(worst, (product.value[i, 0] - Double(b[i])).magnitude / product.scale[i, 0]) }
    findings.expect(
      worst, atMost: 4 * Double(n).squareRoot() * epsilon(S.self) + 4 * epsilon(S.self), "backward error",
      "\(S.precisionName) n \(n)")
    // The factor itself.
    if n > 250 { return }
    var factor = Reference(cholesky.factor)
    for i in 0..<n {
      for j in i + 1..<max(n, i + 1) { factor[i, j] = 0 }
    }
    let square = naiveProduct(factor, factor.transposed, plus: Reference(rows: n, columns: n))
    findings.expect(
      largestError(a.elements, (square.value, square.scale), lowerOnly: true), atMost: productLimit(S.self, n),
      "L L^T", "\(S.precisionName) n \(n)")
  }

  @Test(arguments: [1, 2, 3, 16, 33, 191, 192, 193, 250, 385, 500])
  func solves(n: Int) {
    var findings = Findings("seed \(n)")
    Self.checkSolve(Float.self, n, &findings)
    Self.checkSolve(Double.self, n, &findings)
    findings.report("cholesky")
    #expect(findings.violations.isEmpty)
  }

  /// One object for several orders, as batches shrink and grow.
  @Test func refactors() {
    var generator = SeededGenerator(seed: 11)
    var cholesky = Cholesky<Double>()
    for n in [40, 200, 7, 300, 1] {
      let a: Matrix<Double> = Self.positive(n, &generator)
      #expect(cholesky.refactor(order: n) { $0 = Self.lower(a) } == nil)
      var x: [Double] = generator.vector(n)
      let b = x
      cholesky.solve(&x)
      var back = x
      Products.times(a.view, x, into: &back)
      #expect(relativeError(back, to: b) < 1e-12, "n \(n)")
    }
  }

  /// The order of the first leading minor that is not positive, in any block.
  @Test(arguments: [
    (1, 1), (5, 1), (5, 5), (100, 60), (192, 192), (193, 193), (300, 192), (300, 193), (400, 390), (400, 385),
  ])
  func findsTheBadMinor(n: Int, order: Int) {
    var generator = SeededGenerator(seed: UInt64(n + order))
    func check<S: RealScalar>(_ type: S.Type) {
      var a: Matrix<S> = Self.positive(n, &generator)
      a[order - 1, order - 1] = -1
      var cholesky = Cholesky<S>()
      #expect(cholesky.refactor(order: n) { $0 = Self.lower(a) } == order, "\(S.precisionName)")
      // And it is not spoiled by that.
      a = Self.positive(n, &generator)
      #expect(cholesky.refactor(order: n) { $0 = Self.lower(a) } == nil)
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func nanIsNotPositiveDefinite() {
    var cholesky = Cholesky<Double>()
    #expect(cholesky.refactor(order: 3) { $0.fill(with: .nan) } != nil)
    #expect(cholesky.refactor(order: 250) { $0.fill(with: .nan) } != nil)
  }

  /// As in (F + Lambda)^-1: a vanishing pivot that a shift of an epsilon does not save.
  @Test func singularMatrices() {
    var generator = SeededGenerator(seed: 12)
    let x: Matrix<Double> = generator.matrix(30, 5)
    var gram = Matrix<Double>(rows: 30, columns: 30)
    Products.timesTransposed(x.view, x.view, into: &gram)
    var cholesky = Cholesky<Double>()
    let shifted = cholesky.refactor(order: 30) { matrix in
      matrix = gram
      for i in 0..<30 { matrix[i, i] += 1e-8 }
    }
    #expect(shifted == nil)
    let negative = cholesky.refactor(order: 30) { matrix in
      matrix = gram
      for i in 0..<30 { matrix[i, i] -= 1e-8 }
    }
    #expect(negative == 6)
  }
}
