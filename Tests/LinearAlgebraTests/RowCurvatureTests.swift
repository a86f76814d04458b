import LinearAlgebra
import TestSupport
import Testing

/// Products with one row's curvature, and with its root, against the dense C x C matrices.
@Suite struct RowCurvatureTests {
  /// Margin rows, residuals and root weights of random logits.
  struct Rows<S: RealScalar> {
    var a: Matrix<S>
    var labels: [Int32]
    var residual: [S]
    var root: [S]

    init(_ count: Int, classes: Int, spread: Double, _ generator: inout SeededGenerator) {
      a = generator.matrix(count, classes, scale: spread)
      labels = generator.labels(count, classes: classes)
      residual = [S](repeating: 0, count: count)
      root = residual
      var (margin, loss) = (residual, residual)
      RowKernels.margins(&a, labels: labels, margin: &margin, loss: &loss, residual: &residual, rootWeight: &root)
    }
  }

  static func checkCurvature<S: RealScalar>(_ type: S.Type, classes: Int, spread: Double) -> Findings {
    var findings = Findings("seed \(classes) \(S.precisionName) C \(classes) spread \(spread)")
    var generator = SeededGenerator(seed: UInt64(classes))
    let count = 6
    let rows = Rows<S>(count, classes: classes, spread: spread, &generator)
    let t: Matrix<S> = generator.matrix(count, classes)
    let limit = productLimit(S.self, classes) + 4 * epsilon(S.self)
    let zeros = [S](repeating: 0, count: count)
    let weights = rows.root.map { $0 * $0 }
    let squares = rows.residual.map { $0 * $0 }
    for (kept, rest, name) in [
      (weights, rows.residual, "GGN"), (weights, zeros, "FGN"), (zeros, rows.residual, "competitor"),
      (squares, zeros, "Fisher"),
    ] {
      var result = t
      RowKernels.curvature(rows.a, labels: rows.labels, kept: kept, rest: rest, times: &result)
      for i in 0..<count {
        let y = Int(rows.labels[i])
        let a = rows.a.row(i).map { Double($0) }
        let (s, v) = (Double(kept[i]), Double(rest[i]))
        for j in 0..<classes {
          var (sum, size) = (0.0, 0.0)
          for k in 0..<classes {
            let outer = s * a[j] * a[k]
            let diagonal = j == k && j != y ? -v * a[j] : 0
            let covariance = j != y && k != y ? -v * a[j] * a[k] : 0
            sum += (outer + diagonal + covariance) * Double(t[i, k])
            size += (outer.magnitude + diagonal + covariance.magnitude) * Double(t[i, k]).magnitude
          }
          let error = (Double(result[i, j]) - sum).magnitude
          findings.expect(error == 0 ? 0 : error / size, atMost: limit, "\(name) product")
        }
      }
    }
    return findings
  }

  @Test(arguments: [2, 3, 7, 8, 9, 16, 17, 33, 100], [1.0, 8])
  func curvature(classes: Int, spread: Double) {
    var findings = Self.checkCurvature(Float.self, classes: classes, spread: spread)
    findings.merge(Self.checkCurvature(Double.self, classes: classes, spread: spread))
    findings.report("row curvature")
    #expect(findings.violations.isEmpty)
  }

  static func checkRoots<S: RealScalar>(_ type: S.Type, classes: Int, spread: Double) -> Findings {
    var findings = Findings("seed \(classes) \(S.precisionName) C \(classes) spread \(spread)")
    var generator = SeededGenerator(seed: UInt64(classes))
    let count = 5
    let rows = Rows<S>(count, classes: classes, spread: spread, &generator)
    let u: Matrix<S> = generator.matrix(count, classes)
    let limit = productLimit(S.self, classes) + 4 * epsilon(S.self)
    var p = rows.a
    RowKernels.probabilities(&p, labels: rows.labels, residual: rows.residual)
    var (forward, backward) = (u, u)
    RowKernels.root(rows.a, labels: rows.labels, residual: rows.residual, transposed: false, times: &forward)
    RowKernels.root(rows.a, labels: rows.labels, residual: rows.residual, transposed: true, times: &backward)
    var both = forward
    RowKernels.root(rows.a, labels: rows.labels, residual: rows.residual, transposed: true, times: &both)
    for i in 0..<count {
      let p = p.row(i).map { Double($0) }
      let x = u.row(i).map { Double($0) }
      // N = diag(sqrt p) (I - 1 p^T), dense.
      func n(_ j: Int, _ k: Int) -> Double { p[j].squareRoot() * ((j == k ? 1 : 0) - p[k]) }
      for j in 0..<classes {
        var (row, column, square) = (0.0, 0.0, 0.0)
        var (rowSize, columnSize, squareSize) = (0.0, 0.0, 0.0)
        for k in 0..<classes {
          row += n(j, k) * x[k]
          column += n(k, j) * x[k]
          // N^T N = diag(p) - p p^T.
          square += ((j == k ? p[j] : 0) - p[j] * p[k]) * x[k]
          // The scale of rounding is that of the two terms that a difference is made of.
          rowSize += p[j].squareRoot() * ((j == k ? 1 : 0) + p[k]) * x[k].magnitude
          columnSize += p[k].squareRoot() * ((j == k ? 1 : 0) + p[j]) * x[k].magnitude
          squareSize += ((j == k ? p[j] : 0) + p[j] * p[k]) * x[k].magnitude
        }
        findings.expect((Double(forward[i, j]) - row).magnitude / max(rowSize, 1e-300), atMost: limit, "N u")
        findings.expect((Double(backward[i, j]) - column).magnitude / max(columnSize, 1e-300), atMost: limit, "N^T u")
        // p sums to one only to rounding, and N^T N has it squared.
        findings.expect((Double(both[i, j]) - square).magnitude / max(squareSize, 1e-300), atMost: 4 * limit, "N^T N u")
      }
    }
    return findings
  }

  @Test(arguments: [2, 3, 7, 8, 9, 16, 17, 33, 100], [1.0, 4])
  func roots(classes: Int, spread: Double) {
    var findings = Self.checkRoots(Float.self, classes: classes, spread: spread)
    findings.merge(Self.checkRoots(Double.self, classes: classes, spread: spread))
    findings.report("row curvature")
    #expect(findings.violations.isEmpty)
  }
}
