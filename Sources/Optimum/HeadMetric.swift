import LinearAlgebra
import Optimization

/// An inverse curvature to start from: of the Kronecker product of A = (1 / n) sum of x x^T, with a one in x for the
/// bias, and S = mean of diag(p) - p p^T, plus the penalty.
///
/// From a sample of rows: 2 n D^2 + 2 n C^2 flops and two Cholesky factorisations; a product is 2 (C + D) flops for
/// each parameter. Of sparse features, or of 4,096 and more, the diagonal of A stands for it.
struct HeadMetric<Scalar: RealScalar>: Sendable {
  private let (width, classCount, l2, hasIntercept): (Int, Int, Double, Bool)
  private let sample: Features<Scalar>
  /// A over the sample, [D (+ 1), D (+ 1)] or its diagonal, and S at the last point that was good.
  private var factors: KroneckerFactors<Scalar>
  private var work = KroneckerFactors<Scalar>.Workspace()

  /// Rows to make a metric of.
  static func sample(of problem: SoftmaxRegression.Problem<Scalar>) throws -> Features<Scalar> {
    try problem.sample(max(2048, min(16_384, 4 * problem.width)))
  }

  /// - Parameter sample: in memory.
  init<Data>(_ problem: SoftmaxRegression.Problem<Data>, sample: Features<Scalar>) {
    (width, classCount, l2, hasIntercept) = (problem.width, problem.classes, problem.l2, problem.hasIntercept)
    self.sample = sample
    let one: [Scalar] = hasIntercept ? [1] : []
    let input: KroneckerFactor<Scalar>
    switch sample {
    case .dense(let x) where width < KroneckerFactors<Scalar>.largestOrder:
      input = KroneckerFactor(x.meanOuterProduct(withOne: hasIntercept))
    case .dense(let x): input = KroneckerFactor(diagonal: x.meanSquares + one)
    case .sparse(let x): input = KroneckerFactor(diagonal: x.meanSquares + one)
    case .stored: preconditionFailure("a sample is in memory")
    }
    factors = KroneckerFactors(input: input, output: KroneckerFactor(Matrix(rows: 0, columns: 0)))
  }

  /// Takes S and the damping at a point.
  ///
  /// - Returns: whether both factors could be inverted; nothing changes if not.
  mutating func update(at panels: ClassPanels<Scalar>) -> Bool {
    var next = factors
    next.output = KroneckerFactor(ClassCovariance(logits: sample.logits(panels)).matrix)
    let (a, s) = (next.input.meanDiagonal, next.output.meanDiagonal)
    guard a > 0, s > 0, a.isFinite, s.isFinite else { return false }
    let damping = l2 + KroneckerFactors<Scalar>.relativeDamping * a * s
    guard next.invert(damping: damping, using: &work) else { return false }
    factors = next
    return true
  }

  /// Multiplies the elements of panels by the inverse curvature. Nothing is allocated after the first time.
  mutating func apply(to elements: inout [Scalar]) {
    var panels = ClassPanels(features: width, classes: classCount, elements: exchange(&elements, with: []))
    panels.unpack(hasBias: hasIntercept, into: &work.left)
    work.right.reshape(rows: work.left.rows, columns: work.left.columns)
    Products.times(factors.output.inverse.view, work.left.view, into: &work.right)
    let inverse = factors.input.inverse
    if factors.input.isDiagonal {
      work.right.mapColumns { (0, inverse[0, $0]) }
      panels.pack(work.right)
    } else {
      Products.times(work.right.view, inverse.view, into: &work.left)
      panels.pack(work.left)
    }
    swap(&elements, &panels.elements)
  }
}

extension Matrix {
  /// The mean over the rows x of x x^T, where asked for with a one after x: [D (+ 1), D (+ 1)].
  fileprivate func meanOuterProduct(withOne: Bool) -> Matrix {
    var extended = Matrix(rows: 0, columns: 0)
    if withOne { KroneckerProducts.append(nil, to: view, into: &extended) }
    let x = withOne ? extended : self
    var result = Matrix(rows: x.columns, columns: x.columns)
    KroneckerProducts.addColumnGram(x.view, alpha: Scalar(1 / Double(rows)), beta: 0, to: &result)
    return result
  }

  /// The mean over the rows of x_j^2, for each column.
  fileprivate var meanSquares: [Scalar] {
    var squares: [Scalar] = []
    squares.resize(to: elements.count)
    DiagonalCurvature.addSquares(elements, beta: 0, to: &squares, range: elements.indices)
    var result = [Scalar](repeating: 0, count: columns)
    RowKernels.columnSums(
      MatrixView(squares, rows: rows, columns: columns), weights: nil, alpha: Scalar(1 / Double(rows)), into: &result)
    return result
  }
}

extension SparseMatrix {
  /// The mean over the rows of x_j^2, for each column.
  fileprivate var meanSquares: [Scalar] {
    let squares = SparseMatrix(
      columns: columns, rowStarts: rowStarts, columnIndices: columnIndices, values: values.map { $0 * $0 })
    var result = [Scalar](repeating: 0, count: columns)
    let ones = [Scalar](repeating: 1 / Scalar(max(1, rows)), count: rows)
    SparseProducts.addTransposed(
      squares, rows: 0..<rows, MatrixView(ones, rows: rows, columns: 1), toPacked: &result)
    return result
  }
}
