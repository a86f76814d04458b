import Optimization

/// How far to go along a direction, and when the step before went too far: trust region, schedule, line search and gain
/// ratio as one.
///
/// `reach` says how far a direction may be followed, without a look at the objective. Where steps are tried, `along`
/// then looks for a length on the batch itself, at one forward pass a trial, and measures what was gained against what
/// the quadratic model promised. `refuses` says, on the next batch, that a step should be taken back.
package struct Search: Sendable {
  var trustRegion: GaussNewtonOptions.TrustRegion
  var schedule: Schedule
  var lineSearch: LineSearch?
  /// Whether the damping wants the gain ratio of each step.
  var measuresGain: Bool

  init(_ options: GaussNewtonOptions) {
    trustRegion = options.trustRegion
    schedule = options.schedule
    lineSearch = options.lineSearch
    if case .gainRatio = options.damping { measuresGain = true } else { measuresGain = false }
  }

  /// What is remembered between steps.
  package struct State: Codable, Sendable {
    package var trustRegion = GaussNewtonOptions.TrustRegion.State()
    package var lineSearch = LineSearch.State()
  }

  /// Whether steps are tried on the batch before they are taken.
  var isTrying: Bool { measuresGain || lineSearch != nil }

  /// Whether this objective is worse than the last ones beyond what the choice of the batch explains.
  func refuses(_ objective: GaussNewtonOptions.TrustRegion.Objective, _ state: State) -> Bool {
    state.trustRegion.refuses(objective, deviations: trustRegion.deviations)
  }

  /// The schedule's factor, and the factor that brings d^T F d = `quadratic` inside the trust region.
  func reach(quadratic: Double, at progress: Schedule.Progress, _ state: State) -> (
    stepLength: Double, shortening: Double
  ) {
    (schedule.factor(at: progress), trustRegion.shortening(quadratic, at: progress, state: state.trustRegion))
  }

  /// What was found along a direction.
  struct Found {
    /// A factor on the direction.
    var length: Double
    /// What was gained over what the quadratic model promised; -1 where nothing was.
    var gainRatio: Double
    /// As it is reported, whatever came of it.
    var measuredRatio: Double
    var isAccepted: Bool
  }

  /// Up to `trials` objectives along a direction with this slope and curvature; without a line search its whole length
  /// is tried, once.
  func along(
    from value: Double, slope: Double, curvature: Double, _ state: inout State, objective: (Double) -> Double
  ) -> Found {
    var memory = lineSearch == nil ? LineSearch.State() : state.lineSearch
    let found = (lineSearch ?? LineSearch(sufficientDecrease: 0, trials: 1)).search(
      from: value, slope: slope, state: &memory, objective: objective)
    state.lineSearch = memory
    let predicted = -(found.length * slope + 0.5 * found.length * found.length * curvature)
    let ratio = (value - found.objective) / predicted
    let isGood = found.objective.isFinite && found.isAccepted
    return Found(
      length: found.length, gainRatio: isGood ? ratio : -1, measuredRatio: ratio, isAccepted: isGood)
  }
}
