import Errors
import LinearAlgebra
import Losses
import Models

/// Examples with hard labels, or with numbers to predict, checked on construction.
///
/// An example has one label, or one for each of its T positions, where those are classified. A negative label of a
/// position (-100 by custom) says that it has none: it counts for nothing. For a regression an example has K numbers.
///
/// ```swift
/// let data = try Dataset(
///   features: Matrix<Float>(rows: 2, columns: 2, elements: [0, 1, 1, 0]), labels: [0, 1], classNames: ["no", "yes"])
/// let houses = try Dataset(
///   features: Matrix<Float>(rows: 2, columns: 1, elements: [60, 90]),
///   values: Matrix(rows: 2, columns: 1, elements: [180.5, 310]), targetNames: ["price"])
/// ```
public struct Dataset<Scalar: RealScalar>: Sendable {
  /// [N, D], finite; dense or sparse, or in a file.
  public private(set) var features: Features<Scalar>
  /// Classes [N, T], each in 0..<C, and where T is above 1 also negative, for a position without a label; or numbers
  /// [N, K], finite, standardised where `targetStandardization` says so.
  public internal(set) var targets: Targets<Scalar>
  /// T; 1 for a regression.
  public let labelsPerExample: Int
  /// N T without the positions that have no label: the rows that a loss is a mean over.
  public private(set) var labelCount: Int
  /// C of them, in the order of the labels; empty for a regression.
  public internal(set) var classNames: [String]
  /// K of them, for a regression; empty for classes.
  public let targetNames: [String]
  /// What was done to the numbers to predict; nil if they are in their own units.
  public private(set) var targetStandardization: Standardization?
  /// [N], finite and non-negative, not all zero and none of them subnormal; nil is ones.
  public internal(set) var weights: [Scalar]?
  /// Labels of examples that were left out, because they are no classes of the model that the data are for, and how many
  /// examples have each.
  public internal(set) var unknownLabels: [String: Int] = [:]
  /// What examples of those labels weigh.
  package var unknownWeight = 0.0
  /// Where it came from, for messages.
  public let source: String
  /// Where the targets came from, if from another file.
  var targetSource: String?

  /// - Parameters:
  ///   - labels: [N], or [N, T] where `labelsPerExample` is T.
  ///   - weights: of examples; all positions of an example weigh the same.
  ///   - columnNames: names of the features for messages; column numbers otherwise.
  /// - Throws: `DataError` that names the row and column of a value that is not finite, the row of a label out of
  ///   range, or counts that do not match.
  public init(
    features: Features<Scalar>, labels: [Int32], labelsPerExample: Int = 1, classNames: [String],
    weights: [Scalar]? = nil, source: String = "", columnNames: [String]? = nil
  ) throws(DataError) {
    try Self.check(features, source, columnNames)
    guard labelsPerExample >= 1, labels.count == features.rows * labelsPerExample else {
      let number = labelsPerExample == 1 ? "one label" : "\(labelsPerExample) labels"
      throw DataError(
        source, "expected \(number) for each of the \(features.rows) feature rows, got \(labels.count) labels")
    }
    guard classNames.count >= 2 else {
      throw DataError(source, "expected at least two classes, got \(classNames.count)")
    }
    let highest = Int32(classNames.count)
    if let i = labels.firstIndex(where: { $0 >= highest || $0 < 0 && labelsPerExample == 1 }) {
      let place = labelsPerExample == 1 ? "" : ", position \(i % labelsPerExample)"
      let range = labelsPerExample == 1 ? "0..<\(highest)" : "0..<\(highest), or a negative one for none"
      throw DataError(source, "row \(i / labelsPerExample)\(place): expected a label in \(range), got \(labels[i])")
    }
    self.features = features
    targets = .classes(labels)
    self.labelsPerExample = labelsPerExample
    labelCount = Self.count(labels, labelsPerExample)
    self.classNames = classNames
    targetNames = []
    self.source = source
    guard labelCount > 0 else { throw DataError(source, "expected a label somewhere, got only positions without one") }
    try setWeights(weights)
  }

  /// For a regression.
  ///
  /// - Parameters:
  ///   - values: [N, K], K at least 1.
  ///   - targetNames: K of them.
  ///   - weights, columnNames: as above.
  /// - Throws: `DataError` that names the row and column of a value that is not finite, or counts that do not match.
  public init(
    features: Features<Scalar>, values: Matrix<Scalar>, targetNames: [String], weights: [Scalar]? = nil,
    source: String = "", columnNames: [String]? = nil
  ) throws(DataError) {
    try Self.check(features, source, columnNames)
    guard values.rows == features.rows, values.columns >= 1 else {
      throw DataError(
        source,
        "expected targets for each of the \(features.rows) feature rows, got \(values.rows) x \(values.columns)")
    }
    guard targetNames.count == values.columns else {
      throw DataError(source, "expected \(values.columns) names of targets, got \(targetNames.count)")
    }
    try Self.checkFinite(values, source, targetNames, kind: "target")
    self.features = features
    targets = .values(values)
    labelsPerExample = 1
    labelCount = features.rows
    classNames = []
    self.targetNames = targetNames
    self.source = source
    try setWeights(weights)
  }

  /// The same for a matrix of features.
  public init(
    features: Matrix<Scalar>, labels: [Int32], labelsPerExample: Int = 1, classNames: [String],
    weights: [Scalar]? = nil, source: String = "", columnNames: [String]? = nil
  ) throws(DataError) {
    try self.init(
      features: .dense(features), labels: labels, labelsPerExample: labelsPerExample, classNames: classNames,
      weights: weights, source: source, columnNames: columnNames)
  }

  /// The same for a matrix of features.
  public init(
    features: Matrix<Scalar>, values: Matrix<Scalar>, targetNames: [String], weights: [Scalar]? = nil,
    source: String = "", columnNames: [String]? = nil
  ) throws(DataError) {
    try self.init(
      features: .dense(features), values: values, targetNames: targetNames, weights: weights, source: source,
      columnNames: columnNames)
  }

  /// N.
  public var count: Int { features.rows }
  /// D.
  public var featureCount: Int { features.columns }
  /// C; 0 for a regression.
  public var classCount: Int { classNames.count }
  /// What a model must have: C classes, or K numbers.
  public var outputCount: Int { max(classCount, targetNames.count) }
  /// "y", or "y0", "y1", ...
  static func defaultTargetNames(_ count: Int) -> [String] { count == 1 ? ["y"] : (0..<count).map { "y\($0)" } }
  /// [N, T]; empty for a regression.
  public var labels: [Int32] { targets.labels }
  /// [N, K]; nil for classes.
  public var values: Matrix<Scalar>? {
    if case .values(let values) = targets { return values }
    return nil
  }

  /// Labels of each class [C].
  public var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels where label >= 0 { counts[Int(label)] += 1 }
    return counts
  }

  /// The targets of the examples `index`, all their positions.
  func targets(of index: [Int32]) -> Targets<Scalar> {
    let count = labelsPerExample
    if count == 1 { return targets.rows(index) }
    let labels = labels
    return .classes(index.flatMap { labels[Int($0) * count..<(Int($0) + 1) * count] })
  }

  private static func count(_ labels: [Int32], _ labelsPerExample: Int) -> Int {
    labelsPerExample == 1 ? labels.count : labels.count { $0 >= 0 }
  }

  /// Whether an example has a label at all.
  func isLabelled(_ example: Int) -> Bool {
    labelsPerExample == 1 || labels[example * labelsPerExample..<(example + 1) * labelsPerExample].contains { $0 >= 0 }
  }

  /// Applies a standardisation in place.
  public mutating func standardize(_ standardization: Standardization) throws(DataError) {
    guard standardization.mean.count == featureCount else {
      throw DataError(
        source, "expected \(standardization.mean.count) features, as the standardisation has, got \(featureCount)")
    }
    do { try standardization.apply(to: &features) } catch { throw DataError(source, "\(error)") }
    try Self.checkFinite(features, source, nil)
  }

  /// A data set of some rows.
  public func rows(_ index: [Int32]) throws(DataError) -> Dataset {
    guard !index.isEmpty else { throw DataError(source, "expected some rows, got none") }
    var part = self
    if case .stored(let all) = features {
      part.features = .stored(StoredView(all).selecting(index))
    } else {
      part.features = features.gatheredInMemory(index)
    }
    part.targets = targets(of: index)
    part.labelCount = classCount > 0 ? Self.count(part.labels, labelsPerExample) : index.count
    guard part.labelCount > 0 else {
      throw DataError(source, "expected a label somewhere, got only positions without one")
    }
    try part.setWeights(weights.map { weights in index.map { weights[Int($0)] } })
    return part
  }

  /// Standardises the numbers to predict; `Evaluator` gives errors in their own units all the same.
  public mutating func standardizeTargets(_ standardization: Standardization) throws(DataError) {
    guard var values, targetStandardization == nil else {
      throw DataError(source, "expected numbers to predict that are not standardised yet")
    }
    guard standardization.mean.count == values.columns else {
      throw DataError(
        source, "expected \(standardization.mean.count) targets, as the standardisation has, got \(values.columns)")
    }
    standardization.apply(to: &values)
    try Self.checkFinite(values, source, targetNames, kind: "target")
    targets = .values(values)
    targetStandardization = standardization
  }

  /// Throws if the targets are not what `loss` wants, with the row at fault.
  public func check(_ loss: any Loss) throws(DataError) {
    guard outputCount >= loss.minimumOutputs else {
      throw DataError(source, "the \(loss.name) loss wants at least \(loss.minimumOutputs) outputs, got \(outputCount)")
    }
    // Positions without a label are no targets.
    let known = labelsPerExample > 1 ? .classes(labels.filter { $0 >= 0 }) : targets
    do { try loss.check(known, outputs: outputCount) } catch {
      throw DataError(targetSource ?? source, "\(error)")
    }
  }

  /// Throws if `model` does not take these features or does not have these classes or targets.
  public func checkFit(_ model: some Model<Scalar>) throws(DataError) {
    guard featureCount == model.inputWidth else {
      throw DataError(source, "the model takes \(model.inputWidth) features, the data have \(featureCount)")
    }
    guard outputCount == model.outputWidth else {
      let (got, kind) = classCount > 0 ? ("\(classCount)", "classes") : ("\(outputCount) targets", "outputs")
      throw DataError(source, "the model has \(model.outputWidth) \(kind), the data have \(got)")
    }
    guard labelsPerExample == model.rowsPerExample else {
      throw DataError(
        source, "the model wants \(model.rowsPerExample) labels for each example, the data have \(labelsPerExample)")
    }
    try Self.checkFit(features, model, source)
  }

  /// Throws if `model` does not take these features; those of a file are read for that, where the model is a network.
  public static func checkFit(
    _ features: Features<Scalar>, _ model: some Model<Scalar>, _ source: String
  ) throws(DataError) {
    do { try model.check(features) } catch { throw DataError(source, "\(error)") }
    guard !features.isInMemory, model is Network<Scalar> else { return }
    try features.forEachBlock { (block, first) throws(DataError) in
      do { try model.check(block) } catch { throw DataError(source, "rows from \(first) on: \(error)") }
    }
  }

  /// Throws if features in a file would come into memory whole, or nearly so, as a batch of `size` examples.
  public func checkBatch(of size: Int, memoryLimit: Int) throws(DataError) {
    let bytes = min(size, count) * features.rowBytes
    guard !features.isInMemory, bytes > memoryLimit else { return }
    throw DataError(
      source,
      "a batch of \(min(size, count)) examples takes \(bytes >> 20) MB, and features above \(memoryLimit >> 20) MB stay in "
        + "their file:", remedy: .smallerBatches)
  }

  private static func check(_ features: Features<Scalar>, _ source: String, _ names: [String]?) throws(DataError) {
    guard features.rows > 0, features.columns > 0 else {
      throw DataError(source, "expected examples with features, got \(features.rows) x \(features.columns)")
    }
    try checkFinite(features, source, names)
  }

  /// Features in a file are read for that, once.
  ///
  /// - Parameter first: the number of the first row.
  static func checkFinite(
    _ features: Features<Scalar>, _ source: String, _ names: [String]?, first: Int = 0
  ) throws(DataError) {
    switch features {
    case .dense(let matrix): try checkFinite(matrix, source, names, first: first)
    case .sparse(let matrix):
      guard !matrix.values.isFinite, let k = matrix.values.firstIndex(where: { !$0.isFinite }) else { return }
      let row = (matrix.rowStarts.firstIndex { $0 > k } ?? 1) - 1 + first
      throw notFinite(matrix.values[k], row, Int(matrix.columnIndices[k]), source, names, "column")
    case .stored:
      try features.forEachBlock { (block, first) throws(DataError) in
        try checkFinite(block, source, names, first: first)
      }
    }
  }

  static func checkFinite(
    _ values: Matrix<Scalar>, _ source: String, _ names: [String]?, kind: String = "column", first: Int = 0
  ) throws(DataError) {
    guard !values.elements.isFinite else { return }
    let position = values.elements.firstIndex { !$0.isFinite } ?? 0
    let (row, column) = (position / values.columns, position % values.columns)
    throw notFinite(values[row, column], row + first, column, source, names, kind)
  }

  private static func notFinite(
    _ value: Scalar, _ row: Int, _ column: Int, _ source: String, _ names: [String]?, _ kind: String
  ) -> DataError {
    let name = names.map { "\"\($0[column])\"" } ?? "\(column)"
    return DataError(source, "row \(row), \(kind) \(name): expected a finite number, got \(value)")
  }
}
