/// The log of a run. That it cannot be written must not cost the model: its first failure is kept until that is saved.
final class RunLog: TrainingObserver {
  private var log: JSONLinesLog<RunHeader>
  private(set) var failure: (any Error)?

  /// - Throws: `FileError` where not even the header can be written.
  init(path: String, _ header: RunHeader) throws { log = try JSONLinesLog(path: path, header: header) }

  func epochEnded(_ record: EpochRecord) {
    guard failure == nil else { return }
    do { try log.epochEnded(record) } catch { failure = error }
  }
}

/// The first line of a log: how the run was started.
struct RunHeader: Encodable {
  var producer = Producer.name
  var blas = BLAS.description
  var threads = Partition.threads
  /// JSON of a network; absent for a linear head.
  var architecture: String?
  var loss: String
  var huberDelta: Double?
  /// Of a regression; absent where targets are as they are.
  var targetStandardization: Standardization?
  var training: TrainingOptions
  /// With the settings that were given.
  var optimizer: String
  var method: OptimizerOptions
}
