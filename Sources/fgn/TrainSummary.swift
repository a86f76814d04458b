import FastGaussNewton
import Figures

/// What `fgn train` prints: one object, or a few lines.
struct TrainSummary: Encodable {
  var outcome: TrainingOutcome
  var epochs: Int
  var bestEpoch: Int
  var steps: Int
  var objective: Double
  var loss: Double
  var accuracy: Double
  var validationLoss: Double?
  var validationAccuracy: Double?
  var damping: Double
  var solver: String
  var undone: Int
  var rejected: Int
  var wallSeconds: Double
  var cpuSeconds: Double
  var model: String

  init<S>(result: TrainingResult<S>, training: Evaluation, validation: Evaluation?, model: String) {
    let last = result.epochs.last
    outcome = result.outcome
    epochs = result.epochs.count
    bestEpoch = result.bestEpoch
    steps = last?.step ?? 0
    (objective, loss, accuracy) = (training.objective, training.loss, training.accuracy)
    (validationLoss, validationAccuracy) = (validation?.loss, validation?.accuracy)
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
      "objective \(NumberText.fixed(objective, 6))  loss \(NumberText.fixed(loss, 6))  accuracy \(NumberText.percent(accuracy))"
    )
    if let validationLoss, let validationAccuracy {
      print(
        "validation loss \(NumberText.fixed(validationLoss, 6))  accuracy \(NumberText.percent(validationAccuracy))")
    }
    print(
      "\(steps) steps in \(NumberText.significant(wallSeconds)) s (\(NumberText.significant(cpuSeconds)) s of CPU), "
        + "epoch \(bestEpoch) of \(epochs) kept, saved to \(model)")
  }
}

/// Objective and accuracy by epoch.
func learningCurve(_ records: [EpochRecord]) -> String {
  let epochs = records.map { Double($0.epoch) }
  func lines(_ training: (EpochRecord) -> Double, _ validation: (EpochRecord) -> Double?) -> [Mark] {
    let held = records.compactMap(validation)
    let first = Mark.line(Line("training", x: epochs, y: records.map(training)))
    return held.count == epochs.count ? [first, .line(Line("validation", x: epochs, y: held))] : [first]
  }
  return Figure(panels: [
    Panel(
      "Loss", x: Axis("Epoch"), y: Axis("Mean cross-entropy", unit: "nats"), marks: lines(\.loss, \.validationLoss)),
    Panel(
      "Accuracy", x: Axis("Epoch"), y: Axis("Accuracy", unit: "%"),
      marks: lines({ 100 * $0.accuracy }, { $0.validationAccuracy.map { 100 * $0 } })),
  ]).svg()
}
