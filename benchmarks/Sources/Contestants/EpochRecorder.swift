import FastGaussNewton

/// An optimizer, watched: the parameters at the end of each epoch, and the seconds that its steps took. Batches and
/// evaluations are not in these seconds.
public struct EpochRecorder<Base: Optimizer>: Optimizer {
  public typealias ModelType = Base.ModelType
  public typealias Scalar = Base.Scalar
  public typealias State = Base.State

  public struct Epoch: Sendable {
    public var parameters: Parameters<Scalar>
    /// Since the start of the run.
    public var seconds: Seconds
  }

  public var base: Base
  public private(set) var epochs: [Epoch] = []
  private var seconds = Seconds(wall: 0, cpu: 0)
  private let stepsPerEpoch: Int

  public init(_ base: Base, stepsPerEpoch: Int) {
    self.base = base
    self.stepsPerEpoch = stepsPerEpoch
  }

  public var state: State {
    get { base.state }
    set { base.state = newValue }
  }

  public var objective: Objective<ModelType> { base.objective }

  public var explanation: String { base.explanation }

  public mutating func step(
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
