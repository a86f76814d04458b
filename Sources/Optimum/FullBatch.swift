import LinearAlgebra
import Models
import Optimization

/// The objective and its gradient over all rows: one pass over the features each time, in `Scalar` whatever the data's
/// precision. Losses are added in double.
struct FullBatch<Data: RealScalar, Scalar: RealScalar>: Sendable {
  private let problem: SoftmaxRegression.Problem<Data>
  private let objective: Objective<LinearHead<Data>>
  private let convert: @Sendable (Features<Data>) -> Features<Scalar>
  private let weights: [Scalar]?
  private var sweep: SoftmaxSweep<Scalar>
  /// The gradient of the objective at the point of the last evaluation.
  var gradient: ClassPanels<Scalar>
  /// Passes over the features so far.
  private(set) var passes = 0

  /// What a pass finds.
  struct Value: Sendable {
    /// The mean loss plus the penalty.
    var objective: Double
    /// How many rows there are whose class is not ahead of all others; those of weight zero do not count.
    var rowsBehind: Int
  }

  fileprivate init(
    _ problem: SoftmaxRegression.Problem<Data>, weights: [Scalar]?,
    convert: @escaping @Sendable (Features<Data>) -> Features<Scalar>
  ) {
    self.problem = problem
    objective = problem.objective
    self.weights = weights
    self.convert = convert
    sweep = SoftmaxSweep(classes: problem.classes, entriesPerRow: problem.entriesPerRow)
    gradient = ClassPanels(features: problem.width, classes: problem.classes)
  }

  /// The objective at `panels`, and its gradient in `gradient`: one pass, 4 N D C flops.
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
    let value = objective.value(meanLoss: sums.loss / Double(problem.count), squaredNorm: panels.weightSquaredNorm)
    return Value(objective: value, rowsBehind: sums.rowsBehind)
  }

  /// Adds `factor` times the mean over `rows`, in memory, of the loss's gradient for a class of 0: of two points, the
  /// difference does not depend on classes.
  mutating func addGradient(of rows: Features<Scalar>, factor: Double, at panels: ClassPanels<Scalar>) {
    var sums = SoftmaxSweep<Scalar>.Sums()
    sweep.evaluate(
      rows, labels: [Int32](repeating: 0, count: rows.rows), weights: nil, panels: panels,
      alpha: Scalar(factor / Double(rows.rows)), gradient: &gradient, sums: &sums)
  }
}

extension FullBatch where Data == Scalar {
  init(_ problem: SoftmaxRegression.Problem<Scalar>) { self.init(problem, weights: problem.weights) { $0 } }
}

extension FullBatch where Scalar == Double {
  /// In double, on chunks of data that are widened.
  init(widening problem: SoftmaxRegression.Problem<Data>) {
    self.init(problem, weights: problem.weights?.widened) { $0.widened }
  }
}
