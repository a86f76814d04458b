/// The records of a delimited text file: lines, or several lines where a quoted field spans them.
struct RecordReader {
  /// A record that is kept: its bytes and a 0 behind them.
  struct Record {
    var bytes: [UInt8]

    /// All fields as text, trimmed and without quotes; nil where the record is none.
    func fields(_ delimiter: UInt8) -> [String]? {
      var (fields, next) = ([String](), 0)
      let end = bytes.count - 1
      while true {
        guard let field = DelimitedField.content(bytes, at: &next, end: end, delimiter: delimiter) else { return nil }
        fields.append(String(decoding: field, as: UTF8.self))
        guard next < end else { return fields }
        next += 1
      }
    }
  }

  private var lines: LineReader
  var delimiter = UInt8(ascii: ",")
  /// The line the current record starts on.
  private(set) var line = 0
  /// How many fields a record has, once that is known: a line that begins with # and has as many is a record.
  var width: Int?
  /// How many lines that begin with # were passed over.
  private(set) var comments = 0

  init(_ file: InputFile) throws(FileError) {
    lines = try LineReader(file)
  }

  var buffer: [UInt8] { lines.buffer }

  /// Where the next record that is neither blank nor a comment lies in `buffer`; nil at the end of the file.
  mutating func next() throws(FileError) -> Range<Int>? {
    while let first = try lines.next() {
      line = lines.line
      guard let start = first.first(where: { lines.buffer[$0] != 32 && lines.buffer[$0] != 9 }) else { continue }
      if lines.buffer[start] == UInt8(ascii: "#"), !isRecord(first) {
        comments += 1
        continue
      }
      guard lines.contains(UInt8(ascii: "\""), in: first) else { return first }
      var range = first
      var quotes = 0
      var counted = 0
      while true {
        quotes += lines.buffer[range.dropFirst(counted)].count { $0 == UInt8(ascii: "\"") }
        if quotes % 2 == 0 { break }
        counted = range.count
        guard let longer = try lines.extend() else {
          throw .badData(lines.file.path, at: "line \(line)", "expected a closing quote, got the end of the file")
        }
        range = longer
      }
      return range
    }
    return nil
  }

  private func isRecord(_ range: Range<Int>) -> Bool {
    width != nil && Record(bytes: Array(buffer[range]) + [0]).fields(delimiter)?.count == width
  }

  /// At most `count` records, copied.
  mutating func sample(_ count: Int) throws(FileError) -> [Record] {
    var records: [Record] = []
    while records.count < count, let range = try next() { records.append(Record(bytes: Array(buffer[range]) + [0])) }
    return records
  }

  /// All fields of a record as text, trimmed and without quotes.
  func fields(_ range: Range<Int>) throws(FileError) -> [String] {
    var fields: [String] = []
    var next = range.lowerBound
    while true {
      func fail(_ message: String) -> FileError {
        .badData(lines.file.path, at: "line \(line), field \(fields.count + 1)", message)
      }
      guard let field = DelimitedField.content(buffer, at: &next, end: range.upperBound, delimiter: delimiter) else {
        throw fail("expected the end of the field behind the closing quote")
      }
      guard let text = String(validating: field, as: UTF8.self) else { throw fail(encodingRemedy) }
      fields.append(text)
      guard next < range.upperBound else { return fields }
      next += 1
    }
  }
}

enum DelimitedField {
  /// Whether `byte` is passed over around a field.
  @inline(__always)
  static func isSpace(_ byte: UInt8, _ delimiter: UInt8) -> Bool { byte == 32 || byte == 9 && delimiter != 9 }

  /// Moves over the space behind a field's content, to the delimiter or to `end`: to the last of several spaces, where
  /// these are the delimiter.
  @inline(__always)
  static func skipSpace(_ bytes: [UInt8], _ next: inout Int, end: Int, delimiter: UInt8) {
    while next < end, isSpace(bytes[next], delimiter) { next += 1 }
    if delimiter == 32, next < end, next > 0, isSpace(bytes[next - 1], delimiter) { next -= 1 }
  }

  /// The content of the field that starts at `next`, trimmed and without quotes; `next` moves to the
  /// delimiter behind it or to `end`. Nil where something other than space follows a closing quote.
  static func content(
    _ bytes: [UInt8], at next: inout Int, end: Int, delimiter: UInt8
  ) -> ArraySlice<UInt8>? {
    while next < end, isSpace(bytes[next], delimiter) { next += 1 }
    guard next < end, bytes[next] == UInt8(ascii: "\"") else {
      let start = next
      while next < end, bytes[next] != delimiter, delimiter != 32 || bytes[next] != 9 { next += 1 }
      var last = next
      while last > start, isSpace(bytes[last - 1], delimiter) { last -= 1 }
      skipSpace(bytes, &next, end: end, delimiter: delimiter)
      return bytes[start..<last]
    }
    next += 1
    var content: [UInt8] = []
    while next < end {
      if bytes[next] == UInt8(ascii: "\"") {
        next += 1
        guard next < end, bytes[next] == UInt8(ascii: "\"") else { break }
      }
      content.append(bytes[next])
      next += 1
    }
    skipSpace(bytes, &next, end: end, delimiter: delimiter)
    return next == end || bytes[next] == delimiter || delimiter == 32 && bytes[next] == 9 ? content[...] : nil
  }
}
