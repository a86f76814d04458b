import LinearAlgebra

/// The records of a delimited text file: lines, or several lines where a quoted field spans them.
struct RecordReader {
  private var lines: LineReader
  var delimiter = UInt8(ascii: ",")
  /// The line the current record starts on.
  private(set) var line = 0

  init(_ file: InputFile) throws(FileError) {
    lines = try LineReader(file)
  }

  var buffer: [UInt8] { lines.buffer }

  /// Where the next record that is not blank lies in `buffer`; nil at the end of the file.
  mutating func next() throws(FileError) -> Range<Int>? {
    while let first = try lines.next() {
      line = lines.line
      if first.isEmpty || lines.buffer[first].allSatisfy({ $0 == 32 || $0 == 9 }) { continue }
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

  /// The most frequent of comma, tab and semicolon outside quotes; comma where there is none.
  func likelyDelimiter(_ range: Range<Int>) -> UInt8 {
    var counts = [0, 0, 0]
    let candidates = [UInt8(ascii: ","), UInt8(ascii: "\t"), UInt8(ascii: ";")]
    var isQuoted = false
    for byte in buffer[range] {
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      if !isQuoted, let candidate = candidates.firstIndex(of: byte) { counts[candidate] += 1 }
    }
    return candidates[counts.firstIndex(of: counts.max() ?? 0) ?? 0]
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
      guard let text = String(validating: field, as: UTF8.self) else { throw fail("expected UTF-8") }
      fields.append(text)
      guard next < range.upperBound else { return fields }
      next += 1
    }
  }
}

enum DelimitedField {
  /// The content of the field that starts at `next`, trimmed and without quotes; `next` moves to the
  /// delimiter behind it or to `end`. Nil where something other than space follows a closing quote.
  static func content(
    _ bytes: [UInt8], at next: inout Int, end: Int, delimiter: UInt8
  ) -> ArraySlice<UInt8>? {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 && delimiter != 9 }
    while next < end, isSpace(bytes[next]) { next += 1 }
    guard next < end, bytes[next] == UInt8(ascii: "\"") else {
      let start = next
      while next < end, bytes[next] != delimiter { next += 1 }
      var last = next
      while last > start, isSpace(bytes[last - 1]) { last -= 1 }
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
    while next < end, isSpace(bytes[next]) { next += 1 }
    return next == end || bytes[next] == delimiter ? content[...] : nil
  }
}

/// The examples of a delimited text file as they are parsed.
struct DelimitedRows<Scalar: RealScalar> {
  private let path: String
  private let columns: DelimitedColumns
  /// The most numbers `features` may hold.
  private let limit: Int
  private(set) var features: [Scalar] = []
  private(set) var codes: [Int32] = []
  private(set) var labels = LabelTable()
  private(set) var count = 0

  /// `expected` numbers are reserved; pages of them that are never written cost nothing.
  init(path: String, columns: DelimitedColumns, expected: Int, limit: Int) {
    self.path = path
    self.columns = columns
    self.limit = limit
    features.reserveCapacity(expected)
    if columns.label != nil { codes.reserveCapacity(expected / columns.featureCount) }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func read(_ records: inout RecordReader, from first: Range<Int>) throws(FileError) {
    var record = first
    while true {
      try readRecord(records.buffer, record, records)
      guard let next = try records.next() else { return }
      record = next
    }
  }

  @inline(__always)
  private mutating func readRecord(
    _ bytes: [UInt8], _ range: Range<Int>, _ records: borrowing RecordReader
  ) throws(FileError) {
    let delimiter = records.delimiter
    let label = columns.label ?? -1
    let columnCount = columns.names.count
    let end = range.upperBound
    var next = range.lowerBound
    guard limit - features.count >= columns.featureCount else {
      throw .badData(
        path, at: "line \(records.line)",
        "the features need more memory than the limit of \(byteCount(limit * MemoryLayout<Scalar>.size))")
    }
    for column in 0..<columnCount {
      let start = next
      if column == label {
        guard let field = DelimitedField.content(bytes, at: &next, end: end, delimiter: delimiter),
          !field.isEmpty, let code = labels.code(field)
        else { throw fieldError(bytes, start, end, records, column, "expected a label in UTF-8") }
        codes.append(code)
      } else {
        while bytes[next] == 32 || bytes[next] == 9 && delimiter != 9 { next += 1 }
        var value: Scalar? = NumberParser.number(bytes, at: &next, end: end)
        while bytes[next] == 32 || bytes[next] == 9 && delimiter != 9 { next += 1 }
        if value == nil || next != end && bytes[next] != delimiter {
          next = start
          value = quotedNumber(bytes, at: &next, end: end, delimiter: delimiter)
        }
        guard let value else { throw fieldError(bytes, start, end, records, column, "expected a number") }
        features.append(value)
      }
      let isLast = column == columnCount - 1
      guard (next == end) == isLast else { throw raggedError(range, records) }
      next += 1
    }
    count += 1
  }

  /// A number in quotes, or nil.
  @inline(never)
  private func quotedNumber(_ bytes: [UInt8], at next: inout Int, end: Int, delimiter: UInt8) -> Scalar? {
    guard var content = DelimitedField.content(bytes, at: &next, end: end, delimiter: delimiter).map(Array.init),
      let first = content.firstIndex(where: { $0 != 32 && $0 != 9 }),
      let last = content.lastIndex(where: { $0 != 32 && $0 != 9 })
    else { return nil }
    content = Array(content[first...last])
    let count = content.count
    content.append(0)
    var position = 0
    let value: Scalar? = NumberParser.number(content, at: &position, end: count)
    return position == count ? value : nil
  }

  @inline(never)
  private func fieldError(
    _ bytes: [UInt8], _ start: Int, _ end: Int, _ records: RecordReader, _ column: Int, _ expected: String
  ) -> FileError {
    var next = start
    let content =
      DelimitedField.content(bytes, at: &next, end: end, delimiter: records.delimiter) ?? bytes[start..<end]
    let got = content.isEmpty ? "an empty field" : excerpt(content)
    return .badData(
      path, at: "line \(records.line), column \(excerpt(columns.names[column]))", "\(expected), got \(got)")
  }

  @inline(never)
  private func raggedError(_ range: Range<Int>, _ records: RecordReader) -> FileError {
    let got = (try? records.fields(range).count).map(String.init) ?? "another number"
    return .badData(path, at: "line \(records.line)", "expected \(columns.names.count) fields, got \(got)")
  }
}
