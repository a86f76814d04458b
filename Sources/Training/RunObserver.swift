import Optimization

/// Who is told about a run, and may end it: of training, of a fit to its optimum, of a path of penalties, of a
/// cross-validation, of a comparison, of an experiment.
///
/// All methods have a default that does nothing, and `wantsToStop` one that is false. Steps come often; a part of a run
/// that ends comes as a record, whose type says what it was. Calls come one after another, on the thread that called
/// the run, and the run waits for them. A callback of another language, or a stream of records, is an observer that
/// hands records on.
///
/// ```swift
/// struct Losses: RunObserver {
///   var all: [Double] = []
///   mutating func partEnded(_ record: some RunRecord) {
///     if let epoch = record as? Trainer.EpochRecord { all.append(epoch.loss) }
///   }
///   var wantsToStop: Bool { all.last.map { $0 < 0.9 } ?? false }
/// }
/// ```
public protocol RunObserver {
  /// Training begins.
  mutating func trainingStarted(_ plan: Trainer.Plan)
  /// A step of an optimizer was taken; `step` counts from 1 over the whole run. Called often: be quick.
  mutating func stepTaken(_ step: Int, epoch: Int, _ report: StepReport)
  /// A part of the run ended. What is thrown here ends the run, which throws it on.
  mutating func partEnded(_ record: some RunRecord) throws
  /// Whether the run is to end with what there is: asked after each step, and after each record of a part that has no
  /// steps. The outcome says that it was interrupted.
  var wantsToStop: Bool { get }
}

extension RunObserver {
  public mutating func trainingStarted(_ plan: Trainer.Plan) {}
  public mutating func stepTaken(_ step: Int, epoch: Int, _ report: StepReport) {}
  public mutating func partEnded(_ record: some RunRecord) throws {}
  public var wantsToStop: Bool { false }
}

/// What is known of a part of a run when it ends: an epoch of training, an iteration of a fit, a point of a path, a run
/// of a comparison, a case of an experiment.
public protocol RunRecord: Sendable {}

/// Tells nobody.
package struct SilentObserver: RunObserver {
  package init() {}
}

/// Calls a function with each record of one type.
///
/// ```swift
/// var observer = RecordObserver<Trainer.EpochRecord> { print($0.epoch, $0.objective) }
/// ```
public struct RecordObserver<Record: RunRecord>: RunObserver {
  private let body: (Record) throws -> Void

  public init(_ body: @escaping (Record) throws -> Void) { self.body = body }

  public func partEnded(_ record: some RunRecord) throws {
    if let record = record as? Record { try body(record) }
  }
}

/// Tells several, in order. The run stops when one of them wants to.
package struct Observers: RunObserver {
  package var all: [any RunObserver]

  package init(_ all: [any RunObserver]) { self.all = all }

  package mutating func trainingStarted(_ plan: Trainer.Plan) {
    for i in all.indices { all[i].trainingStarted(plan) }
  }
  package mutating func stepTaken(_ step: Int, epoch: Int, _ report: StepReport) {
    for i in all.indices { all[i].stepTaken(step, epoch: epoch, report) }
  }
  package mutating func partEnded(_ record: some RunRecord) throws {
    for i in all.indices { try all[i].partEnded(record) }
  }
  package var wantsToStop: Bool { all.contains { $0.wantsToStop } }
}
