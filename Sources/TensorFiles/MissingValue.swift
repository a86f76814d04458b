/// A field of a table that holds no value: empty, or one of the marks that programs write for it.
package enum MissingValue {
  /// What happens to an example with such a field among its features.
  package enum Policy: Sendable, Equatable {
    /// It is an error, with its line and column.
    case error
    /// The example is left out, and counted.
    case drop
    /// The field is 0 for now, and its place is told: the mean of the column comes there.
    case fill
    /// The example stays, with zeros, and its number is told: it has no answer.
    case keep
  }

  private static let marks: Set<String> = ["na", "n/a", "#n/a", "nan", "null", "none", "?"]

  /// Whether `text` is one, in any case.
  package static func isOne(_ text: String) -> Bool { text.isEmpty || marks.contains(text.lowercased()) }

  static func isOne(_ bytes: ArraySlice<UInt8>) -> Bool {
    if bytes.isEmpty { return true }
    guard bytes.count <= 5 else { return false }
    let text = String(decoding: bytes, as: UTF8.self)
    return isOne(text) || ["-nan", "+nan"].contains(text.lowercased())
  }
}
