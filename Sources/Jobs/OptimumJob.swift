/// Training of a linear classifier to its optimum, with a certificate of the gap.
///
/// ```swift
/// var job = OptimumJob()
/// job.l2 = 1e-3
/// let fit = try job.run(on: data)
/// print(fit.result.outcome, fit.result.certificate.objective, fit.validation?.accuracy ?? 0)
/// ```
public struct OptimumJob: Sendable, Equatable {
  /// Penalty (l2 / 2) |weight|^2, at least 0; the bias is free.
  public var l2 = 0.0
  /// How near, by what method, and for how long.
  public var options = SoftmaxRegression.Options()
  /// Where the model goes, if anywhere: it is written before anything else that may fail.
  public var output: String?

  public init() {}

  /// Throws if an option is out of its range.
  public func check() throws(OptionError) {
    try OptionError.checkPenalty(l2)
    try options.check()
  }

  /// Minimises.
  ///
  /// - Parameters:
  ///   - model: a linear head, from zero or from the parameters of a model.
  ///   - observers: are told of each iteration (`SoftmaxRegression.Progress`), and asked after it whether to stop.
  /// - Throws: `OptionError`, `DataError` for networks, for another loss than cross-entropy and for data that do not
  ///   fit, `FileError` for an output that cannot be written, and `NoModelError` where the objective is not finite. A
  ///   bound that does not hold is an outcome.
  public func run<S: RealScalar>(
    _ model: ModelSpecification<S> = ModelSpecification(), on data: DataPreparation.Result<S>,
    observers: [any RunObserver] = []
  ) throws -> OptimumJob.Fit<S> {
    try check()
    let head = try model.head(for: data)
    let objective = Objective(head, l2: l2)
    let problem = try SoftmaxRegression.Problem(data.training, objective)
    let clock = RunClock(limit: nil)
    var progress: [SoftmaxRegression.Progress] = []
    var all = Observers([RecordObserver<SoftmaxRegression.Progress> { progress.append($0) }] + observers)
    var options = options
    options.keepsStart = model.initial != nil
    let result = try SoftmaxRegression.Solver(problem, options: options).fit(
      from: model.start(for: data.training)?.parameters.values, observer: &all)
    let seconds = clock.cpuSeconds
    var fit = try OptimumJob.Fit(objective, result, on: data, seed: options.seed, savedTo: output)
    (fit.cpuSeconds, fit.progress) = (seconds, progress)
    return fit
  }
}

extension OptimumJob {
  /// What `OptimumJob`, `PathJob` and `TuneJob` leave behind.
  public struct Fit<Scalar: RealScalar>: Sendable {
    public var model: ModelFile<Scalar>
    /// How near the model is to its optimum, and how it got there.
    public var result: SoftmaxRegression.Result<Scalar>
    /// The penalty of the model.
    public var l2: Double
    /// Of the model on all training rows, and on those held out.
    public var training: Evaluation
    public var validation: Evaluation?
    /// Of all processors.
    public var cpuSeconds = 0.0
    /// The iterations; none of a path or a cross-validation.
    public var progress: [SoftmaxRegression.Progress] = []
    /// The penalties it was chosen from, by a path or by cross-validation.
    public var path: SoftmaxRegression.PathResult<Scalar>?
    public var crossValidation: SoftmaxRegression.CrossValidationResult<Scalar>?

    /// Saves the model, where it is to be saved, and then evaluates it.
    init(
      _ objective: Objective<LinearHead<Scalar>>, _ result: SoftmaxRegression.Result<Scalar>,
      on data: DataPreparation.Result<Scalar>,
      seed: UInt64, savedTo output: String?
    ) throws {
      guard result.values.isFinite, result.certificate.objective.isFinite else {
        throw NoModelError(
          code: .diverged, source: data.training.source,
          message: "the objective is not finite; standardise the features")
      }
      let parameters = Parameters(layout: objective.model.layout, values: result.values)
      var file = try ModelFile(trained: objective, parameters, on: data, seed: seed)
      file.objective = result.certificate.objective
      if let output { try file.write(to: output) }
      (model, self.result, l2) = (file, result, objective.l2)
      training = try file.evaluate(data.training)
      validation = try data.validation.map { try file.evaluate($0) }
    }
  }
}

extension ModelSpecification {
  /// The linear head for data of classes.
  func head(for data: DataPreparation.Result<Scalar>) throws(DataError) -> LinearHead<Scalar> {
    guard let head = try model(for: data.training) as? LinearHead<Scalar> else {
      throw DataError(source, "expected a linear head to take to its optimum, and this is a network")
    }
    guard data.loss is CrossEntropy else {
      throw DataError(data.training.source, "expected cross-entropy to minimise, and the loss is \(data.loss.name)")
    }
    try data.checkFit(head)
    return head
  }
}
