import Errors
import LinearAlgebra
import Models

/// A training method: parameters and a batch go in, better parameters and a report come out.
///
/// It owns what it minimises, so that whoever runs it (a trainer, a task) asks it, and cannot mean anything else.
public protocol Optimizer<ModelType>: Sendable {
  associatedtype ModelType: Model
  typealias Scalar = ModelType.Scalar
  /// The model, the loss and the penalty.
  var objective: Objective<ModelType> { get }
  /// What it remembers between steps; a checkpoint is its encoding.
  associatedtype State: Codable & Sendable
  var state: State { get set }
  /// For people: how steps are computed, and why that way.
  var explanation: String { get }

  /// Takes one step. Parameters are replaced only by finite values; a step that is refused leaves them alone and
  /// says so in the report.
  mutating func step(_ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress)
    -> StepReport

  /// Throws if batches of `batchRows` rows of outputs are too large for it, and says what to use instead. Asked once,
  /// before a run.
  func check(batchRows: Int) throws(OptimizerError)
}

extension Optimizer {
  public func check(batchRows: Int) throws(OptimizerError) {}
}

/// A run that a method cannot take on.
public struct OptimizerError: FGNError, Equatable {
  /// What was expected and got, and what to do.
  public var message: String

  public init(_ message: String) { self.message = message }

  public var code: ErrorCode { .badOption }

  public func text(_ words: (Remedy) -> String) -> String { message }
}

extension StepReport {
  /// What became of a step.
  public enum Outcome: String, Sendable, Codable {
    case accepted
    /// The step before was taken back, because the objective got worse; then a new one was taken.
    case undone
    /// The direction or the loss was not finite, or the system could not be solved: parameters unchanged.
    case rejected
  }
}

/// What a step did, for logs and tests.
public struct StepReport: Sendable, Codable, Equatable {
  public var outcome: StepReport.Outcome
  /// Objective on the batch (weighted mean loss + L2) before the step.
  public var objective: Double
  /// Damping in force; 0 for methods without.
  public var damping: Double
  /// Factor that the schedule put on the direction.
  public var stepLength: Double
  /// Factor by which the trust region shortened the direction; 1 if it did not.
  public var shortening: Double
  /// How the direction was found, such as "gram".
  public var path: String
  /// The linear solve.
  public var solve: SolveReport
  /// Actual over predicted decrease of the objective on the batch, where it was measured.
  public var gainRatio: Double?
  /// Forward passes, pushforwards and pullbacks.
  public var modelPasses = 0

  public init(
    outcome: StepReport.Outcome, objective: Double, damping: Double = 0, stepLength: Double = 1, shortening: Double = 1,
    path: String = "", solve: SolveReport = SolveReport(outcome: .converged)
  ) {
    self.outcome = outcome
    self.objective = objective
    self.damping = damping
    self.stepLength = stepLength
    self.shortening = shortening
    self.path = path
    self.solve = solve
  }
}
