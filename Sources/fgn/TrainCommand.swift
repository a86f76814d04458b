import ArgumentParser
import FastGaussNewton
import Logging

/// `fgn train`: from a data set to a model file.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a softmax head and save it as safetensors.",
    discussion: """
      No option needs tuning. The model is the best seen at the end of an epoch: by validation loss where there is a \
      validation set, by training objective otherwise. Ctrl-C finishes the step, saves and exits with 130.
      """)

  enum ClassWeight: String, ExpressibleByArgument, CaseIterable { case balanced }

  @OptionGroup var arguments: DataArguments
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
  @Flag(help: "No bias.")
  var noIntercept = false
  @Option(help: "A weight for each example, .npy [N], at least 0.")
  var sampleWeights: String?
  @Option(help: "'balanced' weighs every class the same in total.")
  var classWeight: ClassWeight?
  @Option(help: "Seed of the shuffling: the same seed gives the same bytes.")
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
    var (training, held, standardization, indexBase) = try loadData(type)
    if let sampleWeights {
      do {
        try training.setWeights(NPY.vector(sampleWeights))
      } catch let error as DataError {
        throw DataError(sampleWeights, error.message)
      }
    }
    if classWeight == .balanced { try training.balanceClasses() }
    if let standardization { try training.standardize(standardization) }
    if let standardization { try held?.standardize(standardization) }

    let head = LinearHead<S>(
      features: training.featureCount, classes: training.classCount, intercept: !noIntercept)
    var optimizer = GaussNewtonOptimizer(model: head, options: method.options(l2: l2))
    var options = TrainingOptions(
      epochs: epochs, batchSize: batchSize, seed: seed, timeLimit: timeLimit, patience: patience, l2: l2)
    options.gramBudget = gramBudget << 20
    logger.info(
      "\(training.count) examples, \(training.featureCount) features, \(training.classCount) classes; seed \(seed), \(S.precisionName), \(Partition.threads) threads, \(BLAS.description)"
    )
    var observers = Observers([ProgressDisplay()])
    let lines = try log.map { try DeferredLog(JSONLinesLog(path: $0, header: RunHeader(options, optimizer.options))) }
    if let lines { observers.all.append(lines) }
    let result = try Trainer(model: head, options: options).run(
      &optimizer, on: training, validation: held, observer: &observers, isInterrupted: { Interrupt.isRequested })
    logger.info("steps by \(result.explanation)")
    if result.outcome != .finished { logger.warning("\(result.outcome.remedy)") }
    guard result.bestEpoch > 0, result.outcome != .diverged || result.epochs.count > 1 else {
      printError("fgn: \(training.source): no step could be taken; nothing was saved: \(result.outcome.remedy)")
      throw ExitCode(1)
    }

    var evaluator = Evaluator(model: head)
    let final = evaluator.evaluate(result.parameters, training, l2: l2)
    let onHeld = held.map { evaluator.evaluate(result.parameters, $0, l2: l2) }
    var file = ModelFile(head: head, parameters: result.parameters, classNames: training.classNames)
    (file.standardization, file.l2, file.objective, file.seed) = (standardization, l2, final.objective, seed)
    file.indexBase = indexBase
    file.producer = "fast-gauss-newton \(packageVersion)"
    try file.write(to: output)
    if let curve { try AtomicFile.write(learningCurve(result.epochs), to: curve) }
    try TrainSummary(result: result, training: final, validation: onHeld, model: output).show(json: json)
    if let failure = lines?.failure { throw failure }
    if result.outcome == .interrupted { throw ExitCode(130) }
    if result.outcome == .diverged { throw ExitCode(1) }
  }

  /// Training rows, validation rows, the standardisation fitted on the former, and the index base of a LIBSVM file.
  private func loadData<S: RealScalar>(
    _ type: S.Type
  ) throws -> (
    training: Dataset<S>, held: Dataset<S>?, standardization: Standardization?, indexBase: LIBSVM.IndexBase?
  ) {
    let loaded: DataFiles.Loaded<S> = try arguments.files().load()
    if let remark = loaded.remark { logger.info("\(loaded.data.source): \(remark)") }
    var (training, held): (Dataset<S>, Dataset<S>?) = (loaded.data, nil)
    if let validation {
      var files = arguments.files(featureCount: training.featureCount, indexBase: loaded.indexBase)
      files.location = .file(validation)
      held = try files.load(classNames: training.classNames)
    } else if let validationFraction {
      (training, held) = try loaded.data.split(validationFraction: validationFraction, seed: seed)
    }
    return (training, held, standardize ? Standardization(fitting: training.features) : nil, loaded.indexBase)
  }
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
  var training: TrainingOptions
  var method: GaussNewtonOptions

  init(_ training: TrainingOptions, _ method: GaussNewtonOptions) {
    self.training = training
    self.method = method
  }
}
