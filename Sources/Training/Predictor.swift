import LinearAlgebra
import Models

/// Classes of a model at full speed: the highest, the k highest with probabilities, or all probabilities.
///
/// A linear head's weights are packed once, and its logits never leave the cache (see `PackedHead`); any other model
/// goes by its outputs. Probabilities are softmax(z / T), T the file's temperature (see `Calibration`), 1 if it has none.
/// Features are in their own units: the file's standardisation is applied here, to a copy. Give data that are large, or
/// not in memory, in blocks of rows: an answer has the same bits in any block, and with any number of threads.
///
/// ```swift
/// let predictor = Predictor(file)
/// let classes = try predictor.classes(of: features)           // [N], class numbers
/// let top = try predictor.top(2, of: features)                // [N, 2] classes and probabilities
/// let probabilities = try predictor.probabilities(of: features)  // [N, C]
/// ```
///
/// Of equal logits the lowest class comes first. Where a model classifies T positions of each example, an answer has
/// N T rows. All methods throw `DataError` that names the row whose logits are not finite, and for features that are
/// not as wide as the model is.
public struct Predictor<Scalar: RealScalar>: Sendable {
  /// What names the data in errors.
  public var source = ""
  /// The number of the first row, in errors.
  public var firstRow = 0
  private let file: ModelFile<Scalar>
  private let head: PackedHead<Scalar>?

  /// Packs the weights of a linear head. For models of classes; a regression's outputs are `ModelFile.predict`'s.
  public init(_ file: ModelFile<Scalar>) {
    self.file = file
    guard let head = file.model as? LinearHead<Scalar> else {
      self.head = nil
      return
    }
    let (classes, width) = (head.outputWidth, head.inputWidth)
    self.head = PackedHead(
      weight: MatrixView(file.parameters.values, rows: classes, columns: width),
      bias: head.hasIntercept
        ? MatrixView(file.parameters.values, offset: classes * width, rows: 1, columns: classes) : nil)
  }

  public var temperature: Double { file.temperature ?? 1 }
  public var classCount: Int { file.model.outputWidth }
  private var positions: Int { file.model.rowsPerExample }

  /// The highest class of each row.
  public func classes(of features: Matrix<Scalar>) throws(DataError) -> [Int32] {
    let features = try prepared(features)
    var result = [Int32](repeating: 0, count: features.rows * positions)
    if let head {
      try check(head.classes(of: features.view, into: &result))
      return result
    }
    try forEachLogits(features) { logits, first throws(DataError) in
      try check(logits, first: first)
      result.replaceSubrange(first..<first + logits.rows, with: RowKernels.argmax(logits))
    }
    return result
  }

  /// The k highest classes of each row, k at most C, and their probabilities.
  public func top(_ k: Int, of features: Matrix<Scalar>) throws(DataError) -> TopRows<Scalar> {
    guard k >= 1, k <= classCount else {
      throw DataError(source, "expected k from 1 to the model's \(classCount) classes, got \(k)")
    }
    let features = try prepared(features)
    var result = TopRows<Scalar>(k: k, temperature: temperature)
    if let head {
      try check(head.top(of: features.view, into: &result))
      return result
    }
    try forEachLogits(features) { logits, first throws(DataError) in
      var block = TopRows<Scalar>(k: k, temperature: temperature)
      try check(block.take(logits), first: first)
      result.append(block)
    }
    return result
  }

  /// All probabilities [N, C].
  public func probabilities(of features: Matrix<Scalar>) throws(DataError) -> Matrix<Scalar> {
    let features = try prepared(features)
    if let head {
      var result = Matrix<Scalar>(rows: 0, columns: classCount)
      try check(head.probabilities(of: features.view, temperature: temperature, into: &result))
      return result
    }
    var all: [Scalar] = []
    all.reserveCapacity(features.rows * positions * classCount)
    try forEachLogits(features) { logits, first throws(DataError) in
      try check(RowKernels.softmax(&logits, temperature: temperature), first: first)
      all += logits.elements
    }
    return Matrix(rows: features.rows * positions, columns: classCount, elements: all)
  }

  private func prepared(_ features: Matrix<Scalar>) throws(DataError) -> Matrix<Scalar> {
    let width = file.model.inputWidth
    guard features.columns == width else {
      throw DataError(source, "expected \(width) features, as the model has, got \(features.columns)")
    }
    guard let standardization = file.standardization else { return features }
    var copy = features
    standardization.apply(to: &copy)
    return copy
  }

  private func forEachLogits(
    _ features: Matrix<Scalar>, _ body: (inout Matrix<Scalar>, Int) throws(DataError) -> Void
  ) throws(DataError) {
    do {
      try file.forEachBlock(features) { try body(&$0, $1) }
    } catch let error as DataError {
      throw error
    } catch {
      throw DataError(source, "\(error)")
    }
  }

  private func check(_ logits: Matrix<Scalar>, first: Int) throws(DataError) {
    guard !logits.elements.isFinite else { return }
    try check((logits.elements.firstIndex { !$0.isFinite } ?? 0) / logits.columns, first: first)
  }

  private func check(_ bad: Int?, first: Int = 0) throws(DataError) {
    guard let bad else { return }
    let row = firstRow + (first + bad) / positions
    throw DataError(source, "row \(row): the logits overflow \(Scalar.precisionName); use --precision double")
  }
}
