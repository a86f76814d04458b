import LinearAlgebra

/// Tables of numbers with one column of labels as comma-, tab- or semicolon-separated text (CSV).
///
/// One record a line, LF or CR LF; fields may be quoted, with `""` for a quote, and may then hold
/// delimiters and line ends; spaces around a field are ignored; blank lines are skipped, as is a
/// byte order mark. Numbers go straight into the result: memory is the features, four bytes a
/// label, and about half a megabyte.
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
    /// only column whose first value is not a number.
    case automatic
    case name(String)
    /// Counted from 0.
    case index(Int)
    /// Every column is a feature, as in data to predict on.
    case absent
  }

  /// Names that mark a label column, in lower case, by preference.
  package static var labelNames: [String] { ["label", "class", "target", "y"] }

  /// Whether the first record holds the columns' names.
  package enum Header: Sendable, Equatable {
    /// It does if none of its fields is a number, or one is label, class, target or y in any case.
    case automatic
    case present
    /// The columns are then named "0", "1", ...
    case absent
  }

  package enum Delimiter: Sendable, Equatable {
    /// Whichever of the three is most frequent in the first record.
    case automatic
    case comma, tab, semicolon
  }

  package struct Options: Sendable {
    package var label: LabelColumn
    package var header: Header
    package var delimiter: Delimiter
    /// The most bytes the features may take.
    package var memoryLimit: Int

    package init(
      label: LabelColumn = .automatic, header: Header = .automatic, delimiter: Delimiter = .automatic,
      memoryLimit: Int = 8 << 30
    ) {
      self.label = label
      self.header = header
      self.delimiter = delimiter
      self.memoryLimit = memoryLimit
    }
  }

  /// What a file holds.
  package struct Table<Scalar: RealScalar>: Sendable {
    /// `[examples, features]`.
    package var features: Matrix<Scalar>
    /// The names of the feature columns.
    package var featureNames: [String]
    /// The name of the label column; nil without one.
    package var labelColumn: String?
    /// The distinct labels in order of appearance.
    package var labelNames: [String]
    /// Each example's label as an index into `labelNames`; empty without a label column.
    package var labelCodes: [Int32]

    /// Each example's label as text.
    package var labels: [String] { labelCodes.map { labelNames[Int($0)] } }

    /// Each example's label as a number; nil unless all are whole numbers, and without a label column.
    package var integerLabels: [Int]? {
      let numbers = labelNames.compactMap { Int($0) }
      guard labelColumn != nil, numbers.count == labelNames.count else { return nil }
      return labelCodes.map { numbers[Int($0)] }
    }
  }

  /// Reads a file.
  ///
  /// Throws `FileError`: `.missingInput` when it cannot be opened; `.badData`, with the line and
  /// the column, for records of unequal length, features that are not numbers, empty labels, no
  /// examples or features, a label column that cannot be found, and features beyond `memoryLimit`.
  package static func read<Scalar: RealScalar>(
    _ path: String, as type: Scalar.Type = Scalar.self, options: Options = Options()
  ) throws(FileError) -> Table<Scalar> {
    let file = try InputFile(path)
    var records = try RecordReader(file)
    guard var first = try records.next() else {
      throw .badData(path, "expected a table, got \(file.size == 0 ? "an empty file" : "only blank lines")")
    }
    records.delimiter =
      switch options.delimiter {
      case .comma: UInt8(ascii: ",")
      case .tab: UInt8(ascii: "\t")
      case .semicolon: UInt8(ascii: ";")
      case .automatic: records.likelyDelimiter(first)
      }

    var columns = DelimitedColumns(names: try records.fields(first), path: path)
    if options.header == .present || options.header == .automatic && columns.namesLookLikeHeader {
      guard let second = try records.next() else {
        throw .badData(path, "expected examples below the header, got none")
      }
      first = second
    } else {
      columns.names = columns.names.indices.map(String.init)
    }
    try columns.findLabel(options.label, firstExample: try records.fields(first))

    // Each number takes a character and a delimiter or line end, whatever the line ends count.
    let limit = options.memoryLimit / MemoryLayout<Scalar>.size
    let (product, overflow) = (try file.occurrences(of: UInt8(ascii: "\n")) + 1)
      .multipliedReportingOverflow(by: columns.featureCount)
    let expected = min(overflow ? .max : product, file.size / 2 + 1, limit)
    var rows = DelimitedRows<Scalar>(path: path, columns: columns, expected: expected, limit: limit)
    try rows.read(&records, from: first)
    return Table(
      features: Matrix(rows: rows.count, columns: columns.featureCount, elements: rows.features),
      featureNames: columns.featureNames, labelColumn: columns.label.map { columns.names[$0] },
      labelNames: rows.labels.names, labelCodes: rows.codes)
  }
}
