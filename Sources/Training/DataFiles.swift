import Errors
import LinearAlgebra
import TensorFiles

/// Where examples come from: one file that holds features and labels, or one file of each.
///
/// `.npz` holds arrays `X` [N, D] and `y`: [N], or [N, T] where positions are classified, or [N, K] numbers to predict;
/// in place of `X` there may be the arrays of a sparse matrix as `scipy.sparse.save_npz` writes them. `.csv` is a table
/// with a header, `.svm` or `.libsvm` LIBSVM text. The pair is two `.npy` files, or the features a `.npz` of SciPy.
public struct DataFiles: Sendable, Equatable {
  public enum Location: Sendable, Equatable {
    case file(String)
    case pair(features: String, labels: String?)
  }

  public var location: Location
  /// Which column of a CSV file holds the labels; found by its name if nil.
  public var labelColumn: DelimitedText.LabelColumn?
  /// Whether the first line of a table names the columns; nil to find out from the first lines.
  public var hasHeader: Bool?
  /// What stands between fields of a table, and before the fraction of its numbers; nil to find out.
  public var delimiter: DelimitedText.Delimiter?
  public var decimal: DelimitedText.Decimal?
  /// The column of a table that tells rows apart: no feature, and given back beside predictions.
  public var idColumn: DelimitedText.LabelColumn?
  /// The columns of a table that are features, by name or number, where not all are.
  public var columns: [String] = []
  /// Columns of a table that are no features.
  public var droppedColumns: [String] = []
  /// What happens to examples of a table that lack a value; nil for what the model does, or else an error.
  public var missingValues: MissingValues?
  /// The columns of the data that a model was trained on; columns of tables are matched with them.
  package var table: TableDescription?
  /// Whether there is such a model, or a training set, that says what columns are; else a table says so itself.
  package var followsModel = false
  /// Features of the model, for LIBSVM files whose last features are all zero.
  public var featureCount: Int?
  /// The first feature index of LIBSVM files; found in the file by default, which a test file alone may not show.
  public var indexBase = LIBSVM.IndexBase.automatic
  /// Features of LIBSVM and of SciPy's files stay sparse where fewer of their elements than this fraction are in the
  /// file: 0, for models that take dense features only, never; above 1 always. See `sparseDensity`.
  public var sparseBelow = 0.0
  /// Features of npy files, and of npz files that are not compressed, stay in their file where they would take more
  /// memory than this, and are read in blocks; see `MemoryLimit`. By default never.
  public var memoryLimit = Int.max
  /// T: 1, or the positions of an example, each with a label. Only npy and npz files have such labels.
  public var labelsPerExample = 1
  /// Whether labels are classes, or numbers to predict.
  public var targetKind = DataFiles.TargetKind.classes
  /// Which columns of a CSV file hold numbers to predict; where there are none, those called `targetNames` if a file
  /// has them all, or else the one that is named so.
  public var targetColumns: [DelimitedText.LabelColumn] = []
  /// The classes of a model that goes on: labels are found among them by name. Nil, and labels define the classes.
  package var classNames: [String]?
  /// Names of the targets of a model.
  public var targetNames: [String] = []

  /// What happens to an example of a table of which a feature is missing: an empty field, NA, NaN, null, none or ?.
  public enum MissingValues: String, Sendable, CaseIterable {
    /// It is refused, with its line and column.
    case error
    /// It is left out of training and evaluation, which is said, and has an empty answer in predictions.
    case drop
    /// The mean of the column in the training data takes the value's place. The model keeps the means.
    case mean
  }

  public init(_ location: Location, labelColumn: DelimitedText.LabelColumn? = nil, featureCount: Int? = nil) {
    self.location = location
    self.labelColumn = labelColumn
    self.featureCount = featureCount
  }

  /// The density below which sparse products take less time than dense ones, and much less memory.
  public static let sparseDensity = 0.2

  /// For messages: the path.
  public var name: String {
    switch location {
    case .file(let path): path
    case .pair(let features, _): features
    }
  }

  /// Features with labels by name. Integers 0, 1, ... are names too.
  struct Labelled<Scalar: RealScalar>: Sendable {
    var features: Features<Scalar>
    /// Index into `names` for each label; negative for none.
    var codes: [Int32]
    /// In the order of classes, for training.
    var names: [String]
    /// Of a table.
    var table: TableDescription?
    /// The lines of a table that examples are on, from 1.
    var lines = RowLines()
    /// Of a LIBSVM file.
    var indexBase: LIBSVM.IndexBase?
    /// What a reader should know, such as the index base that was detected.
    var remarks: [String] = []
  }

  /// A training set and what was found out about its file.
  public struct Loaded<Scalar: RealScalar>: Sendable {
    public var data: Dataset<Scalar>
    /// For people, such as which column holds the labels.
    public var remarks: [String]
    /// What the columns of a table are.
    package var table: TableDescription?
    /// Where the feature indices of a LIBSVM file start; nil for other files.
    public var indexBase: LIBSVM.IndexBase?
  }

  /// A training set: its labels define the classes, unless they are numbers to predict.
  ///
  /// Integer labels of npy and npz files are class numbers, from 0; their greatest sets C. Labels of LIBSVM and CSV
  /// files are names, sorted by value where all are integers and as text otherwise.
  public func load<Scalar>(as type: Scalar.Type = Scalar.self) throws -> Loaded<Scalar> {
    guard targetKind == .classes else { return try loadValues() }
    let table: Labelled<Scalar> = try read()
    if let classNames {
      let data = try dataset(table, classNames: classNames)
      return Loaded(data: data, remarks: table.remarks, table: table.table, indexBase: table.indexBase)
    }
    if ClassLabels.lookLikeNumbers(table.names, rows: table.codes.count) {
      throw DataError(
        name, "expected classes, got \(table.names.count) different numbers in \(table.codes.count) examples:",
        remedy: .lossForNumbers)
    }
    if let text = table.names.first(where: { Int($0) == nil }), table.names.allSatisfy({ Double($0) != nil }) {
      throw DataError(name, "expected classes, got numbers such as \(text):", remedy: .lossForNumbers)
    }
    let occurring = Set(table.codes).filter { $0 >= 0 }
    guard occurring.count >= 2 else {
      let only = occurring.first.map { "one class only (\(table.names[Int($0)]))" } ?? "none"
      throw DataError(name, "expected examples of at least two classes, got \(only)")
    }
    let data = try Dataset(
      features: table.features, labels: table.codes, labelsPerExample: labelsPerExample, classNames: table.names,
      source: name, columnNames: table.table?.featureNames)
    return Loaded(data: data, remarks: table.remarks, table: table.table, indexBase: table.indexBase)
  }

  /// Data to be used with a model whose classes are `classNames`.
  ///
  /// - Parameter note: is told what a person should know, such as which columns were ignored.
  public func load<Scalar>(
    as type: Scalar.Type = Scalar.self, classNames: [String], note: (String) -> Void = { _ in }
  ) throws -> Dataset<Scalar> {
    let table: Labelled<Scalar> = try read()
    for remark in table.remarks { note("\(name): \(remark)") }
    return try dataset(table, classNames: classNames)
  }

  /// With labels among `classNames`.
  private func dataset<Scalar>(_ table: Labelled<Scalar>, classNames: [String]) throws -> Dataset<Scalar> {
    let known = Dictionary(classNames.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
    let codes = table.names.map { ClassLabels.name(of: $0, among: known) }
    if let i = table.codes.firstIndex(where: { $0 >= 0 && codes[Int($0)] == nil }) {
      throw DataError(
        name,
        "\(place(i, table.lines)): expected a label among the \(classNames.count) classes (\(Self.list(classNames))), "
          + "got \"\(table.names[Int(table.codes[i])])\"")
    }
    return try Dataset(
      features: table.features, labels: table.codes.map { $0 < 0 ? $0 : codes[Int($0)]! },
      labelsPerExample: labelsPerExample, classNames: classNames, source: name,
      columnNames: table.table?.featureNames)
  }

  /// Features alone, for prediction, in their own units; labels are passed over where a file has them.
  public func loadFeatures<Scalar>(as type: Scalar.Type = Scalar.self, width: Int) throws -> Features<Scalar> {
    let rows: Rows<Scalar> = try loadRows(width: width)
    guard let first = rows.incomplete.first else { return rows.features }
    throw DataError(name, "expected all values of each example, and \(rows.place(first)) lacks one")
  }

  /// Rows to predict.
  package struct Rows<Scalar: RealScalar>: Sendable {
    package var features: Features<Scalar>
    /// Rows of a table that lack a value, which stand for zeros in `features`; in order.
    package var incomplete: [Int] = []
    /// Of the column that tells rows apart, and its name.
    package var ids: [String] = []
    package var idName: String?
    /// The lines of a table that rows are on, from 1.
    package var lines = RowLines()
    package var remarks: [String] = []

    package init(features: Features<Scalar>) { self.features = features }

    /// Where a row is, for messages.
    package func place(_ row: Int) -> String { lines.count == 0 ? "row \(row)" : "line \(lines[row])" }
  }

  /// Rows to predict, in their own units; labels are passed over where a file has them.
  package func loadRows<Scalar>(as type: Scalar.Type = Scalar.self, width: Int) throws -> Rows<Scalar> {
    var rows: Rows<Scalar>
    switch location {
    case .pair(let path, _): rows = Rows(features: try features(of: path))
    case .file(let path):
      switch try format(of: path) {
      case .npz: rows = Rows(features: try features(of: archive(path), path))
      case .csv: rows = try tableRows(path, width: width)
      case .libsvm:
        rows = Rows(
          features: try LIBSVM.read(path, as: Scalar.self, options: libsvmOptions(realLabels: true)).features)
      }
    }
    guard rows.features.columns == width else {
      throw DataError(name, "expected \(width) features, as the model has, got \(rows.features.columns)")
    }
    try Dataset.checkFinite(rows.features, name, nil)
    return rows
  }

  /// Labels that are no whole numbers, one for each example, are numbers to predict.
  private func read<Scalar>() throws -> Labelled<Scalar> {
    do {
      return try readLabelled()
    } catch var error as FileError {
      if error.isOfLabels { error.remedy = .lossForNumbers }
      throw error
    }
  }

  private func readLabelled<Scalar>() throws -> Labelled<Scalar> {
    switch location {
    case .pair(let features, let labels):
      guard let labels else { throw DataError(features, "expected labels for these features, got none") }
      let count = labelsPerExample
      let numbers = count == 1 ? try NPY.integers(labels) : try NPY.integers(labels, columns: count)
      return try numbered(self.features(of: features), numbers, labels)
    case .file(let path):
      let (format, count) = (try format(of: path), labelsPerExample)
      guard count == 1 || format == .npz else {
        throw DataError(
          path,
          "the model classifies \(count) positions of each example: expected a .npz file with labels y [N, \(count)]")
      }
      switch format {
      case .npz:
        let archive = try self.archive(path)
        let numbers = count == 1 ? try archive.integers("y") : try archive.integers("y", columns: count)
        return try numbered(features(of: archive, path), numbers, path)
      case .csv: return try csv(path)
      case .libsvm: return try libsvm(path)
      }
    }
  }

  enum Format { case npz, csv, libsvm }

  /// By the file's name, in any case, or else by what the file begins with.
  func format(of path: String) throws -> Format {
    let name = path.lowercased()
    if name.hasSuffix(".npz") { return .npz }
    if name.hasSuffix(".csv") || name.hasSuffix(".tsv") { return .csv }
    if name.hasSuffix(".svm") || name.hasSuffix(".libsvm") { return .libsvm }
    switch try FileContent.of(path) {
    case .archive: return .npz
    case .table: return .csv
    case .libsvm: return .libsvm
    case .other:
      throw DataError(path, "expected a .npz file, a table (.csv) or LIBSVM text (.svm),", remedy: .pairOfFiles)
    }
  }

  /// Class numbers as they stand in an array: 0, 1, ... up to C - 1, or else the values that occur, in their order.
  private func numbered<Scalar>(
    _ features: Features<Scalar>, _ labels: [Int], _ path: String
  ) throws(DataError) -> Labelled<Scalar> {
    guard labels.count == features.rows * labelsPerExample else {
      let got = labelsPerExample == 1 ? "\(labels.count) labels" : "\(labels.count / labelsPerExample) rows of labels"
      throw DataError(path, "expected one label for each of the \(features.rows) feature rows, got \(got)")
    }
    if labelsPerExample > 1 {
      if let i = labels.firstIndex(where: { $0 >= 1 << 24 }) {
        throw DataError(path, "\(place(i)): expected a label from 0 up to the number of classes, got \(labels[i])")
      }
      return Labelled(
        features: features, codes: labels.map { $0 < 0 ? -1 : Int32($0) },
        names: (0...max(0, labels.max() ?? 0)).map(String.init))
    }
    let distinct = Set(labels).sorted()
    let codes = Dictionary(distinct.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
    let isCounted = distinct.first == 0 && distinct.last == distinct.count - 1
    let remark =
      "labels are not 0, 1, ... without a gap: the \(distinct.count) classes are the values that occur, "
      + Self.list(distinct.map(String.init))
    return Labelled(
      features: features, codes: labels.map { codes[$0]! }, names: distinct.map(String.init),
      remarks: isCounted || followsModel ? [] : [remark])
  }

  /// Where a label is.
  private func place(_ label: Int, _ lines: RowLines = RowLines()) -> String {
    if lines.count > 0 { return "line \(lines[label])" }
    let row = "row \(label / labelsPerExample)"
    return labelsPerExample == 1 ? row : "\(row), position \(label % labelsPerExample)"
  }

  private func libsvm<Scalar>(_ path: String) throws -> Labelled<Scalar> {
    let contents = try LIBSVM.read(path, as: Scalar.self, options: libsvmOptions())
    let distinct = Set(contents.labels).sorted()
    let codes = Dictionary(distinct.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
    return Labelled(
      features: contents.features, codes: contents.labels.map { codes[$0]! }, names: distinct.map(String.init),
      indexBase: contents.indexBase, remarks: [remark(contents.indexBase)])
  }

  func libsvmOptions(realLabels: Bool = false) -> LIBSVM.Options {
    var options = LIBSVM.Options(indexBase: indexBase, featureCount: featureCount)
    options.realLabels = realLabels
    options.sparseBelow = sparseBelow
    return options
  }

  func remark(_ base: LIBSVM.IndexBase) -> String { "feature indices start at \(base == .zero ? "0" : "1")" }

  private func csv<Scalar>(_ path: String) throws -> Labelled<Scalar> {
    let table: DelimitedText.Table<Scalar> = try self.table(path, for: .labels)
    let classes = ClassLabels(table.labelNames)
    let label = table.labelColumn.map { "labels are in column \"\($0)\"" }
    return Labelled(
      features: .dense(table.features), codes: table.labelCodes.map { classes.codes[Int($0)] },
      names: classes.names, table: table.layout.description, lines: table.lines,
      remarks: [label].compactMap { $0 } + table.layout.remarks)
  }

  static func list(_ names: [String]) -> String {
    names.count <= 6 ? names.joined(separator: ", ") : names.prefix(5).joined(separator: ", ") + ", ..."
  }
}
