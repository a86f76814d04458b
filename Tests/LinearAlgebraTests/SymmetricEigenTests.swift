import LinearAlgebra
import TestSupport
import Testing

/// Eigendecomposition and inverses: residuals, in both precisions.
@Suite struct SymmetricEigenTests {
  /// X X^T / n, of full rank or less.
  static func positive<S: RealScalar>(_ n: Int, rank: Int, seed: UInt64, as type: S.Type) -> Matrix<S> {
    var generator = SeededGenerator(seed: seed)
    let x: Matrix<S> = generator.matrix(n, rank, scale: 1 / Double(n).squareRoot())
    var result = Matrix<S>(rows: n, columns: n)
    Products.timesTransposed(x.view, x.view, into: &result)
    return result
  }

  static func check<S: RealScalar>(_ n: Int, rank: Int, as type: S.Type) -> Findings {
    let a = positive(n, rank: rank, seed: UInt64(n), as: S.self)
    var eigen = SymmetricEigen<S>()
    var findings = Findings("order \(n) rank \(rank) \(S.precisionName)")
    let isFound = eigen.decompose(a)
    findings.expect(isFound, "converges")
    let limit = Double(4 * n) * epsilon(S.self)
    let (values, v) = (eigen.values, eigen.vectors)
    findings.expect(zip(values, values.dropFirst()).allSatisfy { $0 <= $1 }, "ascending")
    for i in 0..<n {
      let vector = Array(v.row(i))
      var image = [S](repeating: 0, count: n)
      Products.times(a.view, vector, into: &image)
      image.combine(-values[i], vector)
      findings.expect(Double(image.norm), atMost: limit, "A v = value v")
      for j in 0...i {
        let dot = Double(vector.dot(Array(v.row(j))))
        findings.expect(abs(dot - (i == j ? 1 : 0)), atMost: limit, "orthonormal")
      }
    }
    var whole = Matrix<S>(rows: 0, columns: 0)
    eigen.power(1, floor: 0, into: &whole)
    findings.expect(largestDifference(whole.elements, a.elements), atMost: limit, "power 1")
    eigen.power(-0.25, floor: S(0.1), into: &whole)
    var product = Matrix<S>(rows: n, columns: n)
    var fourth = product
    Products.times(whole.view, whole.view, into: &product)
    Products.times(product.view, product.view, into: &fourth)
    // The fourth power is the inverse of A with eigenvalues of at least 0.1.
    for i in 0..<n {
      let vector = Array(v.row(i))
      var image = [S](repeating: 0, count: n)
      Products.times(fourth.view, vector, into: &image)
      image.combine(-1 / max(values[i], S(0.1)), vector)
      findings.expect(Double(image.norm), atMost: 100 * limit, "power -1/4")
    }
    findings.report("eigen \(S.precisionName)")
    return findings
  }

  @Test(arguments: [(1, 1), (2, 2), (7, 7), (30, 30), (30, 4)])
  func residualsAreSmall(_ n: Int, rank: Int) {
    #expect(Self.check(n, rank: rank, as: Double.self).violations.isEmpty)
    #expect(Self.check(n, rank: rank, as: Float.self).violations.isEmpty)
  }

  @Test func whatIsNotFiniteIsRefused() {
    var eigen = SymmetricEigen<Double>()
    for value in [Double.nan, .infinity] {
      let isFound = eigen.decompose(Matrix(rows: 2, columns: 2, elements: [1, 0, value, 1]))
      #expect(!isFound)
    }
    let isFound = eigen.decompose(Matrix(rows: 0, columns: 0))
    #expect(isFound && eigen.values.isEmpty)
  }

  @Test(arguments: [1, 5, 40, 250])
  func theInverseTimesTheMatrixIsTheIdentity(_ n: Int) {
    func error<S: RealScalar>(_ type: S.Type) -> Double {
      var a = Self.positive(n, rank: n, seed: 3, as: S.self)
      for i in 0..<n { a[i, i] += 1 }
      var (cholesky, inverse) = (Cholesky<S>(), Matrix<S>(rows: 0, columns: 0))
      let failure = cholesky.refactor(order: n) { $0.assign(a.view) }
      guard failure == nil, cholesky.inverse(into: &inverse) else { return .infinity }
      var product = Matrix<S>(rows: n, columns: n)
      Products.times(a.view, inverse.view, into: &product)
      for i in 0..<n { product[i, i] -= 1 }
      return Double(product.elements.maximumMagnitude)
    }
    #expect(error(Double.self) < 1e-13)
    #expect(error(Float.self) < 1e-4)
  }

  @Test func columnsAreAppendedAndSplit() {
    var generator = SeededGenerator(seed: 2)
    let x: Matrix<Float> = generator.matrix(5, 3)
    let last: [Float] = generator.vector(5)
    var joined = Matrix<Float>(rows: 0, columns: 0)
    KroneckerProducts.append(MatrixView(last, rows: 1, columns: 5), to: x.view, into: &joined)
    for i in 0..<5 { #expect(Array(joined.row(i)) == Array(x.row(i)) + [last[i]]) }
    var parts = [Float](repeating: 9, count: 24)
    KroneckerProducts.split(joined, into: &parts, at: 1, last: 17)
    #expect(parts == [9] + x.elements + [9] + last + [9, 9])
    KroneckerProducts.append(nil, to: x.view, into: &joined)
    #expect((0..<5).allSatisfy { joined[$0, 3] == 1 && joined[$0, 0] == x[$0, 0] })
  }

  /// Each kernel against its formula, on ranges that no vector length divides.
  @Test func diagonalCurvature() {
    var generator = SeededGenerator(seed: 4)
    let (x, range) = (generator.vector(103, as: Double.self), 3..<101)
    var v = x.map { abs($0) }
    let start = v
    v[7] = 0
    var y = [Double](repeating: 5, count: 103)
    DiagonalCurvature.divideByRoot(x, v, into: &y, range: range)
    #expect(range.allSatisfy { abs(y[$0] - ($0 == 7 ? 0 : x[$0] / v[$0].squareRoot())) <= 1e-15 * abs(y[$0]) })
    DiagonalCurvature.divide(x, v, shift: 0.5, into: &y, range: range)
    #expect(range.allSatisfy { abs(y[$0] - x[$0] / (v[$0] + 0.5)) <= 1e-15 })
    #expect(y[2] == 5 && y[101] == 5)
    v = start
    DiagonalCurvature.addSquares(x, alpha: 2, beta: 0.25, to: &v, range: range)
    #expect(range.allSatisfy { abs(v[$0] - (2 * x[$0] * x[$0] + start[$0] / 4)) <= 1e-15 * v[$0] })
    #expect(v[2] == start[2] && v[101] == start[101])
    var theta = x
    DiagonalCurvature.moveClipped(&theta, along: x, curvature: start, gamma: 2, floor: 0.3, rate: 0.1)
    let steps = x.indices.map { min(1, max(-1, x[$0] / max(2 * start[$0], 0.3))) }
    #expect(x.indices.allSatisfy { abs(theta[$0] - (x[$0] - 0.1 * steps[$0])) <= 1e-15 })
  }
}
