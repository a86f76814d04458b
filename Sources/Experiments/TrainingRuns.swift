import Comparison
import Losses
import Methods
import Models
import Optimization
import Training

/// Training of a model by any methods on one split, as rows: a row for each point of the budget, and one at the start
/// and at powers of two before the first point.
///
/// ```swift
/// var runs = TrainingRuns(split, model: head, budget: .epochs(4))
/// runs.l2 = 1e-4
/// let rows = try runs.rows("adam:lr=0.01", seed: 0)
/// let cases = try runs.cases(["fgn", "ggn", "adam:lr=0.01"], seeds: [0, 1])
/// ```
///
/// Columns are those of `row(_:)`; all but `wallSeconds` and `cpuSeconds` are the same bits in each run with the same
/// seed. A seed starts all methods from the same parameters and gives them the same batches.
public struct TrainingRuns<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  public var split: Split<Scalar>
  public var model: ModelType
  public var loss: any Loss
  /// Steps or epochs, never seconds: rows must not depend on time. Schedules end with it.
  public var budget: Budget
  /// Examples in a step; L-BFGS takes all.
  public var batchSize = 128
  /// Penalty (l2 / 2) |penalised parameters|^2 of every method's objective; in `trainingObjective`, not in the losses.
  public var l2 = 0.0
  /// Evaluations at equally spaced points of the budget, at least 1.
  public var points = 10
  /// Whether rows have `trainingObjective`, `trainingLoss` and `trainingAccuracy`: a pass over the training examples.
  public var measuresTraining = true
  /// Whether the last row of each run is all that is wanted: there are fewer evaluations then.
  public var keepsLastOnly = false
  /// Where all methods start; nil draws the model's initial parameters by the seed.
  public var start: Parameters<Scalar>?
  /// In every row, and in the names of cases, such as `Row(["temperature": 3])`.
  public var labels = Row()
  /// More columns for each row, from its parameters. Names of cases do not tell of it: `labels` should.
  public var observe: (@Sendable (Parameters<Scalar>) -> Row)?

  public init(_ split: Split<Scalar>, model: ModelType, loss: any Loss = CrossEntropy(), budget: Budget) {
    self.split = split
    self.model = model
    self.loss = loss
    self.budget = budget
  }

  /// One run.
  ///
  /// - Parameters:
  ///   - contestant: a method and its settings, such as `fgn:damping-factor=24`.
  ///   - name: in the column `method`; the contestant's text by default, options by their full names.
  /// - Throws: `TrainingMethod.Failure` for a text that is none, `DataError` if model, loss and data do not fit each
  ///   other, `OptimizerError` if batches are too large for the method.
  public func rows(_ contestant: String, as name: String? = nil, seed: UInt64) throws -> [Row] {
    if case .seconds = budget { preconditionFailure("rows must not depend on time: give steps or epochs") }
    let contestant = try TrainingMethod(contestant)
    let problem = problem
    try problem.check()
    var options = ComparisonOptions(contestants: [contestant], seeds: [seed], budget: budget)
    (options.batchSize, options.l2, options.points) = (batchSize, l2, points)
    (options.measuresTraining, options.measuresEarly) = (measuresTraining, !keepsLastOnly)
    let run = ContestantRun(problem: problem, options: options, contestant: contestant, seed: seed)
    try run.check()
    let common = settings(of: contestant, name).merging(labels)
    var more: [Row] = []
    let found = try run.rows(observe: { more.append(observe?($0) ?? Row()) })
    let all = zip(found, more).map { common.merging(row($0)).merging($1) }
    return keepsLastOnly ? all.suffix(1) : all
  }

  /// A case for each method and seed: seed by seed, the methods in turn.
  ///
  /// - Parameter methods: contestants; the column `method` is their text.
  public func cases(_ methods: [String], seeds: [UInt64]) throws -> [Case] {
    try cases(methods.map { ($0, try TrainingMethod($0).description) }, seeds: seeds)
  }

  /// The same with a name for each contestant, for the column `method`.
  public func cases(_ methods: [(contestant: String, name: String)], seeds: [UInt64]) throws -> [Case] {
    let data = problem.fingerprint
    let labels = labels.cells.sorted { $0.key < $1.key }.map { ", \($0.key) \($0.value.text)" }.joined()
    let rest =
      "\(split.name), \(budget.text), batches of \(batchSize), l2 \(Value.number(l2).text), \(points) points"
      + (measuresTraining ? "" : ", held out alone") + (keepsLastOnly ? ", the end" : "") + labels
    return try seeds.flatMap { seed in
      try methods.map { text, name in
        let contestant = try TrainingMethod(text).description
        return Case("\(contestant == name ? "" : "\(name): ")\(contestant), \(rest)", seed: seed, data: data) {
          try rows(text, as: name, seed: seed)
        }
      }
    }
  }

  private var problem: ComparisonProblem<ModelType> {
    ComparisonProblem(
      model: model, loss: loss, training: split.training, validation: split.validation, start: start)
  }

  /// What is the same in all rows of a run: `data`, `method`, `optimizer` (the method without settings), its settings
  /// by the keys of `MethodOption` (`learningRate`), `budget` (epochs or steps), `batchSize` and `l2`.
  private func settings(of contestant: TrainingMethod, _ name: String?) -> Row {
    var row = Row([
      "data": .text(split.name), "method": .text(name ?? contestant.description),
      "optimizer": .text(contestant.name.rawValue), "batchSize": .number(Double(batchSize)), "l2": .number(l2),
    ])
    switch budget {
    case .epochs(let count), .steps(let count): row["budget"] = .number(Double(count))
    case .seconds(let seconds): row["budget"] = .number(seconds)
    }
    for option in contestant.settings.given {
      row[option.key] = contestant.settings[option]?.number.map { .number($0) }
    }
    return row
  }

  /// What changes from point to point: `point`, `step`, `epoch`; the losses, and for classes the accuracies, on
  /// training and held-out examples; for a regression `validationRMSE`; `wallSeconds` and `cpuSeconds` of the steps so
  /// far; `rejected` steps so far; `isLast`, 1 on the last row and 0 else, where `outcome` is finished, diverged or
  /// stalled.
  private func row(_ found: ComparisonRow) -> Row {
    var row = Row([
      "point": .number(Double(found.point)), "step": .number(Double(found.step)), "epoch": .number(found.epoch),
      "validationLoss": .number(found.validationLoss), "rejected": .number(Double(found.rejected)),
      "wallSeconds": .number(found.wallSeconds), "cpuSeconds": .number(found.cpuSeconds),
      "isLast": found.outcome == nil ? 0 : 1,
    ])
    let more = [
      "trainingObjective": found.trainingObjective, "trainingLoss": found.trainingLoss,
      "trainingAccuracy": found.trainingAccuracy,
      "validationAccuracy": found.validationAccuracy, "validationRMSE": found.validationRMSE,
    ]
    for (column, value) in more { row[column] = value.map { .number($0) } }
    row["outcome"] = found.outcome.map { .text($0.rawValue) }
    return row
  }
}
