import CFiles

/// The lines of a text file, one at a time, from one buffer that grows only for a line longer than it.
///
/// A line ends at LF or CR LF, or at CR where the file begins with lines that do; the last one at the end of the file.
/// A UTF-8 byte order mark at the start is skipped. The byte behind a line is always in `buffer` and is CR, LF or 0, so
/// a parser of digits stops there without looking at the end.
struct LineReader {
  /// The longest line accepted: some ten million numbers.
  static let longestLine = 1 << 28
  static let initialBuffer = 1 << 18

  let file: InputFile
  private(set) var buffer: [UInt8]
  /// The number of the line `next` returned, from 1.
  private(set) var line = 0
  private var lineStart = 0
  private var nextStart = 0
  private var filled = 0
  private var filePosition = 0
  private var terminator = UInt8(ascii: "\n")

  init(_ file: InputFile) throws(FileError) {
    self.file = file
    buffer = [UInt8](repeating: 0, count: LineReader.initialBuffer)
    try fill()
    let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    if !buffer[..<filled].contains(lineFeed), buffer[..<filled].contains(carriageReturn) { terminator = carriageReturn }
    if filled >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { nextStart = 3 }
  }

  /// Where the next line lies in `buffer`, without its end; nil at the end of the file.
  mutating func next() throws(FileError) -> Range<Int>? {
    lineStart = nextStart
    return try extend()
  }

  /// The current line joined with the following one, for a quoted field that holds a line end;
  /// nil where there is no following line.
  mutating func extend() throws(FileError) -> Range<Int>? {
    var searched = nextStart
    while true {
      let found = Int(cfiles_find(buffer, Int64(searched), Int64(filled), terminator))
      if found >= 0 {
        line += 1
        nextStart = found + 1
        let isCRLF = found > lineStart && buffer[found - 1] == UInt8(ascii: "\r")
        return lineStart..<(isCRLF ? found - 1 : found)
      }
      if filePosition == file.size {
        guard nextStart < filled else { return nil }
        line += 1
        nextStart = filled
        let isCR = filled > lineStart && buffer[filled - 1] == UInt8(ascii: "\r")
        return lineStart..<(isCR ? filled - 1 : filled)
      }
      searched = filled - lineStart
      try fill()
    }
  }

  /// Moves the current line to the front and reads behind it.
  private mutating func fill() throws(FileError) {
    let kept = filled - lineStart
    if lineStart > 0 { cfiles_move_to_start(&buffer, Int64(lineStart), Int64(kept)) }
    nextStart -= lineStart
    lineStart = 0
    if kept > buffer.count / 2 {
      guard buffer.count < LineReader.longestLine else {
        throw .badData(
          file.path, at: "line \(line + 1)", "the line is longer than \(byteCount(LineReader.longestLine))")
      }
      buffer.append(contentsOf: repeatElement(0, count: buffer.count))
    }
    let count = min(buffer.count - 1 - kept, file.size - filePosition)
    try file.read(at: filePosition, into: &buffer, first: kept, count: count)
    filePosition += count
    filled = kept + count
    buffer[filled] = 0
  }
}

extension InputFile {
  /// How often `byte` occurs, by one pass over the file.
  func occurrences(of byte: UInt8) throws(FileError) -> Int {
    var buffer = [UInt8](repeating: 0, count: min(size, LineReader.initialBuffer))
    var position = 0
    var total = 0
    while position < size {
      let count = min(buffer.count, size - position)
      try read(at: position, into: &buffer, first: 0, count: count)
      total += Int(cfiles_count(buffer, Int64(count), byte))
      position += count
    }
    return total
  }
}

extension LineReader {
  /// Whether `byte` occurs in `range` of the buffer.
  func contains(_ byte: UInt8, in range: Range<Int>) -> Bool {
    cfiles_find(buffer, Int64(range.lowerBound), Int64(range.upperBound), byte) >= 0
  }
}
