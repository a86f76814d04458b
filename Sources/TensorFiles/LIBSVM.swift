import LinearAlgebra

/// The sparse text format of LIBSVM and LIBLINEAR, read into a dense matrix or a sparse one:
/// `label index:value index:value ...` on each line, indices ascending, what is missing is zero.
///
/// A label is a number or a word. `#` starts a comment, blank lines are skipped, LF and CR LF end lines, a byte order
/// mark is skipped. The file is passed over twice, once for its extent and once for its numbers, so that
/// memory is the result and a quarter of a megabyte.
///
/// ```swift
/// let training = try LIBSVM.read("train.svm", as: Float.self)
/// let test = try LIBSVM.read(
///   "test.svm", as: Float.self,
///   options: .init(indexBase: training.indexBase, featureCount: training.features.columns))
/// ```
///
/// Source: the README of LIBSVM, https://github.com/cjlin1/libsvm.
public enum LIBSVM {
  /// The index of the first feature.
  public enum IndexBase: Sendable, Equatable {
    case zero, one
    /// Zero where an index 0 occurs anywhere in the file, else one.
    case automatic
  }

  /// What labels are.
  package enum Labels: Sendable {
    /// Texts, of numbers or not, that name classes.
    case classes
    /// Numbers to predict.
    case numbers
    /// Passed over; they may be left out.
    case ignored
  }

  package struct Options: Sendable {
    /// Force this for a test set: the file alone may not show the base of its training set.
    package var indexBase: IndexBase
    /// The number of columns; nil for the largest index in the file.
    package var featureCount: Int?
    package var labels = Labels.classes
    /// Features stay sparse where fewer of their elements than this fraction are in the file: 0 for never.
    package var sparseBelow = 0.0
    /// The most bytes the features may take.
    package var memoryLimit: Int

    package init(indexBase: IndexBase = .automatic, featureCount: Int? = nil, memoryLimit: Int = 8 << 30) {
      self.indexBase = indexBase
      self.featureCount = featureCount
      self.memoryLimit = memoryLimit
    }
  }

  /// What a file holds.
  package struct Contents<Scalar: RealScalar>: Sendable {
    /// `[examples, features]`.
    package var features: Features<Scalar>
    /// Distinct labels as they stand in the file, in the order of their first examples; of `.classes`.
    package var labelNames: [String]
    /// An index into `labelNames` for each example.
    package var labelCodes: [Int32]
    /// The numbers to predict; of `.numbers`.
    package var targets: [Scalar]
    /// The lines that examples are on, from 1.
    package var lines: RowLines
    /// `.zero` or `.one`: detected or as forced.
    package var indexBase: IndexBase
  }

  /// Reads a file.
  ///
  /// Throws `FileError`: `.missingInput` when it cannot be opened; `.badData`, with the line and
  /// the field, for text that is not the format, labels that are not what they should be, indices that repeat, descend
  /// or exceed `featureCount`, and a matrix beyond `memoryLimit`.
  package static func read<Scalar: RealScalar>(
    _ path: String, as type: Scalar.Type = Scalar.self, options: Options = Options()
  ) throws(FileError) -> Contents<Scalar> {
    let file = try InputFile.text(path)
    let survey = try LIBSVMSurvey(file)
    guard survey.rows > 0 else { throw .badData(path, "expected at least one example, got none") }

    let base: IndexBase =
      switch options.indexBase {
      case .automatic: survey.hasIndexZero ? .zero : .one
      case .zero, .one: options.indexBase
      }
    let columns = options.featureCount ?? survey.largestIndex + (base == .zero ? 1 : 0)
    guard columns > 0 else {
      // The first line that is wrong says more.
      var lines = LIBSVMLines<Scalar>(
        path: path, firstIndex: 1, survey: survey, columns: 1, isSparse: true, kind: options.labels)
      var reader = try LineReader(file)
      try lines.read(&reader)
      throw .badData(path, "expected at least one index:value, got none")
    }
    guard columns <= Int(Int32.max) else {
      throw .badData(
        path, at: "line \(survey.largestIndexLine)", "expected at most \(Int32.max) features, got \(columns)")
    }
    let density = Double(survey.entries) / (Double(survey.rows) * Double(columns))
    let isSparse = density < options.sparseBelow
    let (count, overflow) = survey.rows.multipliedReportingOverflow(by: columns)
    // Sparse, each of its numbers is in the file.
    guard isSparse || !overflow, isSparse || count <= options.memoryLimit / MemoryLayout<Scalar>.size
    else {
      throw .badData(
        path, at: options.featureCount == nil ? "line \(survey.largestIndexLine)" : nil,
        "\(survey.rows) examples of \(columns) features need more memory as a dense matrix than the limit of "
          + byteCount(options.memoryLimit))
    }

    var lines = LIBSVMLines<Scalar>(
      path: path, firstIndex: base == .zero ? 0 : 1, survey: survey, columns: columns, isSparse: isSparse,
      kind: options.labels)
    var reader = try LineReader(file)
    try lines.read(&reader)
    guard lines.count == survey.rows else { throw .badData(path, "the file changed while it was read") }
    return Contents(
      features: lines.result, labelNames: lines.labels.names, labelCodes: lines.codes, targets: lines.targets,
      lines: lines.lines, indexBase: base)
  }
}

/// The extent of a file: one pass that looks at digits, colons and line ends only and leaves it to
/// the second pass to complain.
private struct LIBSVMSurvey {
  var rows = 0
  /// At least as many as there are.
  var entries = 0
  var largestIndex = 0
  var largestIndexLine = 0
  var hasIndexZero = false

  init(_ file: InputFile) throws(FileError) {
    var buffer = [UInt8](repeating: 0, count: min(file.size, LineReader.initialBuffer))
    var position = 0
    var line = 1
    var number = 0
    var isComment = false
    var hasContent = false
    while position < file.size {
      let count = min(buffer.count, file.size - position)
      try file.read(at: position, into: &buffer, first: 0, count: count)
      // A byte order mark is no content, or a line of nothing else would count.
      let isMarked = position == 0 && count >= 3 && buffer[0] == 0xEF && buffer[1] == 0xBB && buffer[2] == 0xBF
      position += count
      for i in (isMarked ? 3 : 0)..<count {
        let byte = buffer[i]
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
          if number < 1 << 56 { number = number &* 10 &+ Int(byte &- 48) }
          hasContent = hasContent || !isComment
        case UInt8(ascii: ":"):
          if !isComment {
            entries += 1
            if number > largestIndex {
              largestIndex = number
              largestIndexLine = line
            }
            if number == 0 { hasIndexZero = true }
          }
          number = 0
        case UInt8(ascii: "\n"):
          if hasContent { rows += 1 }
          line += 1
          number = 0
          isComment = false
          hasContent = false
        case UInt8(ascii: "#"): isComment = true
        case 32, 9, 13: number = 0
        default:
          number = 0
          hasContent = hasContent || !isComment
        }
      }
    }
    if hasContent { rows += 1 }
  }
}

/// The second pass.
private struct LIBSVMLines<Scalar: RealScalar> {
  let path: String
  let firstIndex: Int
  let columns: Int
  let isSparse: Bool
  let rows: Int
  /// Dense, all of them; sparse, those in the file that are not 0.
  private var features: [Scalar] = []
  private var columnIndices: [Int32] = []
  private var rowStarts = [0]
  private let kind: LIBSVM.Labels
  private(set) var labels = LabelTable()
  private(set) var codes: [Int32] = []
  private(set) var targets: [Scalar] = []
  private(set) var lines = RowLines()
  var count = 0

  init(path: String, firstIndex: Int, survey: LIBSVMSurvey, columns: Int, isSparse: Bool, kind: LIBSVM.Labels) {
    let rows = survey.rows
    (self.rows, self.isSparse) = (rows, isSparse)
    self.kind = kind
    self.path = path
    self.firstIndex = firstIndex
    self.columns = columns
    if isSparse {
      features.reserveCapacity(survey.entries)
      columnIndices.reserveCapacity(survey.entries)
      rowStarts.reserveCapacity(rows + 1)
    } else {
      features = [Scalar](repeating: 0, count: rows * columns)
    }
    if kind == .numbers { targets.reserveCapacity(rows) } else if kind == .classes { codes.reserveCapacity(rows) }
  }

  /// Once every line has been read.
  var result: Features<Scalar> {
    isSparse
      ? .sparse(
        SparseMatrix(columns: columns, rowStarts: rowStarts, columnIndices: columnIndices, values: features))
      : .dense(Matrix(rows: rows, columns: columns, elements: features))
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  mutating func read(_ reader: inout LineReader) throws(FileError) {
    while let line = try reader.next() {
      try readLine(reader.buffer, line, number: reader.line)
    }
  }

  @inline(__always)
  private mutating func readLine(_ bytes: [UInt8], _ range: Range<Int>, number line: Int) throws(FileError) {
    let end = range.upperBound
    var next = range.lowerBound
    skipSpace(bytes, &next)
    if next == end || bytes[next] == UInt8(ascii: "#") { return }

    let rowStart = count &* columns
    guard count < rows else { throw .badData(path, "the file changed while it was read") }
    try readLabel(bytes, range, &next, line)
    lines.append(line)
    count += 1

    defer { if isSparse { rowStarts.append(features.count) } }
    var previous = firstIndex - 1
    while true {
      skipSpace(bytes, &next)
      if next == end || bytes[next] == UInt8(ascii: "#") { return }
      let fieldStart = next
      var index = 0
      while true {
        let digit = bytes[next] &- 48
        guard digit < 10 else { break }
        if index < 1 << 56 { index = index &* 10 &+ Int(digit) }
        next += 1
      }
      guard next > fieldStart, next < end, bytes[next] == UInt8(ascii: ":") else {
        throw error(bytes, range, fieldStart, line, "expected index:value")
      }
      next += 1
      guard let value: Scalar = NumberParser.number(bytes, at: &next, end: end), isFieldEnd(bytes, next, end) else {
        throw error(bytes, range, fieldStart, line, "expected a number as the value")
      }
      guard index > previous else {
        throw error(
          bytes, range, fieldStart, line,
          index < firstIndex
            ? "expected indices from \(firstIndex)"
            : index == previous ? "the index occurs twice" : "expected an index above \(previous)")
      }
      guard index - firstIndex < columns else {
        throw error(
          bytes, range, fieldStart, line,
          "expected an index of at most \(columns - 1 + firstIndex) (\(columns) features)")
      }
      previous = index
      if !isSparse {
        features[rowStart + index - firstIndex] = value
      } else if value != 0 {
        columnIndices.append(Int32(truncatingIfNeeded: index - firstIndex))
        features.append(value)
      }
    }
  }

  @inline(__always)
  private mutating func readLabel(
    _ bytes: [UInt8], _ range: Range<Int>, _ next: inout Int, _ line: Int
  ) throws(FileError) {
    let (start, end) = (next, range.upperBound)
    if kind == .numbers {
      guard let label = NumberParser.number(bytes, at: &next, end: end, as: Double.self), isFieldEnd(bytes, next, end)
      else { throw error(bytes, range, start, line, "expected a number as the label").ofLabels }
      targets.append(Scalar(label))
      return
    }
    while !isFieldEnd(bytes, next, end) { next += 1 }
    let label = bytes[start..<next]
    if label.contains(UInt8(ascii: ":")) {
      // Without a label the line begins with its first feature.
      guard kind == .ignored else { throw error(bytes, range, start, line, "expected a label") }
      next = start
    } else if kind == .classes {
      guard !label.contains(UInt8(ascii: ",")), !label.contains(where: { $0 < 32 }) else {
        throw error(bytes, range, start, line, "expected one label for each example")
      }
      // Or what follows would be lost where a word has the sign in it.
      guard bytes[next] != UInt8(ascii: "#") || label.allSatisfy({ $0 < 58 }) else {
        throw error(bytes, range, start, line, "expected a label without #, which begins a comment")
      }
      guard let code = labels.code(label) else { throw error(bytes, range, start, line, encodingRemedy) }
      codes.append(code)
    }
  }

  @inline(__always)
  private func skipSpace(_ bytes: [UInt8], _ next: inout Int) {
    while bytes[next] == 32 || bytes[next] == 9 { next += 1 }
  }

  @inline(__always)
  private func isFieldEnd(_ bytes: [UInt8], _ next: Int, _ end: Int) -> Bool {
    next == end || bytes[next] == 32 || bytes[next] == 9 || bytes[next] == UInt8(ascii: "#")
  }

  @inline(never)
  private func error(
    _ bytes: [UInt8], _ range: Range<Int>, _ fieldStart: Int, _ line: Int, _ message: String
  ) -> FileError {
    func isSpace(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
    let before = bytes[range.lowerBound..<fieldStart].split(whereSeparator: isSpace).count
    let field = bytes[fieldStart..<range.upperBound].prefix { !isSpace($0) }
    return .badData(path, at: "line \(line), field \(before + 1)", "\(message), got \(excerpt(field))")
  }
}
