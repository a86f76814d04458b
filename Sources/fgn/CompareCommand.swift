import ArgumentParser
import Comparison
import FastGaussNewton

extension Clock: ExpressibleByArgument {}

/// `fgn compare`: several optimizers on one problem.
struct CompareCommand: DataCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compare optimizers on one data set: several seeds, one budget, a small grid for whoever needs tuning.",
    discussion: """
      Prints a table and who wins; the directory gets rows.jsonl, rows.csv and curves.svg. The same command goes on \
      where it was interrupted: runs whose data, settings, seed and budget are the same are not run again.
      """)

  @OptionGroup var arguments: DataArguments
  @OptionGroup var models: ModelArguments
  @OptionGroup var rows: TrainingRowArguments

  @Option(
    parsing: .upToNextOption,
    help: "Two or more, such as fgn adam:lr=1e-3 sgd:momentum=0.9, separated by spaces or commas.")
  var optimizers: [String]
  @Option(help: "Passes over the data for each run: the budget, 3 by default. One of --epochs, --steps, --seconds.")
  var epochs: Int?
  @Option(help: "Steps for each run: the budget.")
  var steps: Int?
  @Option(help: "Seconds of steps for each run: the budget.")
  var seconds: Double?
  @Option(help: "What a second is: cpu, of all processors, or wall.")
  var clock: Clock = .cpu
  @Option(help: "Runs of each optimizer.")
  var seeds: Int = 3
  @Option(help: "The first seed.")
  var seed: UInt64 = 0
  @Option(
    parsing: .upToNextOption,
    help:
      "Test examples, one file or two as of --validation: nothing is chosen on them, and optimizers are ranked by them."
  )
  var test: [String] = []
  @Option(help: "Examples in a step, at most; lbfgs takes all.")
  var batchSize: Int = 128
  @Option(help: "Penalty (l2 / 2) |weight|^2.")
  var l2: Double = 0
  @Option(help: "Evaluations of each run, at equally spaced points of the budget.")
  var points: Int = 20
  @Option(help: "Settings that are tried for whoever needs tuning; 1 for the defaults.")
  var grid: Int = 5
  @Option(help: "Ratio from one setting to the next.")
  var gridFactor: Double = 3.1622776601683795
  @Flag(help: "Try further settings, as many again at most, while the best is at the edge of the grid.")
  var extendGrid = false
  @Flag(help: "Choose settings by all seeds, not by the first.")
  var tuneAllSeeds = false
  @Option(help: "Validation loss to be reached; the best of the worst optimizer by default.")
  var target: Double?
  @Option(help: "A directory for rows and curves; made if it is not there.")
  var output: String
  @Flag(help: "Replace files in the directory that are not of a comparison.")
  var force = false
  @Flag(help: "Print the summary as one JSON object.")
  var json = false

  mutating func validate() throws {
    var held = (validation: rows.validation, test: test)
    try arguments.settle(validation: &held.validation, test: &held.test)
    (rows.validation, test) = (held.validation, held.test)
    let budgets = [epochs.map(Double.init), steps.map(Double.init), seconds].compactMap { $0 }
    try require(budgets.count <= 1, "Give one budget: --epochs, --steps or --seconds.")
    try require(budgets.allSatisfy { $0 > 0 && $0.isFinite }, "The budget must be above 0, got \(budgets.first ?? 0).")
    try require(seeds >= 1, "--seeds must be at least 1, got \(seeds).")
    try requireAtMost(seeds, 10_000, "--seeds")
    try require(
      rows.sampleWeights == nil || !rows.validation.isEmpty,
      "--sample-weights has a weight for each training row: give --validation too.")
    let options = try options()
    try requireOptions(options.check)
  }

  private func contestants() throws -> [TrainingMethod] {
    do {
      return try optimizers.flatMap { $0.split(separator: ",") }.map { try TrainingMethod(String($0)) }
    } catch let error as TrainingMethod.Failure {
      throw ValidationError("\(error)")
    }
  }

  private func options() throws -> ComparisonOptions {
    let budget: Budget = seconds.map { .seconds($0) } ?? steps.map { .steps($0) } ?? .epochs(epochs ?? 3)
    var options = ComparisonOptions(
      contestants: try contestants(), seeds: (0..<UInt64(seeds)).map { seed &+ $0 }, budget: budget)
    (options.clock, options.batchSize, options.l2, options.points) = (clock, batchSize, l2, points)
    (options.gridPoints, options.gridFactor, options.tunesOnAllSeeds) = (grid, gridFactor, tuneAllSeeds)
    (options.extendsGrid, options.target) = (extendGrid, target)
    return options
  }

  func work<S: RealScalar>(_ type: S.Type) throws {
    var files = RunFiles(arguments, rows: rows, models: models)
    files.reads(test, "the test data")
    try OperatingSystem.checkCanMakeDirectory(output)
    for name in ["rows.jsonl", "rows.csv", "curves.svg"] where OperatingSystem.exists(output) {
      files.writes("\(output)/\(name)", "the comparison's \(name)")
    }
    try files.checkAll()
    let store = try RunStore<ComparisonRow>(directory: output, files: ["curves.svg"], replacesOthers: force)
    let model: ModelSpecification<S> = try models.load(as: type, loss: rows.losses.chosen)
    let data = try rows.preparation(arguments, seed: seed, fraction: 0.2, test: test).load(
      for: model, note: logger.info)
    try run(model.model(for: data.training), from: model.initial?.parameters, on: data, store)
  }

  private func run<M: Model>(
    _ model: M, from start: Parameters<M.Scalar>?, on data: DataPreparation.Result<M.Scalar>,
    _ store: RunStore<ComparisonRow>
  ) throws {
    guard let held = data.validation else { return }
    let problem = ComparisonProblem(
      model: model, loss: data.loss, training: data.training, validation: held, test: data.test, start: start)
    Interrupt.watch()
    let counts =
      "\(data.training.count) training, \(held.count) validation\(data.test.map { ", \($0.count) test" } ?? "")"
    announce("\(counts) examples", of: data)
    var comparison = try OptimizerComparison(
      problem, options(), store: store, version: Producer.version)
    var observers = Observers([InterruptObserver(), RecordObserver<ComparisonProgress>(show)])
    let result = try comparison.run(observer: &observers)
    guard let result else {
      logger.warning("interrupted; finished runs are in \(output): the same command goes on from there")
      throw ExitCode(130)
    }
    try AtomicFile.write(
      result.figure(
        title: arguments.data?.split(separator: "/").last.map(String.init) ?? "", lossUnit: problem.loss.unit
      ).svg(), to: output + "/curves.svg")
    if json { return try printJSON(result.summary) }
    print(result.summary.text, terminator: "")
    print("rows and curves in \(output)")
  }

  private func show(_ progress: ComparisonProgress) {
    let run = progress.run
    var line = "\(progress.isTuning ? "grid" : "run") \(progress.number)/\(progress.count)  seed \(run.seed)"
    line += "  \(run.contestant)  validation loss \(NumberText.significant(run.best.validationLoss, 4))"
    line += "  \(run.last.step) steps  \(NumberText.significant(run.last.seconds(by: clock))) s"
    if run.outcome != .finished { line += "  \(run.outcome.rawValue)" }
    if progress.isReused { line += "  (from before)" }
    logger.info("\(line)")
  }
}
