import ArgumentParser
import FastGaussNewton
import Logging

/// `fgn train`: from a data set to a model file.
struct TrainCommand: ParsableCommand {
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
  @Option(help: "Examples in a step, at most.")
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

  func validate() throws {
    func check(_ condition: Bool, _ message: String) throws { if !condition { throw ValidationError(message) } }
    try check(epochs ?? 1 >= 1, "--epochs must be at least 1, got \(epochs ?? 0).")
    try check(batchSize ?? 1 >= 1, "--batch-size must be at least 1, got \(batchSize ?? 0).")
    try check(l2 >= 0 && l2.isFinite, "--l2 must be 0 or more, got \(l2).")
    try check(timeLimit.map { $0 > 0 } ?? true, "--time-limit must be above 0, got \(timeLimit ?? 0).")
    try check(patience.map { $0 >= 1 } ?? true, "--patience must be at least 1, got \(patience ?? 0).")
    try check(gramBudget >= 0, "--gram-budget must be 0 or more, got \(gramBudget).")
    let isFree = epochs == nil && batchSize == nil && patience == nil && !method.isGiven && models.model == nil
    try check(
      !optimum.toOptimum || isFree,
      "--to-optimum is for a linear head and chooses its method: without --model, --epochs, --batch-size, --patience and "
        + "options of optimizers.")
    try path.check(
      toOptimum: optimum.toOptimum, l2: l2, hasInitial: models.initial != nil, hasValidation: rows.hasValidation)
  }

  func run() throws {
    Partition.threads = arguments.threads
    try reportingFailures {
      switch arguments.precision {
      case .float: try train(Float.self)
      case .double: try train(Double.self)
      }
    }
  }

  private func train<S: RealScalar>(_ type: S.Type) throws {
    let watch = Interrupt.watch()
    defer { watch.cancel() }
    try checkCanCreate(output, log, curve)
    let (network, initial) = try models.load(as: type, loss: rows.losses.chosen)
    let data = try rows.load(arguments, for: network, initial, seed: seed)
    let model = try models.model(network, initial, for: data.training)
    guard optimum.toOptimum else { return try train(model, from: initial?.parameters, on: data) }
    guard let head = model as? LinearHead<S> else {
      throw DataError(models.initial ?? "", "--to-optimum is for a linear head, and this is a network")
    }
    guard data.loss is CrossEntropy else {
      throw DataError(data.training.source, "--to-optimum minimises cross-entropy, and the loss is \(data.loss.name)")
    }
    for part in [data.training, data.held].compactMap({ $0 }) { try part.checkFit(head) }
    var run = TrainOptimum(
      data: data, l2: l2, options: optimum.options(timeLimit: timeLimit, seed: seed), output: output, log: log,
      curve: curve)
    if let options = path.options(run.options) { return try run.runPath(head, options, json: json) }
    try run.run(head, from: initial?.parameters, json: json)
  }

  private func train<M: Model>(_ model: M, from start: Parameters<M.Scalar>?, on data: TrainingData<M.Scalar>) throws {
    let (training, held, loss) = (data.training, data.held, data.loss)
    for data in [training, held].compactMap({ $0 }) { try data.checkFit(model) }
    let method = try method.method()
    let made = method.make(Objective(model, loss: loss, l2: l2), seed: seed)
    var optimizer = made.optimizer
    var options = TrainingOptions(
      epochs: epochs ?? 3, batchSize: batchSize ?? method.name.batchSize(of: training.count), seed: seed,
      timeLimit: timeLimit, patience: patience)
    options.gramBudget = gramBudget << 20
    try training.checkBatch(of: options.batchSize, memoryLimit: max(arguments.memoryBytes, 16 << 20))
    if !training.features.isInMemory { logger.info("features stay in their file and are read in blocks of rows") }
    logger.info(
      "\(training.count) examples, \(training.featureCount) features, \(data.targetText); seed \(seed), \(M.Scalar.precisionName), \(Partition.threads) threads, \(BLAS.description)"
    )
    let architecture = try (model as? Network<M.Scalar>)?.architecture.json()
    if architecture != nil {
      let (all, trained) = (model.layout.count, model.layout.trainableCount)
      logger.info("a network of \(all) parameters\(all == trained ? "" : ", \(all - trained) of them frozen")")
    }
    var observers = Observers([InterruptObserver(), ProgressDisplay(name: method.name.rawValue)])
    let header = RunHeader(
      run: RunHeader.Run(
        architecture: architecture, loss: loss.name, targetStandardization: training.targetStandardization,
        training: LoggedTraining(options: options, l2: l2), optimizer: method.description, method: made.options),
      loss: NamedLoss(loss))
    let lines = try log.map { try DeferredLog(JSONLinesLog(path: $0, header: header)) }
    if let lines { observers.all.append(lines) }
    let result = try Trainer(options: options).run(
      &optimizer, from: start, on: training, validation: held, observer: &observers)
    logger.info("\(method): steps by \(result.explanation)")
    let remedy = result.outcome == .diverged ? method.name.divergenceRemedy : result.outcome.remedy
    if result.outcome != .finished { logger.warning("\(remedy)") }
    guard result.bestEpoch > 0, result.outcome != .diverged || result.epochs.count > 1 else {
      printError("fgn: \(training.source): nothing was saved: no epoch ended well")
      throw ExitCode(2)
    }

    var file = ModelFile(model: model, parameters: result.parameters, loss: loss, trainedOn: training)
    let final = try file.evaluate(training, l2: l2)
    (file.standardization, file.l2, file.objective, file.seed) = (data.standardization, l2, final.objective, seed)
    file.indexBase = data.indexBase
    file.producer = "fast-gauss-newton \(packageVersion)"
    try file.write(to: output)
    if let curve { try AtomicFile.write(learningCurve(result.epochs, loss: loss), to: curve) }
    let onHeld = try held.map { try file.evaluate($0, l2: l2) }
    try TrainSummary(result: result, training: final, validation: onHeld, model: output).show(json: json)
    if let failure = lines?.failure { throw failure }
    if result.outcome == .interrupted { throw ExitCode(130) }
    if result.outcome == .diverged { throw ExitCode(2) }
  }
}

/// A log that cannot be written must not cost the model: its first failure is kept until that is saved.
private final class DeferredLog: RunObserver {
  private var log: JSONLinesLog<RunHeader>
  private(set) var failure: (any Error)?

  init(_ log: JSONLinesLog<RunHeader>) { self.log = log }

  func partEnded(_ record: some RunRecord) {
    guard failure == nil else { return }
    do { try log.partEnded(record) } catch { failure = error }
  }
}

/// The first line of a log: how the run was started, with the parameters of its loss.
private struct RunHeader: Encodable {
  var run: Run
  var loss: NamedLoss?

  struct Run: Encodable {
    var producer = "fast-gauss-newton \(packageVersion)"
    var blas = BLAS.description
    var threads = Partition.threads
    /// JSON of a network; absent for a linear head.
    var architecture: String?
    var loss: String
    /// Of a regression; absent where targets are as they are.
    var targetStandardization: Standardization?
    var training: LoggedTraining
    /// With the settings that were given.
    var optimizer: String
    var method: OptimizerOptions
  }

  func encode(to encoder: any Encoder) throws {
    try run.encode(to: encoder)
    try loss?.encode(to: encoder)
  }
}

/// The options of a training and the penalty of what it minimises, as one object.
private struct LoggedTraining: Encodable {
  var options: TrainingOptions
  var l2: Double

  private enum CodingKeys: CodingKey { case l2 }

  func encode(to encoder: any Encoder) throws {
    try options.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(l2, forKey: .l2)
  }
}
