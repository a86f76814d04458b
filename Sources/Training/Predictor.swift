import Errors
import LinearAlgebra
import Losses
import Models

/// Answers of a model at full speed: of a classifier the highest class, the k highest with probabilities, or all
/// probabilities; of a regression its numbers.
///
/// A linear head's weights are packed once, and its logits never leave the cache (see `PackedHead`); any other model
/// goes by its outputs. Probabilities are softmax(z / T), T the file's temperature (see `Calibration`), 1 if it has
/// none. Features are in their own units: the file's standardisation is applied here, to a copy. Features in a file are
/// read in blocks, and sparse ones go by their products. An answer has the same bits in any block, and with any number
/// of threads.
///
/// ```swift
/// let predictor = Predictor(file)
/// let classes = try predictor.classes(of: features)  // [N], class numbers
/// let top = try predictor.top(2, of: features)  // [N, 2] classes and probabilities
/// let probabilities = try predictor.probabilities(of: features)  // [N, C]
/// ```
///
/// Of equal logits the lowest class comes first. Where a model classifies T positions of each example, an answer has
/// N T rows. All methods throw `DataError` that names the row whose logits, or numbers, are not finite, for features
/// that are not as wide as the model is, and where a regression is asked for classes or a classifier for numbers; and
/// `FileError` where features are in a file that cannot be read any more.
public struct Predictor<Scalar: RealScalar>: Sendable {
  /// What names the data in errors.
  public var source = ""
  /// The number of the first row, in errors.
  public var firstRow = 0
  private let file: ModelFile<Scalar>
  private let head: PackedHead<Scalar>?

  /// Packs the weights of a linear head of classes.
  public init(_ file: ModelFile<Scalar>) {
    self.file = file
    guard file.isClassifier, let head = file.model as? LinearHead<Scalar> else {
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
  public func classes(of features: Features<Scalar>) throws -> [Int32] {
    try checkClassifier()
    var result: [Int32] = []
    try forEachPart(features) { predictor, part in
      guard case .dense(let x) = part, let head else {
        return try predictor.forEachLogits(part) { logits, first in
          try predictor.check(logits, first: first)
          result += RowKernels.argmax(logits)
        }
      }
      let start = result.count
      result += [Int32](repeating: 0, count: x.rows)
      try predictor.check(head.classes(of: x.view, into: &result, at: start))
    }
    return result
  }

  /// The k highest classes of each row, k at most C, and their probabilities.
  public func top(_ k: Int, of features: Features<Scalar>) throws -> TopRows<Scalar> {
    try checkClassifier()
    guard k >= 1, k <= classCount else {
      throw DataError(source, "expected k from 1 to the model's \(classCount) classes, got \(k)")
    }
    var result = TopRows<Scalar>(k: k, temperature: temperature)
    try forEachPart(features) { predictor, part in
      var block = TopRows<Scalar>(k: k, temperature: temperature)
      guard case .dense(let x) = part, let head else {
        return try predictor.forEachLogits(part) { logits, first in
          try predictor.check(block.take(logits), first: first)
          result.append(block)
        }
      }
      try predictor.check(head.top(of: x.view, into: &block))
      result.append(block)
    }
    return result
  }

  /// All probabilities [N, C].
  public func probabilities(of features: Features<Scalar>) throws -> Matrix<Scalar> {
    try checkClassifier()
    var all: [Scalar] = []
    try forEachPart(features) { predictor, part in
      guard case .dense(let x) = part, let head else {
        return try predictor.forEachLogits(part) { logits, first in
          try predictor.check(RowKernels.softmax(&logits, temperature: temperature), first: first)
          all += logits.elements
        }
      }
      var block = Matrix<Scalar>(rows: 0, columns: classCount)
      try predictor.check(head.probabilities(of: x.view, temperature: temperature, into: &block))
      if all.isEmpty { all = block.elements } else { all += block.elements }
    }
    return Matrix(rows: features.rows * positions, columns: classCount, elements: all)
  }

  /// The numbers [N, K] that a regression predicts, in the targets' own units.
  public func numbers(of features: Features<Scalar>) throws -> Matrix<Scalar> {
    guard !file.isClassifier else {
      throw DataError(source, "expected a model that predicts numbers, got a classifier")
    }
    var all: [Scalar] = []
    try forEachPart(features) { predictor, part in
      try predictor.forEachLogits(part) { outputs, first in
        file.predict(&outputs)
        try predictor.check(outputs, first: first, "predictions")
        all += outputs.elements
      }
    }
    return Matrix(rows: features.rows, columns: file.model.outputWidth, elements: all)
  }

  /// The same for a matrix of features.
  public func classes(of features: Matrix<Scalar>) throws -> [Int32] { try classes(of: .dense(features)) }
  public func top(_ k: Int, of features: Matrix<Scalar>) throws -> TopRows<Scalar> { try top(k, of: .dense(features)) }
  public func probabilities(of features: Matrix<Scalar>) throws -> Matrix<Scalar> {
    try probabilities(of: .dense(features))
  }
  public func numbers(of features: Matrix<Scalar>) throws -> Matrix<Scalar> { try numbers(of: .dense(features)) }

  private func checkClassifier() throws(DataError) {
    guard !file.isClassifier else { return }
    throw DataError(source, "expected a classifier, got a model that predicts numbers, with the \(file.loss.name) loss")
  }

  /// Calls `body` with features in memory, standardised, and a predictor that knows their first row: with all at once,
  /// or with copies of blocks where they are in a file or are to be standardised.
  private func forEachPart(
    _ features: Features<Scalar>, _ body: (Predictor, Features<Scalar>) throws -> Void
  ) throws {
    let width = file.model.inputWidth
    guard features.columns == width else {
      throw DataError(source, "expected \(width) features, as the model has, got \(features.columns)")
    }
    let block = max(256, (16 << 20) / (width * MemoryLayout<Scalar>.stride))
    if features.isInMemory, file.standardization == nil { return try body(self, features) }
    var (predictor, part) = (self, Features<Scalar>.none)
    for start in stride(from: 0, to: features.rows, by: block) {
      try features.read(start..<min(features.rows, start + block), into: &part)
      predictor.firstRow = firstRow + start
      if let standardization = file.standardization {
        do { try standardization.apply(to: &part) } catch { throw error.of(source) }
        try Dataset.checkFinite(part, source, nil, first: predictor.firstRow)
      }
      try body(predictor, part)
    }
  }

  private func forEachLogits(_ features: Features<Scalar>, _ body: (inout Matrix<Scalar>, Int) throws -> Void) throws {
    try file.forEachBlock(features, body)
  }

  private func check(_ outputs: Matrix<Scalar>, first: Int, _ name: String = "logits") throws(DataError) {
    if outputs.elements.isFinite { return }
    try check((outputs.elements.firstIndex { !$0.isFinite } ?? 0) / outputs.columns, first: first, name)
  }

  private func check(_ bad: Int?, first: Int = 0, _ name: String = "logits") throws(DataError) {
    guard let bad else { return }
    let row = firstRow + (first + bad) / positions
    throw DataError(source, "row \(row): the \(name) overflow \(Scalar.precisionName);", remedy: .doublePrecision)
  }
}
