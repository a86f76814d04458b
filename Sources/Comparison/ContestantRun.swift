import LinearAlgebra
import Methods
import Models
import Optimization
import Training

/// One contestant with one seed, over the whole budget.
///
/// With a budget of steps or epochs all of its rows but their seconds are the same in every run, bit for bit and on any
/// number of threads.
package struct ContestantRun<ModelType: Model> {
  package typealias Scalar = ModelType.Scalar
  let problem: ComparisonProblem<ModelType>
  let options: ComparisonOptions
  let contestant: TrainingMethod
  let seed: UInt64
  let key: String
  let version: String

  /// - Parameters:
  ///   - problem: checked.
  ///   - options: their budget, batches, penalty and points count; contestants and seeds do not.
  ///   - key, version: go into the rows.
  package init(
    problem: ComparisonProblem<ModelType>, options: ComparisonOptions, contestant: TrainingMethod, seed: UInt64,
    key: String = "", version: String = ""
  ) {
    self.problem = problem
    self.options = options
    self.contestant = contestant
    self.seed = seed
    self.key = key
    self.version = version
  }

  /// - Throws: `OptimizerError` if batches are too large for the contestant.
  package func check() throws {
    let rows = options.batchSize(of: contestant, problem.training.count) * problem.model.rowsPerExample
    let made = contestant.make(objective)
    do { try made.optimizer.check(batchRows: rows) } catch { throw OptimizerError("\(contestant): \(error)") }
  }

  /// The rows of the run, of which nobody is told.
  ///
  /// - Parameter observe: is given the parameters of each row.
  package func rows(observe: (Parameters<Scalar>) -> Void = { _ in }) throws -> [ComparisonRow] {
    var observer = SilentObserver()
    return try rows(observer: &observer, observe: observe) ?? []
  }

  /// The rows of the run; nil if the observer wanted to stop.
  ///
  /// - Parameters:
  ///   - observer: is told of each step, and asked after it whether to stop.
  ///   - observe: is given the parameters of each row.
  package func rows(
    observer: inout some RunObserver, observe: (Parameters<Scalar>) -> Void = { _ in }
  ) throws -> [ComparisonRow]? {
    let made = contestant.make(objective, seed: seed)
    return try loop(made.optimizer, observer: &observer, observe: observe)
  }

  private var objective: Objective<ModelType> {
    Objective(problem.model, loss: problem.loss, l2: options.l2)
  }

  private func loop(
    _ optimizer: some Optimizer<ModelType>, observer: inout some RunObserver, observe: (Parameters<Scalar>) -> Void
  ) throws -> [ComparisonRow]? {
    let training = problem.training
    let batchSize = options.batchSize(of: contestant, training.count)
    let trainer = Trainer(options: Trainer.Options(epochs: 1, batchSize: batchSize, seed: seed))
    var generator = SeededGenerator(seed: seed, .initialisation)
    var parameters = problem.start ?? problem.model.initialParameters(using: &generator)
    var batches = Batches(of: training, batchSize: batchSize, seed: seed)
    var timed = TimedOptimizer(optimizer)
    var schedule = PointSchedule(options, stepsPerEpoch: batches.count)
    if schedule.needsEstimate { schedule.estimate = try dryStep(trainer, optimizer, parameters, batches) }
    var evaluator = Evaluator(objective)
    var watch = DivergenceWatch()
    var (objectives, inARow) = ([Double](), 0)

    var row = emptyRow
    try evaluate(parameters, &evaluator, &row)
    observe(parameters)
    var rows = [row]
    var outcome: RunOutcome?
    while outcome == nil {
      let number = row.step % batches.count
      if number == 0 { batches.shuffle() }
      let report = try trainer.takeStep(
        &timed, &parameters, batches: &batches, number: number, data: training, featureGram: nil,
        at: schedule.progress(step: row.step, seconds: timed.seconds(by: options.clock)))
      row.step += 1
      observer.stepTaken(row.step, epoch: (row.step - 1) / batches.count + 1, report)
      if observer.wantsToStop { return nil }
      objectives.append(report.objective)
      row.rejected += report.outcome == .rejected ? 1 : 0
      inARow = report.outcome == .rejected ? inARow + 1 : 0
      if watch.hasDiverged(after: report) {
        outcome = .diverged
      } else if inARow >= max(DivergenceWatch.patience, batches.count) {
        outcome = report.objective.isFinite ? .stalled : .diverged
      }
      let point = schedule.point(step: row.step, seconds: timed.seconds(by: options.clock))
      if point >= options.points, outcome == nil { outcome = .finished }
      // Much happens before the first point: powers of two are evaluated too.
      let isEarly = options.measuresEarly && point == 0 && row.step & (row.step - 1) == 0
      guard point > row.point || isEarly || outcome != nil else { continue }
      row.point = point
      row.epoch = Double(row.step) / Double(batches.count)
      (row.wallSeconds, row.cpuSeconds) = (timed.wallSeconds, timed.cpuSeconds)
      row.objective = objectives.reduce(0, +) / Double(objectives.count)
      row.outcome = outcome
      objectives = []
      try evaluate(parameters, &evaluator, &row)
      observe(parameters)
      rows.append(row)
    }
    return rows
  }

  /// Seconds of a step, by the second of two that lead nowhere: the first allocates.
  private func dryStep(
    _ trainer: Trainer, _ optimizer: some Optimizer<ModelType>, _ parameters: Parameters<Scalar>,
    _ batches: Batches<Scalar>
  ) throws -> Double {
    var (parameters, batches, timed) = (parameters, batches, TimedOptimizer(optimizer))
    batches.shuffle()
    var before = 0.0
    for step in 0..<2 {
      before = timed.seconds(by: options.clock)
      _ = try trainer.takeStep(
        &timed, &parameters, batches: &batches, number: step % batches.count, data: problem.training, featureGram: nil,
        at: Schedule.Progress(step: step, total: 1 << 20, stepsPerEpoch: batches.count))
    }
    return timed.seconds(by: options.clock) - before
  }

  private var emptyRow: ComparisonRow {
    ComparisonRow(
      key: key, contestant: contestant.description, optimizer: contestant.name, seed: seed, point: 0, step: 0, epoch: 0,
      wallSeconds: 0, cpuSeconds: 0, rejected: 0, version: version, blas: BLAS.description, threads: Partition.threads,
      precision: Scalar.precisionName)
  }

  private func evaluate(
    _ parameters: Parameters<Scalar>, _ evaluator: inout Evaluator<ModelType>, _ row: inout ComparisonRow
  ) throws {
    let held = try evaluator.evaluate(parameters, problem.validation)
    (row.validationLoss, row.validationAccuracy, row.validationRMSE) = (held.loss, held.accuracy, held.rmse)
    if options.measuresTraining {
      let seen = try evaluator.evaluate(parameters, problem.training)
      (row.trainingObjective, row.trainingLoss, row.trainingAccuracy) = (seen.objective, seen.loss, seen.accuracy)
    }
    guard let test = problem.test else { return }
    let unseen = try evaluator.evaluate(parameters, test)
    (row.testLoss, row.testAccuracy, row.testRMSE) = (unseen.loss, unseen.accuracy, unseen.rmse)
  }
}

/// An optimizer and the seconds that its steps took.
struct TimedOptimizer<Base: Optimizer>: Optimizer {
  typealias ModelType = Base.ModelType
  var base: Base
  private(set) var wallSeconds = 0.0
  private(set) var cpuSeconds = 0.0

  init(_ base: Base) { self.base = base }

  var objective: Objective<ModelType> { base.objective }

  var state: Base.State {
    get { base.state }
    set { base.state = newValue }
  }
  var explanation: String { base.explanation }

  func seconds(by clock: Clock) -> Double { clock == .cpu ? cpuSeconds : wallSeconds }

  mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    let clock = RunClock(limit: nil)
    defer {
      wallSeconds += clock.wallSeconds
      cpuSeconds += clock.cpuSeconds
    }
    return base.step(&parameters, on: batch, at: progress)
  }
}

/// Where in the budget a run is.
///
/// With a budget of seconds the number of steps is not known: schedules follow an estimate of it that is made anew
/// before each step from the steps and the seconds so far, so that they end with the budget.
struct PointSchedule {
  private let budget: Budget
  private let points: Int
  private let stepsPerEpoch: Int
  /// Seconds of a step, for the first progress.
  var estimate = 0.0

  init(_ options: ComparisonOptions, stepsPerEpoch: Int) {
    budget = options.budget
    points = options.points
    self.stepsPerEpoch = stepsPerEpoch
  }

  var needsEstimate: Bool {
    if case .seconds = budget { return true }
    return false
  }

  private var totalSteps: Int? {
    switch budget {
    case .epochs(let count):
      count.multipliedReportingOverflow(by: stepsPerEpoch).overflow ? .max : count * stepsPerEpoch
    case .steps(let count): count
    case .seconds: nil
    }
  }

  func progress(step: Int, seconds: Double) -> Schedule.Progress {
    var total = totalSteps ?? 1
    if case .seconds(let limit) = budget {
      let each = step > 0 ? seconds / Double(step) : estimate
      total = Int(min(1e15, (limit / max(each, 1e-9)).rounded(.up)))
    }
    return Schedule.Progress(step: step, total: max(step + 1, total), stepsPerEpoch: stepsPerEpoch)
  }

  /// How many of the points are reached.
  func point(step: Int, seconds: Double) -> Int {
    if case .seconds(let limit) = budget { return Int(min(Double(points), seconds / limit * Double(points))) }
    // The first step at or after each equal part.
    let (product, overflow) = step.multipliedReportingOverflow(by: points)
    let total = totalSteps ?? 1
    return overflow ? Int(Double(step) / Double(total) * Double(points)) : product / total
  }
}
