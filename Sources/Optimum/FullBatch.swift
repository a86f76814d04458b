import LinearAlgebra

/// The objective and its gradient over all rows: one pass over the features each time, in `Scalar` whatever the data's
/// precision. Losses are added in double.
struct FullBatch<Data: RealScalar, Scalar: RealScalar>: Sendable {
  private let problem: SoftmaxProblem<Data>
  private let convert: @Sendable (Features<Data>) -> Features<Scalar>
  private let weights: [Scalar]?
  private var sweep: SoftmaxSweep<Scalar>
  /// Of the objective at the last point.
  private(set) var gradient: ClassPanels<Scalar>
  /// So far.
  private(set) var passes = 0

  /// What a pass finds.
  struct Value: Sendable {
    /// Mean loss and penalty.
    var objective: Double
    /// Rows whose class is not ahead of all others; those of weight zero do not count.
    var behind: Int
  }

  fileprivate init(
    _ problem: SoftmaxProblem<Data>, weights: [Scalar]?,
    convert: @escaping @Sendable (Features<Data>) -> Features<Scalar>
  ) {
    self.problem = problem
    self.weights = weights
    self.convert = convert
    sweep = SoftmaxSweep(classes: problem.classes, entriesPerRow: problem.entriesPerRow)
    gradient = ClassPanels(features: problem.width, classes: problem.classes)
  }

  /// 4 N D C flops.
  mutating func evaluate(at panels: ClassPanels<Scalar>) throws -> Value {
    passes += 1
    let l2 = Scalar(problem.l2)
    gradient.elements.combine(l2, panels.elements, range: panels.weightRange, beta: 0)
    gradient.elements.combine(0, panels.elements, range: panels.biasOffset..<panels.elements.count, beta: 0)
    var sums = SoftmaxSweep<Scalar>.Sums()
    let alpha = Scalar(1 / Double(problem.count))
    func add(_ chunk: Features<Data>, _ range: Range<Int>) {
      sweep.evaluate(
        convert(chunk), first: range.lowerBound, labels: problem.labels, weights: weights, panels: panels, alpha: alpha,
        gradient: &gradient, sums: &sums)
    }
    if Data.self == Scalar.self {
      try problem.forEachChunk(rows: problem.chunkRows(4 << 20, blockSize: sweep.blockSize), add)
    } else {
      try problem.forEachCopy(rows: problem.chunkRows(1 << 20, blockSize: sweep.blockSize), add)
    }
    if !problem.hasIntercept {
      gradient.elements.combine(0, gradient.elements, range: panels.biasOffset..<panels.elements.count, beta: 0)
    }
    let penalty = problem.l2 / 2 * panels.weightSquaredNorm
    return Value(objective: sums.loss / Double(problem.count) + penalty, behind: Int(sums.other))
  }
}

extension FullBatch where Data == Scalar {
  init(_ problem: SoftmaxProblem<Scalar>) { self.init(problem, weights: problem.weights) { $0 } }
}

extension FullBatch where Scalar == Double {
  /// In double, on chunks of data that are widened.
  init(widening problem: SoftmaxProblem<Data>) {
    self.init(problem, weights: problem.weights?.widened) { $0.widened }
  }
}
