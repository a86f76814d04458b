import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport

extension Problem {
  /// The curvatures' solvers that this model has.
  var paths: [Path] {
    let hasDual = model.makeLinearization().isIsotropic
    return Path.all.filter { $0.solver != .dual || hasDual }
  }

  /// Every identity once, with one reference for all: the linearisation, each curvature's values, each solver's
  /// direction. Fisher and Rayleigh share their solvers with FGN: values and directions only.
  func battery(damping: Double) -> Findings {
    var findings = Findings("\(name) lambda \(damping)")
    let reference = DenseReference(self)
    checkLinearization(reference, &findings)
    for path in paths {
      let subject = Subject<ModelType>(path.curvature, path.solver)
      findings.context = "\(path.testDescription) lambda \(damping) \(name)"
      if path.solver == .automatic { subject.checkValues(self, reference, &findings) }
      subject.checkDirection(self, reference, damping: damping, &findings)
      if path.curvature == .fisher || path.curvature == .rayleigh { continue }
      subject.checkResidual(self, reference, damping: damping, &findings)
      if path.solver == (path.curvature == .fgn ? .gram : .cg) {
        subject.checkInvariances(self, damping: damping, &findings)
      }
    }
    return findings
  }

  /// 0 <= FGN <= GGN, and what the GGN has more is the within-competitor covariance.
  func checkOrder() -> Findings {
    var findings = Findings(name)
    let rounding = slack * 20 * epsilon(Scalar.self)
    func dense(_ curvature: Curvature) -> WideMatrix {
      var matrix = CurvatureOperator(curvature, of: Objective(model), at: parameters, batch: batch)
      let columns = matrix.dense()
      var result = WideMatrix(order: columns.rows)
      for i in 0..<result.order {
        for j in 0..<result.order { result[i, j] = (Wide(columns[i, j]) + Wide(columns[j, i])) / 2 }
      }
      return result
    }
    let (fast, full, dropped) = (dense(.fgn), dense(.ggn), dense(.competitor))
    // At least the largest eigenvalue over the order, at most the largest eigenvalue: the trace over the order is too.
    let scale = Double(full.trace)
    for (name, matrix) in [("FGN", fast), ("GGN", full), ("GGN - FGN", dropped)] {
      findings.expect(
        -matrix.leastEigenvalue(below: rounding * scale) / scale, atMost: rounding,
        "\(name) is positive semidefinite")
    }
    var worst = 0.0
    for i in 0..<full.elements.count {
      worst = max(worst, Double((full.elements[i] - fast.elements[i] - dropped.elements[i]).magnitude))
    }
    findings.expect(worst / scale, atMost: rounding, "GGN - FGN is the within-competitor covariance")
    findings.expect(Double(dropped.trace) > 1e-6 * scale, "more than two classes drop something")
    return findings
  }
}
