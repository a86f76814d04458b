import LinearAlgebra
import Losses

/// Whose targets the gradients are of that curvature is estimated with.
package enum FisherEstimate: String, Sendable, Codable, CaseIterable {
  /// Targets drawn from the model's own distribution: the Fisher, an estimate of the GGN without bias.
  case sampled
  /// The targets that were given: the empirical Fisher. No further pass is needed for it, but it is not the curvature.
  case empirical

  /// result [R, C]: rows whose outer products have the curvature of the loss in the outputs as their mean.
  ///
  /// - Parameters:
  ///   - seed: of the run.
  ///   - step: number of the estimate: each has random numbers of its own, so that a run can be taken up again.
  func rows<Scalar>(
    of rows: any LossRows<Scalar>, seed: UInt64, step: Int, into result: inout Matrix<Scalar>
  ) {
    switch self {
    case .sampled:
      var generator = SeededGenerator(seed: seed, .sampledTargets(step: step))
      rows.sampledDescent(using: &generator, into: &result)
    case .empirical: rows.observedDescent(into: &result)
    }
  }
}
