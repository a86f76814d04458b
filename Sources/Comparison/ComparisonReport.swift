import Methods

/// What a comparison found: all runs, and what follows from them.
public struct ComparisonReport: Sendable {
  public var options: ComparisonOptions
  /// In the order of the options.
  public var contestants: [ContestantResult]
  public var hasTest: Bool
}

/// A contestant's runs.
public struct ContestantResult: Sendable {
  public var contestant: TrainingMethod
  /// With the setting that its grid found.
  public private(set) var chosen: TrainingMethod
  /// Runs of the grid; empty where there was none.
  public var tuning: [RunResult] = []
  /// One for each seed.
  public var runs: [RunResult] = []

  init(contestant: TrainingMethod) {
    self.contestant = contestant
    chosen = contestant
  }

  /// One setting that was tried.
  public struct GridPoint: Sendable {
    public var settings: TrainingMethod
    public var value: Double
    /// Mean of the kept validation losses.
    public var loss: Double
    public var diverged: Int
  }

  /// The settings that were tried, by their values.
  public var grid: [GridPoint] {
    guard let option = contestant.gridOption else { return [] }
    return Dictionary(grouping: tuning, by: \.contestant).compactMap { text, runs in
      guard let settings = try? TrainingMethod(text), let value = settings.settings[option]?.number else { return nil }
      let total = runs.reduce(0) { $0 + $1.best.validationLoss }
      return GridPoint(
        settings: settings, value: value, loss: total / Double(runs.count),
        diverged: runs.count { $0.outcome == .diverged })
    }.sorted { $0.value < $1.value }
  }

  /// Takes the setting with the lowest validation loss among those that diverged least.
  mutating func choose() {
    if let best = grid.min(by: { ($0.diverged, $0.loss) < ($1.diverged, $1.loss) }) { chosen = best.settings }
  }

  /// The next setting where the best so far is at an edge of the grid; nil where it is not.
  func beyondEdge(factor: Double) -> TrainingMethod? {
    let grid = grid
    guard let option = contestant.gridOption, grid.count > 1, let first = grid.first, let last = grid.last else {
      return nil
    }
    switch chosen {
    case first.settings: return contestant.setting(option, first.value / factor)
    case last.settings: return contestant.setting(option, last.value * factor)
    default: return nil
    }
  }

  /// Its series in figures and its name in tables.
  public var name: String { contestant.description }
}

/// One run: its rows, and the best of them.
public struct RunResult: Sendable, Equatable {
  /// At least one, the start.
  public var rows: [ComparisonRow]

  public var contestant: String { rows[0].contestant }
  public var seed: UInt64 { rows[0].seed }
  public var outcome: RunOutcome { rows.last?.outcome ?? .finished }
  public var last: ComparisonRow { rows[rows.count - 1] }

  /// At each point, the row with the lowest validation loss so far: the parameters that would be kept.
  public var kept: [ComparisonRow] {
    var best = rows[0]
    return rows.map { row in
      if row.validationLoss < best.validationLoss || best.validationLoss.isNaN { best = row }
      return best
    }
  }

  /// The row that is kept in the end.
  public var best: ComparisonRow { kept[rows.count - 1] }

  /// `metric` of what is kept when `position` has come to `x`: linear between points; nil where it is not measured.
  public func value(of metric: ComparisonMetric, at x: Double, along position: (ComparisonRow) -> Double) -> Double? {
    let kept = kept
    guard let next = rows.firstIndex(where: { position($0) >= x }) else { return metric.value(best) }
    guard next > 0, let high = metric.value(kept[next]), let low = metric.value(kept[next - 1]) else {
      return metric.value(kept[next])
    }
    let (start, end) = (position(rows[next - 1]), position(rows[next]))
    return low + (high - low) * (x - start) / (end - start)
  }

  /// Where along `position` the validation loss first comes to `target`, linear between points; nil if it never does.
  public func arrival(at target: Double, along position: (ComparisonRow) -> Double) -> Double? {
    guard let next = rows.firstIndex(where: { $0.validationLoss <= target }) else { return nil }
    guard next > 0 else { return position(rows[0]) }
    let (before, after) = (kept[next - 1], rows[next])
    let (start, end) = (position(rows[next - 1]), position(after))
    let fraction = (before.validationLoss - target) / (before.validationLoss - after.validationLoss)
    return fraction.isFinite ? start + fraction * (end - start) : end
  }
}

/// What is measured at each point.
public enum ComparisonMetric: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
  case validationLoss, validationAccuracy, validationRMSE, testLoss, testAccuracy, testRMSE

  public func value(_ row: ComparisonRow) -> Double? {
    switch self {
    case .validationLoss: row.validationLoss
    case .validationAccuracy: row.validationAccuracy
    case .validationRMSE: row.validationRMSE
    case .testLoss: row.testLoss
    case .testAccuracy: row.testAccuracy
    case .testRMSE: row.testRMSE
    }
  }

  /// For people.
  public var title: String {
    switch self {
    case .validationLoss: "validation loss"
    case .validationAccuracy: "validation accuracy"
    case .validationRMSE: "validation RMSE"
    case .testLoss: "test loss"
    case .testAccuracy: "test accuracy"
    case .testRMSE: "test RMSE"
    }
  }

  public var isFraction: Bool { self == .validationAccuracy || self == .testAccuracy }
  /// Whether more is better.
  public var isHigherBetter: Bool { isFraction }
}

/// Mean and standard deviation (n - 1) over seeds.
public struct Spread: Sendable, Codable, Equatable {
  public var mean: Double
  /// Nil for one value.
  public var deviation: Double?
  public var count: Int

  /// Nil for no values.
  public init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    count = values.count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
  }

  /// Of the mean; nil for one value.
  public var standardError: Double? { deviation.map { $0 / Double(count).squareRoot() } }
}
