import Errors
import LinearAlgebra
import Losses
import Models
import Optimization

extension Trainer {
  /// How long and on what batches to train.
  public struct Options: Sendable, Codable, Equatable {
    /// Passes over the data, at least 1.
    public var epochs: Int
    /// Examples in a step, at least 1; at most, as batches of one epoch differ by no more than one example.
    public var batchSize: Int
    /// Seed of shuffling, initialisation and dropout: the same seed gives the same bits on any number of threads.
    public var seed: UInt64
    /// Seconds after which the step in progress is the last; nil for no limit.
    public var timeLimit: Double?
    /// Epochs without a better objective after which training stops; nil for no early stopping.
    public var patience: Int?
    /// Bytes that the Gram of all features may take when it is cached for frozen features.
    public var gramBudget: Int

    public init(
      epochs: Int = 3, batchSize: Int = 128, seed: UInt64 = 0, timeLimit: Double? = nil, patience: Int? = nil
    ) {
      self.epochs = epochs
      self.batchSize = batchSize
      self.seed = seed
      self.timeLimit = timeLimit
      self.patience = patience
      gramBudget = 256 << 20
    }

    /// Throws if an option is out of its range.
    public func check() throws(OptionError) {
      try OptionError.check(epochs >= 1, "epochs", "at least 1", got: epochs)
      try OptionError.check(batchSize >= 1, "batch-size", "at least 1", got: batchSize)
      try OptionError.check(timeLimit: timeLimit)
      try OptionError.check(patience ?? 1 >= 1, "patience", "at least 1", got: patience ?? 0)
    }
  }
}

extension Trainer {
  /// Why training ended.
  public enum Outcome: String, Sendable, Codable {
    case finished
    case stoppedEarly
    case timeLimit
    case interrupted
    /// Steps kept being refused, or the objective is lost (see `DivergenceWatch`); the best parameters are kept.
    case diverged

    /// What happened and what to do about it.
    public var remedy: String {
      switch self {
      case .finished: "all epochs done"
      case .stoppedEarly: "no better objective for the given patience; the best parameters are kept"
      case .timeLimit: "time limit reached; the best parameters so far are kept"
      case .interrupted: "interrupted; the best parameters so far are kept"
      case .diverged:
        "the objective is lost, or every step of an epoch was refused; raise the damping or lower the learning rate, "
          + "standardise the features or use double"
      }
    }
  }
}

extension Trainer {
  /// What training leaves behind.
  public struct Result<Scalar: RealScalar>: Sendable {
    /// The best parameters seen at the end of an epoch (or where training was cut short), by validation loss where
    /// there is a validation set and by training objective otherwise. Parameters that training was given to start from
    /// are among them.
    public var parameters: Parameters<Scalar>
    /// What the given parameters are judged by: their validation loss or training objective; nil where none were given,
    /// or it is not finite.
    public var startValue: Double?
    public var outcome: Trainer.Outcome
    /// The epoch that `parameters` are from, counted from 1; 0 is the start.
    public var bestEpoch: Int
    public var epochs: [Trainer.EpochRecord]
    /// How the last step was computed, and why that way.
    public var explanation: String
  }
}

/// The loop over any optimizer: shuffled batches, an exact evaluation after each epoch, the best parameters kept.
///
/// What is minimised, and so what is evaluated, is the optimizer's own objective.
///
/// Evaluating the training set costs one forward pass an epoch, where a step takes three passes over its batch:
/// forward, centre and back-projection.
public struct Trainer: Sendable {
  public let options: Trainer.Options

  public init(options: Trainer.Options) { self.options = options }

  /// Trains from `start`, or from the model's initial parameters. `start` is kept where no epoch ends better.
  ///
  /// - Parameters:
  ///   - observer: told about steps and epochs (`Trainer.EpochRecord`); asked after each step whether to stop.
  /// - Throws: `OptionError` for options out of their range, `Layers.Failure` if the model cannot be trained, `DataError`
  ///   if the data do not fit it or the loss, `OptimizerError` if the batches are too large for the method, and what the observer throws.
  public func run<Method: Optimizer>(
    _ optimizer: inout Method, from start: Parameters<Method.Scalar>? = nil, on training: Dataset<Method.Scalar>,
    validation: Dataset<Method.Scalar>? = nil, observer: inout some RunObserver
  ) throws -> Trainer.Result<Method.Scalar> {
    let (objective, model) = (optimizer.objective, optimizer.objective.model)
    try options.check()
    try model.checkTrainable()
    for data in [training, validation].compactMap({ $0 }) {
      try data.check(objective.loss)
      try data.checkFit(model)
    }
    try optimizer.check(batchRows: min(options.batchSize, training.count) * model.rowsPerExample)
    var generator = SeededGenerator(seed: options.seed, .initialisation)
    var parameters = start ?? model.initialParameters(using: &generator)
    var batches = Batches(of: training, batchSize: options.batchSize, seed: options.seed)
    let featureGram =
      model.usesFeatureGram
      ? FeatureGram.make(
        training.features, budget: options.gramBudget, batchSize: options.batchSize, epochs: options.epochs) : nil
    var evaluator = Evaluator(objective)
    let clock = RunClock(limit: options.timeLimit)
    let plan = Trainer.Plan(
      epochs: options.epochs, stepsPerEpoch: batches.count, examples: training.count,
      hasValidation: validation != nil)
    observer.trainingStarted(plan)

    var best = Best(parameters: parameters, objective: .infinity, epoch: 0)
    if start != nil { try best.consider(parameters, evaluator.judge(parameters, training, validation), epoch: 0) }
    let startValue = best.objective.isFinite ? best.objective : nil
    var records: [Trainer.EpochRecord] = []
    var outcome = Trainer.Outcome.finished
    var step = 0
    var watch = DivergenceWatch()
    for epoch in 1...options.epochs {
      batches.shuffle()
      var record = Trainer.EpochRecord(epoch: epoch)
      for number in 0..<batches.count {
        let report = try takeStep(
          &optimizer, &parameters, batches: &batches, number: number, data: training, featureGram: featureGram,
          at: Schedule.Progress(step: step, total: plan.totalSteps, stepsPerEpoch: plan.stepsPerEpoch))
        step += 1
        record.add(report)
        observer.stepTaken(step, epoch: epoch, report)
        if watch.hasDiverged(after: report) {
          outcome = .diverged
          break
        }
        if observer.wantsToStop {
          outcome = .interrupted
          break
        }
        if clock.isOver {
          outcome = .timeLimit
          break
        }
      }
      let onTraining = try evaluator.evaluate(parameters, training)
      let onValidation = try validation.map { try evaluator.evaluate(parameters, $0) }
      record.close(step: step, training: onTraining, validation: onValidation, clock: clock)
      records.append(record)
      try observer.partEnded(record)
      best.consider(parameters, onValidation?.loss ?? onTraining.objective, epoch: epoch)
      if outcome != .finished { break }
      if record.rejected == record.steps {
        outcome = .diverged
        break
      }
      if let patience = options.patience, epoch - best.epoch >= patience, epoch < options.epochs {
        outcome = .stoppedEarly
        break
      }
    }
    return Trainer.Result(
      parameters: best.parameters, startValue: startValue, outcome: outcome, bestEpoch: best.epoch, epochs: records,
      explanation: optimizer.explanation)
  }

  /// Trains as `run(_:from:on:validation:observer:)` does, and tells nobody.
  public func run<Method: Optimizer>(
    _ optimizer: inout Method, from start: Parameters<Method.Scalar>? = nil, on training: Dataset<Method.Scalar>,
    validation: Dataset<Method.Scalar>? = nil
  ) throws -> Trainer.Result<Method.Scalar> {
    var observer = SilentObserver()
    return try run(&optimizer, from: start, on: training, validation: validation, observer: &observer)
  }

  /// One step; the batch lives only here, so that its memory is free for the next.
  package func takeStep<Method: Optimizer>(
    _ optimizer: inout Method, _ parameters: inout Parameters<Method.Scalar>,
    batches: inout Batches<Method.Scalar>, number: Int, data: Dataset<Method.Scalar>,
    featureGram: Matrix<Method.Scalar>?, at progress: Schedule.Progress
  ) throws -> StepReport {
    var batch = try batches.batch(number, of: data, featureGram: featureGram)
    var generator = SeededGenerator(seed: options.seed, .dropout(step: progress.step))
    batch.inputs.dropoutSeed = Layers.DropoutSeed(generator.next())
    return optimizer.step(&parameters, on: batch, at: progress)
  }
}

extension Evaluator {
  /// What parameters are chosen by: the loss on a validation set, or else the objective on the training rows.
  fileprivate mutating func judge(
    _ parameters: Parameters<Scalar>, _ training: Dataset<Scalar>, _ validation: Dataset<Scalar>?
  ) throws -> Double {
    guard let validation else { return try evaluate(parameters, training).objective }
    return try evaluate(parameters, validation).loss
  }
}

/// The best parameters so far; worse, and not finite, is never kept.
private struct Best<Scalar: RealScalar> {
  var parameters: Parameters<Scalar>
  var objective: Double
  var epoch: Int

  mutating func consider(_ candidate: Parameters<Scalar>, _ value: Double, epoch number: Int) {
    guard value < objective, candidate.values.isFinite else { return }
    parameters = candidate
    objective = value
    epoch = number
  }
}
