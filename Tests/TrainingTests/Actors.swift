// Without Foundation, which has a Progress of its own.
import FastGaussNewton

/// Plays a script: step n moves the first parameter to `values[n]`, or is refused where that is nil.
struct ScriptedOptimizer: Optimizer {
  let objective: Objective<LinearHead<Double>>
  struct State: Codable, Sendable { var step = 0 }
  var state = State()
  var values: [Double?]
  var explanation: String { "script" }

  init(_ values: [Double?], _ objective: Objective<LinearHead<Double>>) {
    self.objective = objective
    self.values = values
  }

  mutating func step(
    _ parameters: inout Parameters<Double>, on batch: Batch<Double>, at progress: Schedule.Progress
  ) -> StepReport {
    defer { state.step += 1 }
    guard let value = values[state.step] else {
      return StepReport(outcome: .rejected, objective: 1, path: "script")
    }
    parameters.values[0] = value
    return StepReport(outcome: .accepted, objective: 1, damping: 0.5, path: "script")
  }
}

/// Writes down what it is told.
final class Recorder {
  enum Event: Equatable {
    case started(Trainer.Plan)
    case step(Int, epoch: Int)
    case epoch(Int)
  }
  var events: [Event] = []
  var records: [Trainer.EpochRecord] = []
  var reports: [StepReport] = []
}

struct RecordingObserver: RunObserver {
  let recorder: Recorder
  var isInterrupted: () -> Bool = { false }

  var wantsToStop: Bool { isInterrupted() }

  mutating func trainingStarted(_ plan: Trainer.Plan) { recorder.events.append(.started(plan)) }

  mutating func stepTaken(_ step: Int, epoch: Int, _ report: StepReport) {
    recorder.events.append(.step(step, epoch: epoch))
    recorder.reports.append(report)
  }

  mutating func partEnded(_ record: some RunRecord) {
    guard let record = record as? Trainer.EpochRecord else { return }
    recorder.events.append(.epoch(record.epoch))
    recorder.records.append(record)
  }
}
