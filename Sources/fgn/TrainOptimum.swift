import ArgumentParser
import FastGaussNewton
import Figures

/// `fgn train --to-optimum`: from data to the certified optimum of a linear head.
extension TrainCommand {
  /// Minimises, saves and prints; throws an exit code where the bound does not hold.
  func toOptimum<S>(_ model: ModelSpecification<S>, _ data: DataPreparation.Result<S>) throws {
    guard try model.model(for: data.training) is LinearHead<S> else {
      throw DataError(models.initial ?? "", "--to-optimum is for a linear head, and this is a network")
    }
    guard data.loss is CrossEntropy else {
      throw DataError(data.training.source, "--to-optimum minimises cross-entropy, and the loss is \(data.loss.name)")
    }
    let options = optimum.options(timeLimit: timeLimit, seed: seed)
    if let options = path.options(options) { return try fitPath(model, data, options) }
    var job = OptimumJob()
    (job.l2, job.options, job.output) = (l2, options, output)
    announce("\(data.training.count) examples", of: data, seed: seed)
    data.announceWhereFeaturesAre()
    let fit = try job.run(
      model, on: data, observers: [InterruptObserver(), RecordObserver<SoftmaxRegression.Progress>(show)])
    let lines = try fit.progress.map { try JSONLine.text(of: $0) }
    try finish(fit, log: lines.joined(), curve: optimumCurve(fit.progress))
  }

  /// Writes the log and the curve of a fit whose model is saved, and prints it. Throws an exit code where the bound
  /// does not hold.
  func finish<S>(_ fit: OptimumJob.Fit<S>, log lines: String, curve figure: String) throws {
    if let log { try AtomicFile.write(lines, to: log) }
    if let curve { try AtomicFile.write(figure, to: curve) }
    try OptimumSummary(fit, model: output).show(json: json)
    switch fit.result.outcome {
    case .converged: return
    case .interrupted: throw ExitCode(130)
    default:
      logger.warning(fit.result.outcome.remedy(\.flags))
      throw ExitCode(3)
    }
  }

  /// A live line on a terminal; elsewhere a line for each epoch, each certificate and every tenth step.
  private func show(_ iteration: SoftmaxRegression.Progress) {
    let isWorthALine =
      iteration.method == .dual || iteration.certificate != nil || iteration.iteration.isMultiple(of: 10)
    guard StandardError.isTerminal || isWorthALine else { return }
    var text = "\(iteration.method.rawValue) \(iteration.iteration)  \(NumberText.halves(iteration.passes)) passes"
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
  var outcome: SoftmaxRegression.Outcome
  var remedy: String
  var method: SoftmaxRegression.Method
  var iterations: Int
  var passes: Double
  var objective: Double
  var gapBound: Double?
  var relativeGap: Double?
  var gradientNorm: Double?
  var loss: Double
  var accuracy: Double?
  var validationLoss: Double?
  var validationAccuracy: Double?
  var wallSeconds: Double
  var cpuSeconds: Double
  var model: String
  /// What `--l2-path` chose, and from what.
  var l2: Double?
  var path: [SoftmaxRegression.PathPoint]?

  init<S>(_ fit: OptimumJob.Fit<S>, model: String) {
    let result = fit.result
    (outcome, remedy, method) = (result.outcome, result.outcome.remedy(\.flags), result.method)
    (iterations, passes) = (result.iterations, result.passes)
    (objective, gradientNorm) = (result.certificate.objective, result.certificate.gradientNorm)
    (gapBound, relativeGap) = (result.certificate.gapBound, result.certificate.relativeGap)
    (loss, accuracy) = (fit.training.loss, fit.training.accuracy)
    (validationLoss, validationAccuracy) = (fit.validation?.loss, fit.validation?.accuracy)
    (wallSeconds, cpuSeconds) = (result.seconds, fit.cpuSeconds)
    self.model = model
    path = fit.path?.points
    if path != nil { l2 = fit.l2 }
  }

  func show(json: Bool) throws {
    if json { return try printJSON(self) }
    let gap =
      gapBound.map { "at most \(NumberText.significant($0)) above its minimum" } ?? "no bound without --l2"
    let gradient = gradientNorm.map { "; |gradient| \(NumberText.significant($0))" } ?? ""
    print("objective \(NumberText.fixed(objective, 9)), \(gap)\(gradient)")
    print("loss \(NumberText.fixed(loss, 6))  accuracy \(NumberText.percent(accuracy ?? 0))")
    if let validationLoss {
      print(
        "validation loss \(NumberText.fixed(validationLoss, 6))  "
          + "accuracy \(NumberText.percent(validationAccuracy ?? 0))")
    }
    print(
      "\(outcome == .converged ? "converged" : "not converged (\(outcome.rawValue))") in \(NumberText.halves(passes)) passes, "
        + "\(NumberText.significant(wallSeconds)) s (\(NumberText.significant(cpuSeconds)) s of CPU), saved to \(model)"
    )
  }
}

/// What is left of the gap, by passes.
func optimumCurve(_ progress: [SoftmaxRegression.Progress]) -> String {
  let known = progress.filter { ($0.gapEstimate ?? 0) > 0 }
  let certified = known.filter { $0.certificate != nil }
  var marks: [Mark] = [
    .line(Line("estimate", x: known.map(\.passes), y: known.map { $0.gapEstimate ?? 0 }))
  ]
  if !certified.isEmpty {
    marks.append(
      .scatter(
        Scatter("certified bound", x: certified.map(\.passes), y: certified.map { $0.gapEstimate ?? 0 })))
  }
  return Figure(panels: [
    Panel(
      "To the optimum", x: Axis("Passes over the features"), y: Axis("Gap / objective", scale: .log10),
      marks: marks)
  ]).svg()
}
