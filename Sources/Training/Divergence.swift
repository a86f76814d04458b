import Optimization

/// Notices when a run is lost, step by step.
///
/// It is lost after `patience` steps in a row with an objective that is not finite, or above that of the first step by
/// more than `factor` times its size (at least 1). One bad batch is not enough, and a method that rejects steps has the
/// time to raise its damping.
package struct DivergenceWatch: Sendable {
  package static let patience = 10
  package static let factor = 1e3
  private var limit: Double?
  private var lost = 0

  package init() {}

  /// Whether the run has diverged with this step.
  package mutating func hasDiverged(after report: StepReport) -> Bool {
    if limit == nil, report.objective.isFinite {
      limit = report.objective + Self.factor * max(1, abs(report.objective))
    }
    lost = report.objective <= limit ?? -.infinity ? 0 : lost + 1
    return lost >= Self.patience
  }
}
