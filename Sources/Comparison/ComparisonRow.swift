import Methods
import Training

/// Why a run ended.
public enum RunOutcome: String, Sendable, Codable {
  /// The budget is used up.
  case finished
  /// The objective is lost (see `DivergenceWatch`): the run was stopped, its best kept.
  case diverged
  /// No step is accepted any more, though the objective is fine: the method is as far as it gets.
  case stalled
}

/// One evaluation of one run: a raw row.
public struct ComparisonRow: Sendable, Codable, Equatable {
  /// Stands for everything that the run depends on; rows of a run share it.
  public var key: String
  /// The optimizer with the settings of this run.
  public var contestant: String
  public var optimizer: TrainingMethod.Name
  public var seed: UInt64
  /// How many points of the budget are reached; 0 at the start, and at the powers of two before the first.
  public var point: Int
  /// Steps so far, and passes over the data.
  public var step: Int
  public var epoch: Double
  /// Of the steps so far.
  public var wallSeconds: Double
  public var cpuSeconds: Double
  /// Mean of the batches' objectives since the last point; nil at the start.
  public var objective: Double?
  /// Mean loss with penalty, without it, and accuracy on all training rows; nil unless
  /// `ComparisonOptions.measuresTraining`.
  public var trainingObjective: Double?
  public var trainingLoss: Double?
  public var trainingAccuracy: Double?
  public var validationLoss = Double.nan
  public var validationAccuracy: Double?
  public var validationRMSE: Double?
  public var testLoss: Double?
  public var testAccuracy: Double?
  public var testRMSE: Double?
  /// Steps rejected so far.
  public var rejected: Int
  /// On the last row of a run.
  public var outcome: RunOutcome?
  public var version: String
  public var blas: String
  public var threads: Int
  public var precision: String

  public func seconds(by clock: Clock) -> Double { clock == .cpu ? cpuSeconds : wallSeconds }

  /// The columns of a CSV file.
  private static let columns = [
    "key", "contestant", "optimizer", "seed", "point", "step", "epoch", "wallSeconds", "cpuSeconds", "objective",
    "trainingObjective", "trainingLoss", "trainingAccuracy", "validationLoss", "validationAccuracy", "validationRMSE",
    "testLoss", "testAccuracy", "testRMSE", "rejected", "outcome", "version", "blas", "threads", "precision",
  ]
}

extension ComparisonRow: StoredRow {
  public static var kind: String { "comparison" }

  /// A run that was cut has no outcome.
  public static func isComplete(_ run: [ComparisonRow]) -> Bool { run.last?.outcome != nil }

  public var cells: [(column: String, text: String)] {
    func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    let texts = [
      key, contestant, optimizer.rawValue, "\(seed)", "\(point)", "\(step)", "\(epoch)", "\(wallSeconds)",
      "\(cpuSeconds)", number(objective), number(trainingObjective), number(trainingLoss), number(trainingAccuracy),
      number(validationLoss), number(validationAccuracy), number(validationRMSE), number(testLoss),
      number(testAccuracy), number(testRMSE), "\(rejected)", outcome?.rawValue ?? "", version, blas, "\(threads)",
      precision,
    ]
    return zip(Self.columns, texts).map { ($0, $1) }
  }
}
