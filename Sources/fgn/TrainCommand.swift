import ArgumentParser
import FastGaussNewton

/// `fgn train`: from a data set to a model file.
struct TrainCommand: DataCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a softmax classifier or a regression, a linear head or a network, and save it as safetensors.",
    discussion: """
      No option needs tuning. The model is the best seen at the end of an epoch: by validation loss where there is a \
      validation set, by training objective otherwise. Ctrl-C finishes the step, saves and exits with 130.
      """)

  @OptionGroup var arguments: DataArguments
  @OptionGroup var models: ModelArguments
  @OptionGroup var rows: TrainingRowArguments
  @OptionGroup var method: MethodArguments
  @OptionGroup var optimum: OptimumArguments
  @OptionGroup var path: PathArguments

  @Option(help: "Passes over the data: 3 by default.")
  var epochs: Int?
  @Option(help: "Examples in a step, at most: 128 by default, all for lbfgs.")
  var batchSize: Int?
  @Option(help: "Penalty (l2 / 2) |weight|^2; the bias is free.")
  var l2: Double = 0
  @Option(help: "Seed of shuffling, initialisation and dropout: the same seed gives the same bytes.")
  var seed: UInt64 = 0
  @Option(help: "Stop after this many seconds and keep the best model so far.")
  var timeLimit: Double?
  @Option(help: "Stop after this many epochs without a better model.")
  var patience: Int?
  @Option(help: "Megabytes that the cached Gram of all features may take.")
  var gramBudget: Int = 256
  @Option(help: "Where the model goes, .safetensors.")
  var output: String
  @Option(help: "Where one JSON line an epoch goes.")
  var log: String?
  @Option(help: "Where the learning curve goes, .svg.")
  var curve: String?
  @Flag(help: "Print the result as one JSON object.")
  var json = false

  mutating func validate() throws {
    var noTest: [String] = []
    var validation = rows.validation
    try arguments.settle(validation: &validation, test: &noTest)
    rows.validation = validation
    try requireOptions(job().check)
    try require(gramBudget >= 0, "--gram-budget must be 0 or more, got \(gramBudget).")
    let isFree = epochs == nil && batchSize == nil && patience == nil && !method.isGiven && models.model == nil
    try require(
      !optimum.toOptimum || isFree,
      "--to-optimum is for a linear head and chooses its method: without --model, --epochs, --batch-size, --patience and "
        + "options of optimizers.")
    try path.check(
      toOptimum: optimum.toOptimum, hasPenalty: l2 != 0, hasInitial: models.initial != nil,
      hasValidation: rows.hasValidation)
  }

  private func job() throws -> TrainJob {
    var job = TrainJob()
    job.method = try method.method()
    job.epochs = epochs ?? job.epochs
    (job.batchSize, job.l2, job.seed) = (batchSize, l2, seed)
    (job.timeLimit, job.patience) = (timeLimit, patience)
    job.gramBudget = max(0, gramBudget) << 20
    (job.output, job.log) = (output, log)
    return job
  }

  func work<S: RealScalar>(_ type: S.Type) throws {
    Interrupt.watch()
    var files = RunFiles(arguments, rows: rows, models: models)
    files.writes(output, "the model", endings: [".safetensors"], replaces: "the model to start from")
    files.writes(log, "the log")
    files.writes(curve, "the curve", endings: [".svg"])
    let refused = try files.check()
    for error in refused.values { logger.warning("\(error): it is not written") }
    var command = self
    if refused["the log"] != nil { command.log = nil }
    if refused["the curve"] != nil { command.curve = nil }
    let model: ModelSpecification<S> = try models.load(as: type, loss: rows.losses.chosen)
    let data = try rows.preparation(arguments, seed: seed).load(for: model, note: logger.info)
    if optimum.toOptimum { try command.toOptimum(model, data) } else { try command.train(model, data) }
    for error in refused.values { throw error }
  }

  private func train<S>(_ model: ModelSpecification<S>, _ data: DataPreparation.Result<S>) throws {
    let job = try job()
    let layout = try (model.model(for: data.training) as? Network<S>)?.layout
    data.announceWhereFeaturesAre()
    announce("\(data.training.count) examples", of: data, seed: seed)
    if let (all, trained) = layout.map({ ($0.count, $0.trainableCount) }) {
      logger.info("a network of \(all) parameters\(all == trained ? "" : ", \(all - trained) of them frozen")")
    }
    let fit = try job.run(
      model, on: data, observers: [InterruptObserver(), ProgressDisplay(name: job.method.name.rawValue)])
    logger.info(fit.remark)
    let outcome = fit.result.outcome
    if outcome != .finished { logger.warning(fit.remedy) }
    if let curve { try AtomicFile.write(learningCurve(fit.result.epochs, loss: data.loss), to: curve) }
    try TrainSummary(fit, model: output).show(json: json)
    if let failure = fit.logFailure { throw failure }
    if outcome == .interrupted { throw ExitCode(130) }
    if outcome == .diverged { throw ExitCode(2) }
  }
}
