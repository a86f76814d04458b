import Optimization

extension Trainer {
  /// What will be done, for observers.
  public struct Plan: Sendable, Codable, Equatable {
    public var epochs: Int
    public var stepsPerEpoch: Int
    public var examples: Int
    public var hasValidation: Bool
    /// At most `Int.max`: runs are ended by other means before that.
    public var totalSteps: Int {
      let (steps, overflow) = epochs.multipliedReportingOverflow(by: stepsPerEpoch)
      return overflow ? .max : steps
    }
  }
}

extension Trainer {
  /// One epoch, as it is logged.
  public struct EpochRecord: RunRecord, Codable, Equatable, CustomStringConvertible {
    /// From 1.
    public var epoch: Int
    /// Steps since the start of the run.
    public var step = 0
    /// Steps of this epoch, and how many of them were undone or rejected.
    public var steps = 0
    public var undone = 0
    public var rejected = 0
    /// Seconds since the start of the run, of the clock and of all processors.
    public var wallSeconds = 0.0
    public var cpuSeconds = 0.0
    /// On all training rows after the epoch: see `Evaluation`.
    public var objective = 0.0
    public var loss = 0.0
    public var accuracy: Double?
    public var rmse: Double?
    public var r2: Double?
    /// On the validation set, where there is one.
    public var validationLoss: Double?
    public var validationAccuracy: Double?
    public var validationRMSE: Double?
    public var validationR2: Double?
    /// Of the last step.
    public var damping = 0.0
    public var stepLength = 0.0
    public var solver = ""
    /// Over the epoch: conjugate gradient iterations, operator products, passes through the model, steps that the trust
    /// region shortened.
    public var iterations = 0
    public var products = 0
    public var modelPasses = 0
    public var shortened = 0

    init(epoch: Int) { self.epoch = epoch }

    /// The epoch, with the objective and the accuracy, or the root mean squared error, on the training rows.
    public var description: String {
      let quality =
        accuracy.map { ", accuracy \(NumberText.percent($0))" }
        ?? rmse.map { ", RMSE \(NumberText.significant($0))" } ?? ""
      return "epoch \(epoch): objective \(NumberText.fixed(objective, 3))\(quality)"
    }

    mutating func add(_ report: StepReport) {
      steps += 1
      undone += report.outcome == .undone ? 1 : 0
      rejected += report.outcome == .rejected ? 1 : 0
      shortened += report.shortening < 1 ? 1 : 0
      iterations += report.solve.iterations
      products += report.solve.products
      modelPasses += report.modelPasses
      damping = report.damping
      stepLength = report.stepLength
      solver = report.path
    }

    mutating func close(step: Int, training: Evaluation, validation: Evaluation?, clock: RunClock) {
      self.step = step
      (objective, loss) = (training.objective, training.loss)
      (accuracy, rmse, r2) = (training.accuracy, training.rmse, training.r2)
      (validationLoss, validationAccuracy) = (validation?.loss, validation?.accuracy)
      (validationRMSE, validationR2) = (validation?.rmse, validation?.r2)
      (wallSeconds, cpuSeconds) = (clock.wallSeconds, clock.cpuSeconds)
    }
  }
}
