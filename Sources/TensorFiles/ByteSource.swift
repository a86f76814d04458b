/// A run of bytes read in order, straight into the arrays that keep them: part of a file, or an
/// entry of a zip archive as it inflates.
protocol ByteSource {
  /// The file the bytes come from, for errors.
  var path: String { get }
  /// Bytes not read yet. Believe it only as far as `plausible` allows.
  var remaining: Int { get }
  /// Where the next byte is, for errors: "byte 128".
  var position: String { get }
  /// Fills `count` elements of `array` from index `first`.
  mutating func read<Element: BitwiseCopyable>(
    into array: inout [Element], first: Int, count: Int
  ) throws(FileError)
  /// Called after the last byte: checks what is known about the whole, such as a checksum.
  mutating func finish() throws(FileError)
}

extension ByteSource {
  /// The next `count` bytes; the caller has bounded `count` by something small.
  mutating func bytes(_ count: Int) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try read(into: &bytes, first: 0, count: count)
    return bytes
  }
}

/// A range of an open file as a byte source.
struct FileRegion: ByteSource {
  let file: InputFile
  private var next: Int
  private let end: Int

  /// `range` lies inside the file.
  init(_ file: InputFile, range: Range<Int>) {
    self.file = file
    next = range.lowerBound
    end = range.upperBound
  }

  init(_ file: InputFile) {
    self.init(file, range: 0..<file.size)
  }

  var path: String { file.path }
  var remaining: Int { end - next }
  var position: String { "byte \(next)" }
  /// What is left to read.
  var range: Range<Int> { next..<end }

  mutating func read<Element: BitwiseCopyable>(
    into array: inout [Element], first: Int, count: Int
  ) throws(FileError) {
    let byteCount = count * MemoryLayout<Element>.stride
    guard byteCount <= remaining else {
      throw .badData(path, at: position, "expected \(byteCount) more bytes, got \(remaining): the file is truncated")
    }
    try file.read(at: next, into: &array, first: first, count: count)
    next += byteCount
  }

  func finish() throws(FileError) {
    guard remaining == 0 else {
      throw .badData(path, at: position, "expected the end of the file, got \(remaining) more bytes")
    }
  }
}
