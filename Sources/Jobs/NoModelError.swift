/// A job ended, and no model of it is worth keeping.
package struct NoModelError: FGNError, Equatable {
  /// `diverged` or `interrupted`.
  package var code: ErrorCode
  /// The data, as errors name them.
  package var source: String
  /// Why, and what to do.
  package var message: String
  /// What the job would have said of its run: how steps were computed, and how it ended.
  package var remarks: [String] = []

  package func text(_ words: (Remedy) -> String) -> String {
    source.isEmpty ? "there is no model: \(message)" : "\(source): there is no model: \(message)"
  }
}
