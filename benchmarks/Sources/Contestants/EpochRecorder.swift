import FastGaussNewton

/// An optimizer, watched: the parameters at the end of each epoch, and the seconds that its steps took. Batches and
/// evaluations are not in these seconds.
package struct EpochRecorder<Base: Optimizer>: Optimizer {
  package typealias ModelType = Base.ModelType
  package typealias Scalar = Base.Scalar
  package typealias State = Base.State

  package struct Epoch: Sendable {
    package var parameters: Parameters<Scalar>
    /// Since the start of the run.
    package var seconds: Seconds
  }

  package var base: Base
  package private(set) var epochs: [Epoch] = []
  private var seconds = Seconds(wall: 0, cpu: 0)
  private let stepsPerEpoch: Int

  package init(_ base: Base, stepsPerEpoch: Int) {
    self.base = base
    self.stepsPerEpoch = stepsPerEpoch
  }

  package var state: State {
    get { base.state }
    set { base.state = newValue }
  }

  package var objective: Objective<ModelType> { base.objective }

  package var explanation: String { base.explanation }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    var report = StepReport(outcome: .rejected, objective: 0)
    let time = Timing.measure { report = base.step(&parameters, on: batch, at: progress) }
    seconds.wall += time.wall
    seconds.cpu += time.cpu
    if (progress.step + 1) % stepsPerEpoch == 0 { epochs.append(Epoch(parameters: parameters, seconds: seconds)) }
    return report
  }
}
