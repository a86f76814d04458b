import ArgumentParser
import FastGaussNewton

/// `fgn evaluate`: how good a model is on labelled data.
struct EvaluateCommand: DataCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Print objective, loss, and accuracy, top-5 and counts by class, or RMSE and R^2.")

  @OptionGroup var saved: SavedModelArguments
  @OptionGroup var arguments: DataArguments
  @Option(help: "Penalty (l2 / 2) |weight|^2 of the objective.")
  var l2: Double = 0
  @Flag(help: "Print one JSON object.")
  var json = false

  private var job: EvaluateJob {
    var job = EvaluateJob()
    job.l2 = l2
    return job
  }

  func validate() throws {
    try arguments.requireData()
    try requireOptions(job.check)
  }

  func work<S: RealScalar>(_ type: S.Type) throws {
    let result = try job.run(saved.load(as: type), on: arguments.files, note: logger.info)
    if json { return try printJSON(result) }
    let unknown = result.unknownLabels?.values.reduce(0, +) ?? 0
    print("examples   \(result.examples)\(unknown == 0 ? "" : ", and \(unknown) of unknown classes")")
    print("objective  \(NumberText.fixed(result.objective, 6))")
    print("loss       \(NumberText.fixed(result.loss, 6))")
    if let outputs = result.outputs { return show(result, outputs) }
    print("accuracy   \(NumberText.percent(result.accuracy))")
    if let top5 = result.top5 { print("top-5      \(NumberText.percent(top5))") }
    if let calibrated = result.calibrated {
      print("calibrated, T = \(NumberText.significant(calibrated.temperature, 6))")
      print("  loss     \(NumberText.fixed(calibrated.loss, 6))")
      print("  ECE      \(NumberText.fixed(calibrated.calibrationError, 6))")
    }
    print("class  examples  correct")
    for row in result.classes { print("\(row.name)  \(row.examples)  \(row.correct)") }
  }

  private func show(_ result: Evaluation, _ outputs: [Evaluation.OutputFit]) {
    func six(_ value: Double?) -> String { value.map { NumberText.significant($0, 6) } ?? "none" }
    print("RMSE       \(six(result.rmse))")
    print("R^2        \(six(result.r2))")
    print("target  RMSE  R^2")
    for row in outputs { print("\(row.name)  \(six(row.rmse))  \(six(row.r2))") }
  }
}
