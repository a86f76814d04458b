import CFiles

/// A regular file open for reading at any position, closed with its last reference.
///
/// It keeps reading the same bytes when another process replaces the path by a new file.
final class InputFile: Sendable {
  let path: String
  /// In bytes, when it was opened.
  let size: Int
  private let descriptor: Int32

  /// The bytes of a file; those of a gzip file are what it holds, in a file without a name.
  ///
  /// Throws `FileError`: `.missingInput` where it cannot be opened; `.badData` for damaged gzip data and, with what
  /// converts them, for the formats of `ForeignFormat`.
  static func open(_ path: String) throws(FileError) -> InputFile {
    let file = try InputFile(path, OperatingSystem.openToRead(path))
    let head = try file.bytes(0..<min(file.size, ForeignFormat.headSize))
    if head.starts(with: GzipMember.magic), !ForeignFormat.mayBeSafeTensors(head) { return try file.unpacked() }
    if let format = ForeignFormat(head) { throw .badData(path, format.message(path)) }
    return file
  }

  /// The bytes of a text file in UTF-8, which UTF-16 is turned into.
  static func text(_ path: String) throws(FileError) -> InputFile {
    let file = try open(path)
    guard let encoding = try UTF16Encoding(file.bytes(0..<min(file.size, 4)), path) else { return file }
    return try file.decoded(encoding)
  }

  /// Takes an open descriptor over; below 0 it is the failure to open one.
  init(_ path: String, _ descriptor: Int32) throws(FileError) {
    guard descriptor >= 0 else {
      throw FileError(.missingInput, file: path, "cannot open for reading: \(OperatingSystem.lastError)")
    }
    guard let status = OperatingSystem.status(ofDescriptor: descriptor), status.kind == .regular else {
      OperatingSystem.close(descriptor)
      throw FileError(.missingInput, file: path, "expected a regular file, got a directory, pipe or device")
    }
    self.path = path
    self.size = status.size
    self.descriptor = descriptor
  }

  deinit {
    OperatingSystem.close(descriptor)
  }

  /// Fills `count` elements of `array` from index `first` with the bytes at `position`.
  /// Throws where the file has become shorter than that.
  func read<Element: BitwiseCopyable>(
    at position: Int, into array: inout [Element], first: Int, count: Int
  ) throws(FileError) {
    precondition(first >= 0 && count >= 0 && first + count <= array.count)
    let stride = MemoryLayout<Element>.stride
    let wanted = count * stride
    let got = cfiles_read(descriptor, Int64(position), &array, Int64(first * stride), Int64(wanted))
    try check(got, position)
    if got < wanted {
      throw .badData(path, at: "byte \(position)", "expected \(wanted) more bytes, got \(got): the file is truncated")
    }
  }

  /// Reads at most `count` bytes at `position` into `bytes` from there on, and gives how many there were.
  func readAvailable(at position: Int, into bytes: inout [UInt8], count: Int) throws(FileError) -> Int {
    precondition(position + count <= bytes.count)
    let got = cfiles_read(descriptor, Int64(position), &bytes, Int64(position), Int64(count))
    try check(got, position)
    return Int(got)
  }

  private func check(_ status: Int64, _ position: Int) throws(FileError) {
    guard status < 0 else { return }
    throw FileError(
      .inputOutput, file: path, position: "byte \(position)", "cannot read: \(systemMessage(negated: status))")
  }

  /// The bytes in `range`, which the caller has bounded.
  func bytes(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    try read(at: range.lowerBound, into: &bytes, first: 0, count: range.count)
    return bytes
  }

  /// Throws where the file is now shorter than `end` bytes.
  func checkSize(_ end: Int) throws(FileError) {
    let now = cfiles_size(descriptor)
    guard now >= Int64(end) else {
      throw .badData(path, at: "byte \(max(0, now))", "expected \(end) bytes, got \(max(0, now)): the file has shrunk")
    }
  }

  /// Asks the system to have these bytes ready soon.
  func willNeed(_ range: Range<Int>) {
    cfiles_will_need(descriptor, Int64(range.lowerBound), Int64(range.count))
  }

  /// Whether a byte is in memory already, where the system can tell.
  func isCached(_ position: Int) -> Bool { cfiles_is_cached(descriptor, Int64(position)) != 0 }

  /// Maps the bytes of `range`, which must be in the file still.
  func map(_ range: Range<Int>) throws(FileError) -> FileWindow {
    try checkSize(range.upperBound)
    var error: Int32 = 0
    guard let reference = cfiles_map(descriptor, Int64(range.lowerBound), Int64(range.count), &error) else {
      throw FileError(
        .inputOutput, file: path, position: "byte \(range.lowerBound)",
        "cannot map \(byteCount(range.count)): \(OperatingSystem.message(error))")
    }
    return FileWindow(range: range, reference: reference)
  }
}
