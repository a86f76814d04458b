import LinearAlgebra
import TestSupport
import Testing

@Suite struct GramTests {
  static func checkLower<S: RealScalar>(
    _ type: S.Type, _ n: Int, _ k: Int, beta: Double, _ generator: inout SeededGenerator,
    _ workspace: inout Gram.Workspace<S>, _ findings: inout Findings
  ) {
    let x = generator.matrix(n, k, as: S.self)
    let old =
      beta == 0
      ? Matrix<S>(rows: n, columns: n, elements: [S](repeating: .nan, count: n * n)) : generator.matrix(n, n)
    var result = old
    Gram.lower(x.view, beta: S(beta), into: &result, using: &workspace)
    let expected = naiveProduct(Reference(x), Reference(x).transposed, beta: beta, plus: Reference(old))
    findings.expect(
      largestError(result.elements, expected, lowerOnly: true), atMost: productLimit(S.self, k), "x x^T",
      "\(S.precisionName) n \(n) k \(k) beta \(beta)")
  }

  /// Small ones, block rows (n^2 k from 6e6 on) and partial sums (k >= 4 n), with one workspace for all.
  @Test(arguments: [
    (1, 1), (2, 7), (15, 3), (31, 40), (32, 9), (33, 65), (50, 20), (200, 160), (170, 300), (40, 4000), (35, 9001),
    (33, 4097),
    (384, 45), (385, 45),
    (130, 520),
  ])
  func lower(n: Int, k: Int) {
    let seed = UInt64(n)
    var generator = SeededGenerator(seed: seed)
    var findings = Findings("seed \(seed)")
    var (single, double) = (Gram.Workspace<Float>(), Gram.Workspace<Double>())
    for beta in [0.0, 1, -0.5] {
      Self.checkLower(Float.self, n, k, beta: beta, &generator, &single, &findings)
      if n * n * k < 1_000_000 || beta < 0 {
        Self.checkLower(Double.self, n, k, beta: beta, &generator, &double, &findings)
      }
    }
    findings.report("gram")
    #expect(findings.violations.isEmpty)
  }

  /// What is made of lower triangles; the upper ones hold NaN, and must be neither read nor (but by `mirror`) written.
  static func checkTriangles<S: RealScalar>(_ type: S.Type, _ n: Int, seed: UInt64) -> Findings {
    var findings = Findings("seed \(seed) \(S.precisionName) n \(n)")
    var generator = SeededGenerator(seed: seed)
    func triangle(_ generator: inout SeededGenerator) -> Matrix<S> {
      var result: Matrix<S> = generator.matrix(n, n)
      for i in 0..<n {
        for j in i + 1..<max(n, i + 1) { result[i, j] = .nan }
      }
      return result
    }
    let (a, b, old) = (triangle(&generator), triangle(&generator), triangle(&generator))
    let (w, x): ([S], [S]) = (generator.vector(n), generator.vector(n))
    let eps = epsilon(S.self)
    func check(_ name: String, _ result: Matrix<S>, _ expected: (Int, Int) -> (value: Double, scale: Double)) {
      for i in 0..<n {
        for j in 0...i {
          let (value, scale) = expected(i, j)
          findings.expect((Double(result[i, j]) - value).magnitude / scale, atMost: 3 * eps, name)
        }
        for j in i + 1..<max(n, i + 1) where !result[i, j].isNaN {
          findings.expect(false, name + " above the diagonal")
        }
      }
    }
    func element(_ m: Matrix<S>, _ i: Int, _ j: Int) -> Double { Double(m[i, j]) }
    for beta in [0.0, 1, 0.5] {
      var result = old
      Gram.multiply(a, b, beta: S(beta), into: &result)
      check("a * b", result) { i, j in
        let (product, rest) = (element(a, i, j) * element(b, i, j), beta * element(old, i, j))
        return (product + rest, product.magnitude + rest.magnitude)
      }
    }
    var result = old
    Gram.combine(-0.5, a, 2, b, into: &result)
    check("alpha a + beta b", result) { i, j in
      let (first, second) = (-0.5 * element(a, i, j), 2 * element(b, i, j))
      return (first + second, first.magnitude + second.magnitude)
    }
    result = old
    Gram.whiten(a, by: w, shift: 3, into: &result)
    check("whiten", result) { i, j in
      let product = Double(w[i]) * Double(w[j]) * element(a, i, j)
      return (product + (i == j ? 3 : 0), product.magnitude + (i == j ? 3 : 0))
    }
    var whole = a
    Gram.mirror(&whole)
    for i in 0..<n {
      for j in 0..<n { findings.expect(whole[i, j] == a[max(i, j), min(i, j)], "mirror") }
    }
    var product = [S](repeating: .nan, count: n)
    Gram.times(a, x, into: &product)
    let reference = naiveProduct(
      Reference(whole), Reference(Matrix(rows: n, columns: 1, elements: x)), plus: Reference(rows: n, columns: 1))
    findings.expect(largestError(product, reference), atMost: productLimit(S.self, n), "gram x")
    let index = (0..<7).map { _ in Int32(generator.index(below: n)) }
    var gathered = Matrix<S>(rows: 7, columns: 7)
    Gram.gather(a, index, into: &gathered)
    for i in 0..<7 {
      for j in 0...i { findings.expect(gathered[i, j] == whole[Int(index[i]), Int(index[j])], "gather") }
    }
    var diagonal: [S] = []
    whole.copyDiagonal(into: &diagonal)
    findings.expect(diagonal == whole.diagonal && diagonal == (0..<n).map { a[$0, $0] }, "diagonal")
    return findings
  }

  @Test(arguments: [1, 2, 15, 16, 17, 33, 70, 400])
  func triangles(n: Int) {
    var findings = Self.checkTriangles(Float.self, n, seed: 3)
    if n < 100 { findings.merge(Self.checkTriangles(Double.self, n, seed: 4)) }
    findings.report("gram")
    #expect(findings.violations.isEmpty)
  }
}
