/// One tensor as a safetensors header describes it.
struct SafeTensorsEntry: Sendable {
  var name: String
  var type: ElementType
  var shape: [Int]
  var count: Int
  /// In bytes from the end of the header.
  var range: Range<Int>
}

/// The JSON object at the start of a safetensors file: tensors, each an object of `dtype`, `shape` and `data_offsets`,
/// and at most one `__metadata__`, an object of strings. Repeated keys are refused, which JSON libraries let pass.
///
/// Source: the Format section of https://github.com/huggingface/safetensors.
struct SafeTensorsHeader {
  let entries: [SafeTensorsEntry]
  let metadata: [String: String]
  private let path: String

  init(_ bytes: [UInt8], path: String) throws(FileError) {
    var reader = StrictJSON(bytes)
    var (entries, metadata) = ([SafeTensorsEntry](), [String: String]())
    do throws(JSONError) {
      guard bytes.first == UInt8(ascii: "{") else { throw reader.error("the header must start with \"{\"") }
      try reader.object { reader, key throws(JSONError) in
        if key == "__metadata__" {
          try reader.object { reader, key throws(JSONError) in metadata[key] = try reader.string() }
        } else {
          entries.append(try Self.tensor(key, &reader))
        }
      }
      try reader.end()
    } catch {
      // The header starts behind its eight-byte length.
      throw .badData(path, at: "header, byte \(8 + error.offset)", error.message)
    }
    (self.entries, self.metadata, self.path) = (entries, metadata, path)
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

  private static func tensor(_ name: String, _ reader: inout StrictJSON) throws(JSONError) -> SafeTensorsEntry {
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    try reader.object { reader, key throws(JSONError) in
      switch key {
      case "dtype":
        let code = try reader.string()
        type = ElementType.allCases.first { $0.safeTensorsName == code }
        if type == nil {
          throw reader.error("tensor \(excerpt(name)) has dtype \(excerpt(code)), which is not supported")
        }
      case "shape": shape = try integers(&reader, atMost: 64)
      case "data_offsets": offsets = try integers(&reader, atMost: 2)
      default: throw reader.error("expected dtype, shape and data_offsets, got \(excerpt(key))")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw reader.error("tensor \(excerpt(name)) needs a dtype, a shape and two ascending data_offsets")
    }
    guard let count = elementCount(shape),
      case (let size, let overflow) = count.multipliedReportingOverflow(by: type.size),
      !overflow
    else { throw reader.error("the size of tensor \(excerpt(name)), shape \(shape), overflows") }
    guard size == offsets[1] - offsets[0] else {
      throw reader.error(
        "tensor \(excerpt(name)) needs \(size) bytes, its data_offsets span \(offsets[1] - offsets[0])")
    }
    return SafeTensorsEntry(name: name, type: type, shape: shape, count: count, range: offsets[0]..<offsets[1])
  }

  private static func integers(_ reader: inout StrictJSON, atMost limit: Int) throws(JSONError) -> [Int] {
    var values: [Int] = []
    try reader.array { reader throws(JSONError) in
      guard values.count < limit else { throw reader.error("expected at most \(limit) numbers") }
      guard case .integer(let value) = try reader.number(), value >= 0 else {
        throw reader.error("expected whole numbers from 0 that fit 64 bits")
      }
      values.append(value)
    }
    return values
  }
}
