import ArgumentParser
import Comparison
import FastGaussNewton
import Figures

extension SoftmaxRegression.CrossValidationOptions.Rule: ExpressibleByArgument {}

/// `fgn tune`: the penalty by cross-validation.
struct TuneCommand: DataCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Choose the penalty l2 of a linear classifier by cross-validation, and fit it on all examples.",
    discussion: """
      Prints the curve: mean validation loss and its standard error for each l2. Each fit goes to its optimum, from the \
      one before; what is hopeless is cut short. Ctrl-C ends it, with 130.
      """)

  @OptionGroup var arguments: DataArguments
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
  var rule: SoftmaxRegression.CrossValidationOptions.Rule = .best
  @Flag(help: "No bias.")
  var noIntercept = false
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

  mutating func validate() throws {
    var noTest: [String] = []
    var validation = rows.validation
    try arguments.settle(validation: &validation, test: &noTest)
    rows.validation = validation
    try require(values != nil, "--l2 must be values above 0, got \(l2.joined(separator: " ")).")
    try requireOptions(job.check)
    let losses = rows.losses
    try require(
      losses.loss?.form.targetKind ?? .classes == .classes,
      "fgn tune is for classes, and --loss \(losses.loss?.form.name ?? "") for numbers to predict.")
    try require(
      losses.standardizeTargets == nil && !losses.integerTargets,
      "fgn tune is for classes, and --standardize-targets and --integer-targets for numbers to predict.")
  }

  private var job: TuneJob {
    var job = TuneJob()
    job.options.path.optimum = SoftmaxRegression.Options(tolerance: tolerance, seed: seed)
    job.options.path.values = l2.isEmpty ? nil : values
    (job.options.path.points, job.options.path.ratio) = (points, ratio)
    if complete { job.options.path.patience = nil }
    (job.options.folds, job.options.seed, job.options.rule) = (folds, seed, rule)
    job.output = output
    return job
  }

  func work<S: RealScalar>(_ type: S.Type) throws {
    Interrupt.watch()
    var files = RunFiles(arguments, rows: rows)
    files.writes(output, "the model", endings: [".safetensors"])
    files.writes(curve, "the curve", endings: [".svg"])
    let refused = try files.check()
    for error in refused.values { logger.warning("\(error): it is not written") }
    let curve = refused.isEmpty ? self.curve : nil
    let model = ModelSpecification<S>(hasIntercept: !noIntercept)
    let data = try rows.preparation(arguments, seed: seed).load(for: model, note: logger.info)
    announce("\(data.training.count) examples in \(folds) folds", of: data, seed: seed)
    let fit = try job.run(
      model, on: data, observers: [InterruptObserver(), RecordObserver<SoftmaxRegression.CrossValidationPoint>(show)])
    guard let result = fit.crossValidation else { return }
    if result.outcome == .stoppedEarly { logger.info("stopped early: the validation loss had been rising") }
    if let curve { try AtomicFile.write(crossValidationCurve(result), to: curve) }
    let summary = TuneSummary(fit, result, model: output)
    if json { try printJSON(summary) } else { summary.show(result.table) }
    if result.outcome == .interrupted { throw ExitCode(130) }
    if fit.result.outcome != .converged {
      logger.warning(fit.result.outcome.remedy(\.flags))
      throw ExitCode(3)
    }
    for error in refused.values { throw error }
  }

  private func show(_ point: SoftmaxRegression.CrossValidationPoint) {
    let cut = point.isCut ? "  cut after \(point.foldLosses.count) of \(folds) folds: hopeless" : ""
    logger.info(
      "l2 \(NumberText.significant(point.l2))  validation loss \(NumberText.fixed(point.loss, 6)) +- \(NumberText.significant(point.standardError, 2))  accuracy \(NumberText.percent(point.accuracy))  \(NumberText.halves(point.passes)) passes\(cut)"
    )
  }
}
