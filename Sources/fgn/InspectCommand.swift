import ArgumentParser
import FastGaussNewton

/// `fgn inspect`: does FGN suit this problem? One batch of all rows given.
struct InspectCommand: ParsableCommand {
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
  @Option(help: "fgn or ggn: whose direction is saved and which the solver is for.")
  var curvature: Curvature = .fgn
  @Option(help: "auto, gram, cg or gram-cg for fgn; auto, cg or dual for ggn.")
  var solver: Solver = .automatic
  @Option(help: "Where the direction goes, .safetensors with the model's names.")
  var direction: String?
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard damping > 0, damping.isFinite else { throw ValidationError("--damping must be above 0, got \(damping).") }
    guard l2 >= 0, l2.isFinite else { throw ValidationError("--l2 must be 0 or more, got \(l2).") }
    guard curvature == .fgn || curvature == .ggn else {
      throw ValidationError("--curvature must be fgn or ggn, got \(curvature.name).")
    }
    let solvers = Solver.available(for: curvature)
    guard solvers.contains(solver) else {
      let names = solvers.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--solver for \(curvature.name) must be one of \(names), got \(solver.rawValue).")
    }
  }

  func run() throws {
    Partition.threads = arguments.threads
    try reportingFailures {
      switch arguments.precision {
      case .float: try inspect(Float.self, tolerance: 1e-6)
      case .double: try inspect(Double.self, tolerance: 1e-13)
      }
    }
  }

  private func inspect<S: RealScalar>(_ type: S.Type, tolerance: Double) throws {
    try checkCanCreate(direction)
    let (file, data) = try saved.load(with: arguments, as: type)
    guard data.features.isInMemory else {
      throw DataError(data.source, "all rows make one batch here, and the features take more than --memory-limit")
    }
    guard file.loss is CrossEntropy else {
      throw DataError(saved.model, "only classifiers are inspected; the loss of this model is \(file.loss.name)")
    }
    do { try file.model.checkTrainable() } catch { throw DataError(saved.model, "\(error)") }
    let options = DescentOptions(
      curvature: curvature, solver: solver, tolerance: tolerance, maximumIterations: 2000, expectedIterations: 100)
    func run(_ model: some Model<S>) -> (inspection: Inspection, direction: [S]) {
      Inspection.run(
        Objective(model, l2: l2), at: file.parameters, batch: data.batch, damping: damping, options: options)
    }
    let (inspection, vector) = run(file.model)
    if let direction {
      guard vector.isFinite else { throw DataError(data.source, "the direction is not finite; raise the damping") }
      let tensors = file.model.layout.trainable.map {
        SafeTensors.Tensor(name: $0.name, shape: $0.shape, values: Array(vector[$0.range]))
      }
      try SafeTensors.write(tensors, to: direction)
    }
    if json { return try printJSON(inspection) }
    show(inspection)
  }

  private func show(_ i: Inspection) {
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
