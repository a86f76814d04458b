import ArgumentParser
import FastGaussNewton
import Figures
import Logging

/// `fgn train --to-optimum`: from data to the certified optimum of a linear head.
struct TrainOptimum<Scalar: RealScalar> {
  let data: TrainingData<Scalar>
  var l2: Double
  let options: OptimumOptions
  let output: String
  var log: String?
  var curve: String?

  /// Minimises, saves and prints; throws an exit code where the bound does not hold.
  func run(_ head: LinearHead<Scalar>, from start: Parameters<Scalar>?, json: Bool) throws {
    let training = data.training
    let problem = SoftmaxProblem(training, l2: l2, hasIntercept: head.hasIntercept)
    logger.info(
      "\(training.count) examples, \(training.featureCount) features, \(data.targetText); seed \(options.seed), \(Scalar.precisionName), \(Partition.threads) threads, \(BLAS.description)"
    )
    if !training.features.isInMemory { logger.info("features stay in their file and are read in blocks of rows") }
    var progress: [OptimumProgress] = []
    let clock = RunClock(limit: nil)
    var observers = Observers([
      InterruptObserver(),
      RecordObserver<OptimumProgress> {
        progress.append($0)
        show($0)
      },
    ])
    let fit = try SoftmaxRegression(problem, options: options).fit(from: start?.values, observer: &observers)
    let records = (log: try progress.map(JSONLine.text).joined(), curve: optimumCurve(progress))
    try finish(head, fit, records, cpuSeconds: clock.cpuSeconds, json: json)
  }

  /// Saves and prints a fit, the model first: a log or a curve that cannot be written must not cost it. Throws an exit
  /// code where the bound does not hold.
  ///
  /// - Parameters:
  ///   - records: what goes into the log and the curve, where they are asked for.
  ///   - path: the points it was chosen from.
  func finish(
    _ head: LinearHead<Scalar>, _ fit: OptimumResult<Scalar>, _ records: (log: String, curve: String),
    path: [PathPoint]? = nil, cpuSeconds: Double, json: Bool
  ) throws {
    let (training, held) = (data.training, data.held)
    var file = ModelFile(
      model: head, parameters: Parameters(layout: head.layout, values: fit.values), loss: CrossEntropy(),
      trainedOn: training)
    (file.standardization, file.l2, file.objective, file.seed) = (
      data.standardization, l2, fit.certificate.objective, options.seed
    )
    file.indexBase = data.indexBase
    file.producer = "fast-gauss-newton \(packageVersion)"
    guard fit.values.isFinite, fit.certificate.objective.isFinite else {
      printError("fgn: \(training.source): nothing was saved: the objective is not finite; standardise the features")
      throw ExitCode(2)
    }
    try file.write(to: output)
    if let log { try AtomicFile.write(records.log, to: log) }
    if let curve { try AtomicFile.write(records.curve, to: curve) }
    var summary = OptimumSummary(
      fit: fit, cpuSeconds: cpuSeconds, training: try file.evaluate(training, l2: l2),
      validation: try held.map { try file.evaluate($0, l2: l2) }, model: output)
    summary.path = path
    if path != nil { summary.l2 = l2 }
    try summary.show(json: json)
    switch fit.outcome {
    case .converged: return
    case .interrupted: throw ExitCode(130)
    default:
      logger.warning("\(fit.outcome.remedy)")
      throw ExitCode(3)
    }
  }

  /// A live line on a terminal; elsewhere a line for each epoch, each certificate and every tenth step.
  private func show(_ iteration: OptimumProgress) {
    let isWorthALine =
      iteration.method == .dual || iteration.certificate != nil || iteration.iteration.isMultiple(of: 10)
    guard StandardError.isTerminal || isWorthALine else { return }
    var text = "\(iteration.method.rawValue) \(iteration.iteration)  \(iteration.passes) passes"
    if let objective = iteration.objective { text += "  objective \(NumberText.fixed(objective, 6))" }
    if let gap = iteration.gapEstimate {
      text += "  gap \(iteration.certificate == nil ? "about" : "at most") \(NumberText.significant(gap)) of it"
    }
    text += "  \(NumberText.fixed(iteration.seconds, 2)) s"
    let isLast = iteration.certificate != nil
    StandardError.write(StandardError.isTerminal ? "\r\u{1B}[2K\(text)\(isLast ? "\n" : "")" : text + "\n")
  }
}

/// What `fgn train --to-optimum` prints: one object, or a few lines.
struct OptimumSummary: Encodable {
  var outcome: OptimumOutcome
  var remedy: String
  var method: OptimumMethod
  var iterations: Int
  var passes: Int
  var objective: Double
  var gapBound: Double?
  var relativeGap: Double?
  var gradientNorm: Double
  var loss: Double
  var accuracy: Double?
  var validationLoss: Double?
  var validationAccuracy: Double?
  var wallSeconds: Double
  var cpuSeconds: Double
  var model: String
  /// What `--l2-path` chose, and from what.
  var l2: Double?
  var path: [PathPoint]?

  init<S>(
    fit: OptimumResult<S>, cpuSeconds: Double, training: Evaluation, validation: Evaluation?, model: String
  ) {
    (outcome, remedy, method) = (fit.outcome, fit.outcome.remedy, fit.method)
    (iterations, passes) = (fit.iterations, fit.passes)
    (objective, gradientNorm) = (fit.certificate.objective, fit.certificate.gradientNorm)
    (gapBound, relativeGap) = (fit.certificate.gapBound, fit.certificate.relativeGap)
    (loss, accuracy) = (training.loss, training.accuracy)
    (validationLoss, validationAccuracy) = (validation?.loss, validation?.accuracy)
    (wallSeconds, self.cpuSeconds) = (fit.seconds, cpuSeconds)
    self.model = model
  }

  func show(json: Bool) throws {
    if json { return try printJSON(self) }
    let gap =
      gapBound.map { "at most \(NumberText.significant($0)) above its minimum" } ?? "no bound without --l2"
    print("objective \(NumberText.fixed(objective, 9)), \(gap); |gradient| \(NumberText.significant(gradientNorm))")
    print("loss \(NumberText.fixed(loss, 6))  accuracy \(NumberText.percent(accuracy ?? 0))")
    if let validationLoss {
      print(
        "validation loss \(NumberText.fixed(validationLoss, 6))  "
          + "accuracy \(NumberText.percent(validationAccuracy ?? 0))")
    }
    print(
      "\(outcome == .converged ? "converged" : "not converged (\(outcome.rawValue))") in \(passes) passes, "
        + "\(NumberText.significant(wallSeconds)) s (\(NumberText.significant(cpuSeconds)) s of CPU), saved to \(model)"
    )
  }
}

/// What is left of the gap, by passes.
func optimumCurve(_ progress: [OptimumProgress]) -> String {
  let known = progress.filter { ($0.gapEstimate ?? 0) > 0 }
  let certified = known.filter { $0.certificate != nil }
  var marks: [Mark] = [
    .line(Line("estimate", x: known.map { Double($0.passes) }, y: known.map { $0.gapEstimate ?? 0 }))
  ]
  if !certified.isEmpty {
    marks.append(
      .scatter(
        Scatter("certified bound", x: certified.map { Double($0.passes) }, y: certified.map { $0.gapEstimate ?? 0 })))
  }
  return Figure(panels: [
    Panel(
      "To the optimum", x: Axis("Passes over the features"), y: Axis("Gap / objective", scale: .log10),
      marks: marks)
  ]).svg()
}
