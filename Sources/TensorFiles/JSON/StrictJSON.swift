/// Where text stops being JSON, and why.
package struct JSONError: Error, Equatable {
  /// In bytes from the start of the text, from 0.
  package var offset: Int
  /// From 1; columns are bytes.
  package var line: Int
  package var column: Int
  package var message: String
}

/// Reads JSON from front to back: RFC 8259 and no more. Names that occur twice in an object, commas too many, numbers
/// that are not finite and more than 100 arrays and objects inside each other are errors.
///
/// ```swift
/// var reader = StrictJSON(Array("[1, 2.5]".utf8))
/// let value = try reader.value()  // .array([.integer(1), .number(2.5)])
/// try reader.end()
/// ```
package struct StrictJSON {
  private let bytes: [UInt8]
  private var next = 0
  private var depth = 0
  private static let deepest = 100

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Any value.
  package mutating func value() throws(JSONError) -> JSONValue {
    skipSpace()
    guard next < bytes.count else { throw error("expected a value, got the end") }
    switch bytes[next] {
    case UInt8(ascii: "{"):
      var members: [String: JSONValue] = [:]
      try object { reader, name throws(JSONError) in members[name] = try reader.value() }
      return .object(members)
    case UInt8(ascii: "["):
      var values: [JSONValue] = []
      try array { reader throws(JSONError) in values.append(try reader.value()) }
      return .array(values)
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

  /// An object, whose values `member` reads.
  package mutating func object(
    _ member: (inout StrictJSON, _ name: String) throws(JSONError) -> Void
  ) throws(JSONError) {
    try open("{")
    defer { depth -= 1 }
    if accept("}") { return }
    var names: Set<String> = []
    repeat {
      skipSpace()
      let start = next
      guard next < bytes.count, bytes[next] == UInt8(ascii: "\"") else {
        throw error("expected a name in quotes, got \(found)")
      }
      let name = try string()
      guard names.insert(name).inserted else {
        next = start
        throw error("\"\(name)\" occurs twice")
      }
      guard accept(":") else { throw error("expected \":\", got \(found)") }
      try member(&self, name)
    } while accept(",")
    guard accept("}") else { throw error("expected \",\" or \"}\", got \(found)") }
  }

  /// An array, whose values `element` reads.
  package mutating func array(_ element: (inout StrictJSON) throws(JSONError) -> Void) throws(JSONError) {
    try open("[")
    defer { depth -= 1 }
    if accept("]") { return }
    repeat { try element(&self) } while accept(",")
    guard accept("]") else { throw error("expected \",\" or \"]\", got \(found)") }
  }

  private mutating func open(_ bracket: Unicode.Scalar) throws(JSONError) {
    guard accept(bracket) else { throw error("expected \"\(bracket)\", got \(found)") }
    depth += 1
    guard depth <= Self.deepest else {
      next -= 1
      throw error("expected at most \(Self.deepest) levels")
    }
  }

  /// A finite number.
  package mutating func number() throws(JSONError) -> JSONValue {
    skipSpace()
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
    if isValid, isInteger {
      if let value = Int(text) { return .integer(value) }
      if let value = UInt64(text) { return .unsigned(value) }
    }
    guard isValid, let value = Double(text), value.isFinite else {
      next = start
      throw error("expected a finite number, got \(text.isEmpty ? found : text)")
    }
    return .number(value)
  }

  /// A string.
  package mutating func string() throws(JSONError) -> String {
    guard accept("\"") else { throw error("expected a string, got \(found)") }
    var text: [UInt8] = []
    while next < bytes.count {
      let byte = bytes[next]
      next += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("expected valid UTF-8") }
        return string
      case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
      case ..<0x20: throw error("expected no control characters in a string")
      default: text.append(byte)
      }
    }
    throw error("expected the end of a string, got the end")
  }

  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    guard next < bytes.count else { throw error("expected an escape, got the end") }
    next += 1
    switch bytes[next - 1] {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if 0xD800..<0xDC00 ~= value, bytes[next...].starts(with: "\\u".utf8) {
        next += 2
        let low = try hexadecimal()
        if 0xDC00..<0xE000 ~= low { value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00) }
      }
      guard let scalar = Unicode.Scalar(value) else { throw error("expected a character, got half a surrogate pair") }
      return scalar
    default: throw error("expected an escape of JSON")
    }
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    let digits = bytes[next...].prefix(4)
    guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits") }
    next += 4
    return value
  }

  /// Nothing but space may be left.
  package mutating func end() throws(JSONError) {
    skipSpace()
    guard next == bytes.count else { throw error("expected the end, got \(found)") }
  }

  private mutating func skipSpace() {
    while next < bytes.count {
      switch bytes[next] {
      case 0x20, 0x09, 0x0A, 0x0D: next += 1
      default: return
      }
    }
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
    return TensorFiles.excerpt(String(text.prefix { !$0.isNewline }.prefix(20)))
  }

  /// An error at the place that is read next.
  package func error(_ message: String) -> JSONError {
    let before = bytes[..<min(next, bytes.count)]
    let line = before.count { $0 == 0x0A } + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    return JSONError(offset: before.count, line: line, column: before.count - start + 1, message: message)
  }
}
