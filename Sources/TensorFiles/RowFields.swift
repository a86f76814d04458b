import LinearAlgebra

/// The fields of lines that come one by one: LIBSVM text, or a table whose layout is known once its first example is.
struct RowFields<Scalar: RealScalar>: Sendable {
  private enum Format {
    case unknown
    case libsvm
    /// With the columns' names, where a line had them.
    case tableWithoutExamples([String]?)
    case table(DelimitedRows<Scalar>)
  }

  let name: String
  let columns: Int
  var remarks: [String] = []
  private let options: RowStream<Scalar>.Options
  private var format = Format.unknown
  private var dialect: Dialect?
  /// Of LIBSVM text.
  private var values: [Scalar] = []
  private(set) var count = 0
  private let firstIndex: Int

  init(name: String, columns: Int, options: RowStream<Scalar>.Options) {
    (self.name, self.columns, self.options) = (name, columns, options)
    firstIndex = options.indexBase == .zero ? 0 : 1
  }

  /// Whether it is known how lines are read, so that what is wrong with one is wrong with it alone.
  var isSettled: Bool {
    switch format {
    case .unknown, .tableWithoutExamples: false
    case .libsvm, .table: true
    }
  }

  /// Whether a record may go on over several lines: of a table, or before anything is known.
  var mayBeTable: Bool { if case .libsvm = format { false } else { true } }

  mutating func removeAll() {
    (values, count) = ([], 0)
    changeRows { $0.removeAll() }
  }

  /// Calls `body` with the rows of a table, of which there is no second copy meanwhile.
  private mutating func changeRows<Failure: Error>(
    _ body: (inout DelimitedRows<Scalar>) throws(Failure) -> Void
  ) throws(Failure) {
    guard case .table(var rows) = format else { return }
    format = .unknown
    defer { format = .table(rows) }
    try body(&rows)
  }

  /// A row of zeros.
  mutating func appendNothing(line: Int) {
    count += 1
    if case .libsvm = format { values.append(contentsOf: repeatElement(0, count: columns)) }
    changeRows { $0.appendNothing(line: line) }
  }

  /// The rows so far.
  func block(_ refused: [Int: FileError]) -> RowStream<Scalar>.Block {
    guard case .table(let rows) = format else {
      return RowStream.Block(features: Matrix(rows: count, columns: columns, elements: values), refused: refused)
    }
    var features = Matrix(rows: count, columns: columns, elements: rows.features)
    if let fill = options.request.description?.fill {
      for element in rows.missing { features[element / columns, element % columns] = Scalar(fill[element % columns]) }
    }
    return RowStream.Block(features: features, refused: refused, ids: rows.ids)
  }

  /// Takes a record; a blank line, a comment and the names of columns are no rows.
  mutating func read(_ bytes: [UInt8], _ range: Range<Int>, line: Int) throws(FileError) {
    var next = range.lowerBound
    while next < range.upperBound, bytes[next] == 32 || bytes[next] == 9 { next += 1 }
    if next == range.upperBound || bytes[next] == UInt8(ascii: "#") && !isRecord(bytes, range) { return }
    if case .unknown = format {
      guard try findFormat(bytes, next..<range.upperBound, line) else { return }
    }
    if case .tableWithoutExamples(let names) = format { try findLayout(names, bytes, range, line) }
    switch format {
    case .libsvm: try readLIBSVM(bytes, next..<range.upperBound, line)
    default: try changeRows { (rows) throws(FileError) in try rows.append(bytes, range, line: line) }
    }
    count += 1
  }

  /// Whether a line that begins with # is an example all the same: it has the fields of one.
  private func isRecord(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    guard case .table(let rows) = format, let dialect else { return false }
    let fields = RecordReader.Record(bytes: Array(bytes[range]) + [0]).fields(dialect.delimiter.byte)
    return fields?.count == rows.layout.uses.count
  }

  /// Looks at the first line; false where it names the columns.
  private mutating func findFormat(_ bytes: [UInt8], _ range: Range<Int>, _ line: Int) throws(FileError) -> Bool {
    let record = RecordReader.Record(bytes: Array(bytes[range]) + [0])
    let text = record.bytes
    let hasDelimiter = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"), 9].contains(where: text.contains)
    let isOneNumber = columns > 1 && record.fields(32)?.count == 1
    if options.delimiter == nil, FileContent.isLIBSVM(bytes[range], needsLabel: false) || !hasDelimiter && isOneNumber {
      format = .libsvm
      return true
    }
    var wanted = DelimitedText.Options()
    (wanted.hasHeader, wanted.delimiter, wanted.decimal) = (options.hasHeader, options.delimiter, options.decimal)
    var dialect = Dialect(wanted, sample: [record])
    guard let fields = record.fields(dialect.delimiter.byte) else {
      throw .badData(name, at: "line \(line)", "expected the end of a field behind its closing quote")
    }
    let known = options.request.description
    if options.hasHeader == nil, let known, known.isNamed, Set(known.featureNames).isSubset(of: fields) {
      dialect.hasHeader = true
    }
    self.dialect = dialect
    format = .tableWithoutExamples(dialect.hasHeader ? fields : nil)
    return !dialect.hasHeader
  }

  /// Gives the columns their parts, at the first example.
  private mutating func findLayout(
    _ names: [String]?, _ bytes: [UInt8], _ range: Range<Int>, _ line: Int
  ) throws(FileError) {
    guard var dialect else { preconditionFailure("a table has a dialect") }
    let record = RecordReader.Record(bytes: Array(bytes[range]) + [0])
    if names != nil {
      var wanted = DelimitedText.Options(hasHeader: true)
      (wanted.delimiter, wanted.decimal) = (dialect.delimiter, options.decimal)
      dialect = Dialect(wanted, sample: [record])
    }
    do throws(FileError) {
      let layout = try options.request.layout(
        names: names, sample: [record.fields(dialect.delimiter.byte) ?? []], path: name, isNumber: dialect.isNumber)
      remarks += layout.remarks
      format = .table(
        DelimitedRows(
          path: name, layout: layout, dialect: dialect, missing: options.missing == .fill ? .fill : .error, limit: .max)
      )
    } catch {
      var placed = error
      if placed.position == nil { placed.position = "line \(line)" }
      throw placed
    }
  }

  @inline(__always)
  private mutating func readLIBSVM(_ bytes: [UInt8], _ range: Range<Int>, _ line: Int) throws(FileError) {
    let end = range.upperBound
    var next = range.lowerBound
    let row = values.count
    var isDone = false
    for _ in 0..<columns { values.append(0) }
    defer { if !isDone { values.removeLast(columns) } }
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
        // A label: a number or a word, which is passed over.
        next = start
        while !isFieldEnd(bytes, next, end), bytes[next] != UInt8(ascii: ":") { next += 1 }
        guard isFirst, next > start, isFieldEnd(bytes, next, end) else {
          throw error(bytes, start, end, line, "expected index:value")
        }
      }
      isFirst = false
      while next < end, bytes[next] == 32 || bytes[next] == 9 { next += 1 }
    }
    isDone = true
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
