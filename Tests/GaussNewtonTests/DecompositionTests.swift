import GaussNewton
import LinearAlgebra
import Losses
import TestSupport
import Testing

/// diag(p) - p p^T = s a a^T + v (diag(q) - q q^T), elementwise.
///
/// What is fair. The right side is formed from the package's a, v and sqrt(s) in extended precision, so only their
/// own rounding counts. The left side takes p from the margin and from p_k = (1 - p_y) q_k, in extended precision: the
/// rounding of the logits' exponentials, which any softmax has, is then on both sides (RowKernelTests bounds it). Each
/// element is compared in units of eps times the sum of the magnitudes of the terms on the right: the identity
/// cancels s q_j q_k against v q_j q_k, and the terms' own last bits are all that a stored number can promise.
@Suite struct DecompositionTests {
  static func check<S: RealScalar>(_ type: S.Type, classes: Int, spread: Double) -> Findings {
    var findings = Findings("seed \(classes) \(S.precisionName) C \(classes) spread \(spread)")
    var generator = SeededGenerator(seed: UInt64(classes))
    let count = classes > 500 ? 2 : 5
    let labels = generator.labels(count, classes: classes)
    let rows = MarginRows<S>(logits: generator.matrix(count, classes, scale: spread), labels: labels)
    let eps = Wide(epsilon(S.self))
    for i in 0..<count {
      let y = Int(labels[i])
      let a = rows.rows.row(i).map { Wide($0) }
      let (v, s) = (Wide(rows.residual[i]), Wide(rows.rootWeight[i]) * Wide(rows.rootWeight[i]))
      let q = a.enumerated().map { $0 == y ? 0 : -$1 }
      let m = Wide(rows.margin[i])
      let e = wideExp(-m.magnitude)
      // 1 - p_y and p_y from the margin, q scaled to sum to one: exact up to extended precision.
      let (exactResidual, own) = m >= 0 ? (e / (1 + e), 1 / (1 + e)) : (1 / (1 + e), e / (1 + e))
      var p = q.map { $0 * exactResidual }
      p[y] = own
      var worst: Wide = 0
      for j in 0..<classes {
        for k in 0...j {
          // p_j - p_j^2 without a difference: p_y (1 - p_y) is p_y times the residual.
          let left = j == k ? (j == y ? own * exactResidual : p[j] * (1 - p[j])) : -p[j] * p[k]
          let outer = s * a[j] * a[k]
          let inner = v * q[j] * q[k]
          let diagonal = j == k ? v * q[j] : 0
          let scale = outer.magnitude + inner + diagonal
          let error = (left - (outer + diagonal - inner)).magnitude
          if error > 0 { worst = max(worst, error / (scale * eps)) }
        }
      }
      findings.expect(Double(worst), atMost: 16, "decomposition in eps")
    }
    return findings
  }

  @Test(arguments: [2, 3, 5, 10, 31, 100, 316, 1000], [1.0, 6])
  func holdsElementwise(classes: Int, spread: Double) {
    var findings = Self.check(Float.self, classes: classes, spread: spread)
    findings.report("decomposition float32")
    #expect(findings.violations.isEmpty)
    findings = Self.check(Double.self, classes: classes, spread: spread)
    findings.report("decomposition float64")
    #expect(findings.violations.isEmpty)
  }
}
