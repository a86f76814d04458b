import CFiles
import Errors
import LinearAlgebra

/// Examples as lines of text from a pipe or terminal, in blocks of what is at hand: a reader who types gets an answer
/// to each line, a full pipe gives full blocks.
///
/// The first line says the format. Lines of `index:value` are LIBSVM text, whose label may be left out. Lines with
/// commas, semicolons or tabs are delimited text (CSV): D features, or D + 1 columns with one of labels, which is
/// passed over. A first line with no number in it, or whose only text is no label, names the columns. Quoted fields may
/// not hold line ends. Blank lines are skipped. Memory is a block and the longest line.
package struct RowStream<Scalar: RealScalar>: Sendable {
  package struct Options: Sendable {
    /// Where LIBSVM indices start; `.automatic` is one, as a stream cannot be surveyed.
    package var indexBase = LIBSVM.IndexBase.automatic
    /// Of delimited text.
    package var label = DelimitedText.LabelColumn.automatic
    /// Whether a first line without numbers names columns, and is no example.
    package var mayHaveHeader = true
    /// Labels that may come. A line whose only text is none of them names the columns.
    package var labels: Set<String> = []

    package init() {}
  }

  /// For messages.
  package let name: String
  private let descriptor: Int32
  private var fields: RowFields<Scalar>
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)
  private var start = 0
  private var filled = 0
  private var line = 0
  private var isAtEnd = false
  private var failure: FileError?

  /// - Parameters:
  ///   - descriptor: an open file descriptor, such as 0 for standard input; it is not closed.
  ///   - columns: D.
  package init(descriptor: Int32, name: String, columns: Int, options: Options = Options()) {
    (self.name, self.descriptor) = (name, descriptor)
    fields = RowFields(name: name, columns: columns, options: options)
  }

  /// The next rows [b, D], at least one and at most `limit`: waits for the first, then takes what has come. Nil at the
  /// end. After an error no more rows come; rows before it come first.
  ///
  /// Throws `FileError` with the line, and the field or column.
  package mutating func next(limit: Int) throws(FileError) -> Matrix<Scalar>? {
    fields.values.removeAll(keepingCapacity: true)
    var count = 0
    while count < limit, failure == nil {
      do throws(FileError) {
        guard let range = try nextLine(waits: count == 0) else { break }
        line += 1
        if try fields.read(buffer, range, line: line) { count += 1 }
      } catch {
        failure = error
      }
    }
    if count > 0 {
      // What a line left behind before it was refused is no row.
      return Matrix(rows: count, columns: fields.columns, elements: Array(fields.values[..<(count * fields.columns)]))
    }
    if let failure { throw failure }
    return nil
  }

  /// Where the next line lies in the buffer, without its end; nil at the end, and where it has not come yet.
  private mutating func nextLine(waits: Bool) throws(FileError) -> Range<Int>? {
    var searched = start
    while true {
      let end = Int(cfiles_find(buffer, Int64(searched), Int64(filled), UInt8(ascii: "\n")))
      if end >= 0 || isAtEnd && start < filled {
        let end = end >= 0 ? end : filled
        defer { start = end + 1 }
        buffer[end] = 0
        let isCRLF = end > start && buffer[end - 1] == UInt8(ascii: "\r")
        return start..<(isCRLF ? end - 1 : end)
      }
      if isAtEnd { return nil }
      if !waits, cfiles_is_ready(descriptor) == 0 { return nil }
      searched = filled - start
      try receive()
    }
  }

  private mutating func receive() throws(FileError) {
    let kept = max(0, filled - start)
    if start > 0 { cfiles_move_to_start(&buffer, Int64(start), Int64(kept)) }
    (start, filled) = (0, kept)
    if kept + 1 >= buffer.count / 2 {
      guard buffer.count < LineReader.longestLine else {
        throw .badData(name, at: "line \(line + 1)", "the line is longer than \(byteCount(LineReader.longestLine))")
      }
      buffer.append(contentsOf: repeatElement(0, count: buffer.count))
    }
    let got = cfiles_receive(descriptor, &buffer, Int64(kept), Int64(buffer.count - 1 - kept))
    guard got >= 0 else {
      throw FileError(.inputOutput, file: name, "cannot read: \(systemMessage(negated: got))")
    }
    isAtEnd = got == 0
    let isFirst = line == 0 && kept == 0
    filled += Int(got)
    if isFirst, filled >= 3, buffer[0] == 0xEF, buffer[1] == 0xBB, buffer[2] == 0xBF { start = 3 }
  }
}

/// The fields of a line.
private struct RowFields<Scalar: RealScalar>: Sendable {
  private enum Format {
    case unknown, libsvm
    case delimited(UInt8)
  }

  let name: String
  let columns: Int
  var values: [Scalar] = []
  private let options: RowStream<Scalar>.Options
  private var format = Format.unknown
  /// Of delimited text; -1 for none, nil before the first line.
  private var labelColumn: Int?
  private let firstIndex: Int

  init(name: String, columns: Int, options: RowStream<Scalar>.Options) {
    (self.name, self.columns, self.options) = (name, columns, options)
    firstIndex = options.indexBase == .zero ? 0 : 1
  }

  /// Appends the values of a line; false where it holds no example.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func read(_ bytes: [UInt8], _ range: Range<Int>, line: Int) throws(FileError) -> Bool {
    var next = range.lowerBound
    while next < range.upperBound, bytes[next] == 32 || bytes[next] == 9 { next += 1 }
    if next == range.upperBound { return false }
    if case .unknown = format {
      guard try findFormat(bytes, next..<range.upperBound, line) else { return false }
    }
    if case .delimited(let delimiter) = format {
      try readDelimited(bytes, range, delimiter, line)
      return true
    }
    if bytes[next] == UInt8(ascii: "#") { return false }
    try readLIBSVM(bytes, next..<range.upperBound, line)
    return true
  }

  /// Looks at the first line; false where it names the columns.
  private mutating func findFormat(_ bytes: [UInt8], _ range: Range<Int>, _ line: Int) throws(FileError) -> Bool {
    let text = bytes[range]
    if text.first == UInt8(ascii: "#") { return false }
    let isDelimited = text.contains(UInt8(ascii: ",")) || text.contains(UInt8(ascii: ";"))
    if !isDelimited, text.contains(UInt8(ascii: ":")) || columns > 1 && !text.contains(9) {
      format = .libsvm
      return true
    }
    let delimiter = [UInt8(ascii: ","), UInt8(ascii: ";"), 9].first(where: text.contains) ?? UInt8(ascii: ",")
    var (fields, next) = ([String](), range.lowerBound)
    while true {
      guard let field = DelimitedField.content(bytes, at: &next, end: range.upperBound, delimiter: delimiter) else {
        throw .badData(name, at: "line \(line)", "expected a closing quote")
      }
      fields.append(String(decoding: field, as: UTF8.self))
      if next >= range.upperBound { break }
      next += 1
    }
    let texts = fields.filter { Double($0) == nil }
    let namesNoLabel = texts.count == 1 && !options.labels.isEmpty && !options.labels.contains(texts[0])
    let isHeader = options.mayHaveHeader && (texts.count == fields.count || namesNoLabel)
    let column = try findLabel(fields, isHeader, line)
    if let column { labelColumn = column }
    // The column of labels may show only in the first example.
    if labelColumn != nil { format = .delimited(delimiter) }
    return !isHeader
  }

  private func findLabel(_ fields: [String], _ isHeader: Bool, _ line: Int) throws(FileError) -> Int? {
    guard fields.count == columns || fields.count == columns + 1 else {
      throw .badData(
        name, at: "line \(line)", "expected \(columns) features, as the model has, got \(fields.count) fields")
    }
    if fields.count == columns { return -1 }
    switch options.label {
    case .index(let index): return index
    case .name(let label) where isHeader:
      if let column = fields.firstIndex(of: label) { return column }
      throw .badData(name, at: "line \(line)", "expected a column named \(excerpt(label)), got none")
    default: break
    }
    let lowercased = fields.map { $0.lowercased() }
    if isHeader {
      return DelimitedText.labelNames.lazy.compactMap { lowercased.firstIndex(of: $0) }.first
    }
    let texts = fields.indices.filter { Double(fields[$0]) == nil }
    guard texts.count == 1 else {
      throw FileError(
        .badData, file: name, position: "line \(line)",
        "expected \(columns) features, as the model has, got \(fields.count) fields;", remedy: .labelColumn)
    }
    return texts[0]
  }

  @inline(__always)
  private mutating func readDelimited(
    _ bytes: [UInt8], _ range: Range<Int>, _ delimiter: UInt8, _ line: Int
  ) throws(FileError) {
    let end = range.upperBound
    let label = labelColumn ?? -1
    let count = columns + (label >= 0 ? 1 : 0)
    var next = range.lowerBound
    for column in 0..<count {
      let start = next
      if column == label {
        guard DelimitedField.content(bytes, at: &next, end: end, delimiter: delimiter) != nil else {
          throw fieldError(bytes, start, end, delimiter, column, line)
        }
      } else {
        while bytes[next] == 32 || bytes[next] == 9 && delimiter != 9 { next += 1 }
        let value: Scalar? = NumberParser.number(bytes, at: &next, end: end)
        while bytes[next] == 32 || bytes[next] == 9 && delimiter != 9 { next += 1 }
        guard let value, value.isFinite, next >= end || bytes[next] == delimiter else {
          throw fieldError(bytes, start, end, delimiter, column, line)
        }
        values.append(value)
      }
      guard (next >= end) == (column == count - 1) else {
        let got = 1 + bytes[range].count { $0 == delimiter }
        throw .badData(name, at: "line \(line)", "expected \(count) fields, got \(got)")
      }
      next += 1
    }
  }

  @inline(never)
  private func fieldError(
    _ bytes: [UInt8], _ start: Int, _ end: Int, _ delimiter: UInt8, _ column: Int, _ line: Int
  ) -> FileError {
    let field = bytes[start..<end].prefix { $0 != delimiter }
    let got = field.isEmpty ? "an empty field" : excerpt(field)
    return .badData(name, at: "line \(line), field \(column + 1)", "expected a finite number, got \(got)")
  }

  @inline(__always)
  private mutating func readLIBSVM(_ bytes: [UInt8], _ range: Range<Int>, _ line: Int) throws(FileError) {
    let end = range.upperBound
    var next = range.lowerBound
    let row = values.count
    for _ in 0..<columns { values.append(0) }
    var (previous, isFirst) = (firstIndex - 1, true)
    while next < end, bytes[next] != UInt8(ascii: "#") {
      let start = next
      while bytes[next] &- 48 < 10 { next += 1 }
      if next > start, next < end, bytes[next] == UInt8(ascii: ":") {
        let index = bytes[start..<next].reduce(0) { $0 < 1 << 40 ? 10 * $0 + Int($1 &- 48) : $0 }
        next += 1
        let value: Scalar? = NumberParser.number(bytes, at: &next, end: end)
        guard let value, value.isFinite, isFieldEnd(bytes, next, end) else {
          throw error(bytes, start, end, line, "expected a finite number as the value")
        }
        guard index > previous, index - firstIndex < columns else {
          throw error(
            bytes, start, end, line, "expected an index from \(previous + 1) to \(columns - 1 + firstIndex)")
        }
        values[row + index - firstIndex] = value
        previous = index
      } else {
        next = start
        let label: Double? = NumberParser.number(bytes, at: &next, end: end)
        guard isFirst, label != nil, isFieldEnd(bytes, next, end) else {
          throw error(bytes, start, end, line, "expected index:value")
        }
      }
      isFirst = false
      while next < end, bytes[next] == 32 || bytes[next] == 9 { next += 1 }
    }
  }

  @inline(__always)
  private func isFieldEnd(_ bytes: [UInt8], _ next: Int, _ end: Int) -> Bool {
    next >= end || bytes[next] == 32 || bytes[next] == 9 || bytes[next] == UInt8(ascii: "#")
  }

  @inline(never)
  private func error(_ bytes: [UInt8], _ start: Int, _ end: Int, _ line: Int, _ message: String) -> FileError {
    let field = bytes[start..<end].prefix { $0 != 32 && $0 != 9 }
    return .badData(name, at: "line \(line)", "\(message), got \(excerpt(field))")
  }
}
