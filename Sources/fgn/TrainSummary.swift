import FastGaussNewton
import Figures

/// What `fgn train` prints: one object, or a few lines.
struct TrainSummary: Encodable {
  var outcome: Trainer.Outcome
  var epochs: Int
  /// 0 for the model that was given to start from.
  var bestEpoch: Int
  /// What that is judged by: its validation loss, or else its objective.
  var startValue: Double?
  var steps: Int
  var objective: Double
  var loss: Double
  var accuracy: Double?
  var rmse: Double?
  var r2: Double?
  var validationLoss: Double?
  var validationAccuracy: Double?
  var validationRMSE: Double?
  var validationR2: Double?
  var damping: Double
  var solver: String
  var undone: Int
  var rejected: Int
  var wallSeconds: Double
  var cpuSeconds: Double
  var model: String

  init<S>(_ fit: TrainJob.Fit<S>, model: String) {
    let (result, training, validation) = (fit.result, fit.training, fit.validation)
    let last = result.epochs.last
    outcome = result.outcome
    epochs = result.epochs.count
    (bestEpoch, startValue) = (result.bestEpoch, result.startValue)
    steps = last?.step ?? 0
    (objective, loss) = (training.objective, training.loss)
    (accuracy, rmse, r2) = (training.accuracy, training.rmse, training.r2)
    (validationLoss, validationAccuracy) = (validation?.loss, validation?.accuracy)
    (validationRMSE, validationR2) = (validation?.rmse, validation?.r2)
    damping = last?.damping ?? 0
    solver = last?.solver ?? ""
    undone = result.epochs.reduce(0) { $0 + $1.undone }
    rejected = result.epochs.reduce(0) { $0 + $1.rejected }
    (wallSeconds, cpuSeconds) = (last?.wallSeconds ?? 0, last?.cpuSeconds ?? 0)
    self.model = model
  }

  func show(json: Bool) throws {
    if json { return try printJSON(self) }
    print(
      "objective \(NumberText.fixed(objective, 6))  loss \(NumberText.fixed(loss, 6))"
        + Self.quality(accuracy, rmse, r2))
    if let validationLoss {
      print(
        "validation loss \(NumberText.fixed(validationLoss, 6))"
          + Self.quality(validationAccuracy, validationRMSE, validationR2))
    }
    print(
      "\(steps) steps in \(NumberText.significant(wallSeconds)) s (\(NumberText.significant(cpuSeconds)) s of CPU), "
        + (bestEpoch == 0 ? "no epoch is better than the start: that is kept" : "epoch \(bestEpoch) of \(epochs) kept")
        + ", saved to \(model)")
  }

  private static func quality(_ accuracy: Double?, _ rmse: Double?, _ r2: Double?) -> String {
    if let accuracy { return "  accuracy \(NumberText.percent(accuracy))" }
    let parts = [("RMSE", rmse), ("R^2", r2)].compactMap { name, value in
      value.map { "  \(name) \(NumberText.significant($0, 6))" }
    }
    return parts.joined()
  }
}

/// The loss, and the accuracy or the root mean squared error, by epoch.
func learningCurve(_ records: [Trainer.EpochRecord], loss: any Loss) -> String {
  let epochs = records.map { Double($0.epoch) }
  func lines(_ training: (Trainer.EpochRecord) -> Double?, _ validation: (Trainer.EpochRecord) -> Double?) -> [Mark] {
    func line(_ name: String, _ value: (Trainer.EpochRecord) -> Double?) -> Mark? {
      let values = records.compactMap(value)
      return values.count == epochs.count ? .line(Line(name, x: epochs, y: values)) : nil
    }
    return [line("training", training), line("validation", validation)].compactMap { $0 }
  }
  let accuracy = Panel(
    "Accuracy", x: Axis("Epoch"), y: Axis("Accuracy", unit: "%"),
    marks: lines({ $0.accuracy.map { 100 * $0 } }, { $0.validationAccuracy.map { 100 * $0 } }))
  let error = Panel(
    "Error", x: Axis("Epoch"), y: Axis("Root mean squared error"), marks: lines(\.rmse, \.validationRMSE))
  return Figure(panels: [
    Panel(
      "Loss", x: Axis("Epoch"), y: Axis("Mean \(loss.name)\(loss is CrossEntropy ? "" : " loss")", unit: loss.unit),
      marks: lines(\.loss, \.validationLoss)),
    records.last?.accuracy == nil ? error : accuracy,
  ]).svg()
}
