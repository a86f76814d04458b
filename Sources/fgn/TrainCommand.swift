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

  enum ClassWeight: String, ExpressibleByArgument, CaseIterable { case balanced }

  @OptionGroup var arguments: DataArguments
  @OptionGroup var models: ModelArguments
  @OptionGroup var losses: LossArguments
  @OptionGroup var method: MethodArguments

  @Option(help: "Validation examples: one file of any kind that DATA may be.")
  var validation: String?
  @Option(help: "Fraction of the examples to hold out for validation, between 0 and 1.")
  var validationFraction: Double?
  @Option(help: "Passes over the data.")
  var epochs: Int = 3
  @Option(help: "Examples in a step, at most.")
  var batchSize: Int = 128
  @Option(help: "Penalty (l2 / 2) |weight|^2; the bias is free.")
  var l2: Double = 0
  @Flag(help: "Standardise features by the training rows; the model remembers how.")
  var standardize = false
  @Option(help: "A weight for each example, .npy [N], at least 0.")
  var sampleWeights: String?
  @Option(help: "'balanced' weighs every class the same in total.")
  var classWeight: ClassWeight?
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
    try check(epochs >= 1, "--epochs must be at least 1, got \(epochs).")
    try check(batchSize >= 1, "--batch-size must be at least 1, got \(batchSize).")
    try check(l2 >= 0 && l2.isFinite, "--l2 must be 0 or more, got \(l2).")
    try check(timeLimit.map { $0 > 0 } ?? true, "--time-limit must be above 0, got \(timeLimit ?? 0).")
    try check(patience.map { $0 >= 1 } ?? true, "--patience must be at least 1, got \(patience ?? 0).")
    try check(gramBudget >= 0, "--gram-budget must be 0 or more, got \(gramBudget).")
    try check(validation == nil || validationFraction == nil, "Give --validation or --validation-fraction, not both.")
    try check(
      validationFraction.map { $0 > 0 && $0 < 1 } ?? true,
      "--validation-fraction must be between 0 and 1, got \(validationFraction ?? 0).")
    try check(
      classWeight == nil || losses.loss.map { $0 == .crossEntropy } ?? true,
      "--class-weight is for classes, and --loss \(losses.loss?.rawValue ?? "") for numbers to predict.")
    try check(
      sampleWeights == nil || validationFraction == nil,
      "--sample-weights has a weight for each training row: give --validation, not --validation-fraction.")
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
    let (network, initial) = try models.load(as: type, loss: losses.chosen)
    if let network {
      do { try network.checkTrainable() } catch { throw DataError(models.model ?? models.initial ?? "", "\(error)") }
    }
    let data = try loadData(for: network, initial, loss: losses.chosen ?? initial?.loss ?? CrossEntropy())
    if let network {
      try train(network, from: initial?.parameters, on: data)
    } else if let head = initial?.model as? LinearHead<S> {
      try train(head, from: initial?.parameters, on: data)
    } else {
      let head = LinearHead<S>(
        features: data.training.featureCount, classes: data.training.outputCount, intercept: !models.noIntercept)
      try train(head, from: nil, on: data)
    }
  }

  private func train<M: Model>(_ model: M, from start: Parameters<M.Scalar>?, on data: TrainingData<M.Scalar>) throws {
    let (training, held, loss) = (data.training, data.held, data.loss)
    for data in [training, held].compactMap({ $0 }) { try data.checkFit(model) }
    var optimizer = GaussNewtonOptimizer(model: model, loss: loss, options: method.options(l2: l2))
    var options = TrainingOptions(
      epochs: epochs, batchSize: batchSize, seed: seed, timeLimit: timeLimit, patience: patience, l2: l2)
    options.gramBudget = gramBudget << 20
    let (classes, targets) = (training.classCount, training.outputCount)
    let outputs = classes > 0 ? "\(classes) classes" : "\(targets) target\(targets == 1 ? "" : "s"), \(loss.name) loss"
    logger.info(
      "\(training.count) examples, \(training.featureCount) features, \(outputs); seed \(seed), \(M.Scalar.precisionName), \(Partition.threads) threads, \(BLAS.description)"
    )
    let architecture = try (model as? Network<M.Scalar>)?.architecture.json()
    if architecture != nil {
      let (all, trained) = (model.layout.count, model.layout.trainableCount)
      logger.info("a network of \(all) parameters\(all == trained ? "" : ", \(all - trained) of them frozen")")
    }
    var observers = Observers([ProgressDisplay()])
    let header = RunHeader(
      architecture: architecture, loss: loss.name, huberDelta: (loss as? HuberLoss)?.delta,
      targetStandardization: training.targetStandardization, training: options, method: optimizer.options)
    let lines = try log.map { try DeferredLog(JSONLinesLog(path: $0, header: header)) }
    if let lines { observers.all.append(lines) }
    let result = try Trainer(model: model, loss: loss, options: options).run(
      &optimizer, from: start, on: training, validation: held, observer: &observers,
      isInterrupted: { Interrupt.isRequested })
    logger.info("steps by \(result.explanation)")
    if result.outcome != .finished { logger.warning("\(result.outcome.remedy)") }
    guard result.bestEpoch > 0, result.outcome != .diverged || result.epochs.count > 1 else {
      printError("fgn: \(training.source): no step could be taken; nothing was saved: \(result.outcome.remedy)")
      throw ExitCode(1)
    }

    var file = ModelFile(model: model, parameters: result.parameters, loss: loss, trainedOn: training)
    let final = file.evaluate(training, l2: l2)
    (file.standardization, file.l2, file.objective, file.seed) = (data.standardization, l2, final.objective, seed)
    file.indexBase = data.indexBase
    file.producer = "fast-gauss-newton \(packageVersion)"
    try file.write(to: output)
    if let curve { try AtomicFile.write(learningCurve(result.epochs, loss: loss), to: curve) }
    let onHeld = held.map { file.evaluate($0, l2: l2) }
    try TrainSummary(result: result, training: final, validation: onHeld, model: output).show(json: json)
    if let failure = lines?.failure { throw failure }
    if result.outcome == .interrupted { throw ExitCode(130) }
    if result.outcome == .diverged { throw ExitCode(1) }
  }

  /// Data for `network`, or for a linear head; weighted and standardised as the options and `initial` say.
  private func loadData<S: RealScalar>(
    for network: Network<S>?, _ initial: ModelFile<S>?, loss: any Loss
  ) throws -> TrainingData<S> {
    let width = network?.inputWidth ?? initial?.model.inputWidth
    var files = arguments.files(
      featureCount: width, indexBase: initial?.indexBase, losses.targetKind(of: loss))
    files.targetNames = initial?.targetNames ?? []
    files.labelsPerExample = network?.rowsPerExample ?? 1
    let loaded: DataFiles.Loaded<S> = try files.load()
    if let remark = loaded.remark { logger.info("\(loaded.data.source): \(remark)") }
    try loaded.data.check(loss)
    var data = TrainingData(training: loaded.data, loss: loss, indexBase: loaded.indexBase)
    if let validation {
      files.featureCount = loaded.data.featureCount
      files.indexBase = loaded.indexBase ?? .automatic
      files.location = .file(validation)
      data.held = try loadValidation(files, for: loaded.data, loss)
    } else if let validationFraction {
      let parts = try loaded.data.split(validationFraction: validationFraction, seed: seed)
      (data.training, data.held) = (parts.training, parts.validation)
    }
    if let sampleWeights {
      do {
        try data.training.setWeights(NPY.vector(sampleWeights))
      } catch let error as DataError {
        throw DataError(sampleWeights, error.message)
      }
    }
    if classWeight == .balanced { try data.training.balanceClasses() }
    data.standardization =
      initial?.standardization ?? (standardize ? Standardization(fitting: data.training.features) : nil)
    if let standardization = data.standardization {
      try data.training.standardize(standardization)
      try data.held?.standardize(standardization)
    }
    if let targets = losses.targetStandardization(of: data.training, loss, initial) {
      try data.training.standardizeTargets(targets)
      try data.held?.standardizeTargets(targets)
    }
    return data
  }

  /// Validation examples with the classes or the targets of the training set.
  private func loadValidation<S>(
    _ files: DataFiles, for training: Dataset<S>, _ loss: any Loss
  ) throws -> Dataset<S> {
    if training.classCount > 0 { return try files.load(classNames: training.classNames) }
    var files = files
    // What the training set's numbers are has been settled.
    (files.targetKind, files.targetNames) = (.numbers, training.targetNames)
    let data: Dataset<S> = try files.load().data
    try data.check(loss)
    return data
  }
}

/// What files and options make of the data.
private struct TrainingData<S: RealScalar> {
  var training: Dataset<S>
  var held: Dataset<S>?
  var loss: any Loss
  var standardization: Standardization?
  var indexBase: LIBSVM.IndexBase?
}

/// A log that cannot be written must not cost the model: its first failure is kept until that is saved.
private final class DeferredLog: TrainingObserver {
  private var log: JSONLinesLog<RunHeader>
  private(set) var failure: (any Error)?

  init(_ log: JSONLinesLog<RunHeader>) { self.log = log }

  func epochEnded(_ record: EpochRecord) {
    guard failure == nil else { return }
    do { try log.epochEnded(record) } catch { failure = error }
  }
}

/// The first line of a log: how the run was started.
private struct RunHeader: Encodable {
  var producer = "fast-gauss-newton \(packageVersion)"
  var blas = BLAS.description
  var threads = Partition.threads
  /// JSON of a network; absent for a linear head.
  var architecture: String?
  var loss: String
  var huberDelta: Double?
  /// Of a regression; absent where targets are as they are.
  var targetStandardization: Standardization?
  var training: TrainingOptions
  var method: GaussNewtonOptions
}
