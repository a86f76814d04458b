import LinearAlgebra

/// Tables of numbers with one column of labels as text with commas, semicolons, tabs, bars or spaces between fields
/// (CSV and its relatives).
///
/// One record a line, ending in LF, CR LF or CR; fields may be quoted, with `""` for a quote, and may then hold
/// delimiters and line ends; spaces around a field are ignored; blank lines are skipped, as are lines that begin with #
/// and have other fields than a record, and a byte order mark. Numbers have a decimal point, or a comma where that
/// stands between no fields. Numbers go straight into the result: memory is the features, four bytes a label, and about
/// half a megabyte.
///
/// ```swift
/// let table = try DelimitedText.read("letters.csv", as: Float.self)
/// table.features          // [examples, features]
/// table.labelNames        // ["T", "I", "D", ...] in order of appearance
/// table.labelCodes[0]     // 0: the first example is a "T"
/// ```
///
/// Source: RFC 4180.
public enum DelimitedText {
  /// Which column holds the labels. All the others are features.
  public enum LabelColumn: Sendable, Equatable {
    /// The column named label, class, target or y, in this order of preference and any case; else the
    /// only column with text.
    case automatic
    /// A column of this name; or, where there is none and it is a whole number, that of this number.
    case name(String)
    /// Counted from 0; from the end by negative numbers, -1 being the last.
    case index(Int)
    /// Every column is a feature, as in data to predict on.
    case absent
  }

  /// Names that mark a label column, in lower case, by preference.
  package static var labelNames: [String] { ["label", "class", "target", "y"] }

  package struct Options: Sendable {
    /// Which column plays which part.
    package var request = TableRequest()
    /// Whether the first record names the columns; nil to find out, see `Dialect`.
    package var hasHeader: Bool?
    /// Nil to find out.
    package var delimiter: Delimiter?
    package var decimal: Decimal?
    package var missing = MissingValue.Policy.error
    /// The most bytes the features may take.
    package var memoryLimit: Int

    package init(label: LabelColumn = .automatic, hasHeader: Bool? = nil, memoryLimit: Int = 8 << 30) {
      request.label = label
      self.hasHeader = hasHeader
      self.memoryLimit = memoryLimit
    }
  }

  /// What a file holds.
  package struct Table<Scalar: RealScalar>: Sendable {
    /// How its columns were read, and what people should know of it.
    package var layout: TableLayout
    /// `[examples, features]`.
    package var features: Matrix<Scalar>
    /// [examples, K]; K is 0 for classes.
    package var targets: Matrix<Scalar>
    /// The distinct labels in order of appearance.
    package var labelNames: [String]
    /// Each example's label as an index into `labelNames`; empty without a label column.
    package var labelCodes: [Int32]
    /// Of the column of weights; empty without one.
    package var weights: [Double]
    /// Of the column that tells rows apart; empty without one.
    package var ids: [String]
    /// The line that each example starts on, from 1.
    package var lines: RowLines
    /// With `MissingValue.Policy.fill`, the numbers of the elements of `features` that were missing, in order.
    package var missing: [Int]
    /// With `.keep`, the numbers of the examples that lack a value, in order.
    package var incomplete: [Int]
    /// With `.drop`, how many examples were left out.
    package var dropped: Int

    /// The names of the feature columns.
    package var featureNames: [String] { layout.description.featureNames }
    /// The name of the label column; nil without one.
    package var labelColumn: String? { layout.label.map { layout.names[$0] } }
    /// Each example's label as text.
    package var labels: [String] { labelCodes.map { labelNames[Int($0)] } }

    /// Each example's label as a number; nil unless all are whole numbers, and without a label column.
    package var integerLabels: [Int]? {
      let numbers = labelNames.compactMap { Int($0) }
      guard labelColumn != nil, numbers.count == labelNames.count else { return nil }
      return labelCodes.map { numbers[Int($0)] }
    }
  }

  /// How many records are looked at before columns get their parts.
  static let sampleCount = 50

  /// Reads a file.
  ///
  /// Throws `FileError`: `.missingInput` when it cannot be opened; `.badData`, with the line and
  /// the column, for records of unequal length, features that are not finite numbers, empty labels, no
  /// examples or features, columns that cannot be found, and features beyond `memoryLimit`.
  package static func read<Scalar: RealScalar>(
    _ path: String, as type: Scalar.Type = Scalar.self, options: Options = Options()
  ) throws(FileError) -> Table<Scalar> {
    let file = try InputFile.text(path)
    let sample = try sample(of: file)
    guard let first = sample.first else {
      throw .badData(path, "expected a table, got \(file.size == 0 ? "an empty file" : "only blank lines")")
    }
    let dialect = Dialect(options, sample: sample)
    let delimiter = dialect.delimiter.byte

    var records = try RecordReader(file)
    records.delimiter = delimiter
    var (names, start) = ([String]?.none, try records.next())
    if dialect.hasHeader {
      guard let range = start else { throw .badData(path, "the file changed while it was read") }
      names = try records.fields(range)
      records.width = names?.count
      start = try records.next()
    }
    if records.width == nil { records.width = first.fields(delimiter)?.count }
    guard let start else { throw .badData(path, "expected examples below the header, got none") }
    let examples = (dialect.hasHeader ? sample.dropFirst() : sample[...]).map { $0.fields(delimiter) ?? [] }
    // R writes no name for the names of rows.
    if let count = names?.count, examples.allSatisfy({ $0.count == count + 1 }), !examples.allSatisfy({ $0.last == "" })
    {
      names = [""] + names!
    }
    var layout = try options.request.layout(
      names: names, sample: examples, path: path, isNumber: dialect.isNumber)
    layout.remarks.insert(contentsOf: remarks(dialect, options, first.fields(delimiter) ?? []), at: 0)

    // Each number takes a character and a delimiter or line end, whatever the line ends count.
    let limit = options.memoryLimit / MemoryLayout<Scalar>.size
    let (product, overflow) = (try file.occurrences(of: UInt8(ascii: "\n")) + 1)
      .multipliedReportingOverflow(by: layout.featureCount)
    let expected = min(overflow ? .max : product, file.size / 2 + 1, limit)
    var rows = DelimitedRows<Scalar>(
      path: path, layout: layout, dialect: dialect, missing: options.missing, limit: limit)
    rows.reserve(expected)
    try rows.read(&records, from: start)
    return try rows.table(comments: records.comments)
  }

  /// The first records; the buffer they are read with is gone then.
  private static func sample(of file: InputFile) throws(FileError) -> [RecordReader.Record] {
    var records = try RecordReader(file)
    return try records.sample(sampleCount + 1)
  }

  /// What was decided, for people.
  private static func remarks(_ dialect: Dialect, _ options: Options, _ first: [String]) -> [String] {
    var remarks: [String] = []
    if options.hasHeader == nil {
      remarks.append(dialect.hasHeader ? "the first line names the columns" : "no header: the first line is an example")
    }
    if options.delimiter == nil, dialect.delimiter != .comma || first.count == 1 {
      remarks.append(
        first.count == 1 ? "one column, no delimiter was found" : "fields are separated by \(dialect.delimiter.text)")
    }
    if options.decimal == nil, dialect.decimal == .comma { remarks.append("decimal commas") }
    return remarks
  }
}

extension DelimitedText.Delimiter {
  var text: String {
    switch self {
    case .tab: "tabs"
    case .semicolon: "semicolons"
    case .pipe: "|"
    case .comma: "commas"
    case .space: "spaces"
    }
  }
}
