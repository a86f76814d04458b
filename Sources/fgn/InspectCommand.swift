import ArgumentParser
import FastGaussNewton

/// The curvatures that `fgn inspect` compares.
enum InspectedCurvature: String, ExpressibleByArgument, CaseIterable {
  case fgn, ggn

  var curvature: Curvature { self == .fgn ? .fgn : .ggn }
}

/// `fgn inspect`: does FGN suit this problem? One batch of all rows given.
struct InspectCommand: DataCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Compare the FGN direction with the full Gauss-Newton direction at a model.",
    discussion: "All rows given make one batch. Conjugate gradient runs to the limits of the precision.")

  @OptionGroup var saved: SavedModelArguments
  @OptionGroup var arguments: DataArguments
  @Option(help: "Damping lambda, above 0.")
  var damping: Double
  @Option(help: "Penalty (l2 / 2) |weight|^2.")
  var l2: Double = 0
  @Option(help: "Whose direction is saved and which the solver is for.")
  var curvature: InspectedCurvature = .fgn
  @Option(help: "How the system is solved; gram-cg for fgn alone, dual for ggn alone.")
  var solver: DescentOptions.Solver = .automatic
  @Option(help: "Where the direction goes, .safetensors with the model's names.")
  var direction: String?
  @Flag(help: "Print one JSON object.")
  var json = false

  private var job: InspectJob {
    var job = InspectJob(damping: damping)
    (job.l2, job.curvature, job.solver) = (l2, curvature.curvature, solver)
    return job
  }

  func validate() throws {
    try arguments.requireData()
    try requireOptions(job.check)
  }

  func work<S: RealScalar>(_ type: S.Type) throws {
    var files = RunFiles(arguments, saved)
    files.writes(direction, "the direction", endings: [".safetensors"])
    try files.checkAll()
    let model: ModelFile<S> = try saved.load()
    let (inspection, vector) = try job.run(model, on: arguments.files, source: saved.model, note: logger.info)
    if let direction { try job.save(vector, of: model, to: direction) }
    if json { return try printJSON(inspection) }
    show(inspection)
  }

  private func show(_ i: InspectJob.Result) {
    func six(_ value: Double) -> String { NumberText.significant(value, 6) }
    print("examples                \(i.examples)")
    print("loss                    \(six(i.loss))")
    print("objective               \(six(i.objective))")
    print("gradient norm           \(six(i.gradientNorm))")
    print(
      "trace FGN, GGN          \(six(i.traceFGN)), \(six(i.traceGGN)): kept share \(NumberText.percent(i.keptShare))")
    print("effective competitors   \(i.effectiveCompetitors.map { NumberText.significant($0) }.joined(separator: " "))")
    print("                        at 0 10 25 50 75 90 100 % of the examples")
    print("FGN against GGN         cosine \(six(i.cosine)), relative error \(six(i.relativeError))")
    for (name, d) in [("FGN", i.fgn), ("GGN", i.ggn)] {
      print("\(name) unit step           loss \(six(d.lossAfter)), objective \(six(d.objectiveAfter))")
      print("\(name) solve               \(d.solver) (\(d.reason)): \(d.outcome.remedy)")
      print("                        \(d.iterations) iterations, residual \(six(d.residual))")
    }
    print(i.verdict)
  }
}
