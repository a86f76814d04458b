import FastGaussNewton
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The blocks of docs/mathematics.md.
@Suite struct MathematicsExamples {
  @Test func oneExample() {
    let rows = MarginRows(logits: Matrix<Double>(rows: 1, columns: 3, elements: [2, 0, 0]), labels: [0])
    let margin = rows.margin[0]  // 2 - log 2
    let p = 1 / (1 + exp(-margin))
    // rows.loss[0] = -log p, rows.residual[0] = 1 - p, rows.rootWeight[0] = sqrt(p (1 - p)), rows.rows = [1, -1/2,
    // -1/2]
    #expect(abs(margin - (2 - log(2))) < 1e-15)
    #expect(abs(rows.loss[0] + log(p)) < 1e-15)
    #expect(abs(rows.residual[0] - (1 - p)) < 1e-15)
    #expect(abs(rows.rootWeight[0] - (p * (1 - p)).squareRoot()) < 1e-15)
    #expect(zip(rows.rows.elements, [1, -0.5, -0.5]).allSatisfy { abs($0 - $1) < 1e-15 })
  }

  /// diag(p) - p p^T = s a a^T + v (diag(q) - q q^T), element by element.
  @Test func splitOfTheHessian() {
    let logits = [0.3, -1, 2, 0.5]
    let total = logits.reduce(0) { $0 + exp($1) }
    let p = logits.map { exp($0) / total }
    for label in 0..<4 {
      let rows = MarginRows(logits: Matrix(rows: 1, columns: 4, elements: logits), labels: [Int32(label)])
      let a = rows.rows.elements
      let q = a.indices.map { $0 == label ? 0 : -a[$0] }
      let (v, s) = (rows.residual[0], rows.rootWeight[0] * rows.rootWeight[0])
      for i in 0..<4 {
        for j in 0..<4 {
          let hessian = (i == j ? p[i] : 0) - p[i] * p[j]
          let split = s * a[i] * a[j] + v * ((i == j ? q[i] : 0) - q[i] * q[j])
          #expect(abs(hessian - split) < 1e-15)
        }
      }
    }
  }

  @Test func direction() {
    let head = LinearHead<Double>(features: 3, classes: 4)
    let batch = Batch(
      features: Matrix(rows: 2, columns: 3, elements: [1, -1, 0, 0.5, 2, 1]), labels: [3, 0])
    let start = Parameters<Double>(layout: head.layout)
    let objective = Objective(head, l2: 0.01)
    var descent = Descent(objective, options: DescentOptions(curvature: .fgn, solver: .gram))
    let (d, report) = descent.direction(at: start, batch: batch, damping: 0.1)
    // (F + lambda + l2 on weights) d = -grad, checked by a product with F:
    descent.linearize(at: start, batch: batch)
    let gradient = descent.point.gradient()
    var curvature = CurvatureOperator(.fgn, of: objective, at: start, batch: batch)
    var product = gradient
    curvature.apply(d, into: &product)
    let residual = gradient.indices.map { product[$0] + 0.1 * d[$0] + gradient[$0] }  // zero
    #expect(residual.norm < 1e-14 * gradient.norm)
    #expect(gradient.norm > 0.1)
    #expect(report.solve.outcome == .converged)
  }
}
