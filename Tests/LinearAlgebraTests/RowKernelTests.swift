import LinearAlgebra
import TestSupport
import Testing

/// The exponential kernels against the C library in extended precision.
///
/// Fair limits. Logits are exact, so z_k - top is rounded once: that moves e^(z_k - top) by |z_k - top| eps / 2
/// relatively, whatever computes it. On top of that come a few units for the exponential, the sum and the quotient.
/// Exponentials below the smallest normal number are compared with zero absolutely.
@Suite struct RowKernelTests {
  static let classCounts = [2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 1000]

  static func expectClose(
    _ value: Double, _ expected: Wide, units: Double, eps: Double, tiny: Double, _ identity: String,
    _ findings: inout Findings
  ) {
    let difference = Double((Wide(value) - expected).magnitude)
    let size = Double(expected.magnitude)
    // In units of the last place, so that reports are readable. A quotient may land one subnormal step off.
    findings.expect(difference <= tiny ? 0 : difference / max(size, tiny) / eps, atMost: units, identity)
  }

  static func checkMargins<S: RealScalar>(
    _ type: S.Type, rows: Int, classes: Int, spread: Double, seed: UInt64
  ) -> Findings {
    var findings = Findings("seed \(seed) \(S.precisionName) \(rows) x \(classes) spread \(spread)")
    var generator = SeededGenerator(seed: seed)
    let z: Matrix<S> = generator.matrix(rows, classes, scale: spread)
    let labels = generator.labels(rows, classes: classes)
    var a = z
    var margin = [S](repeating: .nan, count: rows)
    var (loss, residual, root) = (margin, margin, margin)
    RowKernels.margins(&a, labels: labels, margin: &margin, loss: &loss, residual: &residual, rootWeight: &root)
    let (eps, tiny) = (epsilon(S.self), Double(S.leastNormalMagnitude))
    // Below e^-87 (e^-708) the kernel returns zero.
    let flushed = tolerance(S.self, double: 1e-307, float: 2e-38)
    for i in 0..<rows {
      let y = Int(labels[i])
      let logits = z.row(i).map { Wide($0) }
      let row = WideRow(logits: logits, label: y)
      var top = -Wide.infinity
      for k in 0..<classes where k != y { top = max(top, logits[k]) }
      let parts = Double((logits[y] - top).magnitude) + Double((logits[y] - top - row.margin).magnitude) + 1
      findings.expect(
        Double((Wide(margin[i]) - row.margin).magnitude) / parts / eps, atMost: 3, "margin / (parts eps)")
      for k in 0..<classes {
        let value = Double(a[i, k])
        if k == y {
          findings.expect(value == 1, "a_y is one")
        } else {
          let units = 6 + Double((logits[k] - top).magnitude)
          expectClose(-value, row.competitors[k], units: units, eps: eps, tiny: flushed, "q in ulp", &findings)
        }
      }
      // What depends on the margin alone, from the kernel's own margin.
      let own = WideRow(logits: [Wide(margin[i]), 0], label: 0)
      let rootWeight = own.weight.squareRoot()
      expectClose(Double(loss[i]), own.loss, units: 6, eps: eps, tiny: tiny, "loss(m) in ulp", &findings)
      expectClose(Double(residual[i]), own.residual, units: 6, eps: eps, tiny: tiny, "1 - p_y (m) in ulp", &findings)
      expectClose(Double(root[i]), rootWeight, units: 6, eps: eps, tiny: tiny, "sqrt s (m) in ulp", &findings)
    }
    // And p_k = (1 - p_y) q_k, which the rest of the package takes for the softmax.
    var p = a
    RowKernels.probabilities(&p, labels: labels, residual: residual)
    var softmax = z
    RowKernels.softmax(&softmax)
    for i in 0..<rows {
      let row = WideRow(logits: z.row(i).map { Wide($0) }, label: Int(labels[i]))
      let top = z.row(i).map { Wide($0) }.max() ?? 0
      for k in 0..<classes {
        let units = 8 + 2 * Double((Wide(z[i, k]) - top).magnitude)
        expectClose(
          Double(softmax[i, k]), row.probabilities[k], units: units, eps: eps, tiny: flushed, "softmax in ulp",
          &findings)
        // p_y = 1 - residual is right to an epsilon of one, p_k to a few units and the margin's own rounding.
        let error = Double((Wide(p[i, k]) - row.probabilities[k]).magnitude)
        findings.expect(error / eps, atMost: 4 + Double(row.margin.magnitude), "p in eps")
      }
    }
    return findings
  }

  @Test(arguments: classCounts, [0.5, 5, 60])
  func margins(classes: Int, spread: Double) {
    let seed = UInt64(classes)
    var findings = Self.checkMargins(Float.self, rows: 7, classes: classes, spread: spread, seed: seed)
    findings.merge(Self.checkMargins(Double.self, rows: 7, classes: classes, spread: spread, seed: seed))
    findings.report("row kernels")
    #expect(findings.violations.isEmpty)
  }

  /// The loss and all that depends on it, on a fine grid of margins from the kernel's own extremes.
  @Test func marginGrid() {
    func check<S: RealScalar>(_ type: S.Type) -> Findings {
      var findings = Findings(S.precisionName)
      let margins = stride(from: -1200.0, through: 1200, by: 0.37).map { S($0) }
      let rows = margins.count
      var z = Matrix<S>(rows: rows, columns: 2)
      for i in 0..<rows { z[i, 0] = margins[i] }
      var margin = [S](repeating: .nan, count: rows)
      var (loss, residual, root) = (margin, margin, margin)
      RowKernels.margins(
        &z, labels: [Int32](repeating: 0, count: rows), margin: &margin, loss: &loss, residual: &residual,
        rootWeight: &root)
      let (eps, tiny) = (epsilon(S.self), Double(S.leastNormalMagnitude))
      findings.expect(margin == margins, "two classes have their logits' difference as the margin")
      for i in 0..<rows {
        let own = WideRow(logits: [Wide(margins[i]), 0], label: 0)
        Self.expectClose(Double(loss[i]), own.loss, units: 6, eps: eps, tiny: tiny, "loss in ulp", &findings)
        Self.expectClose(Double(residual[i]), own.residual, units: 6, eps: eps, tiny: tiny, "1 - p_y in ulp", &findings)
        Self.expectClose(
          Double(root[i]), own.weight.squareRoot(), units: 6, eps: eps, tiny: tiny, "sqrt s in ulp", &findings)
      }
      return findings
    }
    var findings = check(Float.self)
    findings.merge(check(Double.self))
    findings.report("margin grid")
    #expect(findings.violations.isEmpty)
  }

  /// A logit that is not finite shows up in the row's loss, wherever it stands.
  @Test(arguments: [2, 3, 16, 17, 40])
  func notFiniteLogitsGiveNotFiniteLosses(classes: Int) {
    func check<S: RealScalar>(_ type: S.Type) {
      for place in 0..<classes {
        for value in [S.nan, .infinity, -.infinity] {
          for label in [0, classes - 1] {
            var z = Matrix<S>(rows: 2, columns: classes)
            z[1, place] = value
            var margin = [S](repeating: 0, count: 2)
            var (loss, residual, root) = (margin, margin, margin)
            RowKernels.margins(
              &z, labels: [0, Int32(label)], margin: &margin, loss: &loss, residual: &residual, rootWeight: &root)
            #expect(loss[0].isFinite)
            // A competitor at minus infinity is one that cannot be: a mask, and finite (but for the last one).
            let isMask = value == -.infinity && place != label && classes > 2
            #expect(loss[1].isFinite == isMask, "\(S.precisionName) \(value) at \(place) of \(classes), label \(label)")
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  static func checkRowwise<S: RealScalar>(_ type: S.Type, _ rows: Int, _ columns: Int) -> Findings {
    var findings = Findings("seed \(columns) \(S.precisionName) \(rows) x \(columns)")
    var generator = SeededGenerator(seed: UInt64(columns))
    let (a, b): (Matrix<S>, Matrix<S>) = (generator.matrix(rows, columns), generator.matrix(rows, columns))
    let w: [S] = generator.vector(rows)
    var dots = [S](repeating: .nan, count: rows)
    RowKernels.dots(a.view, b.view, into: &dots)
    for i in 0..<rows {
      var (sum, size) = (0.0, 0.0)
      for k in 0..<columns {
        sum += Double(a[i, k]) * Double(b[i, k])
        size += (Double(a[i, k]) * Double(b[i, k])).magnitude
      }
      findings.expect((Double(dots[i]) - sum).magnitude / size, atMost: productLimit(S.self, columns), "dots")
    }
    var scaled = Matrix<S>(rows: rows, columns: columns)
    RowKernels.scale(a.view, by: w, into: &scaled)
    var inPlace = a
    RowKernels.scale(&inPlace, by: w)
    for i in 0..<rows {
      for k in 0..<columns { findings.expect(scaled[i, k] == w[i] * a[i, k] && inPlace[i, k] == scaled[i, k], "scale") }
    }
    RowKernels.fill(&scaled, with: b.rows(0..<1))
    for i in 0..<rows { findings.expect(Array(scaled.row(i)) == Array(b.row(0)), "fill") }
    for (weights, alpha, beta) in [(nil, 1.0, 0.0), (w, 1, 0), (w, -0.5, 1), (nil, 2, -0.25)] as [([S]?, S, S)] {
      let offset = 2
      let old: [S] = beta == 0 ? [S](repeating: .nan, count: columns + 5) : generator.vector(columns + 5)
      var sums = old
      RowKernels.columnSums(a.view, weights: weights, alpha: alpha, beta: beta, into: &sums, at: offset)
      for k in 0..<columns {
        var sum = beta == 0 ? 0 : Double(beta) * Double(old[offset + k])
        var size = sum.magnitude
        for i in 0..<rows {
          let term = Double(alpha) * Double(weights?[i] ?? 1) * Double(a[i, k])
          sum += term
          size += term.magnitude
        }
        findings.expect(
          (Double(sums[offset + k]) - sum).magnitude / size, atMost: productLimit(S.self, rows), "column sums")
      }
      let ends = Array(0..<offset) + Array((offset + columns)..<(columns + 5))
      findings.expect(ends.allSatisfy { bits([sums[$0]]) == bits([old[$0]]) }, "column sums stay in their slice")
    }
    return findings
  }

  @Test(arguments: [1, 7, 16, 33, 100, 300])
  func rowwise(columns: Int) {
    var findings = Self.checkRowwise(Float.self, 9, columns)
    findings.merge(Self.checkRowwise(Double.self, 9, columns))
    findings.report("row kernels")
    #expect(findings.violations.isEmpty)
  }
}
