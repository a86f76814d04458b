/// Training of a linear head or a network by any method, from prepared data to a model.
///
/// ```swift
/// var job = TrainJob()
/// job.epochs = 10
/// let fit = try job.run(on: data)
/// try fit.model.write(to: path)
/// ```
public struct TrainJob: Sendable, Equatable {
  /// The method, with its settings.
  public var method = TrainingMethod(.fgn)
  /// Passes over the data, at least 1.
  public var epochs = 3
  /// Examples in a step at most, at least 1; nil is the method's own.
  public var batchSize: Int?
  /// Penalty (l2 / 2) |weight|^2, at least 0; the bias is free.
  public var l2 = 0.0
  /// Of shuffling, initialisation and dropout: the same seed gives the same bytes.
  public var seed: UInt64 = 0
  /// Seconds, above 0, after which training ends with the best model so far; nil for no limit.
  public var timeLimit: Double?
  /// Epochs without a better model, at least 1, after which training ends; nil for no early end.
  public var patience: Int?
  /// Bytes, at least 0, that the cached Gram of all features may take.
  public var gramBudget = 256 << 20
  /// Where the model goes, if anywhere: it is written before anything else that may fail.
  public var output: String?
  /// Where a JSON line an epoch goes, if anywhere.
  public var log: String?

  public init() {}

  /// Throws if an option is out of its range.
  public func check() throws {
    try OptionError.check(epochs >= 1, "epochs", "at least 1", got: epochs)
    try OptionError.check(batchSize ?? 1 >= 1, "batch-size", "at least 1", got: batchSize ?? 0)
    try OptionError.checkPenalty(l2)
    try OptionError.check(timeLimit: timeLimit)
    try OptionError.check(patience ?? 1 >= 1, "patience", "at least 1", got: patience ?? 0)
    try OptionError.check(gramBudget >= 0, "gram-budget", "0 or more", got: gramBudget)
    try method.check()
  }

  /// Trains.
  ///
  /// - Parameters:
  ///   - model: what is trained, and from where. A model to go on from is kept where no epoch ends better.
  ///   - observers: are told of each step and each epoch (`Trainer.EpochRecord`), and asked after each step whether to stop with
  ///     the best model so far.
  /// - Throws: `OptionError` or the method's own error for options, `DataError` for data that do not fit, `FileError`
  ///   for an output that cannot be written, and `NoModelError` where no epoch ended well.
  public func run<S: RealScalar>(
    _ model: ModelSpecification<S> = ModelSpecification(), on data: DataPreparation.Result<S>,
    observers: [any RunObserver] = []
  ) throws -> TrainJob.Fit<S> {
    try check()
    func run(_ chosen: some Model<S>) throws -> TrainJob.Fit<S> {
      try train(chosen, from: model.start(for: data.training)?.parameters, on: data, observers)
    }
    return try run(try model.model(for: data.training))
  }

  /// As the loop over batches wants them.
  private func options(examples: Int) -> Trainer.Options {
    var options = Trainer.Options(
      epochs: epochs, batchSize: batchSize ?? method.name.batchSize(of: examples), seed: seed, timeLimit: timeLimit,
      patience: patience)
    options.gramBudget = gramBudget
    return options
  }

  private func train<M: Model>(
    _ model: M, from start: Parameters<M.Scalar>?, on data: DataPreparation.Result<M.Scalar>,
    _ observers: [any RunObserver]
  ) throws -> TrainJob.Fit<M.Scalar> {
    let training = data.training
    try data.checkFit(model)
    let options = options(examples: training.count)
    try training.checkBatch(of: options.batchSize, memoryLimit: max(data.memoryLimit, 16 << 20))
    let objective = Objective(model, loss: data.loss, l2: l2)
    let made = method.make(objective, seed: seed)
    let header = RunHeader(
      run: RunHeader.Run(
        architecture: try (model as? Network<M.Scalar>)?.architecture.json(), loss: data.loss.name,
        targetStandardization: training.targetStandardization,
        training: LoggedTraining(options, objective), optimizer: method.description, method: made.options),
      loss: NamedLoss(data.loss))
    let lines = try log.map { try RunLog(path: $0, header) }
    var all = Observers(observers)
    if let lines { all.all.append(lines) }
    var optimizer = made.optimizer
    let result = try Trainer(options: options).run(
      &optimizer, from: start, on: training, validation: data.validation, observer: &all)
    let remarks = ["\(method): steps by \(result.explanation)"]
    let remedy = result.outcome == .diverged ? method.name.divergenceRemedy : result.outcome.remedy
    let hasModel = result.bestEpoch > 0 && (result.outcome != .diverged || result.epochs.count > 1)
    guard hasModel || result.startValue != nil else {
      throw NoModelError(
        code: .diverged, source: training.source, message: "no epoch ended well",
        remarks: remarks + (result.outcome == .finished ? [] : [remedy]))
    }
    var file = try ModelFile(trained: objective, result.parameters, on: data, seed: seed)
    let onTraining = try file.evaluate(training)
    file.objective = onTraining.objective
    if let output { try file.write(to: output) }
    return TrainJob.Fit(
      model: file, result: result, remark: remarks[0], remedy: remedy, training: onTraining,
      validation: try data.validation.map { try file.evaluate($0) }, logFailure: lines?.failure)
  }
}

extension TrainJob {
  /// What `TrainJob` leaves behind.
  public struct Fit<Scalar: RealScalar>: Sendable {
    public var model: ModelFile<Scalar>
    /// How training went, and why it ended.
    public var result: Trainer.Result<Scalar>
    /// For people: how the last step was computed.
    public var remark: String
    /// What happened and what to do about it.
    public var remedy: String
    /// Of the model on all training rows, and on those held out.
    public var training: Evaluation
    public var validation: Evaluation?
    /// Why the log ends early, if it does.
    public var logFailure: (any Error)?
  }
}
