/// Labels of examples, one each, as they stand in a file.
package enum StoredLabels: Sendable, Equatable {
  case numbers([Int])
  case truths([Bool])
  /// Distinct texts, the number of one for each example, and where the first of a text file's are, from 1.
  case texts(names: [String], codes: [Int32], lines: RowLines)

  package var count: Int {
    switch self {
    case .numbers(let values): values.count
    case .truths(let values): values.count
    case .texts(_, let codes, _): codes.count
    }
  }

  /// All of them, as text.
  package var all: [String] {
    switch self {
    case .numbers(let values): values.map(String.init)
    case .truths(let values): values.map { "\($0)" }
    case .texts(let names, let codes, _): codes.map { names[Int($0)] }
    }
  }

  /// Texts in order, of no file's lines.
  init(_ texts: some Sequence<String>) {
    var (names, codes, numbers) = ([String](), [Int32](), [String: Int32]())
    for text in texts {
      let code = numbers[text] ?? Int32(names.count)
      if code == names.count {
        numbers[text] = code
        names.append(text)
      }
      codes.append(code)
    }
    self = .texts(names: names, codes: codes, lines: RowLines())
  }
}

/// Files of labels, or of other names, alone: an npy array of whole numbers, booleans or strings; a JSON array; a table
/// of one column; or a name a line.
package enum LabelFile {
  /// Reads a file of the kind that its name says (.npy, .json, .csv; else its content, npy or text).
  ///
  /// Throws `FileError` with the element or line of what is no label.
  package static func read(_ path: String) throws(FileError) -> StoredLabels {
    let name = FileContent.name(path)
    if name.hasSuffix(".json") { return StoredLabels(try json(path)) }
    if name.hasSuffix(".csv") || name.hasSuffix(".tsv") { return try table(path) }
    let file = try InputFile.text(path)
    let first = try file.bytes(0..<min(1, file.size))
    if name.hasSuffix(".npy") || first == [0x93] { return try NPY.labels(path) }
    return try lines(file)
  }

  /// A JSON array of strings, numbers or booleans, as texts.
  private static func json(_ path: String) throws(FileError) -> [String] {
    let document: JSONValue
    let text = try TextFile.read(path, limit: 1 << 28)
    do throws(JSONError) {
      document = try JSONValue(parsing: text)
    } catch {
      throw .badData(path, "expected a JSON array: \(error)")
    }
    guard case .array(let values) = document else {
      throw .badData(path, "expected a JSON array, got \(document.excerpt)")
    }
    var texts: [String] = []
    for (k, value) in values.enumerated() {
      switch value {
      case .string(let text) where !text.isEmpty: texts.append(text)
      case .bool, .integer, .unsigned, .number: texts.append(value.text)
      default: throw .badData(path, at: "element \(k)", "expected a text, a number or a boolean, got \(value.excerpt)")
      }
    }
    return texts
  }

  /// A table of one column: a field a record, which may be quoted.
  private static func table(_ path: String) throws(FileError) -> StoredLabels {
    var records = try RecordReader(InputFile.text(path))
    if FileContent.name(path).hasSuffix(".tsv") { records.delimiter = UInt8(ascii: "\t") }
    var (labels, codes, lines) = (LabelTable(), [Int32](), RowLines())
    while let record = try records.next() {
      let fields = try records.fields(record)
      guard fields.count == 1, let code = labels.code(Array(fields[0].utf8)[...]), !fields[0].isEmpty else {
        let got = fields.count == 1 ? "an empty field" : "\(fields.count) fields"
        throw .badData(path, at: "line \(records.line)", "expected one column of labels, got \(got)")
      }
      codes.append(code)
      lines.append(records.line)
    }
    return .texts(names: labels.names, codes: codes, lines: lines)
  }

  /// A label a line; blank lines may only be at the end.
  private static func lines(_ file: InputFile) throws(FileError) -> StoredLabels {
    var reader = try LineReader(file)
    var (labels, codes, lines, blank) = (LabelTable(), [Int32](), RowLines(), Int?.none)
    while let range = try reader.next() {
      func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
      guard let first = range.first(where: { !isSpace(reader.buffer[$0]) }),
        let last = range.last(where: { !isSpace(reader.buffer[$0]) })
      else {
        blank = blank ?? reader.line
        continue
      }
      if let blank { throw .badData(file.path, at: "line \(blank)", "expected a label, got an empty line") }
      guard let code = labels.code(reader.buffer[first...last]) else {
        throw .badData(file.path, at: "line \(reader.line)", encodingRemedy)
      }
      codes.append(code)
      lines.append(reader.line)
    }
    return .texts(names: labels.names, codes: codes, lines: lines)
  }
}

extension DelimitedText {
  /// The records of a small table with commas between fields, and the lines they start on.
  package static func records(_ path: String) throws(FileError) -> [(line: Int, fields: [String])] {
    var records = try RecordReader(InputFile.text(path))
    var result: [(line: Int, fields: [String])] = []
    while let record = try records.next() { result.append((records.line, try records.fields(record))) }
    return result
  }
}

extension NPY {
  /// A one-dimensional array of labels: of any type that `integers` takes, of booleans, or of strings (`<U`, `|S`).
  package static func labels(_ path: String) throws(FileError) -> StoredLabels {
    var source = FileRegion(try InputFile.open(path))
    return try labels(from: &source)
  }

  static func labels<Source: ByteSource>(
    from source: inout Source, memoryLimit: Int = .max
  ) throws(FileError) -> StoredLabels {
    let header = try NPYHeader(&source, resultSize: MemoryLayout<Int>.size, memoryLimit: memoryLimit, allowsText: true)
    guard let text = header.text else {
      let values = try integers(header, from: &source)
      return header.type == .bool ? .truths(values.map { $0 != 0 }) : .numbers(values)
    }
    guard header.shape.count == 1 || header.shape.count == 2 && header.shape[1] == 1 else {
      throw .badData(
        source.path, at: "shape", "expected one label per example, got shape \(pythonTuple(header.shape))")
    }
    var (labels, codes) = (LabelTable(), [Int32]())
    codes.reserveCapacity(header.count)
    for row in 0..<header.count {
      guard let bytes = text.content(try source.bytes(text.size), isBigEndian: header.isBigEndian), !bytes.isEmpty,
        let code = labels.code(bytes[...])
      else {
        throw .badData(source.path, at: "element \(row)", "expected a label in Unicode, got an empty or broken one")
      }
      codes.append(code)
    }
    try source.finish()
    return .texts(names: labels.names, codes: codes, lines: RowLines())
  }
}

extension NPYHeader {
  /// Strings of one length, padded with zeros.
  struct Text: Equatable {
    /// In bytes.
    var size: Int
    /// Four bytes a letter; else bytes, of which UTF-8 is made.
    var isUnicode: Bool

    /// `U12` or `S12`; nil for other types, and for strings longer than a megabyte.
    init?(code: some StringProtocol) {
      guard let letter = code.first, "USa".contains(letter), let length = Int(code.dropFirst()),
        1...1 << 18 ~= length
      else { return nil }
      isUnicode = letter == "U"
      size = isUnicode ? 4 * length : length
    }

    /// The string in UTF-8, without the zeros behind it; nil where it is no Unicode.
    func content(_ bytes: [UInt8], isBigEndian: Bool) -> [UInt8]? {
      guard isUnicode else { return Array(bytes[..<((bytes.lastIndex { $0 != 0 } ?? -1) + 1)]) }
      var scalars = String.UnicodeScalarView()
      for k in stride(from: 0, to: bytes.count, by: 4) {
        let letter = bytes[k..<k + 4]
        let value = (isBigEndian ? Array(letter) : letter.reversed()).reduce(0) { $0 << 8 | UInt32($1) }
        guard let scalar = Unicode.Scalar(value) else { return nil }
        scalars.append(scalar)
      }
      while scalars.last?.value == 0 { scalars.removeLast() }
      return Array(String(scalars).utf8)
    }
  }
}
