import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport

extension Subject {
  /// Conjugate gradient stopped early: the residual of the system in parameter space, formed densely, is at most the
  /// tolerance times what it was without a step (at the centre that L2 sets).
  ///
  /// It is measured in the norm |C^(1/2) r|, C the inverse regularisation scaled to 1, which is |r| without L2; for the
  /// GGN in parameter space it is |r| itself.
  func checkResidual(
    _ problem: Problem<ModelType>, _ reference: DenseReference, damping: Double, _ findings: inout Findings
  ) {
    guard isIterative else { return }
    let matrix = reference.matrix(curvature)
    let regularisation = reference.regularisation(damping)
    let gradient = reference.gradient
    func residual(_ d: [Wide], isEuclidean: Bool) -> Double {
      let product = matrix.times(d)
      var total: Wide = 0
      for j in 0..<d.count {
        let r = product[j] + regularisation[j] * d[j] + gradient[j]
        total += r * r * (isEuclidean ? 1 : Wide(damping) / regularisation[j])
      }
      return Double(total.squareRoot())
    }
    let center = reference.theta.indices.map {
      -reference.l2 * reference.penalised[$0] / regularisation[$0] * reference.theta[$0]
    }
    for tolerance in [0.3, 1e-2, TestSupport.tolerance(Scalar.self, double: 1e-6, float: 1e-3)] {
      let (direction, report) = direction(problem, damping: damping, tolerance: tolerance)
      let isEuclidean = curvature == .ggn && report.choice.solver == .cg
      let start = residual(center, isEuclidean: isEuclidean)
      let end = residual(direction.wide, isEuclidean: isEuclidean)
      let rounding = 100 * problem.slack * epsilon(Scalar.self)
      findings.expect(
        end / start / (tolerance + rounding), atMost: 1, "residual / (tolerance of the initial)",
        "tolerance \(tolerance) \(report.solve)")
      findings.expect(report.solve.residual, atMost: tolerance, "reported residual")
    }
  }
}
