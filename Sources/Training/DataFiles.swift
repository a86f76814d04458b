import Errors
import LinearAlgebra
import TensorFiles

/// Where examples come from: one file that holds features and labels, or one file of each.
///
/// `.npz` holds arrays `X` [N, D] and `y`: [N], or [N, T] where positions are classified, or [N, K] numbers to predict;
/// in place of `X` there may be the arrays of a sparse matrix as `scipy.sparse.save_npz` writes them. `.csv` and `.tsv`
/// are tables, with or without a line of column names, `.svm` and `.libsvm` LIBSVM text; any of them may be compressed
/// by gzip. Under another name, what a file begins with tells its kind. The pair is features as `.npy`, or as a `.npz`
/// of SciPy, and labels as `.npy`, `.csv` of one column, `.json`, or text with a label a line.
/// For prediction a file may hold features alone, a `.npy` too.
public struct DataFiles: Sendable, Equatable {
  public enum Location: Sendable, Equatable {
    case file(String)
    case pair(features: String, labels: String?)
  }

  public var location: Location
  /// Which column of a table holds the labels; if nil the one that the model was trained with, or else the one that is
  /// named label, class, target or y, or the only one with text.
  public var labelColumn: DelimitedText.LabelColumn?
  /// Whether the first line of a table names the columns; nil to find out from the first lines.
  public var hasHeader: Bool?
  /// What stands between fields of a table, and before the fraction of its numbers; nil to find out.
  public var delimiter: DelimitedText.Delimiter?
  public var decimal: DelimitedText.Decimal?
  /// The column of a table that tells rows apart: no feature, and given back beside predictions.
  public var idColumn: DelimitedText.LabelColumn?
  /// The column of a table that holds the weight of each example; nil for the one that the model was trained with.
  public var weightColumn: DelimitedText.LabelColumn?
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
  /// Names of the classes, in order, for labels that are their numbers from 0 or these names; nil for classes as the
  /// labels say them.
  public var classNames: [String]?
  /// What is known of the classes before labels are read: those of a model to go on from.
  package var known = KnownClasses()
  /// Which columns of a table hold numbers to predict; where there are none, those called `targetNames` if a file
  /// has them all, or else the one that is named so.
  public var targetColumns: [DelimitedText.LabelColumn] = []
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
    var kind = LabelKind.wholeNumber
    /// Whether labels are numbers that are not all whole.
    var areRealNumbers = false
    /// Of the examples; empty where they weigh the same.
    var weights: [Double] = []
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
    try checkTableOptions()
    var rows: Rows<Scalar>
    switch location {
    case .pair(let path, _): rows = Rows(features: try features(of: path))
    case .file(let path):
      switch try format(of: path) {
      case .npz: rows = Rows(features: try featuresAlone(of: archive(path), path))
      case .npy: rows = Rows(features: try features(of: path))
      case .csv: rows = try tableRows(path, width: width)
      case .libsvm:
        rows = Rows(
          features: try LIBSVM.read(path, as: Scalar.self, options: libsvmOptions(.ignored)).features)
      }
    }
    guard rows.features.columns == width else {
      throw DataError(name, "expected \(width) features, as the model has, got \(rows.features.columns)")
    }
    try Dataset.checkFinite(rows.features, name, nil)
    return rows
  }

  enum Format { case npz, npy, csv, libsvm }

  /// By the file's name, in any case, or else by what the file begins with.
  func format(of path: String) throws -> Format {
    let name = FileContent.name(path)
    if name.hasSuffix(".npz") { return .npz }
    if name.hasSuffix(".npy") { return .npy }
    if name.hasSuffix(".csv") || name.hasSuffix(".tsv") { return .csv }
    if name.hasSuffix(".svm") || name.hasSuffix(".libsvm") { return .libsvm }
    switch try FileContent.of(path) {
    case .archive: return .npz
    case .array: return .npy
    case .table: return .csv
    case .libsvm: return .libsvm
    case .other:
      throw DataError(path, "expected a .npz file, a table (.csv) or LIBSVM text (.svm),", remedy: .pairOfFiles)
    }
  }

  /// Throws where a file alone is an array, which cannot hold labels too.
  package func checkHoldsLabels(_ remedy: String) throws {
    guard case .file(let path) = location, try format(of: path) == .npy else { return }
    throw DataError(path, "expected labels for these features: \(remedy)")
  }

  func featuresWithoutLabels(_ path: String) -> DataError {
    DataError(path, "expected labels for these features: a file of both,", remedy: .pairOfFiles)
  }

  func libsvmOptions(_ labels: LIBSVM.Labels) -> LIBSVM.Options {
    var options = LIBSVM.Options(indexBase: indexBase, featureCount: featureCount)
    options.labels = labels
    options.sparseBelow = sparseBelow
    return options
  }

  func remark(_ base: LIBSVM.IndexBase) -> String { "feature indices start at \(base == .zero ? "0" : "1")" }

  static func list(_ names: [String]) -> String {
    names.count <= 6 ? names.joined(separator: ", ") : names.prefix(5).joined(separator: ", ") + ", ..."
  }
}
