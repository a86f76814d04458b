/// The penalty of a linear classifier by cross-validation, and its optimum on all training rows.
public struct TuneJob: Sendable, Equatable {
  /// The folds, the penalties, which is chosen, and how the final fit is made.
  public var options = SoftmaxRegression.CrossValidationOptions()
  /// Where the model goes, if anywhere: it is written before anything else that may fail.
  public var output: String?

  public init() {}

  /// Throws if an option is out of its range.
  public func check() throws(OptionError) { try options.check() }

  /// Compares penalties and makes the final fit.
  ///
  /// - Parameters:
  ///   - model: a linear head, from zero.
  ///   - observers: are told of each iteration of a fit (`PathIteration`) and of each point (`SoftmaxRegression.CrossValidationPoint`), and
  ///     asked after each whether to stop.
  /// - Throws: as `OptimumJob`, and `NoModelError` where it was interrupted before a penalty was chosen.
  public func run<S: RealScalar>(
    _ model: ModelSpecification<S> = ModelSpecification(), on data: DataPreparation.Result<S>,
    observers: [any RunObserver] = []
  ) throws -> OptimumJob.Fit<S> {
    try check()
    let head = try model.head(for: data)
    let validation = try SoftmaxRegression.CrossValidation(
      data.training, hasIntercept: head.hasIntercept, options: options)
    let clock = RunClock(limit: nil)
    var all = Observers(observers)
    let result = try validation.run(observer: &all)
    guard let chosen = result.fit else {
      throw NoModelError(code: .interrupted, source: data.training.source, message: "interrupted: no l2 was chosen")
    }
    let seconds = clock.cpuSeconds
    var fit = try OptimumJob.Fit(
      Objective(head, l2: result.points[result.chosenIndex].l2), chosen, on: data, seed: options.path.optimum.seed,
      savedTo: output)
    (fit.crossValidation, fit.cpuSeconds) = (result, seconds)
    return fit
  }
}
