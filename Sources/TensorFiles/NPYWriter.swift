import LinearAlgebra

extension NPY {
  /// Writes an array of f4 or f8 in parts, atomically: numbers as they come, row-major, so many as `shape` says.
  ///
  /// ```swift
  /// try NPY.write(as: Float.self, shape: [2, 3], to: "rows.npy") { file in
  ///   for row in 0..<2 { try file.append([Float](repeating: Float(row), count: 3)) }
  /// }
  /// ```
  ///
  /// - Throws: what `body` throws, and what `AtomicFile` does; then the old file is as it was.
  package static func write<Scalar: RealScalar>(
    as type: Scalar.Type, shape: [Int], to path: String, _ body: (inout NPYWriter<Scalar>) throws -> Void
  ) throws {
    try write(.of(Scalar.self), shape, path, body)
  }

  /// Writes an array of i8 in the same way.
  package static func writeIntegers(
    shape: [Int], to path: String, _ body: (inout NPYWriter<Int>) throws -> Void
  ) throws {
    try write(.int64, shape, path, body)
  }

  private static func write<Element>(
    _ type: ElementType, _ shape: [Int], _ path: String, _ body: (inout NPYWriter<Element>) throws -> Void
  ) throws {
    guard let count = elementCount(shape) else { preconditionFailure("the shape \(shape) has no count") }
    var writer = NPYWriter<Element>(file: try AtomicFile(path), missing: count)
    try writer.start(NPYHeader.bytes(type: type, shape: shape))
    try body(&writer)
    try writer.finish()
  }
}

/// An npy file being written; made by `NPY.write(as:shape:to:_:)`.
package struct NPYWriter<Element: BitwiseCopyable>: ~Copyable {
  private var file: AtomicFile
  private var missing: Int

  fileprivate init(file: consuming AtomicFile, missing: Int) {
    self.file = file
    self.missing = missing
  }

  fileprivate mutating func start(_ header: [UInt8]) throws(FileError) { try file.append(header) }

  /// The next numbers.
  package mutating func append(_ numbers: [Element]) throws(FileError) {
    precondition(numbers.count <= missing, "\(missing) numbers are missing, got \(numbers.count)")
    missing -= numbers.count
    try file.append(numbers)
  }

  fileprivate mutating func finish() throws(FileError) {
    precondition(missing == 0, "\(missing) numbers are missing")
    try file.commit()
  }
}
