import LinearAlgebra
import Methods
import Models
import Optimization
import Training

/// Contestants on one problem with one budget, over several seeds.
///
/// First each contestant with something to tune, and nothing set for it, tries a small grid: with the first seed (or
/// all), the whole budget, and the validation set alone. Then every contestant runs with every seed. Contestants take
/// turns, in another order for each seed, so that what happens to the machine happens to all. A run that the store
/// holds already, from the grid or from before an interruption, is not run again.
///
/// With the same problem and options, everything but the seconds is the same, bit for bit, unless the budget is one of
/// seconds.
///
/// ```swift
/// let options = ComparisonOptions(
///   contestants: [try TrainingMethod("fgn"), try TrainingMethod("sgd:lr=0.1")], seeds: [0, 1], budget: .epochs(2))
/// let problem = ComparisonProblem(model: head, training: data, validation: held)
/// var comparison = try OptimizerComparison(problem, options)
/// let report = try comparison.run()
/// ```
public struct OptimizerComparison<ModelType: Model>: Sendable {
  public let problem: ComparisonProblem<ModelType>
  public let options: ComparisonOptions
  public private(set) var store: RunStore<ComparisonRow>
  /// Kept in every row.
  private let version: String
  private let fingerprint: UInt64

  /// - Throws: `OptionError` for options out of their range, `Layers.Failure` or `DataError` if the problem's parts do not
  ///   fit each other, `OptimizerError` if batches are too large for a contestant.
  public init(
    _ problem: ComparisonProblem<ModelType>, _ options: ComparisonOptions, store: RunStore<ComparisonRow> = RunStore(),
    version: String = ""
  ) throws {
    try options.check()
    try problem.check()
    self.problem = problem
    self.options = options
    self.store = store
    self.version = version
    fingerprint = problem.fingerprint
    for contestant in options.contestants {
      try ContestantRun(problem: problem, options: options, contestant: contestant, seed: 0).check()
    }
  }

  /// Runs what is not there yet, and tells nobody.
  public mutating func run() throws -> ComparisonReport? {
    var observer = SilentObserver()
    return try run(observer: &observer)
  }

  /// Runs what is not there yet.
  ///
  /// - Parameter observer: is told of each step and of each run that is done (`ComparisonProgress`), and asked after
  ///   each step whether to stop, which drops the run in progress.
  /// - Returns: nil if it was interrupted.
  /// - Throws: `FileError` if a row cannot be kept, and what the observer throws.
  public mutating func run(observer: inout some RunObserver) throws -> ComparisonReport? {
    try store.makeDirectory()
    let grids = options.contestants.map { $0.grid(count: options.gridPoints, factor: options.gridFactor) }
    let tuned = grids.indices.filter { grids[$0].count > 1 }
    let tuningSeeds = options.tunesOnAllSeeds ? options.seeds : [options.seeds[0]]
    var jobs: [Job] = []
    for (turn, seed) in tuningSeeds.enumerated() where !tuned.isEmpty {
      for number in 0..<options.gridPoints {
        for c in rotated(tuned, by: turn + number) {
          jobs.append(Job(contestant: c, settings: grids[c][number], seed: seed, isTuning: true))
        }
      }
    }
    var results = options.contestants.map { ContestantResult(contestant: $0) }
    guard try work(jobs, &observer, { results[$0.contestant].tuning.append($1) }) else { return nil }
    for c in results.indices { results[c].choose() }
    for _ in 0..<(options.extendsGrid ? options.gridPoints : 0) {
      jobs = tuned.flatMap { c in
        let next = results[c].beyondEdge(factor: options.gridFactor)
        return next.map { next in
          tuningSeeds.map { Job(contestant: c, settings: next, seed: $0, isTuning: true) }
        } ?? []
      }
      guard try work(jobs, &observer, { results[$0.contestant].tuning.append($1) }) else { return nil }
      for c in results.indices { results[c].choose() }
    }

    jobs = options.seeds.enumerated().flatMap { turn, seed in
      rotated(Array(results.indices), by: turn).map {
        Job(contestant: $0, settings: results[$0].chosen, seed: seed, isTuning: false)
      }
    }
    guard try work(jobs, &observer, { results[$0.contestant].runs.append($1) }) else { return nil }
    return ComparisonReport(options: options, contestants: results, hasTest: problem.test != nil)
  }

  /// One run to be done.
  private struct Job {
    var contestant: Int
    var settings: TrainingMethod
    var seed: UInt64
    var isTuning: Bool
  }

  private mutating func work(
    _ jobs: [Job], _ observer: inout some RunObserver, _ keep: (Job, RunResult) -> Void
  ) throws -> Bool {
    for (number, job) in jobs.enumerated() {
      let key = key(of: job.settings, seed: job.seed)
      let known = store.run(key)
      let run = ContestantRun(
        problem: problem, options: options, contestant: job.settings, seed: job.seed, key: key, version: version)
      guard let rows = try known ?? run.rows(observer: &observer) else { return false }
      if known == nil { try store.add(rows) }
      let result = RunResult(rows: rows)
      keep(job, result)
      try observer.partEnded(
        ComparisonProgress(
          run: result, number: number + 1, count: jobs.count, isTuning: job.isTuning, isReused: known != nil))
    }
    return true
  }

  private func rotated(_ numbers: [Int], by turn: Int) -> [Int] {
    numbers.indices.map { numbers[($0 + turn) % numbers.count] }
  }

  /// Everything that a run's rows depend on, and what its seconds do.
  private func key(of contestant: TrainingMethod, seed: UInt64) -> String {
    let batch = options.batchSize(of: contestant, problem.training.count)
    return Fingerprint.key(
      "\(fingerprint) \(contestant) \(seed) \(options.budget) \(options.clock) \(batch) \(options.l2) \(options.points)"
        + " \(options.measuresTraining) \(options.measuresEarly) \(version) \(BLAS.description) \(Partition.threads)"
        + " \(ModelType.Scalar.precisionName)")
  }
}

/// What a `RunObserver` is told about a run of a comparison that is done.
public struct ComparisonProgress: RunRecord {
  public var run: RunResult
  /// The number of the run in this stage, from 1.
  public var number: Int
  /// How many runs this stage has.
  public var count: Int
  public var isTuning: Bool
  /// Whether it was there already.
  public var isReused: Bool
}
