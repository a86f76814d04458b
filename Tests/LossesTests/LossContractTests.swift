import LinearAlgebra
import Losses
import TestSupport
import Testing

/// A loss with outputs and targets to see it on.
struct LossCase: Sendable, CustomTestStringConvertible {
  var loss: any Loss
  var outputs: Int
  /// Whether H is the second derivative, not something that stands for it.
  var isHessian = true
  var spread = 1.5

  var testDescription: String { "\(loss.name) C \(outputs)" }

  static let all: [LossCase] = [
    LossCase(loss: CrossEntropy(), outputs: 2), LossCase(loss: CrossEntropy(), outputs: 5),
    LossCase(loss: SquaredLoss(), outputs: 1), LossCase(loss: SquaredLoss(), outputs: 4),
    LossCase(loss: try! HuberLoss(delta: 0.7), outputs: 1, isHessian: false),
    LossCase(loss: try! HuberLoss(delta: 0.7), outputs: 3, isHessian: false),
    LossCase(loss: PoissonLoss(), outputs: 1, spread: 0.7), LossCase(loss: PoissonLoss(), outputs: 3, spread: 0.7),
    LossCase(loss: SelectedSquaredLoss(), outputs: 3),
  ]

  func targets<S: RealScalar>(_ count: Int, _ generator: inout SeededGenerator) -> Targets<S> {
    let labels = generator.labels(count, classes: outputs)
    switch loss {
    case is CrossEntropy: return .classes(labels)
    case is SelectedSquaredLoss: return .selected(labels, generator.vector(count))
    case is PoissonLoss:
      let counts = (0..<count * outputs).map { _ in S(generator.index(below: 5)) }
      return .values(Matrix(rows: count, columns: outputs, elements: counts))
    default: return .values(generator.matrix(count, outputs))
    }
  }
}

/// What `LossRows` promises, for every loss, against differences and dense matrices of one row.
@Suite struct LossContractTests {
  static let count = 6

  func rows<S: RealScalar>(
    _ test: LossCase, _ outputs: Matrix<S>, _ targets: Targets<S>, weights: [S]? = nil
  ) -> any LossRows<S> {
    var rows = test.loss.makeRows(as: S.self)
    rows.rows = outputs
    rows.evaluate(targets, weights: weights)
    return rows
  }

  /// The C x C matrix that `apply` stands for in row i.
  func matrix<S: RealScalar>(_ outputs: Int, _ i: Int, _ apply: (inout Matrix<S>) -> Void) -> [[Double]] {
    let columns = (0..<outputs).map { k in
      var t = Matrix<S>(rows: Self.count, columns: outputs)
      t[i, k] = 1
      apply(&t)
      return t.row(i).map { Double($0) }
    }
    return (0..<outputs).map { j in (0..<outputs).map { columns[$0][j] } }
  }

  func check<S: RealScalar>(_ test: LossCase, _ type: S.Type) -> Findings {
    var findings = Findings("seed 5 \(test.testDescription) \(S.precisionName)")
    var generator = SeededGenerator(seed: 5)
    let (count, outputs) = (Self.count, test.outputs)
    let z: Matrix<S> = generator.matrix(count, outputs, scale: test.spread)
    let targets: Targets<S> = test.targets(count, &generator)
    let weights: [S] = [2, 0, 1, 1, 3, 1]
    let plain = rows(test, z, targets)
    let weighted = rows(test, z, targets, weights: weights)
    let limit = TestSupport.tolerance(S.self, double: 1e-12, float: 2e-5)
    var descent = Matrix<S>(rows: 0, columns: 0)
    plain.descent(into: &descent)
    let step = TestSupport.tolerance(S.self, double: 1e-5, float: 1e-2)
    for i in 0..<count {
      let a = plain.rows.row(i).map { Double($0) }
      let (v, root) = (Double(plain.residual[i]), Double(plain.rootWeight[i]))
      let full = matrix(outputs, i) { plain.apply(.ggn, to: &$0) }
      let fast = matrix(outputs, i) { plain.apply(.fgn, to: &$0) }
      let fisher = matrix(outputs, i) { plain.apply(.fisher, to: &$0) }
      let dropped = matrix(outputs, i) { plain.apply(.competitor, to: &$0) }
      let rayleigh = matrix(outputs, i) { plain.apply(.rayleigh, to: &$0) }
      let n = matrix(outputs, i) { plain.applyRoot(transposed: false, to: &$0) }
      let nTransposed = matrix(outputs, i) { plain.applyRoot(transposed: true, to: &$0) }
      let scale = max(1e-3, (0..<outputs).reduce(0) { $0 + full[$1][$1] })
      for k in 0..<outputs {
        findings.expect(
          (Double(descent[i, k]) - v * a[k]).magnitude, atMost: 10 * limit * max(1, v.magnitude), "gradient = -v a")
        var (up, down) = (z, z)
        up[i, k] += S(step)
        down[i, k] -= S(step)
        let (above, below) = (rows(test, up, targets), rows(test, down, targets))
        let slope = (Double(above.loss[i]) - Double(below.loss[i])) / (2 * step)
        findings.expect(
          (slope + v * a[k]).magnitude / max(1, v.magnitude),
          atMost: TestSupport.tolerance(S.self, double: 1e-8, float: 5e-3), "gradient by differences")
        for j in 0..<outputs {
          findings.expect((full[j][k] - full[k][j]).magnitude / scale, atMost: limit, "H is symmetric")
          let square = (0..<outputs).reduce(0) { $0 + n[$1][j] * n[$1][k] }
          findings.expect((square - full[j][k]).magnitude / scale, atMost: limit, "N^T N = H")
          findings.expect((n[j][k] - nTransposed[k][j]).magnitude, atMost: limit, "N and its transpose")
          findings.expect(
            (fast[j][k] - root * root * a[j] * a[k]).magnitude / scale, atMost: limit, "FGN = s a a^T")
          findings.expect(
            (fisher[j][k] - v * v * a[j] * a[k]).magnitude / max(1, v * v), atMost: limit, "Fisher = v^2 a a^T")
          findings.expect(
            (full[j][k] - fast[j][k] - dropped[j][k]).magnitude / scale, atMost: limit, "GGN = FGN + the rest")
          if test.isHessian {
            let second = -(Double(above.residual[i] * above.rows[i, j]) - Double(below.residual[i] * below.rows[i, j]))
            findings.expect(
              (second / (2 * step) - full[j][k]).magnitude / scale,
              atMost: TestSupport.tolerance(S.self, double: 1e-7, float: 2e-2), "H by differences")
          }
        }
      }
      // The Rayleigh weight has the curvature of H along a: a^T (r a a^T) a = a^T H a.
      func along(_ m: [[Double]]) -> Double {
        (0..<outputs).reduce(0) { sum, j in (0..<outputs).reduce(sum) { $0 + a[j] * m[j][$1] * a[$1] } }
      }
      findings.expect((along(rayleigh) - along(full)).magnitude / scale, atMost: 10 * limit, "Rayleigh along a")
      // s is the largest multiple of a a^T below H: s a^T H^+ a = 1.
      let x = solve(full, shift: 1e-9 * scale, a)
      let product = root * root * zip(a, x).reduce(0) { $0 + $1.0 * $1.1 }
      findings.expect((product - 1).magnitude, atMost: limit * 10 + 1e-6, "s = 1 / (a^T H^+ a)")
      for (curvature, dense) in [
        (Curvature.ggn, full), (.fgn, fast), (.fisher, fisher), (.rayleigh, rayleigh), (.competitor, dropped),
      ] {
        let trace = (0..<outputs).reduce(0) { $0 + dense[$1][$1] }
        findings.expect(
          (plain.traces(curvature)[i] - trace).magnitude / max(scale, trace), atMost: limit, "traces")
      }
      if test.loss.isScalar(outputs: outputs) {
        let rest = dropped.joined().reduce(0) { max($0, $1.magnitude) }
        findings.expect(rest / scale, atMost: limit, "one number of each row: FGN is the GGN")
      }
      // Weights with mean 1 (they sum to 8 over 6 rows) multiply H and the descent.
      let heavier = matrix(outputs, i) { weighted.apply(.ggn, to: &$0) }
      let heavyRoot = matrix(outputs, i) { weighted.applyRoot(transposed: false, to: &$0) }
      let w = Double(weights[i]) * 6 / 8
      for j in 0..<outputs {
        for k in 0..<outputs {
          findings.expect((heavier[j][k] - w * full[j][k]).magnitude / scale, atMost: limit, "weights in H")
          findings.expect(
            (heavyRoot[j][k] - w.squareRoot() * n[j][k]).magnitude, atMost: limit, "weights in N")
        }
      }
    }
    checkCopies(test, weighted, &findings)
    let mean = zip(weighted.loss, weights).reduce(0) { $0 + Double($1.0) * Double($1.1) } / 8
    findings.expect((weighted.meanLoss - mean).magnitude, atMost: 10 * limit * max(1, mean.magnitude), "mean loss")
    return findings
  }

  /// What is done to three stacked copies of the rows is done to each.
  func checkCopies<S: RealScalar>(_ test: LossCase, _ rows: any LossRows<S>, _ findings: inout Findings) {
    var generator = SeededGenerator(seed: 6)
    let once: Matrix<S> = generator.matrix(Self.count, test.outputs)
    let products: [(inout Matrix<S>) -> Void] =
      Curvature.all.map { curvature in { rows.apply(curvature, to: &$0) } }
      + [true, false].map { transposed in { rows.applyRoot(transposed: transposed, to: &$0) } }
    for product in products {
      var single = once
      product(&single)
      var copies = Matrix(
        rows: 3 * Self.count, columns: test.outputs, elements: once.elements + once.elements + once.elements)
      product(&copies)
      findings.expect(
        copies.elements == single.elements + single.elements + single.elements, "stacked copies are the rows")
    }
  }

  /// (a + shift)^-1 b by elimination.
  func solve(_ a: [[Double]], shift: Double, _ b: [Double]) -> [Double] {
    let n = b.count
    var (m, x) = (a, b)
    for i in 0..<n { m[i][i] += shift }
    for i in 0..<n {
      for j in i + 1..<max(n, i + 1) {
        let factor = m[j][i] / m[i][i]
        for k in i..<n { m[j][k] -= factor * m[i][k] }
        x[j] -= factor * x[i]
      }
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      for k in i + 1..<max(n, i + 1) { x[i] -= m[i][k] * x[k] }
      x[i] /= m[i][i]
    }
    return x
  }

  @Test(arguments: LossCase.all) func contract(_ test: LossCase) {
    for findings in [check(test, Double.self), check(test, Float.self)] {
      findings.report(test.testDescription)
      #expect(findings.violations.isEmpty, "\(findings.violations.prefix(5))")
    }
  }
}
