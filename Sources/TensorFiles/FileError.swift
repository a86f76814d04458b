import Errors

/// A file that could not be read or written: which one, where in it, what was expected and what was got.
///
/// ```
/// letters.csv: line 7, column "width": expected a number, got "wide"
/// ```
public struct FileError: FGNError, Equatable {
  /// What went wrong.
  public enum Kind: Sendable, Equatable {
    /// The bytes are not what the format, or the reader's limits, allow.
    case badData
    /// The file does not exist or may not be read.
    case missingInput
    /// The output file cannot be created.
    case cannotCreate
    /// Reading or writing failed half way.
    case inputOutput
  }

  public var kind: Kind
  /// The path as the caller gave it.
  public var file: String
  /// A byte offset, line, column name or entry, as text.
  public var position: String?
  /// What was expected and what was got.
  public var message: String
  public var remedy: Remedy?
  /// Whether whole numbers, one for each example, were expected as labels, and others were got.
  public var isOfLabels = false

  public init(_ kind: Kind, file: String, position: String? = nil, _ message: String, remedy: Remedy? = nil) {
    self.kind = kind
    self.file = file
    self.position = position
    self.message = message
    self.remedy = remedy
  }

  public var code: ErrorCode {
    switch kind {
    case .badData: .badData
    case .missingInput: .missingInput
    case .cannotCreate: .cannotCreate
    case .inputOutput: .inputOutput
    }
  }

  public func text(_ words: (Remedy) -> String) -> String {
    let sentence = remedy.map { $0.following(message, in: words) } ?? message
    guard let position else { return "\(file): \(sentence)" }
    return "\(file): \(position): \(sentence)"
  }
}

extension FileError {
  static func badData(_ file: String, at position: String? = nil, _ message: String) -> FileError {
    FileError(.badData, file: file, position: position, message)
  }

  /// The same error, of labels that are no whole numbers: see `isOfLabels`.
  var ofLabels: FileError {
    var error = self
    error.isOfLabels = true
    return error
  }
}

/// For text that is not UTF-8: what it may be, and what converts it.
let encodingRemedy =
  "expected UTF-8 (text that was saved in Latin-1 or Windows-1252 is converted by iconv -f WINDOWS-1252 -t UTF-8)"

/// The system's words for a failure of which a C helper returned -errno.
func systemMessage(negated status: Int64) -> String {
  OperatingSystem.message(Int32(truncatingIfNeeded: -status))
}

/// At most 40 bytes of file content, quoted, with control bytes and broken UTF-8 made visible.
func excerpt(_ bytes: ArraySlice<UInt8>) -> String {
  let limit = 40
  let text = PrintableText.escaped(String(decoding: bytes.prefix(limit), as: UTF8.self), keepsLines: false)
  return "\"\(text)\(bytes.count > limit ? "..." : "")\""
}

func excerpt(_ text: String) -> String {
  excerpt(Array(text.utf8)[...])
}

/// A byte count for people: "23.0 MB".
func byteCount(_ count: Int) -> String {
  func tenths(_ unit: Int, _ name: String) -> String {
    let whole = count / unit
    return "\(whole).\((count - whole * unit) * 10 / unit) \(name)"
  }
  return switch count {
  case ..<10_000: "\(count) bytes"
  case ..<1_000_000: tenths(1_000, "kB")
  case ..<1_000_000_000: tenths(1_000_000, "MB")
  default: tenths(1_000_000_000, "GB")
  }
}

/// The product of a shape, or nil where it is negative or does not fit an `Int`.
func elementCount(_ shape: [Int]) -> Int? {
  // A zero anywhere makes the product zero, even where the other factors overflow.
  if shape.contains(where: { $0 < 0 }) { return nil }
  if shape.contains(0) { return 0 }
  var product = 1
  for extent in shape {
    let (next, overflow) = product.multipliedReportingOverflow(by: extent)
    if overflow { return nil }
    product = next
  }
  return product
}
