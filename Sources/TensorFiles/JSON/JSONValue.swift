/// A value of a JSON document.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// Written without a point or an exponent, and small enough.
  case integer(Int)
  /// Written without a point or an exponent, and too large for an `Int`.
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// Reads a document strictly, see `StrictJSON`.
  ///
  /// - Throws: `JSONError`.
  package init(parsing text: String) throws(JSONError) {
    var reader = StrictJSON(Array(text.utf8))
    self = try reader.value()
    try reader.end()
  }

  /// Compact text with sorted names: the same value gives the same text. Numbers are finite.
  package var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): Self.quoted(value)
    case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      "{"
        + members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(Self.quoted($0.key)):\($0.value.text)" }.joined(separator: ",") + "}"
    }
  }

  /// The value in a message, shortened.
  package var excerpt: String {
    let text = text
    return text.count <= 60 ? text : text.prefix(57) + "..."
  }

  /// A string as JSON writes it, with control characters, and others that terminals act on, as \u and four digits.
  package static func quoted(_ text: String) -> String { quoted(text) { _ in nil } }

  /// A string as JSON writes it, with the control characters that have a letter by that letter: \n.
  package static func quotedWithLetters(_ text: String) -> String {
    quoted(text) { scalar in
      switch scalar {
      case "\u{8}": "\\b"
      case "\t": "\\t"
      case "\n": "\\n"
      case "\u{C}": "\\f"
      case "\r": "\\r"
      default: nil
      }
    }
  }

  private static func quoted(_ text: String, _ letter: (Unicode.Scalar) -> String?) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0xFFFF && PrintableText.isHidden(scalar):
        let digits = String(scalar.value, radix: 16)
        result += letter(scalar) ?? "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
