import LinearAlgebra
import TestSupport
import Testing

/// Every product against a naive triple loop.
@Suite struct ProductsTests {
  /// One of the three matrix products, at a shape, with alpha and beta.
  static func check<S: RealScalar>(
    _ type: S.Type, m: Int, n: Int, k: Int, alpha: Double, beta: Double, _ generator: inout SeededGenerator,
    _ findings: inout Findings
  ) {
    let detail = "\(S.precisionName) m \(m) n \(n) k \(k) alpha \(alpha) beta \(beta)"
    let x = generator.matrix(m, k, as: S.self)
    let w = generator.matrix(n, k, as: S.self)
    // With beta 0 the old content must not be read.
    let old =
      beta == 0 ? Matrix(rows: m, columns: n, elements: [S](repeating: .nan, count: m * n)) : generator.matrix(m, n)
    let expected = naiveProduct(
      Reference(x), Reference(w).transposed, alpha: alpha, beta: beta, plus: Reference(old))
    let limit = productLimit(S.self, k)

    var result = old
    Products.timesTransposed(x.view, w.view, alpha: S(alpha), beta: S(beta), into: &result)
    findings.expect(largestError(result.elements, expected), atMost: limit, "x w^T", detail)
    result = old
    Products.times(x.view, w.transposed.view, alpha: S(alpha), beta: S(beta), into: &result)
    findings.expect(largestError(result.elements, expected), atMost: limit, "a w", detail)
    // Into the middle of a longer vector, whose ends stay.
    let (offset, tail) = (3, 5)
    var flat = [S](repeating: 7, count: offset) + old.elements + [S](repeating: 7, count: tail)
    Products.transposedTimes(
      x.transposed.view, w.transposed.view, alpha: S(alpha), beta: S(beta), into: &flat, at: offset)
    findings.expect(largestError(Array(flat[offset..<offset + m * n]), expected), atMost: limit, "a^T x", detail)
    let ends = flat[..<offset] + flat[(offset + m * n)...]
    findings.expect(ends.allSatisfy { $0 == 7 }, "a^T x writes only its slice", detail)
  }

  static let factors: [(Double, Double)] = [(1, 0), (1, 1), (-0.5, 0), (2, -0.25), (0, 1), (-1, 0.5)]

  @Test(arguments: 0..<8)
  func smallShapes(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var findings = Findings("seed \(seed)")
    for _ in 0..<20 {
      let (m, n, k) = (
        generator.integer(in: 1...20), generator.integer(in: 1...33), generator.integer(in: 1...40)
      )
      let (alpha, beta) = Self.factors[generator.index(below: Self.factors.count)]
      Self.check(Float.self, m: m, n: n, k: k, alpha: alpha, beta: beta, &generator, &findings)
      Self.check(Double.self, m: m, n: n, k: k, alpha: alpha, beta: beta, &generator, &findings)
      // The other way round: few rows of the left factor, as in the weight gradient of a head with few classes.
      Self.check(Float.self, m: n, n: k, k: m, alpha: alpha, beta: beta, &generator, &findings)
      Self.check(Double.self, m: n, n: k, k: m, alpha: alpha, beta: beta, &generator, &findings)
    }
    findings.report("products")
    #expect(findings.violations.isEmpty)
  }

  /// Every number of classes that the thin kernels take, and one more, with rows and features that leave tails.
  @Test(arguments: [1, 5, 6, 7, 13], [1, 7, 8, 15, 16, 17, 31, 33])
  func thinKernelTails(rows: Int, features: Int) {
    let seed = UInt64(100 * rows + features)
    var generator = SeededGenerator(seed: seed)
    var findings = Findings("seed \(seed)")
    for classes in 1...33 {
      let (alpha, beta) = Self.factors[classes % Self.factors.count]
      Self.check(Float.self, m: rows, n: classes, k: features, alpha: alpha, beta: beta, &generator, &findings)
      Self.check(Double.self, m: classes, n: features, k: rows, alpha: alpha, beta: beta, &generator, &findings)
      Self.check(Float.self, m: classes, n: features, k: rows, alpha: alpha, beta: beta, &generator, &findings)
    }
    findings.report("products")
    #expect(findings.violations.isEmpty)
  }

  /// Large enough to be cut into pieces, on either side, and more rows than the thin kernel's block of 256.
  @Test(arguments: [
    (300, 150, 100), (150, 300, 100), (700, 20, 300), (20, 700, 600), (20, 400, 600), (40, 330, 300), (1700, 100, 50),
  ])
  func cutIntoPieces(m: Int, n: Int, k: Int) {
    let seed = UInt64(m)
    var generator = SeededGenerator(seed: seed)
    var findings = Findings("seed \(seed)")
    Self.check(Float.self, m: m, n: n, k: k, alpha: 1.5, beta: -0.5, &generator, &findings)
    findings.report("products")
    #expect(findings.violations.isEmpty)
  }

  @Test(arguments: 0..<4)
  func matrixTimesVector(seed: UInt64) {
    func check<S: RealScalar>(_ type: S.Type, _ m: Int, _ n: Int, _ findings: inout Findings) {
      var generator = SeededGenerator(seed: seed)
      let a = generator.matrix(m, n, as: S.self)
      let x = generator.matrix(n, 1, as: S.self)
      var result = [S](repeating: .nan, count: m)
      Products.times(a.view, x.elements, into: &result)
      let expected = naiveProduct(Reference(a), Reference(x), plus: Reference(rows: m, columns: 1))
      findings.expect(
        largestError(result, expected), atMost: productLimit(S.self, n), "a x", "\(S.precisionName) \(m) \(n)")
    }
    var findings = Findings("seed \(seed)")
    for (m, n) in [(1, 1), (5, 3), (3, 5), (17, 40), (64, 33), (700, 800)] {
      check(Float.self, m, n, &findings)
      check(Double.self, m, n, &findings)
    }
    findings.report("products")
    #expect(findings.violations.isEmpty)
  }

  /// Rows of a larger matrix and a slice of a longer vector, as factors.
  @Test func viewsOfParts() {
    var generator = SeededGenerator(seed: 5)
    let x = generator.matrix(9, 4, as: Double.self)
    let w = generator.vector(3 + 5 * 4, as: Double.self)
    var part = Matrix<Double>(rows: 3, columns: 5)
    Products.timesTransposed(x.rows(2..<5), MatrixView(w, offset: 3, rows: 5, columns: 4), into: &part)
    for i in 0..<3 {
      for j in 0..<5 {
        let sum = (0..<4).reduce(0.0) { $0 + x[2 + i, $1] * w[3 + j * 4 + $1] }
        #expect((part[i, j] - sum).magnitude < 1e-14)
      }
    }
  }

  /// a_i . (w x_i + b) by blocks of outputs, against the whole product; the same bits on any number of threads.
  @Test(arguments: [1, 511, 512, 5000, 9000]) func rowProducts(outputs: Int) {
    func check<S: RealScalar>(_ type: S.Type) {
      var generator = SeededGenerator(seed: 21)
      let (x, w): (Matrix<S>, Matrix<S>) = (generator.matrix(9, 70), generator.matrix(outputs, 70))
      let (a, b): (Matrix<S>, Matrix<S>) = (generator.matrix(9, outputs), generator.matrix(1, outputs))
      let start: [S] = generator.vector(9)
      for bias in [nil, b] {
        var whole = Matrix<S>(rows: 9, columns: outputs)
        if let bias { RowKernels.fill(&whole, with: bias.view) }
        Products.timesTransposed(x.view, w.view, beta: 1, into: &whole)
        var expected = start
        RowKernels.addDots(a.view, whole.view, into: &expected)
        let results = onThreads { () -> [S] in
          var workspace = Products.RowWorkspace<S>()
          var result = start
          Products.addRowProducts(x.view, w.view, bias: bias?.view, a.view, into: &result, using: &workspace)
          return result
        }
        #expect(areIdentical(results))
        #expect(relativeError(results[0], expected.map { Double($0) }) < tolerance(S.self, double: 1e-13, float: 2e-5))
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
