/// A claim and what tests it: cases that give rows, and a report that follows from the rows alone.
///
/// docs/experiments.md adds one from scratch.
public protocol Experiment: Sendable {
  /// As on the command line.
  var name: String { get }
  /// What is asked, in a line.
  var question: String { get }
  /// The units of work, a few seconds each: what is done when a run is interrupted stays done.
  ///
  /// - Throws: `FileError` or `DataError` for data that are there and cannot be used.
  func cases(in setting: ExperimentSetting) throws -> [Case]
  /// Figures, tables and verdicts: a function of the rows. Rows may be missing where data were.
  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section]
}

/// One unit of work.
public struct Case: Sendable {
  /// Everything that its rows depend on but the seed and the data, such as "classes=10 damping=0.01".
  public var name: String
  public var seed: UInt64
  /// Of the data used; 0 where there are none.
  public var data: UInt64
  /// Its rows. Every column but those of timing must be the same in each run.
  public var run: @Sendable () throws -> [Row]

  public init(_ name: String, seed: UInt64, data: UInt64 = 0, run: @escaping @Sendable () throws -> [Row]) {
    self.name = name
    self.seed = seed
    self.data = data
    self.run = run
  }
}

/// What experiments are run with.
public struct ExperimentSetting: Sendable {
  /// Error bands are over these; at least one.
  public var seeds: [UInt64]
  /// Smaller grids and shorter runs, with every table and figure still there.
  public var isQuick: Bool
  public var data: ExperimentData

  public init(seeds: [UInt64] = [0, 1, 2, 3, 4], isQuick: Bool = false, data: ExperimentData) {
    precondition(!seeds.isEmpty, "an experiment needs a seed")
    self.seeds = seeds
    self.isQuick = isQuick
    self.data = data
  }

  /// One or the other.
  public func pick<T>(full: T, quick: T) -> T { isQuick ? quick : full }
}
