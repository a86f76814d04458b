/// A linear classifier for several penalties, each fit from the optimum before; validation examples choose.
public struct PathJob: Sendable, Equatable {
  /// The penalties, when to stop going down, and how each point is fitted.
  public var options = SoftmaxRegression.PathOptions()
  /// Where the model that is chosen goes, if anywhere: it is written before anything else that may fail.
  public var output: String?

  public init() {}

  /// Throws if an option is out of its range.
  public func check() throws(OptionError) { try options.check() }

  /// Fits the path, and keeps the model with the least validation loss.
  ///
  /// - Parameters:
  ///   - model: a linear head, from zero.
  ///   - observers: are told of each iteration of a fit (`PathIteration`) and of each point (`PathFit`), and asked after
  ///     each whether to stop.
  /// - Throws: as `OptimumJob`, and `OptionError` where no examples are held out.
  public func run<S: RealScalar>(
    _ model: ModelSpecification<S> = ModelSpecification(), on data: DataPreparation.Result<S>,
    observers: [any RunObserver] = []
  ) throws -> OptimumJob.Fit<S> {
    try check()
    let head = try model.head(for: data)
    guard let held = data.validation else {
      throw OptionError("validation", "is what a penalty is chosen by: hold examples out")
    }
    let path = try SoftmaxRegression.Path(
      training: data.training, validation: held, hasIntercept: head.hasIntercept, options: options)
    let clock = RunClock(limit: nil)
    var all = Observers(observers)
    var result = try path.run(observer: &all)
    let seconds = clock.cpuSeconds
    result.best.seconds = clock.wallSeconds
    var fit = try OptimumJob.Fit(
      Objective(head, l2: result.points[result.bestIndex].l2), result.best, on: data, seed: options.optimum.seed,
      savedTo: output)
    (fit.path, fit.cpuSeconds) = (result, seconds)
    return fit
  }
}
