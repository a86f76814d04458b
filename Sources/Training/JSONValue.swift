/// A value of a JSON document, read strictly: no name twice, no comma too many, no number that is none.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  /// Written without a point or an exponent, and small enough.
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  /// - Throws: `JSONError` with line and column.
  init(parsing text: String) throws(JSONError) {
    var parser = JSONParser(text)
    self = try parser.document()
  }

  /// Compact text with sorted names: the same value gives the same text. Numbers are finite.
  package var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
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
  var excerpt: String {
    let text = text
    return text.count <= 60 ? text : text.prefix(57) + "..."
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

/// Where text stops being JSON, and why.
struct JSONError: Error, Equatable {
  /// From 1; columns are bytes.
  var line: Int
  var column: Int
  var message: String
}

/// RFC 8259, and at most `deepest` arrays and objects inside each other.
private struct JSONParser {
  private let bytes: [UInt8]
  private var next = 0
  private var depth = 0
  private let deepest = 100

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func document() throws(JSONError) -> JSONValue {
    let result = try value()
    skipSpace()
    guard next == bytes.count else { throw error("expected the end, got \(found)") }
    return result
  }

  private mutating func value() throws(JSONError) -> JSONValue {
    skipSpace()
    guard next < bytes.count else { throw error("expected a value, got the end") }
    switch bytes[next] {
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default:
      for (word, value) in [("true", JSONValue.bool(true)), ("false", .bool(false)), ("null", .null)]
      where bytes[next...].starts(with: word.utf8) {
        next += word.utf8.count
        return value
      }
      throw error("expected a value, got \(found)")
    }
  }

  private mutating func object() throws(JSONError) -> [String: JSONValue] {
    var result: [String: JSONValue] = [:]
    try descend()
    defer { depth -= 1 }
    if accept("}") { return result }
    repeat {
      skipSpace()
      let start = next
      guard next < bytes.count, bytes[next] == UInt8(ascii: "\"") else {
        throw error("expected a name in quotes, got \(found)")
      }
      let name = try string()
      guard accept(":") else { throw error("expected \":\", got \(found)") }
      let value = try value()
      guard result.updateValue(value, forKey: name) == nil else {
        next = start
        throw error("\"\(name)\" occurs twice")
      }
    } while accept(",")
    guard accept("}") else { throw error("expected \",\" or \"}\", got \(found)") }
    return result
  }

  private mutating func array() throws(JSONError) -> [JSONValue] {
    var result: [JSONValue] = []
    try descend()
    defer { depth -= 1 }
    if accept("]") { return result }
    repeat { result.append(try value()) } while accept(",")
    guard accept("]") else { throw error("expected \",\" or \"]\", got \(found)") }
    return result
  }

  private mutating func descend() throws(JSONError) {
    depth += 1
    guard depth <= deepest else { throw error("expected at most \(deepest) levels") }
    next += 1
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = next
    func digits() -> Int { bytes[next...].prefix { (48...57).contains($0) }.count }
    func has(_ characters: String) -> Bool { next < bytes.count && characters.utf8.contains(bytes[next]) }
    var isInteger = true
    if has("-") { next += 1 }
    var isValid = digits() == 1 || digits() > 1 && !has("0")
    next += digits()
    if has(".") {
      next += 1
      isInteger = false
      isValid = isValid && digits() > 0
      next += digits()
    }
    if has("eE") {
      next += 1
      isInteger = false
      if has("+-") { next += 1 }
      isValid = isValid && digits() > 0
      next += digits()
    }
    let text = String(decoding: bytes[start..<next], as: UTF8.self)
    if isValid, isInteger, let value = Int(text) { return .integer(value) }
    guard isValid, let value = Double(text), value.isFinite else {
      next = start
      throw error("expected a finite number, got \(text)")
    }
    return .number(value)
  }

  private mutating func string() throws(JSONError) -> String {
    next += 1
    var text: [UInt8] = []
    while next < bytes.count {
      let byte = bytes[next]
      next += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
      case ..<0x20: throw error("expected no control characters in a string")
      default: text.append(byte)
      }
    }
    throw error("expected the end of a string, got the end")
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    let simple: [Character: Unicode.Scalar] = [
      "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
    ]
    guard next < bytes.count else { throw error("expected an escape, got the end") }
    let code = Character(Unicode.Scalar(bytes[next]))
    next += 1
    if let scalar = simple[code] { return scalar }
    guard code == "u" else { throw error("expected an escape of JSON") }
    var value = try hexadecimal()
    if 0xD800..<0xDC00 ~= value, bytes[next...].starts(with: "\\u".utf8) {
      next += 2
      let low = try hexadecimal()
      if 0xDC00..<0xE000 ~= low { value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00) }
    }
    guard let scalar = Unicode.Scalar(value) else { throw error("expected a character, got half a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    let digits = bytes[next...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits") }
    next += 4
    return value
  }

  private mutating func skipSpace() {
    while next < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[next]) { next += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard next < bytes.count, bytes[next] == UInt8(ascii: character) else { return false }
    next += 1
    return true
  }

  /// What is there, for messages.
  private var found: String {
    guard next < bytes.count else { return "the end" }
    let text = String(decoding: bytes[next...].prefix(40), as: UTF8.self)
    return "\"\(text.prefix { !$0.isNewline }.prefix(20))\""
  }

  private func error(_ message: String) -> JSONError {
    let before = bytes[..<min(next, bytes.count)]
    let line = before.count { $0 == 0x0A } + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONError(line: line, column: before.count - start + 1, message: message)
  }
}
