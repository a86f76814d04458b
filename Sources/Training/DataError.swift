/// Data that cannot be trained on or evaluated: which row, column or class, what was expected and what was got.
public struct DataError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, or how the caller names the data.
  public var source: String
  public var message: String

  public init(_ source: String, _ message: String) {
    self.source = source
    self.message = message
  }

  public var description: String { source.isEmpty ? message : "\(source): \(message)" }
}
