import Optimization

/// Progress on standard error: a live line on a terminal, one plain line an epoch elsewhere.
package struct ProgressDisplay: RunObserver {
  private let name: String
  private let isTerminal: Bool
  private let write: (String) -> Void
  private var plan: Trainer.Plan?
  private var clock = RunClock()
  /// Since the live line was last drawn.
  private var drawn = RunClock()
  private var runningObjective: Double?
  private var lastRecord: Trainer.EpochRecord?

  /// - Parameters:
  ///   - name: of the optimizer, for its lines.
  ///   - isTerminal: whether to redraw a live line; standard error's own nature by default.
  ///   - write: where text goes; standard error by default.
  package init(name: String = "", isTerminal: Bool? = nil, write: ((String) -> Void)? = nil) {
    self.name = name.isEmpty ? "" : name + " "
    self.isTerminal = isTerminal ?? StandardError.isTerminal
    self.write = write ?? StandardError.write
  }

  package mutating func trainingStarted(_ plan: Trainer.Plan) {
    self.plan = plan
    clock = RunClock()
    drawn = clock
  }

  package mutating func stepTaken(_ step: Int, epoch: Int, _ report: StepReport) {
    runningObjective = runningObjective.map { $0 + 0.1 * (report.objective - $0) } ?? report.objective
    guard isTerminal, let plan, drawn.wallSeconds > 0.1 else { return }
    drawn = RunClock()
    let rate = Double(step) / max(clock.wallSeconds, 1e-9)
    let done = step * 20 / plan.totalSteps
    let bar = String(repeating: "=", count: done) + String(repeating: " ", count: 20 - done)
    let left = Double(plan.totalSteps - step) / rate
    let last = lastRecord.map {
      Self.quality($0.validationAccuracy ?? $0.accuracy, $0.validationRMSE ?? $0.rmse, gap: " ")
    }
    write(
      "\r\u{1B}[2K[\(bar)] epoch \(epoch)/\(plan.epochs) objective \(NumberText.fixed(runningObjective ?? 0, 4))\(last ?? "")"
        + " \(pace(report.damping, report.stepLength)) \(NumberText.significant(rate)) steps/s ETA \(NumberText.significant(left)) s"
    )
  }

  package mutating func partEnded(_ record: some RunRecord) {
    guard let record = record as? Trainer.EpochRecord else { return }
    lastRecord = record
    var line =
      "epoch \(record.epoch)/\(plan?.epochs ?? record.epoch)  objective \(NumberText.fixed(record.objective, 4))"
    line += Self.quality(record.accuracy, record.rmse, gap: "  ")
    if let loss = record.validationLoss {
      line += "  validation loss \(NumberText.fixed(loss, 4))"
      line += Self.quality(record.validationAccuracy, record.validationRMSE, gap: " ")
    }
    line +=
      "  \(pace(record.damping, record.stepLength))  \(record.solver)  \(NumberText.fixed(record.wallSeconds, 2)) s"
    if record.undone + record.rejected > 0 { line += "  undone \(record.undone) rejected \(record.rejected)" }
    write((isTerminal ? "\r\u{1B}[2K" : "") + line + "\n")
  }

  /// The optimizer with its damping, or its step length where it has none.
  private func pace(_ damping: Double, _ stepLength: Double) -> String {
    name + (damping > 0 ? "lambda \(NumberText.significant(damping))" : "step \(NumberText.significant(stepLength))")
  }

  /// Accuracy or RMSE, whichever there is.
  private static func quality(_ accuracy: Double?, _ rmse: Double?, gap: String) -> String {
    if let accuracy { return "\(gap)accuracy \(NumberText.percent(accuracy))" }
    return rmse.map { "\(gap)RMSE \(NumberText.significant($0, 4))" } ?? ""
  }
}
