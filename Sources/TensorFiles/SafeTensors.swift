import LinearAlgebra

/// Named tensors in the safetensors format: an eight-byte length, a JSON header, the numbers in
/// little-endian row-major order.
///
/// Source: the Format section of https://github.com/huggingface/safetensors.
package enum SafeTensors {
  /// The largest header read or written, in bytes, as in the reference implementation.
  package static let largestHeader = 100_000_000

  /// A tensor to be written.
  package struct Tensor<Scalar: RealScalar>: Sendable {
    package var name: String
    package var shape: [Int]
    /// Row-major; their count is the product of `shape`.
    package var values: [Scalar]

    package init(name: String, shape: [Int], values: [Scalar]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// Opens a file and reads its header; the numbers are read by `SafeTensorsFile.values`.
  ///
  /// Costs the header and, for each tensor, its description. Throws `FileError`: `.missingInput` when the file cannot
  /// be opened; `.badData` for a header that is larger than the file or `largestHeader`, that is not the format's JSON,
  /// names a tensor twice, or whose tensors leave holes, overlap or do not end with the file.
  package static func read(_ path: String) throws(FileError) -> SafeTensorsFile {
    let file = try InputFile.open(path)
    guard file.size >= 8 else {
      throw .badData(path, "expected a safetensors file of at least 8 bytes, got \(file.size)")
    }
    let length = LittleEndianFields(bytes: try file.bytes(0..<8)).int(0) ?? .max
    let head = try file.bytes(0..<min(file.size, ForeignFormat.headSize))
    if head.starts(with: [0x50, 0x4B, 3, 4]) {
      let names = (try? ZipDirectory(file).entries.map(\.name)) ?? []
      throw .badData(path, ForeignFormat.archive(names)?.message(path) ?? "this is a zip archive, no safetensors file")
    }
    guard head.prefix(8).contains(where: { $0 < 9 || $0 > 126 }) else {
      throw .badData(path, "this is text, no safetensors file: it begins with \(excerpt(head[...]))")
    }
    guard length <= min(file.size - 8, largestHeader) else {
      throw .badData(
        path, at: "byte 0",
        "the header claims \(length) bytes; \(file.size - 8) are left and at most \(largestHeader) are accepted")
    }
    let header = try SafeTensorsHeader(try file.bytes(8..<8 + length), path: path)
    try header.checkTiling(file.size - 8 - length)
    return SafeTensorsFile(
      file: file, dataStart: 8 + length, entries: header.entries, metadata: header.metadata)
  }

  /// Writes F32 or F64 tensors and string metadata, atomically.
  ///
  /// The same tensors and metadata give the same bytes in whatever order they come: names and
  /// metadata keys are sorted by their UTF-8. The header is padded with spaces to a multiple of eight bytes,
  /// so that every tensor is aligned. The names are distinct, not "__metadata__", and each shape matches its values.
  /// Throws what `AtomicFile` throws, and `.cannotCreate` for a header above `largestHeader`.
  package static func write<Scalar: RealScalar>(
    _ tensors: [Tensor<Scalar>], metadata: [String: String] = [:], to path: String
  ) throws(FileError) {
    let sorted = tensors.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    let type = ElementType.of(Scalar.self)
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(JSONValue.quoted($0.key)):\(JSONValue.quoted($0.value))" }
      members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var names: Set = ["__metadata__"]
    var offset = 0
    for tensor in sorted {
      precondition(names.insert(tensor.name).inserted, "the tensor name \(tensor.name) is taken")
      precondition(
        elementCount(tensor.shape) == tensor.values.count,
        "tensor \(tensor.name) of shape \(tensor.shape) got \(tensor.values.count) values")
      let end = offset + tensor.values.count * type.size
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        "\(JSONValue.quoted(tensor.name)):{\"dtype\":\"\(type.safeTensorsName)\",\"shape\":[\(shape)],"
          + "\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    guard header.count <= largestHeader else {
      throw FileError(
        .cannotCreate, file: path, "the header needs \(header.count) bytes; at most \(largestHeader) are read")
    }
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try AtomicFile.write(to: path) { file throws(FileError) in
      try file.append(length + header)
      for tensor in sorted { try file.append(tensor.values) }
    }
  }
}

/// An open safetensors file: what it holds, and its numbers on demand.
///
/// It stays readable, with the same content, when its path is replaced by a new file.
package struct SafeTensorsFile: Sendable {
  /// The `__metadata__` strings.
  package let metadata: [String: String]
  private let file: InputFile
  private let dataStart: Int
  private let entries: [String: SafeTensorsEntry]
  /// The tensors' names in the order of their data.
  package let names: [String]

  init(file: InputFile, dataStart: Int, entries: [SafeTensorsEntry], metadata: [String: String]) {
    self.file = file
    self.dataStart = dataStart
    self.metadata = metadata
    names = entries.sorted { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
      .map(\.name)
    self.entries = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
  }

  /// The path it was opened at.
  package var path: String { file.path }

  /// The extents of a tensor; nil when there is none of that name.
  package func shape(_ name: String) -> [Int]? { entries[name]?.shape }

  /// How a tensor's numbers are stored; nil when there is none of that name.
  package func type(_ name: String) -> ElementType? { entries[name]?.type }

  /// A tensor's numbers, row-major, converted to `Scalar`.
  ///
  /// Costs one read of the tensor into the result. Throws `.badData` when there is no such tensor, its
  /// shape is not `shape` (where given), or the file has become shorter.
  package func values<Scalar: RealScalar>(
    _ name: String, shape: [Int]? = nil, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> [Scalar] {
    guard let entry = entries[name] else {
      let list = names.isEmpty ? "none" : names.prefix(20).map(excerpt).joined(separator: ", ")
      throw .badData(file.path, "expected a tensor named \(excerpt(name)), got \(list)")
    }
    if let shape, shape != entry.shape {
      throw .badData(file.path, at: "tensor \(excerpt(name))", "expected shape \(shape), got \(entry.shape)")
    }
    var source = FileRegion(
      file, range: dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound)
    return try ArrayDecoder.reals(&source, type: entry.type, bigEndian: false, count: entry.count)
  }

  /// A two-dimensional tensor.
  package func matrix<Scalar: RealScalar>(
    _ name: String, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> Matrix<Scalar> {
    let values: [Scalar] = try values(name)
    let shape = entries[name]?.shape ?? []
    guard shape.count == 2 else {
      throw .badData(file.path, at: "tensor \(excerpt(name))", "expected two dimensions, got shape \(shape)")
    }
    return Matrix(rows: shape[0], columns: shape[1], elements: values)
  }
}
