/// One tensor as a safetensors header describes it.
struct SafeTensorsEntry: Sendable {
  var name: String
  var type: ElementType
  var shape: [Int]
  var count: Int
  /// In bytes from the end of the header.
  var range: Range<Int>
}

/// The JSON object at the start of a safetensors file, read by a parser of exactly that grammar:
/// an object of tensors, each an object of `dtype`, `shape` and `data_offsets`, and at most one
/// `__metadata__`, an object of strings. Repeated keys are refused, which JSON libraries let pass.
///
/// Source: the Format section of https://github.com/huggingface/safetensors.
struct SafeTensorsHeader {
  private(set) var entries: [SafeTensorsEntry] = []
  private(set) var metadata: [String: String] = [:]

  private let bytes: [UInt8]
  private let path: String
  private var next = 0
  /// The header starts behind its eight-byte length.
  private static let firstByte = 8

  init(_ bytes: [UInt8], path: String) throws(FileError) {
    self.bytes = bytes
    self.path = path
    guard bytes.first == UInt8(ascii: "{") else { throw error("the header must start with \"{\"") }
    var keys: Set<String> = []
    try object { parser, key throws(FileError) in
      guard keys.insert(key).inserted else { throw parser.error("the key \(excerpt(key)) occurs twice") }
      if key == "__metadata__" {
        try parser.parseMetadata()
      } else {
        let entry = try parser.tensor(key)
        parser.entries.append(entry)
      }
    }
    skipSpace()
    guard next == bytes.count else { throw error("expected the end of the header, got \(excerpt(bytes[next...]))") }
  }

  /// Checks that the tensors tile `0..<size` without holes or overlap.
  func checkTiling(_ size: Int) throws(FileError) {
    var end = 0
    let sorted = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    for entry in sorted {
      guard entry.range.lowerBound == end else {
        throw .badData(
          path, at: "tensor \(excerpt(entry.name))",
          "expected its data at offset \(end), got \(entry.range.lowerBound): there is a hole or an overlap")
      }
      end = entry.range.upperBound
    }
    guard end == size else {
      throw .badData(path, "the header describes \(end) bytes of data, the file has \(size)")
    }
  }

  private mutating func parseMetadata() throws(FileError) {
    try object { parser, key throws(FileError) in
      let value = try parser.string()
      guard parser.metadata.updateValue(value, forKey: key) == nil else {
        throw parser.error("the metadata key \(excerpt(key)) occurs twice")
      }
    }
  }

  private mutating func tensor(_ name: String) throws(FileError) -> SafeTensorsEntry {
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    try object { parser, key throws(FileError) in
      switch key {
      case "dtype" where type == nil:
        let code = try parser.string()
        type = ElementType.allCases.first { $0.safeTensorsName == code }
        if type == nil {
          throw parser.error("tensor \(excerpt(name)) has dtype \(excerpt(code)), which is not supported")
        }
      case "shape" where shape == nil: shape = try parser.integers(atMost: 64)
      case "data_offsets" where offsets == nil: offsets = try parser.integers(atMost: 2)
      default: throw parser.error("expected dtype, shape and data_offsets once each, got \(excerpt(key))")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw error("tensor \(excerpt(name)) needs a dtype, a shape and two ascending data_offsets")
    }
    guard let count = elementCount(shape),
      case (let size, let overflow) = count.multipliedReportingOverflow(by: type.size),
      !overflow
    else { throw error("the size of tensor \(excerpt(name)), shape \(shape), overflows") }
    guard size == offsets[1] - offsets[0] else {
      throw error("tensor \(excerpt(name)) needs \(size) bytes, its data_offsets span \(offsets[1] - offsets[0])")
    }
    return SafeTensorsEntry(name: name, type: type, shape: shape, count: count, range: offsets[0]..<offsets[1])
  }

  // MARK: JSON

  /// An object, whose values `member` parses.
  private mutating func object(
    _ member: (inout SafeTensorsHeader, String) throws(FileError) -> Void
  ) throws(FileError) {
    try expect("{")
    if try accept("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while try accept(",")
    try expect("}")
  }

  private mutating func integers(atMost limit: Int) throws(FileError) -> [Int] {
    var values: [Int] = []
    try expect("[")
    if try accept("]") { return values }
    repeat {
      guard values.count < limit else { throw error("expected at most \(limit) numbers") }
      skipSpace()
      let start = next
      while next < bytes.count, (48...57).contains(bytes[next]) { next += 1 }
      guard let value = Int(String(decoding: bytes[start..<next], as: UTF8.self)) else {
        throw error("expected a whole number that fits 64 bits, got \(excerpt(bytes[start...]))")
      }
      values.append(value)
    } while try accept(",")
    try expect("]")
    return values
  }

  private mutating func string() throws(FileError) -> String {
    try expect("\"")
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
    throw error("expected the end of a string, got the end of the header")
  }

  private mutating func escape() throws(FileError) -> Unicode.Scalar {
    guard next < bytes.count else { throw error("expected an escape, got the end of the header") }
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
      if let scalar = Unicode.Scalar(value) { return scalar }
      throw error("expected a Unicode character, got half a surrogate pair")
    default: throw error("expected a JSON escape")
    }
  }

  private mutating func hexadecimal() throws(FileError) -> UInt32 {
    guard next + 4 <= bytes.count, bytes[next] > UInt8(ascii: "-"),
      let value = UInt32(String(decoding: bytes[next..<next + 4], as: UTF8.self), radix: 16)
    else { throw error("expected four hexadecimal digits") }
    next += 4
    return value
  }

  private mutating func skipSpace() {
    while next < bytes.count {
      switch bytes[next] {
      case 0x20, 0x09, 0x0A, 0x0D: next += 1
      default: return
      }
    }
  }

  private mutating func accept(_ character: Unicode.Scalar) throws(FileError) -> Bool {
    skipSpace()
    guard next < bytes.count else { throw error("expected \"\(character)\", got the end of the header") }
    guard bytes[next] == UInt8(ascii: character) else { return false }
    next += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(FileError) {
    guard try accept(character) else {
      throw error("expected \"\(character)\", got \(excerpt(bytes[next...]))")
    }
  }

  private func error(_ message: String) -> FileError {
    .badData(path, at: "header, byte \(SafeTensorsHeader.firstByte + next)", message)
  }
}
