import LinearAlgebra
import TestSupport
import Testing

@Suite struct ConjugateGradientTests {
  /// K = R R^T / n [n, n] of the given rank.
  static func semidefinite<S: RealScalar>(
    _ n: Int, rank: Int, _ generator: inout SeededGenerator, as type: S.Type = S.self
  ) -> Matrix<S> {
    let r: Matrix<S> = generator.matrix(n, rank, scale: 1 / Double(n).squareRoot())
    var k = Matrix<S>(rows: n, columns: n)
    Products.timesTransposed(r.view, r.view, into: &k)
    return k
  }

  /// b - (K + shift I) x in double.
  static func residual<S: RealScalar>(_ k: Matrix<S>, _ shift: S, _ x: [S], _ b: [S]) -> [Double] {
    (0..<b.count).map { i in
      var sum = Double(b[i]) - Double(shift) * Double(x[i])
      for j in 0..<b.count { sum -= Double(k[i, j]) * Double(x[j]) }
      return sum
    }
  }

  /// sqrt(e^T K e).
  static func imageNorm<S: RealScalar>(_ k: Matrix<S>, _ e: [Double]) -> Double {
    var total = 0.0
    for i in 0..<e.count {
      for j in 0..<e.count { total += e[i] * Double(k[i, j]) * e[j] }
    }
    return max(0, total).squareRoot()
  }

  static func check<S: RealScalar>(_ type: S.Type, n: Int, rank: Int, shift: Double, seed: UInt64) -> Findings {
    var generator = SeededGenerator(seed: seed)
    let k = semidefinite(n, rank: rank, &generator, as: S.self)
    let b: [S] = generator.vector(n)
    let scalarShift = S(shift)
    var findings = Findings("seed \(seed) \(S.precisionName) n \(n) rank \(rank) shift \(shift)")
    let floor = 100 * epsilon(S.self)
    for norm in [ConjugateGradient<S>.Norm.euclidean, .image] {
      func size(_ e: [Double]) -> Double { norm == .image ? imageNorm(k, e) : e.norm }
      let start = size(b.map { Double($0) })
      for wanted in [1e-1, 1e-3, tolerance(S.self, double: 1e-9, float: 1e-4)] {
        var counting = CountingOperator(k)
        var solver = ConjugateGradient<S>()
        var x = [S](repeating: 0, count: n)
        let report = solver.solve(
          &counting, shift: scalarShift, b, adding: &x, norm: norm,
          options: .init(tolerance: wanted, maximumIterations: 500))
        findings.expect(report.outcome == .converged, "converges", "\(report)")
        findings.expect(counting.products == report.products, "products are as reported")
        // In the image norm the last product serves only to see that the solution is good enough.
        let extra = report.products - report.iterations
        findings.expect(extra == 0 || (norm == .image && extra == 1), "one product an iteration")
        findings.expect(counting.accumulations == report.iterations, "one accumulation an iteration")
        // Bitwise: the operator is told the same sum that made x.
        findings.expect(bits(counting.accumulated) == bits(x), "what is accumulated is x")
        let e = residual(k, scalarShift, x, b)
        findings.expect(size(e) / start, atMost: wanted + floor, "the tolerance is met", "\(norm)")
        findings.expect(report.residual, atMost: wanted, "the reported residual meets the tolerance")
        findings.expect(
          (report.residual - size(e) / start).magnitude, atMost: floor, "reported residual", "\(norm)")
        let own = solver.residual.map { Double($0) }
        findings.expect(largestDifference(own, e) / b.map { Double($0) }.norm, atMost: floor, "residual vector")
      }
    }
    return findings
  }

  @Test(arguments: 0..<6)
  func solvesAndReportsTheTruth(seed: UInt64) {
    var findings = Findings()
    for (n, rank, shift) in [(1, 1, 0.5), (5, 5, 1), (20, 4, 0.1), (40, 40, 0.3), (40, 80, 0.05)] {
      findings.merge(Self.check(Float.self, n: n, rank: rank, shift: shift, seed: seed))
      findings.merge(Self.check(Double.self, n: n, rank: rank, shift: shift, seed: seed))
    }
    findings.report("conjugate gradient")
    #expect(findings.violations.isEmpty)
  }

  /// Adds to what x held, and may be told what the tolerance is relative to.
  @Test func offsetAndScale() {
    var generator = SeededGenerator(seed: 8)
    let k = Self.semidefinite(30, rank: 30, &generator, as: Double.self)
    let b: [Double] = generator.vector(30)
    var (x, offset) = ([Double](repeating: 0, count: 30), [Double](repeating: 3, count: 30))
    let options = ConjugateGradient<Double>.Options(tolerance: 1e-10, maximumIterations: 200)
    var solver = ConjugateGradient<Double>()
    var matrix = DenseOperator(k)
    _ = solver.solve(&matrix, shift: 0.1, b, adding: &x, options: options)
    _ = solver.solve(&matrix, shift: 0.1, b, adding: &offset, options: options)
    #expect(zip(x, offset).allSatisfy { ($0 + 3 - $1).magnitude < 1e-14 })
    for norm in [ConjugateGradient<Double>.Norm.euclidean, .image] {
      var few = [Double](repeating: 0, count: 30)
      let scale = 1e3
      let report = solver.solve(
        &matrix, shift: 0.1, b, adding: &few, norm: norm, scale: scale,
        options: .init(tolerance: 1e-4, maximumIterations: 200))
      let e = Self.residual(k, 0.1, few, b)
      let size = norm == .image ? Self.imageNorm(k, e) : e.norm
      #expect(report.outcome == .converged && size <= 1e-4 * scale && report.iterations < 30)
    }
  }

  @Test(arguments: [ConjugateGradient<Double>.Norm.euclidean, .image])
  func outcomes(norm: ConjugateGradient<Double>.Norm) {
    var generator = SeededGenerator(seed: 4)
    let n = 30
    let k = Self.semidefinite(n, rank: n, &generator, as: Double.self)
    let b: [Double] = generator.vector(n)
    var solver = ConjugateGradient<Double>()
    func solve(_ counting: inout CountingOperator<Double>, shift: Double = 1e-3, _ b: [Double], limit: Int = 500)
      -> SolveReport
    {
      var x = [Double](repeating: 0, count: n)
      return solver.solve(
        &counting, shift: shift, b, adding: &x, norm: norm, options: .init(tolerance: 1e-9, maximumIterations: limit))
    }
    for limit in [1, 2, 7] {
      var counting = CountingOperator(k)
      let report = solve(&counting, b, limit: limit)
      #expect(report.outcome == .iterationLimit && report.iterations == limit && counting.products == limit)
      #expect(report.residual > 1e-9 && report.residual.isFinite)
    }
    var negative = k
    negative.scale(by: -1)
    var counting = CountingOperator(negative)
    var report = solve(&counting, b)
    #expect(report.outcome == .notPositiveDefinite && report.iterations == 0 && report.products == 1)
    // Indefinite further on, where the first direction does not see it.
    counting = CountingOperator(k)
    report = solve(&counting, shift: -0.05, b)
    #expect(report.outcome == .notPositiveDefinite && report.products == counting.products)
    for (product, poison) in [(1, Double.nan), (3, .nan), (2, .infinity), (1, -.infinity)] {
      counting = CountingOperator(k)
      (counting.poisonedProduct, counting.poison) = (product, poison)
      report = solve(&counting, b)
      // A product with an infinity may look like an indefinite matrix, but never like a solution.
      #expect(
        report.outcome == .notFinite || (poison.isInfinite && report.outcome == .notPositiveDefinite),
        "\(poison) in \(product): \(report)")
      #expect(
        report.products == counting.products && counting.products == product, "\(poison) in \(product): \(report)")
    }
    for value in [Double.nan, .infinity] {
      var bad = b
      bad[7] = value
      counting = CountingOperator(k)
      report = solve(&counting, bad)
      #expect(report.outcome == .notFinite && counting.products == report.products)
    }
    counting = CountingOperator(k)
    report = solve(&counting, [Double](repeating: 0, count: n))
    #expect(report.outcome == .converged && counting.products == 0 && report.iterations == 0)
  }

  /// In exact arithmetic as many iterations as distinct eigenvalues.
  @Test func fewEigenvaluesTakeFewIterations() {
    var generator = SeededGenerator(seed: 14)
    var k = Matrix<Double>(rows: 50, columns: 50)
    for i in 0..<50 { k[i, i] = [1.0, 5, 20][i % 3] }
    var counting = CountingOperator(k)
    var x = [Double](repeating: 0, count: 50)
    let b: [Double] = generator.vector(50)
    var solver = ConjugateGradient<Double>()
    let report = solver.solve(
      &counting, shift: 0.5, b, adding: &x, options: .init(tolerance: 1e-12, maximumIterations: 50))
    #expect(report.outcome == .converged && report.iterations == 3)
  }
}
