/// A job ended, and no model of it is worth keeping.
public struct NoModelError: FGNError, Equatable {
  /// `diverged` or `interrupted`.
  public var code: ErrorCode
  /// The data, as errors name them.
  public var source: String
  /// Why, and what to do.
  public var message: String
  /// What the job would have said of its run: how steps were computed, and how it ended.
  public var remarks: [String] = []

  public func text(_ words: (Remedy) -> String) -> String {
    source.isEmpty ? "there is no model: \(message)" : "\(source): there is no model: \(message)"
  }
}
