import Optimization
import TensorFiles

/// Who is told about a run.
public protocol TrainingObserver {
  mutating func trainingStarted(_ plan: TrainingPlan)
  /// After each step; `step` counts from 1 over the whole run. Called often: be quick.
  mutating func stepTaken(_ step: Int, epoch: Int, _ report: StepReport)
  mutating func epochEnded(_ record: EpochRecord) throws
}

extension TrainingObserver {
  public mutating func trainingStarted(_ plan: TrainingPlan) {}
  public mutating func stepTaken(_ step: Int, epoch: Int, _ report: StepReport) {}
  public mutating func epochEnded(_ record: EpochRecord) throws {}
}

/// Tells nobody.
public struct SilentObserver: TrainingObserver {
  public init() {}
}

/// Tells several, in order.
public struct Observers: TrainingObserver {
  public var all: [any TrainingObserver]

  public init(_ all: [any TrainingObserver]) { self.all = all }

  public mutating func trainingStarted(_ plan: TrainingPlan) {
    for i in all.indices { all[i].trainingStarted(plan) }
  }
  public mutating func stepTaken(_ step: Int, epoch: Int, _ report: StepReport) {
    for i in all.indices { all[i].stepTaken(step, epoch: epoch, report) }
  }
  public mutating func epochEnded(_ record: EpochRecord) throws {
    for i in all.indices { try all[i].epochEnded(record) }
  }
}
