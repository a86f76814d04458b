import LinearAlgebra
import TestSupport
import Testing

@Suite struct VectorsTests {
  static let lengths = [0, 1, 7, 8, 15, 16, 17, 31, 33, 100, 4095, 4096, 4097, 140_000]

  static func checkCombine<S: RealScalar>(_ type: S.Type, _ n: Int, _ findings: inout Findings) {
    var generator = SeededGenerator(seed: UInt64(n))
    let (x, y): ([S], [S]) = (generator.vector(n), generator.vector(n))
    for (alpha, beta) in [(1.0, 0.0), (1, 1), (-0.5, 1), (2, -0.25), (0, 1)] as [(S, S)] {
      var result = beta == 0 ? [S](repeating: .nan, count: n) : y
      result.combine(alpha, x, beta: beta)
      var worst = 0.0
      for i in 0..<n {
        let (first, second) = (Double(alpha) * Double(x[i]), beta == 0 ? 0 : Double(beta) * Double(y[i]))
        let error = (Double(result[i]) - first - second).magnitude
        if error > 0 || error.isNaN { worst = largest(worst, error / (first.magnitude + second.magnitude)) }
      }
      findings.expect(worst, atMost: 2 * epsilon(S.self), "combine", "\(S.precisionName) n \(n) \(alpha) \(beta)")
    }
    var scaled = y
    scaled.scale(by: -3)
    findings.expect(zip(scaled, y).allSatisfy { $0 == -3 * $1 }, "scale", "n \(n)")
  }

  static func checkDot<S: RealScalar>(_ type: S.Type, _ n: Int, _ findings: inout Findings) {
    var generator = SeededGenerator(seed: UInt64(n))
    let (x, y): ([S], [S]) = (generator.vector(n), generator.vector(n))
    var (sum, size) = (0.0, 0.0)
    for i in 0..<n {
      sum += Double(x[i]) * Double(y[i])
      size += (Double(x[i]) * Double(y[i])).magnitude
    }
    // Blocks of 4096 are added up in double, and in vectors of at least eight lanes.
    let limit = (520 + 0.001 * Double(n)) * epsilon(S.self)
    findings.expect(
      (Double(x.dot(y)) - sum).magnitude / max(size, 1e-300), atMost: limit, "dot", "\(S.precisionName) n \(n)")
    let norm = x.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    findings.expect(
      (Double(x.norm) - norm).magnitude / max(norm, 1e-300), atMost: limit, "norm", "\(S.precisionName) n \(n)")
    let total = x.reduce(0.0) { $0 + Double($1) }
    findings.expect((x.sum - total).magnitude, atMost: 0, "sum", "\(S.precisionName) n \(n)")
  }

  @Test(arguments: lengths) func values(n: Int) {
    var findings = Findings("seed \(n)")
    Self.checkCombine(Float.self, n, &findings)
    Self.checkCombine(Double.self, n, &findings)
    Self.checkDot(Float.self, n, &findings)
    Self.checkDot(Double.self, n, &findings)
    findings.report("vectors")
    #expect(findings.violations.isEmpty)
  }

  @Test func ranges() {
    let x: [Double] = [1, 2, 3, 4, 5]
    var y: [Double] = [10, 20, 30, 40, 50]
    y.combine(2, x, range: 1..<3)
    #expect(y == [10, 24, 36, 40, 50])
    y.combine(1, x, range: 4..<5, beta: 0)
    #expect(y == [10, 24, 36, 40, 5])
    y.scale(by: 0.5, range: 0..<2)
    #expect(y == [5, 12, 36, 40, 5])
    #expect(x.dot(y, range: 1..<3) == 24 + 108)
    #expect(x.dot(y, range: 2..<2) == 0)
  }

  /// NaN and either infinity are found in any place; the largest finite numbers are finite.
  @Test(arguments: [1, 2, 15, 16, 17, 33, 129, 4096, 4097, 9000])
  func notFiniteIsFound(n: Int) {
    func check<S: RealScalar>(_ type: S.Type) {
      var x = [S](repeating: 1, count: n)
      for (i, value) in [S.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, -0.0]
        .enumerated()
      {
        x[i % n] = value
        #expect(x.isFinite)
      }
      let places = n < 200 ? Array(0..<n) : [0, 1, 15, 16, 4094, 4095, n / 2, n - 17, n - 1]
      for place in places {
        let kept = x[place]
        for value in [S.nan, .infinity, -.infinity, .signalingNaN] {
          x[place] = value
          #expect(!x.isFinite, "\(S.precisionName) \(value) at \(place) of \(n)")
        }
        x[place] = kept
      }
      #expect(x.isFinite)
    }
    check(Float.self)
    check(Double.self)
    #expect([Float]().isFinite)
  }

  @Test func largestMagnitude() {
    #expect(([-3, 2, -7, 5] as [Float]).maximumMagnitude == 7)
    #expect(([] as [Double]).maximumMagnitude == 0)
    #expect(([1, -.infinity] as [Double]).maximumMagnitude == .infinity)
    var x = [Double](repeating: 1, count: 1000)
    for place in [0, 7, 8, 500, 999] {
      x[place] = -2
      #expect(x.maximumMagnitude == 2)
      x[place] = 1
    }
  }
}
