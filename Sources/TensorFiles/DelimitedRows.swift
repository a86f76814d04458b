import LinearAlgebra

/// Distinct texts, numbered in order of appearance.
struct LabelTable {
  private(set) var names: [String] = []
  private var codes: [String: Int32] = [:]
  private var lastText: [UInt8] = []
  private var lastCode: Int32 = -1

  /// The number of a label; nil for one that is not UTF-8.
  mutating func code(_ text: ArraySlice<UInt8>) -> Int32? {
    if lastCode >= 0, lastText.elementsEqual(text) { return lastCode }
    guard let name = String(validating: text, as: UTF8.self) else { return nil }
    lastText.removeAll(keepingCapacity: true)
    lastText.append(contentsOf: text)
    if let code = codes[name] {
      lastCode = code
    } else {
      lastCode = Int32(names.count)
      codes[name] = lastCode
      names.append(name)
    }
    return lastCode
  }
}

/// The examples of a delimited text file as they are parsed.
struct DelimitedRows<Scalar: RealScalar> {
  private let path: String
  let layout: TableLayout
  private let dialect: Dialect
  private let policy: MissingValue.Policy
  private let featureCount: Int
  private let targetCount: Int
  /// Whether features come in the order in which they are wanted, and need no place of their own beforehand.
  private let isOrdered: Bool
  /// The most numbers `features` may hold.
  private let limit: Int
  private(set) var features: [Scalar] = []
  private var targets: [Scalar] = []
  private var codes: [Int32] = []
  private var labels = LabelTable()
  private var weights: [Double] = []
  private(set) var ids: [String] = []
  private(set) var lines = RowLines()
  private(set) var missing: [Int] = []
  private var incomplete: [Int] = []
  private var dropped = 0

  init(path: String, layout: TableLayout, dialect: Dialect, missing: MissingValue.Policy, limit: Int) {
    (self.path, self.layout, self.dialect, self.limit) = (path, layout, dialect, limit)
    policy = missing
    (featureCount, targetCount) = (layout.featureCount, layout.targetCount)
    let order = layout.uses.compactMap { if case .feature(let j) = $0 { j } else { nil } }
    isOrdered = order == Array(0..<featureCount)
  }

  /// Room for so many features; pages of it that are never written cost nothing.
  mutating func reserve(_ expected: Int) {
    features.reserveCapacity(expected)
    let rows = expected / featureCount
    if layout.label != nil { codes.reserveCapacity(rows) }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func read(_ records: inout RecordReader, from first: Range<Int>) throws(FileError) {
    var record = first
    while true {
      try append(records.buffer, record, line: records.line)
      guard let next = try records.next() else { return }
      record = next
    }
  }

  /// What was read. Throws where no example is left.
  func table(comments: Int) throws(FileError) -> DelimitedText.Table<Scalar> {
    guard lines.count > 0 else {
      throw .badData(path, "expected examples, and each of the \(dropped) lacks a value")
    }
    var layout = layout
    if dropped > 0 {
      layout.remarks.append("\(dropped) example\(dropped == 1 ? "" : "s") left out, as a value is missing")
    }
    if comments > 0 {
      layout.remarks.append("\(comments) line\(comments == 1 ? "" : "s") beginning with # passed over")
    }
    // What only examples that were left out had is no class.
    var (names, codes) = (labels.names, codes)
    if dropped > 0, layout.label != nil {
      let used = Set(codes).sorted()
      let renumbered = Dictionary(used.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
      (names, codes) = (used.map { labels.names[Int($0)] }, codes.map { renumbered[$0]! })
    }
    return DelimitedText.Table(
      layout: layout, features: Matrix(rows: lines.count, columns: featureCount, elements: features),
      targets: Matrix(rows: lines.count, columns: targetCount, elements: targets), labelNames: names,
      labelCodes: codes, weights: weights, ids: ids, lines: lines, missing: missing, incomplete: incomplete,
      dropped: dropped)
  }

  /// Takes a record that starts on `line`. What is thrown leaves nothing of it behind.
  @inline(__always)
  mutating func append(_ bytes: [UInt8], _ range: Range<Int>, line: Int) throws(FileError) {
    let before = Mark(self)
    do throws(FileError) {
      let isLacking = try readRecord(bytes, range, line)
      if isLacking, policy == .drop {
        before.restore(&self)
        dropped += 1
        return
      }
      if isLacking, policy == .keep { incomplete.append(lines.count) }
      lines.append(line)
    } catch {
      before.restore(&self)
      throw error
    }
  }

  /// A row of zeros, for a record that was refused.
  mutating func appendNothing(line: Int) {
    features.append(contentsOf: repeatElement(0, count: featureCount))
    if layout.id != nil { ids.append("") }
    lines.append(line)
  }

  /// Forgets the rows so far.
  mutating func removeAll() {
    features.removeAll(keepingCapacity: true)
    ids.removeAll(keepingCapacity: true)
    lines = RowLines()
    missing.removeAll(keepingCapacity: true)
  }

  /// How much there was before a record.
  private struct Mark {
    let features, targets, codes, weights, ids, missing: Int

    init(_ rows: DelimitedRows) {
      (features, targets, codes) = (rows.features.count, rows.targets.count, rows.codes.count)
      (weights, ids, missing) = (rows.weights.count, rows.ids.count, rows.missing.count)
    }

    func restore(_ rows: inout DelimitedRows) {
      rows.features.removeLast(rows.features.count - features)
      rows.targets.removeLast(rows.targets.count - targets)
      rows.codes.removeLast(rows.codes.count - codes)
      rows.weights.removeLast(rows.weights.count - weights)
      rows.ids.removeLast(rows.ids.count - ids)
      rows.missing.removeLast(rows.missing.count - missing)
    }
  }

  /// Reads the fields of a record; whether one that is needed has no value.
  @inline(__always)
  private mutating func readRecord(_ bytes: [UInt8], _ range: Range<Int>, _ line: Int) throws(FileError) -> Bool {
    let delimiter = dialect.delimiter.byte
    let columnCount = layout.uses.count
    let end = range.upperBound
    var next = range.lowerBound
    guard limit - features.count >= featureCount else {
      throw .badData(
        path, at: "line \(line)",
        "the features need more memory than the limit of \(byteCount(limit * MemoryLayout<Scalar>.size))")
    }
    let base = features.count
    let targetBase = targets.count
    if !isOrdered { features.append(contentsOf: repeatElement(0, count: featureCount)) }
    if targetCount > 0 { targets.append(contentsOf: repeatElement(0, count: targetCount)) }
    var isLacking = false
    for column in 0..<columnCount {
      let start = next
      switch layout.uses[column] {
      case .feature(let j):
        if let value = number(bytes, at: &next, end: end, delimiter) {
          if isOrdered { features.append(value) } else { features[base + j] = value }
        } else {
          try readMissing(bytes, start, &next, end, line, column)
          isLacking = true
          missing.append(base + j)
          if isOrdered { features.append(0) }
        }
      case .target(let k):
        if let value = number(bytes, at: &next, end: end, delimiter) {
          targets[targetBase + k] = value
        } else {
          try readMissing(bytes, start, &next, end, line, column, isTarget: true)
          isLacking = true
        }
      case .label:
        guard let field = DelimitedField.content(bytes, at: &next, end: end, delimiter: delimiter) else {
          throw fieldError(bytes, start, end, line, column, "expected the end of the field behind the quote")
        }
        if field.isEmpty, policy == .drop {
          isLacking = true
          break
        }
        guard !field.isEmpty, let code = labels.code(field) else {
          throw fieldError(bytes, start, end, line, column, field.isEmpty ? "expected a label" : encodingRemedy)
        }
        codes.append(code)
      case .weight:
        guard let value: Scalar = number(bytes, at: &next, end: end, delimiter), value >= 0 else {
          throw fieldError(bytes, start, end, line, column, "expected a weight of at least 0")
        }
        weights.append(Double(value))
      case .id, .none:
        guard let field = DelimitedField.content(bytes, at: &next, end: end, delimiter: delimiter) else {
          throw fieldError(bytes, start, end, line, column, "expected the end of the field behind the quote")
        }
        if layout.uses[column] == .id { ids.append(String(decoding: field, as: UTF8.self)) }
      }
      guard (next >= end) == (column == columnCount - 1) else { throw raggedError(bytes, range, line) }
      next += 1
    }
    return isLacking
  }

  /// A finite number, with `next` behind it; nil, with `next` anywhere, for anything else.
  @inline(__always)
  private func number(_ bytes: [UInt8], at next: inout Int, end: Int, _ delimiter: UInt8) -> Scalar? {
    let start = next
    while bytes[next] == 32 || bytes[next] == 9 && delimiter != 9 { next += 1 }
    if let value: Scalar = NumberParser.number(bytes, at: &next, end: end), value.isFinite {
      DelimitedField.skipSpace(bytes, &next, end: end, delimiter: delimiter)
      if next == end || bytes[next] == delimiter || delimiter == 32 && bytes[next] == 9 { return value }
    }
    next = start
    return otherNumber(bytes, at: &next, end: end, delimiter)
  }

  /// A number in quotes or with a decimal comma, or nil.
  @inline(never)
  private func otherNumber(_ bytes: [UInt8], at next: inout Int, end: Int, _ delimiter: UInt8) -> Scalar? {
    guard let content = DelimitedField.content(bytes, at: &next, end: end, delimiter: delimiter),
      let first = content.firstIndex(where: { $0 != 32 && $0 != 9 }),
      let last = content.lastIndex(where: { $0 != 32 && $0 != 9 })
    else { return nil }
    var field = Array(content[first...last])
    let value: Scalar? = dialect.value(&field)
    return value.flatMap { $0.isFinite ? $0 : nil }
  }

  /// Moves over a field that holds no value, where that is allowed.
  @inline(never)
  private func readMissing(
    _ bytes: [UInt8], _ start: Int, _ next: inout Int, _ end: Int, _ line: Int, _ column: Int, isTarget: Bool = false
  ) throws(FileError) {
    next = start
    guard let field = DelimitedField.content(bytes, at: &next, end: end, delimiter: dialect.delimiter.byte) else {
      throw fieldError(bytes, start, end, line, column, "expected the end of the field behind the quote")
    }
    guard MissingValue.isOne(field) else { throw fieldError(bytes, start, end, line, column, expected(field)) }
    guard policy == .error || isTarget && policy != .drop else { return }
    var error = fieldError(bytes, start, end, line, column, "expected a number")
    error.remedy = .missingValues
    throw error
  }

  private func expected(_ field: ArraySlice<UInt8>) -> String {
    let digits = field.allSatisfy { $0 &- 48 < 10 || ",.'+- eE".utf8.contains($0) } && field.contains { $0 &- 48 < 10 }
    guard digits else { return "expected a finite number" }
    return dialect.decimal == .comma
      ? "expected a number with a decimal comma and nothing between thousands"
      : "expected a number with a decimal point and nothing between thousands"
  }

  @inline(never)
  private func fieldError(
    _ bytes: [UInt8], _ start: Int, _ end: Int, _ line: Int, _ column: Int, _ expected: String
  ) -> FileError {
    var next = start
    let content =
      DelimitedField.content(bytes, at: &next, end: end, delimiter: dialect.delimiter.byte) ?? bytes[start..<end]
    let got = content.isEmpty ? "an empty field" : excerpt(content)
    return .badData(path, at: "line \(line), column \(excerpt(layout.names[column]))", "\(expected), got \(got)")
  }

  @inline(never)
  private func raggedError(_ bytes: [UInt8], _ range: Range<Int>, _ line: Int) -> FileError {
    let fields = RecordReader.Record(bytes: Array(bytes[range]) + [0]).fields(dialect.delimiter.byte)
    let got = fields.map { "\($0.count)" } ?? "another number"
    return .badData(path, at: "line \(line)", "expected \(layout.uses.count) fields, got \(got)")
  }
}
