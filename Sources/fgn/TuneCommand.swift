import ArgumentParser
import Comparison
import FastGaussNewton
import Figures
import Logging

extension PenaltyRule: ExpressibleByArgument {}

/// `fgn tune`: the penalty by cross-validation.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Choose the penalty l2 of a linear classifier by cross-validation, and fit it on all examples.",
    discussion: """
      Prints the curve: mean validation loss and its standard error for each l2. Each fit goes to its optimum, from the \
      one before; what is hopeless is cut short. Ctrl-C ends it, with 130.
      """)

  @OptionGroup var arguments: DataArguments
  @OptionGroup var models: ModelArguments
  @OptionGroup var rows: TrainingRowArguments

  @Option(help: "Parts of the examples, each held out in turn.")
  var folds: Int = 5
  @Option(
    parsing: .upToNextOption,
    help: "Values of l2 to compare, above 0, separated by spaces or commas; a grid by default.")
  var l2: [String] = []
  @Option(help: "Values in the grid.")
  var points: Int = 12
  @Option(help: "Of the grid: its least value over its greatest.")
  var ratio: Double = 1e-6
  @Option(help: "Which l2 is chosen: best, or one-standard-error, the greatest within one of the best.")
  var rule: PenaltyRule = .best
  @Flag(help: "Compare all values, with all folds, and cut nothing short.")
  var complete = false
  @Option(help: "Gap over objective at which the final fit has converged.")
  var tolerance: Double = 1e-6
  @Option(help: "Seed of the folds and of orders of visits.")
  var seed: UInt64 = 0
  @Option(help: "Where the model goes, .safetensors.")
  var output: String?
  @Option(help: "Where the curve goes, .svg.")
  var curve: String?
  @Flag(help: "Print the result as one JSON object.")
  var json = false

  private var values: [Double]? {
    let texts = l2.flatMap { $0.split(separator: ",") }
    let values = texts.compactMap { Double($0) }
    return values.count == texts.count && values.allSatisfy { $0 > 0 && $0.isFinite } ? values : nil
  }

  func validate() throws {
    func check(_ condition: Bool, _ message: String) throws { if !condition { throw ValidationError(message) } }
    try check(folds >= 2, "--folds must be at least 2, got \(folds).")
    try check(values != nil, "--l2 must be values above 0, got \(l2.joined(separator: " ")).")
    try check(2...1000 ~= points, "--points must be from 2 to 1000, got \(points).")
    try check(ratio > 0 && ratio < 1, "--ratio must be between 0 and 1, got \(ratio).")
    try check(tolerance > 0 && tolerance.isFinite, "--tolerance must be above 0, got \(tolerance).")
    try check(
      models.model == nil && models.initial == nil,
      "fgn tune is for a linear head from the start: without --model and --initial.")
    try check(
      rows.losses.loss?.form.targetKind ?? .classes == .classes,
      "fgn tune is for classes, and --loss \(rows.losses.loss?.form.name ?? "") for numbers to predict.")
  }

  func run() throws {
    Partition.threads = arguments.threads
    try reportingFailures {
      switch arguments.precision {
      case .float: try tune(Float.self)
      case .double: try tune(Double.self)
      }
    }
  }

  private var options: CrossValidationOptions {
    var options = CrossValidationOptions()
    options.path.optimum = OptimumOptions(tolerance: tolerance, seed: seed)
    options.path.values = l2.isEmpty ? nil : values
    (options.path.points, options.path.ratio) = (points, ratio)
    if complete { options.path.patience = nil }
    (options.folds, options.seed, options.rule) = (folds, seed, rule)
    return options
  }

  private func tune<S: RealScalar>(_ type: S.Type) throws {
    let watch = Interrupt.watch()
    defer { watch.cancel() }
    try checkCanCreate(output, curve)
    let data: TrainingData<S> = try rows.load(arguments, for: nil, nil, seed: seed)
    let head = LinearHead<S>(
      features: data.training.featureCount, classes: data.training.classCount, intercept: !models.noIntercept)
    try data.held?.checkFit(head)
    let validation = try CrossValidation(data.training, hasIntercept: !models.noIntercept, options: options)
    logger.info(
      "\(data.training.count) examples in \(folds) folds, \(data.training.featureCount) features, \(data.targetText); seed \(seed), \(S.precisionName), \(Partition.threads) threads, \(BLAS.description)"
    )
    let clock = RunClock(limit: nil)
    var observers = Observers([InterruptObserver(), RecordObserver<CrossValidationPoint>(show)])
    let result = try validation.run(observer: &observers)
    if result.outcome == .stoppedEarly { logger.info("stopped early: the validation loss had been rising") }
    guard let fit = result.fit, fit.values.isFinite else {
      logger.warning("interrupted: no l2 was chosen")
      throw ExitCode(130)
    }
    if let curve { try AtomicFile.write(crossValidationCurve(result), to: curve) }
    let l2 = result.points[result.chosenIndex].l2
    var file = ModelFile(
      model: head, parameters: Parameters(layout: head.layout, values: fit.values), trainedOn: data.training)
    (file.standardization, file.l2, file.objective) = (data.standardization, l2, fit.certificate.objective)
    (file.seed, file.indexBase) = (seed, data.indexBase)
    file.producer = "fast-gauss-newton \(packageVersion)"
    if let output { try file.write(to: output) }
    let summary = TuneSummary(
      result: result, fit: fit, cpuSeconds: clock.cpuSeconds, training: try file.evaluate(data.training, l2: l2),
      validation: try data.held.map { try file.evaluate($0, l2: l2) }, model: output)
    if json { try printJSON(summary) } else { summary.show(result.table) }
    if result.outcome == .interrupted { throw ExitCode(130) }
    if fit.outcome != .converged {
      logger.warning("\(fit.outcome.remedy)")
      throw ExitCode(3)
    }
  }

  private func show(_ point: CrossValidationPoint) {
    let cut = point.isCut ? "  cut after \(point.foldLosses.count) of \(folds) folds: hopeless" : ""
    logger.info(
      "l2 \(NumberText.significant(point.l2))  validation loss \(NumberText.fixed(point.loss, 6)) +- \(NumberText.significant(point.standardError, 2))  accuracy \(NumberText.percent(point.accuracy))  \(point.passes) passes\(cut)"
    )
  }
}
