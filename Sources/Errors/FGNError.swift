/// What went wrong, as a name that stays the same from version to version: for programs, and for other languages.
public enum ErrorCode: String, Sendable, Codable, CaseIterable {
  /// Data, or the bytes of a file, are not what they should be, or do not fit the model.
  case badData = "bad-data"
  /// A model cannot be made or trained as it is described.
  case badModel = "bad-model"
  /// A number or a name that the caller chose is out of its range, or does not go with another.
  case badOption = "bad-option"
  /// An input file does not exist or may not be read.
  case missingInput = "missing-input"
  /// An output file cannot be created.
  case cannotCreate = "cannot-create"
  /// Reading or writing failed half way.
  case inputOutput = "input-output"
  /// Training ended without a model worth keeping.
  case diverged
  /// The caller ended the work before there was a result.
  case interrupted
}

/// An error of this package: a stable code, and a sentence for people that says what was expected and what was got.
///
/// Sentences speak of data, labels and options, never of a command's flags or of a language's functions. A program that
/// has names of its own for what would help puts them in by `text(_:)`.
public protocol FGNError: Error, Sendable, CustomStringConvertible {
  var code: ErrorCode { get }
  /// What would help, where that is known.
  var remedy: Remedy? { get }
  /// The sentence, with the caller's words for the remedy.
  func text(_ words: (Remedy) -> String) -> String
}

extension FGNError {
  public var remedy: Remedy? { nil }
  public var description: String { text(\.text) }
}
