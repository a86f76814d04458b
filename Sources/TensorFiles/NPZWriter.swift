import CFiles
import LinearAlgebra

extension NPZ {
  /// Writes an archive of uncompressed arrays, atomically; the same arrays give the same bytes.
  ///
  /// ```swift
  /// try NPZ.write(to: "predictions.npz") { archive throws(FileError) in
  ///   try archive.add(probabilities, named: "probabilities")
  ///   try archive.add(classes, named: "classes")
  /// }
  /// ```
  ///
  /// Throws `FileError.Kind.cannotCreate` for a name that was added before and for more than 4 GiB or
  /// 65 534 arrays (write several npy files instead), and what `AtomicFile` throws.
  package static func write(
    to path: String, _ body: (inout NPZWriter) throws(FileError) -> Void
  ) throws(FileError) {
    var writer = NPZWriter(file: try AtomicFile(path))
    try body(&writer)
    try writer.finish()
  }
}

/// An npz archive being written; made by `NPZ.write`.
package struct NPZWriter: ~Copyable {
  private var file: AtomicFile
  private var directory: [UInt8] = []
  private var names: Set<String> = []
  private var offset = 0

  fileprivate init(file: consuming AtomicFile) {
    self.file = file
  }

  /// Adds a `[rows, columns]` array of f4 or f8.
  package mutating func add<Scalar: RealScalar>(_ matrix: Matrix<Scalar>, named name: String) throws(FileError) {
    try add(matrix.elements, type: .of(Scalar.self), shape: [matrix.rows, matrix.columns], name)
  }

  /// Adds a one-dimensional array of f4 or f8.
  package mutating func add<Scalar: RealScalar>(_ vector: [Scalar], named name: String) throws(FileError) {
    try add(vector, type: .of(Scalar.self), shape: [vector.count], name)
  }

  /// Adds a one-dimensional array of i8.
  package mutating func add(_ integers: [Int], named name: String) throws(FileError) {
    try add(integers, type: .int64, shape: [integers.count], name)
  }

  /// Adds an array of f4 or f8 of any shape, whose product is the count.
  package mutating func add<Scalar: RealScalar>(
    _ values: [Scalar], shape: [Int], named name: String
  ) throws(FileError) {
    precondition(elementCount(shape) == values.count, "shape \(shape) got \(values.count) values")
    try add(values, type: .of(Scalar.self), shape: shape, name)
  }

  /// Adds an array of i8 of any shape, whose product is the count.
  package mutating func add(_ integers: [Int], shape: [Int], named name: String) throws(FileError) {
    precondition(elementCount(shape) == integers.count, "shape \(shape) got \(integers.count) values")
    try add(integers, type: .int64, shape: shape, name)
  }

  private mutating func add<Element: BitwiseCopyable>(
    _ values: [Element], type: ElementType, shape: [Int], _ name: String
  ) throws(FileError) {
    let header = NPYHeader.bytes(type: type, shape: shape)
    let dataSize = values.count * MemoryLayout<Element>.stride
    let size = header.count + dataSize
    let entryName = Array("\(name).npy".utf8)
    guard names.insert(name).inserted, !name.isEmpty, entryName.count <= 0xFFFF, names.count < 0xFFFF else {
      throw FileError(
        .cannotCreate, file: file.path, "cannot add \(excerpt(name)): the name is empty, too long or taken")
    }
    guard offset + size + directory.count + 1 << 18 < 0xFFFF_FFFF else {
      throw FileError(.cannotCreate, file: file.path, "an npz archive written here holds at most 4 GiB")
    }
    var crc = cfiles_crc32(0, header, 0, Int64(header.count))
    crc = cfiles_crc32(crc, values, 0, Int64(dataSize))
    // From the needed version to the length of the extra field, as both records have it: version
    // 2.0, flag 11 (UTF-8 name), stored, 1980-01-01.
    let common =
      littleEndian([20, 1 << 11, 0, 0, 0x21], size: 2) + littleEndian([Int(crc), size, size], size: 4)
      + littleEndian([entryName.count, 0], size: 2)
    try file.append(littleEndian([0x0403_4B50], size: 4) + common + entryName)
    try file.append(header)
    try file.append(values)
    directory +=
      littleEndian([0x0201_4B50], size: 4) + littleEndian([20], size: 2) + common
      + littleEndian([0, 0, 0], size: 2) + littleEndian([0, offset], size: 4) + entryName
    offset += 30 + entryName.count + size
  }

  fileprivate mutating func finish() throws(FileError) {
    try file.append(directory)
    try file.append(
      littleEndian([0x0605_4B50], size: 4) + littleEndian([0, 0, names.count, names.count], size: 2)
        + littleEndian([directory.count, offset], size: 4) + littleEndian([0], size: 2))
    try file.commit()
  }
}

/// Each number in `size` bytes, low byte first.
private func littleEndian(_ numbers: [Int], size: Int) -> [UInt8] {
  numbers.flatMap { number in (0..<size).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
}
