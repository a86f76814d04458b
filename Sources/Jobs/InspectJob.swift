/// Whether Fast Gauss-Newton suits a problem: its direction beside the full Gauss-Newton direction at a model. All
/// examples make one batch, and conjugate gradient runs to the limits of the precision.
public struct InspectJob: Sendable, Equatable {
  /// lambda, above 0.
  public var damping: Double
  /// Penalty (l2 / 2) |weight|^2, at least 0.
  public var l2 = 0.0
  /// Whose direction is given and which the solver is for: `fgn` or `ggn`.
  public var curvature = Curvature.fgn
  public var solver = DescentOptions.Solver.automatic

  public init(damping: Double) { self.damping = damping }

  /// Throws if an option is out of its range.
  public func check() throws(OptionError) {
    try OptionError.check(damping > 0 && damping.isFinite, "damping", "above 0", got: damping)
    try OptionError.checkPenalty(l2)
    try OptionError.check(curvature == .fgn || curvature == .ggn, "curvature", "fgn or ggn", got: curvature.name)
    let solvers = DescentOptions.Solver.available(for: curvature)
    guard solvers.contains(solver) else {
      let names = solvers.map(\.rawValue).joined(separator: ", ")
      throw OptionError("solver", "for \(curvature.name) must be one of \(names), got \(solver.rawValue)")
    }
  }

  /// Compares the directions on the examples of files, in their own units.
  ///
  /// - Parameter note: is told what a person should know, such as which columns were ignored.
  /// - Returns: what was found, and the direction [P] of the chosen curvature.
  /// - Throws: `OptionError`, and `FileError` or `DataError` for files that cannot be read or do not fit the model, for
  ///   features that stay in their file, for a regression and for a model that cannot be trained.
  public func run<S: RealScalar>(
    _ model: ModelFile<S>, on files: DataFiles, source: String = "", note: (String) -> Void = { _ in }
  ) throws -> (inspection: InspectJob.Result, direction: [S]) {
    try check()
    let data = try model.examples(in: files, note: note)
    guard data.features.isInMemory else {
      throw DataError(data.source, "all rows make one batch here:", remedy: .featuresInMemory)
    }
    guard model.isClassifier else {
      throw DataError(source, "only classifiers are inspected; the loss of this model is \(model.loss.name)")
    }
    do { try model.model.checkTrainable() } catch { throw DataError(source, "\(error)") }
    let options = DescentOptions(
      curvature: curvature, solver: solver, tolerance: S.self == Float.self ? 1e-6 : 1e-13, maximumIterations: 2000,
      expectedIterations: 100)
    func run(_ chosen: some Model<S>) -> (InspectJob.Result, [S]) {
      InspectJob.Result.run(
        Objective(chosen, l2: l2), at: model.parameters, batch: data.batch, damping: damping, options: options)
    }
    return run(model.model)
  }

  /// Saves a direction as safetensors with the model's names.
  ///
  /// - Throws: `DataError` for a direction that is not finite, and `FileError` if it cannot be written.
  public func save<S>(_ direction: [S], of model: ModelFile<S>, to path: String) throws {
    guard direction.isFinite else { throw DataError(path, "the direction is not finite; raise the damping") }
    let tensors = model.model.layout.trainable.map {
      SafeTensors.Tensor(name: $0.name, shape: $0.shape, values: Array(direction[$0.range]))
    }
    try SafeTensors.write(tensors, to: path)
  }
}
