/// The log of a run. That it cannot be written must not cost the model: its first failure is kept until that is saved.
final class RunLog: RunObserver {
  private var log: JSONLinesLog<RunHeader>
  private(set) var failure: (any Error)?

  /// - Throws: `FileError` where not even the header can be written.
  init(path: String, _ header: RunHeader) throws { log = try JSONLinesLog(path: path, header: header) }

  func partEnded(_ record: some RunRecord) {
    guard failure == nil else { return }
    do { try log.partEnded(record) } catch { failure = error }
  }
}

/// The first line of a log: how the run was started, with the parameters of its loss.
struct RunHeader: Encodable {
  var run: Run
  var loss: NamedLoss?

  struct Run: Encodable {
    var producer = Producer.name
    var blas = BLAS.description
    var threads = Partition.threads
    /// JSON of a network; absent for a linear head.
    var architecture: String?
    var loss: String
    /// Of a regression; absent where targets are as they are.
    var targetStandardization: Standardization?
    var training: LoggedTraining
    /// With the settings that were given.
    var optimizer: String
    var method: OptimizerOptions
  }

  func encode(to encoder: any Encoder) throws {
    try run.encode(to: encoder)
    try loss?.encode(to: encoder)
  }
}

/// The options of a training and the penalty of what it minimises, as one object.
struct LoggedTraining: Encodable {
  var options: Trainer.Options
  var l2: Double

  private enum CodingKeys: CodingKey { case l2 }

  init<M>(_ options: Trainer.Options, _ objective: Objective<M>) { (self.options, l2) = (options, objective.l2) }

  func encode(to encoder: any Encoder) throws {
    try options.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(l2, forKey: .l2)
  }
}
