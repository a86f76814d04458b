/// The header of a NumPy array file: the magic string, a version, and a Python dictionary literal
/// of exactly `descr`, `fortran_order` and `shape`.
///
/// Source: NumPy's `numpy/lib/_format_impl.py`, format versions 1.0 (2-byte header length), 2.0
/// (4-byte) and 3.0 (4-byte, UTF-8).
struct NPYHeader {
  /// Of text, that of its bytes.
  var type: ElementType
  /// Of an array of strings.
  var text: Text?
  var isBigEndian: Bool
  var isFortranOrder: Bool
  var shape: [Int]
  /// The product of `shape`.
  var count: Int

  /// The longest dictionary accepted; NumPy's own are about 100 bytes.
  static let longestDictionary = 1 << 20

  /// Reads the header and checks that exactly the array it declares is left in `source`, and that
  /// the array fits `memoryLimit` bytes once its numbers take `resultSize` bytes each.
  init<Source: ByteSource>(
    _ source: inout Source, resultSize: Int, memoryLimit: Int, allowsText: Bool = false
  ) throws(FileError) {
    let path = source.path
    guard source.remaining >= 10 else {
      throw .badData(
        path, at: source.position, "expected a NumPy array of at least 10 bytes, got \(source.remaining) bytes")
    }
    let start = try source.bytes(8)
    guard start[..<6].elementsEqual([0x93] + Array("NUMPY".utf8)) else {
      throw .badData(path, at: "byte 0", "expected a NumPy array (\\x93NUMPY), got \(excerpt(start[..<6]))")
    }
    guard (1...3).contains(start[6]), start[7] == 0 else {
      throw .badData(path, at: "byte 6", "expected npy format version 1.0, 2.0 or 3.0, got \(start[6]).\(start[7])")
    }
    let lengthSize = start[6] == 1 ? 2 : 4
    guard source.remaining >= lengthSize else {
      throw .badData(path, at: source.position, "expected a header length, got the end of the data")
    }
    let length = try source.bytes(lengthSize).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= min(source.remaining, NPYHeader.longestDictionary) else {
      throw .badData(
        path, at: "byte 8",
        "the header claims \(length) bytes; \(source.remaining) are left and at most "
          + "\(NPYHeader.longestDictionary) are accepted")
    }
    var dictionary = PythonDictionary(
      bytes: try source.bytes(length), path: path, firstByte: 8 + lengthSize, allowsText: allowsText)
    (type, isBigEndian, isFortranOrder, shape) = try dictionary.parse()
    text = dictionary.text
    let itemSize = text?.size ?? type.size

    guard let count = elementCount(shape), !count.multipliedReportingOverflow(by: itemSize).overflow else {
      throw .badData(path, at: "shape", "the size of shape \(pythonTuple(shape)) overflows")
    }
    self.count = count
    guard count * itemSize == source.remaining else {
      throw .badData(
        path, at: source.position,
        "shape \(pythonTuple(shape)) of \(type) needs \(count * itemSize) bytes, got \(source.remaining)")
    }
    guard count <= memoryLimit / resultSize else {
      throw .badData(
        path, at: "shape",
        "shape \(pythonTuple(shape)) needs more memory than the limit of \(byteCount(memoryLimit))")
    }
  }

  /// The bytes before the data of an array in this machine's byte order, padded to a multiple of 64 as NumPy does.
  static func bytes(type: ElementType, shape: [Int]) -> [UInt8] {
    let isBigEndianHost = Int(1).bigEndian == 1
    let order = type.size == 1 ? "|" : isBigEndianHost ? ">" : "<"
    let code = type.numpyCode ?? ""
    var dictionary = Array(
      "{'descr': '\(order)\(code)', 'fortran_order': False, 'shape': \(pythonTuple(shape)), }".utf8)
    let unpadded = 10 + dictionary.count + 1
    dictionary += [UInt8](repeating: UInt8(ascii: " "), count: (64 - unpadded % 64) % 64)
    dictionary.append(UInt8(ascii: "\n"))
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(dictionary.count & 0xFF), UInt8(dictionary.count >> 8)]
      + dictionary
  }
}

/// "(3, 4)", "(3,)" or "()".
func pythonTuple(_ shape: [Int]) -> String {
  shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
}

/// The one dictionary literal an npy header holds.
private struct PythonDictionary {
  let bytes: [UInt8]
  let path: String
  let firstByte: Int
  let allowsText: Bool
  private(set) var text: NPYHeader.Text?
  private var next = 0

  init(bytes: [UInt8], path: String, firstByte: Int, allowsText: Bool) {
    self.allowsText = allowsText
    self.bytes = bytes
    self.path = path
    self.firstByte = firstByte
  }

  mutating func parse() throws(FileError) -> (ElementType, bigEndian: Bool, fortran: Bool, shape: [Int]) {
    var type: (ElementType, bigEndian: Bool)?
    var fortran: Bool?
    var shape: [Int]?
    try expect("{")
    while try !accept("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where type == nil: type = try descriptor()
      case "fortran_order" where fortran == nil: fortran = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      default: throw error("expected descr, fortran_order and shape once each, got key \(excerpt(key))")
      }
      if try !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard next == bytes.count else { throw error("expected the end of the header, got \(excerpt(bytes[next...]))") }
    guard let type, let fortran, let shape else {
      throw error("the header must hold descr, fortran_order and shape")
    }
    return (type.0, type.bigEndian, fortran, shape)
  }

  private mutating func descriptor() throws(FileError) -> (ElementType, bigEndian: Bool) {
    skipSpace()
    if next < bytes.count, bytes[next] == UInt8(ascii: "[") {
      throw error("expected a plain numeric dtype, got a structured one")
    }
    let text = try string()
    let order = text.first ?? " "
    let code = "<>|".contains(order) ? String(text.dropFirst()) : text
    if code.hasPrefix("O") {
      throw error("the array holds pickled objects (dtype object), which are never unpickled: save numbers instead")
    }
    if allowsText, let strings = NPYHeader.Text(code: code) {
      self.text = strings
      return (.uint8, order == ">")
    }
    if code.hasPrefix("U") || code.hasPrefix("S") || code.hasPrefix("a") || code.hasPrefix("T") {
      throw error("expected a numeric dtype, got strings (dtype \(excerpt(text))): save integer codes instead")
    }
    if code.hasPrefix("c") {
      throw error("expected a real dtype, got complex numbers (dtype \(excerpt(text)))")
    }
    // NumPy has no bfloat16 of its own: the packages that bring it save two bytes without a type.
    if code == "V2" { return (.bfloat16, order == ">") }
    let type = code == "?" ? .bool : ElementType.allCases.first { $0.numpyCode == code }
    guard let type, order != "|" || type.size == 1 else {
      throw error(
        "expected dtype f2, f4, f8, i1 to i8, u1 to u8, b1 or V2 (bfloat16), got \(excerpt(text)): save it as float32")
    }
    return (type, order == ">")
  }

  private mutating func boolean() throws(FileError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)] where bytes[next...].starts(with: word.utf8) {
      next += word.utf8.count
      return value
    }
    throw error("expected True or False")
  }

  private mutating func tuple() throws(FileError) -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while try !accept(")") {
      extents.append(try integer())
      guard extents.count <= 64 else { throw error("expected at most 64 dimensions") }
      if try !accept(",") {
        try expect(")")
        break
      }
    }
    return extents
  }

  private mutating func integer() throws(FileError) -> Int {
    skipSpace()
    let start = next
    while next < bytes.count, (48...57).contains(bytes[next]) { next += 1 }
    guard let value = Int(String(decoding: bytes[start..<next], as: UTF8.self)) else {
      throw error("expected a dimension that fits 64 bits, got \(excerpt(bytes[start...]))")
    }
    // Python 2 wrote long integers as 3L.
    if next < bytes.count, bytes[next] == UInt8(ascii: "L") { next += 1 }
    return value
  }

  private mutating func string() throws(FileError) -> String {
    skipSpace()
    guard next < bytes.count, bytes[next] == UInt8(ascii: "'") || bytes[next] == UInt8(ascii: "\"") else {
      throw error("expected a string")
    }
    let quote = bytes[next]
    guard let end = bytes[(next + 1)...].firstIndex(of: quote) else { throw error("expected the end of a string") }
    defer { next = end + 1 }
    return String(decoding: bytes[next + 1..<end], as: UTF8.self)
  }

  private mutating func skipSpace() {
    while next < bytes.count, bytes[next] == 32 || (9...13).contains(bytes[next]) { next += 1 }
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
    .badData(path, at: "npy header, byte \(firstByte + next)", message)
  }
}
