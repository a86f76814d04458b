/// The figures of a comparison, for people and for programs.
public struct ComparisonSummary: Sendable, Encodable {
  /// One contestant's.
  public struct Entry: Sendable, Encodable {
    public var contestant: String
    /// With the setting that its grid found.
    public var chosen: String
    /// Over seeds.
    public var runs: Int
    public var diverged: Int
    public var stalled: Int
    public var steps: Spread
    public var seconds: Spread
    /// Of the parameters kept: at the end of the budget, and when `equalSteps` or `equalSeconds` were used.
    public var atEnd: [ComparisonMetric: Spread]
    public var atEqualSteps: [ComparisonMetric: Spread]
    public var atEqualSeconds: [ComparisonMetric: Spread]
    /// Over the runs that come to the target, and how many do.
    public var stepsToTarget: Spread?
    public var secondsToTarget: Spread?
    public var reached: Int
    public var tuning: Tuning?
  }

  /// What a contestant's grid cost and showed.
  public struct Tuning: Sendable, Encodable {
    public var option: String
    public var values: [Double]
    /// Kept validation losses, means over the seeds used.
    public var losses: [Double]
    public var diverged: [Int]
    /// The worst of these over the best: what a setting that is off costs.
    public var worstOverBest: Double
    /// Whether the best is the first or the last: a wider grid may do better.
    public var isAtEdge: Bool
    public var runs: Int
    public var steps: Int
    public var seconds: Double
  }

  /// Who is best by a measure, with the runner-up.
  public struct Winner: Sendable, Encodable {
    public var metric: ComparisonMetric
    /// "end", "equal steps" or "equal seconds".
    public var at: String
    public var contestant: String
    public var runnerUp: String?
    /// Mean of winner less runner-up over the seeds, and its standard error; nil for one seed.
    public var difference: Double?
    public var standardError: Double?
  }

  public var budget: String
  public var clock: Clock
  public var seeds: [UInt64]
  /// The fewest steps and seconds that any contestant used on average, in runs that used up the budget: up to there all
  /// can be compared.
  public var equalSteps: Double
  public var equalSeconds: Double
  /// Validation loss.
  public var target: Double
  public var isTargetGiven: Bool
  public var metrics: [ComparisonMetric]
  public var entries: [Entry]
  public var winners: [Winner]
}

extension ComparisonReport {
  public var summary: ComparisonSummary {
    let (steps, seconds) = (self.position(.steps), self.position(.seconds))
    func fewest(_ position: (ComparisonRow) -> Double) -> Double {
      let finished = contestants.map { $0.runs.filter { $0.outcome == .finished } }
      return finished.compactMap { Spread($0.map { position($0.last) })?.mean }.min() ?? 0
    }
    let metrics = ComparisonMetric.allCases.filter { $0.value(contestants[0].runs[0].rows[0]) != nil }
    let (equalSteps, equalSeconds) = (fewest(steps), fewest(seconds))
    let target = options.target ?? worstBest
    func spreads(_ value: (RunResult, ComparisonMetric) -> Double?, _ runs: [RunResult]) -> [ComparisonMetric: Spread] {
      Dictionary(
        uniqueKeysWithValues: metrics.compactMap { metric in
          Spread(runs.compactMap { value($0, metric) }).map { (metric, $0) }
        })
    }
    let measures: [(name: String, value: (RunResult, ComparisonMetric) -> Double?)] = [
      ("end", { $1.value($0.best) }),
      ("equal steps", { $0.value(of: $1, at: equalSteps, along: steps) }),
      ("equal seconds", { $0.value(of: $1, at: equalSeconds, along: seconds) }),
    ]
    let entries = contestants.map { contestant in
      let runs = contestant.runs
      let times = runs.compactMap { $0.arrival(at: target, along: seconds) }
      return ComparisonSummary.Entry(
        contestant: contestant.name, chosen: contestant.chosen.description, runs: runs.count,
        diverged: runs.count { $0.outcome == .diverged }, stalled: runs.count { $0.outcome == .stalled },
        steps: Spread(runs.map { steps($0.last) })!, seconds: Spread(runs.map { seconds($0.last) })!,
        atEnd: spreads(measures[0].value, runs), atEqualSteps: spreads(measures[1].value, runs),
        atEqualSeconds: spreads(measures[2].value, runs),
        stepsToTarget: Spread(runs.compactMap { $0.arrival(at: target, along: steps) }),
        secondsToTarget: Spread(times), reached: times.count, tuning: tuning(of: contestant))
    }
    // By the rows that nothing was chosen on, where there are some.
    let ranking = metrics.filter { hasTest == $0.isOnTest }
    func differ(_ position: (ComparisonRow) -> Double, _ least: Double) -> Bool {
      contestants.contains { $0.runs.contains { position($0.last) > 1.001 * least } }
    }
    let asked = zip(measures, [true, differ(steps, equalSteps), differ(seconds, equalSeconds)]).filter(\.1).map(\.0)
    let winners = asked.flatMap { measure in ranking.compactMap { winner($0, measure.name, measure.value) } }
    return ComparisonSummary(
      budget: options.budget.text, clock: options.clock, seeds: options.seeds, equalSteps: equalSteps,
      equalSeconds: equalSeconds, target: target, isTargetGiven: options.target != nil, metrics: metrics,
      entries: entries, winners: winners)
  }

  /// What curves and times go by.
  enum Position { case steps, seconds }

  func position(_ position: Position) -> (ComparisonRow) -> Double {
    let clock = options.clock
    return position == .steps ? { Double($0.step) } : { $0.seconds(by: clock) }
  }

  /// The highest validation loss that a run keeps; of contestants that never diverged, where there are some.
  private var worstBest: Double {
    let sound = contestants.filter { !$0.runs.contains { $0.outcome == .diverged } }
    return (sound.isEmpty ? contestants : sound).flatMap { $0.runs.map(\.best.validationLoss) }.max()!
  }

  private func tuning(of contestant: ContestantResult) -> ComparisonSummary.Tuning? {
    guard let option = contestant.contestant.gridOption, !contestant.tuning.isEmpty else { return nil }
    let grid = contestant.grid
    let losses = grid.map(\.loss)
    let best = grid.firstIndex { $0.settings == contestant.chosen } ?? 0
    let clock = options.clock
    return ComparisonSummary.Tuning(
      option: option.name, values: grid.map(\.value), losses: losses, diverged: grid.map(\.diverged),
      worstOverBest: losses.max()! / losses[best],
      isAtEdge: best == 0 || best == grid.count - 1, runs: contestant.tuning.count,
      steps: contestant.tuning.reduce(0) { $0 + $1.last.step },
      seconds: contestant.tuning.reduce(0) { $0 + $1.last.seconds(by: clock) })
  }

  /// Nil where there is nobody to beat.
  private func winner(
    _ metric: ComparisonMetric, _ name: String, _ value: (RunResult, ComparisonMetric) -> Double?
  ) -> ComparisonSummary.Winner? {
    let sign = metric.isHigherBetter ? -1.0 : 1
    let scores = contestants.map { $0.runs.compactMap { value($0, metric) } }
    let order = scores.indices.filter { !scores[$0].isEmpty }.sorted {
      sign * Spread(scores[$0])!.mean < sign * Spread(scores[$1])!.mean
    }
    guard let first = order.first else { return nil }
    var winner = ComparisonSummary.Winner(metric: metric, at: name, contestant: contestants[first].name)
    guard order.count > 1 else { return winner }
    winner.runnerUp = contestants[order[1]].name
    // Runs of one seed share batches and initial parameters: differences are taken seed by seed.
    let differences = Spread(zip(scores[first], scores[order[1]]).map { $0 - $1 })!
    (winner.difference, winner.standardError) = (differences.mean, differences.standardError)
    return winner
  }
}
