import CFiles

/// The bytes of one zip entry in order, inflated straight into the arrays that keep them, with the
/// checksum and the sizes checked at the end. Holds one buffer of 128 KB.
struct ZipEntrySource: ByteSource {
  private static let bufferSize = 1 << 17
  private let file: InputFile
  private let entry: ZipEntry
  /// nil for a stored entry.
  private let inflater: Inflater?
  /// The next compressed byte in the file, and their end.
  private var next: Int
  private let end: Int
  private var buffer: [UInt8] = []
  private var bufferNext = 0
  private var bufferEnd = 0
  private var produced = 0
  private var crc: UInt32 = 0

  init(_ file: InputFile, _ entry: ZipEntry) throws(FileError) {
    self.file = file
    self.entry = entry
    // The directory has checked that these 30 bytes are in the file.
    let header = LittleEndianFields(bytes: try file.bytes(entry.headerOffset..<entry.headerOffset + 30))
    guard header.u32(0) == 0x0403_4B50 else {
      throw .badData(file.path, at: "byte \(entry.headerOffset)", "expected a zip entry")
    }
    guard header.u16(6) & 0x2041 == 0, header.u16(8) == (entry.isDeflated ? 8 : 0) else {
      throw .badData(
        file.path, at: "byte \(entry.headerOffset)", "the entry's own header contradicts the zip directory")
    }
    next = entry.headerOffset + 30 + header.u16(26) + header.u16(28)
    end = next + entry.compressedSize
    guard end <= file.size else {
      throw .badData(file.path, at: "byte \(next)", "the entry lies outside the file")
    }
    inflater = entry.isDeflated ? Inflater(.raw) : nil
    if entry.isDeflated { buffer = [UInt8](repeating: 0, count: min(Self.bufferSize, entry.compressedSize)) }
  }

  var path: String { file.path }
  /// Where the bytes of a stored entry lie in the file.
  var storedRange: Range<Int> { next..<end }
  var remaining: Int { entry.size - produced }
  var position: String { "byte \(produced)" }

  mutating func read<Element: BitwiseCopyable>(
    into array: inout [Element], first: Int, count: Int
  ) throws(FileError) {
    precondition(first >= 0 && count >= 0 && first + count <= array.count)
    let stride = MemoryLayout<Element>.stride
    let wanted = count * stride
    guard wanted <= remaining else {
      throw .badData(path, at: position, "expected \(wanted) more bytes, got \(remaining): the entry is truncated")
    }
    if let inflater {
      var done = 0
      while done < wanted {
        try fillBuffer()
        let step = inflater.step(
          buffer, bufferNext..<bufferEnd, into: &array, offset: first * stride + done, count: wanted - done)
        bufferNext += step.consumed
        done += step.produced
        try check(step, stillWanted: wanted - done)
      }
    } else {
      try file.read(at: next, into: &array, first: first, count: count)
      next += wanted
    }
    crc = cfiles_crc32(crc, array, Int64(first * stride), Int64(wanted))
    produced += wanted
  }

  mutating func finish() throws(FileError) {
    guard remaining == 0 else {
      throw .badData(path, at: position, "expected the end of the entry, got \(remaining) more bytes")
    }
    if let inflater {
      // The end of the deflate stream may still be unread; it must bring no more bytes.
      var spare: [UInt8] = [0]
      var ended = inflater.hasEnded
      while !ended {
        try fillBuffer()
        let step = inflater.step(buffer, bufferNext..<bufferEnd, into: &spare, offset: 0, count: 1)
        bufferNext += step.consumed
        guard step.produced == 0 else {
          throw .badData(path, at: position, "the entry inflates to more than the \(entry.size) bytes it claims")
        }
        ended = step.ended
        if !ended { try check(step, stillWanted: 1) }
      }
      guard bufferNext == bufferEnd, next == end else {
        throw .badData(path, at: position, "expected the end of the compressed data, got more bytes")
      }
    }
    guard crc == entry.crc else {
      throw .badData(
        path, at: "checksum",
        "expected CRC-32 \(String(entry.crc, radix: 16)), got \(String(crc, radix: 16)): the data is damaged")
    }
  }

  private mutating func fillBuffer() throws(FileError) {
    guard bufferNext == bufferEnd else { return }
    let count = min(buffer.count, end - next)
    try file.read(at: next, into: &buffer, first: 0, count: count)
    next += count
    bufferNext = 0
    bufferEnd = count
  }

  private func check(_ step: Inflater.Step, stillWanted: Int) throws(FileError) {
    if step.failed {
      throw .badData(path, at: position, "the compressed data is damaged")
    }
    guard stillWanted > 0 else { return }
    if step.ended || (step.consumed == 0 && step.produced == 0) {
      throw .badData(
        path, at: position, "the entry inflates to less than the \(entry.size) bytes it claims")
    }
  }
}
