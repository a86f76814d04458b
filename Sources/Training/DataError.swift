import Errors

/// Data that cannot be trained on or evaluated: which row, column or class, what was expected and what was got.
public struct DataError: FGNError, Equatable {
  /// The file, or how the caller names the data.
  public var source: String
  /// What was expected and got.
  public var message: String
  public var remedy: Remedy?

  public init(_ source: String, _ message: String, remedy: Remedy? = nil) {
    self.source = source
    self.message = message
    self.remedy = remedy
  }

  public var code: ErrorCode { .badData }

  public func text(_ words: (Remedy) -> String) -> String {
    let sentence = remedy.map { $0.following(message, in: words) } ?? message
    return source.isEmpty ? sentence : "\(source): \(sentence)"
  }

  /// The same error about data of another name.
  package func of(_ source: String) -> DataError { DataError(source, message, remedy: remedy) }
}
