import LinearAlgebra
import Optimization

/// An inverse curvature to start from: of the Kronecker product of A = (1 / n) sum of (x - mean) (x - mean)^T, with a
/// one for the bias, and S = mean of diag(p) - p p^T, plus the penalty.
///
/// Features are taken less their mean where there is a bias, which is then that of such features: with a mean far above
/// their deviation A would know of little else.
///
/// From a sample of rows: 2 n D^2 + 2 n C^2 flops and two Cholesky factorisations; a product is 2 (C + D) flops for
/// each parameter. Of sparse features, or of 4,096 and more, the diagonal of A stands for it, and of 1,024 classes and
/// more that of S.
struct HeadMetric<Scalar: RealScalar>: Sendable {
  private let (width, classCount, l2, hasIntercept): (Int, Int, Double, Bool)
  private let sample: Features<Scalar>
  /// Of the sample, where there is a bias.
  private let mean: [Scalar]
  /// A over the sample, [D (+ 1), D (+ 1)] or its diagonal, and S at the last point that was good.
  private var input: KroneckerFactor<Scalar>
  private var output: KroneckerFactor<Scalar>?
  /// What A was inverted with.
  private var inputShift = 0.0
  private var work = KroneckerFactors<Scalar>.Workspace()

  /// Classes from which the diagonal of S stands for it: with many classes S is nearly that.
  private static var manyClasses: Int { 1024 }

  /// Rows to make a metric of.
  static func sample(of problem: SoftmaxRegression.Problem<Scalar>) throws -> Features<Scalar> {
    try problem.sample(max(2048, min(16_384, 4 * problem.width)))
  }

  /// - Parameter sample: in memory.
  init<Data>(_ problem: SoftmaxRegression.Problem<Data>, sample: Features<Scalar>) {
    (width, classCount, l2, hasIntercept) = (problem.width, problem.classes, problem.l2, problem.hasIntercept)
    self.sample = sample
    mean = problem.hasIntercept ? sample.columnMeans : []
    let one: [Scalar] = hasIntercept ? [1] : []
    let means = mean
    func variances(_ squares: [Scalar]) -> [Scalar] {
      means.isEmpty ? squares : zip(squares, means).map { max(0, $0 - $1 * $1) }
    }
    switch sample {
    case .dense(let x) where width < KroneckerFactors<Scalar>.largestOrder:
      input = KroneckerFactor(x.meanOuterProduct(less: mean))
    case .dense(let x): input = KroneckerFactor(diagonal: variances(x.meanSquares) + one)
    case .sparse(let x): input = KroneckerFactor(diagonal: variances(x.meanSquares) + one)
    case .stored: preconditionFailure("a sample is in memory")
    }
  }

  /// Takes S and the damping at a point: factored Tikhonov damping (Martens & Grosse 2015, section 6.3). A is not
  /// factored again while what it is damped by is right within a factor of four.
  ///
  /// - Returns: whether both factors could be inverted; nothing changes if not.
  mutating func update(at panels: ClassPanels<Scalar>) -> Bool {
    let logits = sample.logits(panels)
    var next =
      classCount >= Self.manyClasses
      ? KroneckerFactor(diagonal: ClassCurvature(logits: logits).diagonal)
      : KroneckerFactor(ClassCovariance(logits: logits).matrix)
    let (a, s) = (input.meanDiagonal, next.meanDiagonal)
    guard a > 0, s > 0, a.isFinite, s.isFinite else { return false }
    let root = (l2 + KroneckerFactors<Scalar>.relativeDamping * a * s).squareRoot()
    let pi = (a / s).squareRoot()
    guard pi.isFinite, pi > 0, next.invert(shift: Scalar(root / pi), using: &work.cholesky) else { return false }
    if !(inputShift > pi * root / 4 && inputShift < pi * root * 4) {
      var again = input
      guard again.invert(shift: Scalar(pi * root), using: &work.cholesky) else { return false }
      (input, inputShift) = (again, pi * root)
    }
    output = next
    return true
  }

  /// Multiplies the elements of panels by the inverse curvature. Nothing is allocated after the first time but [C].
  mutating func apply(to elements: inout [Scalar]) {
    guard let output else { preconditionFailure("a metric is taken at a point first") }
    var panels = ClassPanels(features: width, classes: classCount, elements: exchange(&elements, with: []))
    if hasIntercept { panels.addOuterProduct(-1, Array(panels.elements[panels.biasRange]), mean) }
    panels.unpack(hasBias: hasIntercept, into: &work.left)
    if output.isDiagonal {
      RowKernels.scale(&work.left, by: output.inverse.elements)
      swap(&work.left, &work.right)
    } else {
      work.right.reshape(rows: work.left.rows, columns: work.left.columns)
      Products.times(output.inverse.view, work.left.view, into: &work.right)
    }
    let inverse = input.inverse
    if input.isDiagonal {
      work.right.mapColumns { (0, inverse[0, $0]) }
      panels.pack(work.right)
    } else {
      work.left.reshape(rows: work.right.rows, columns: work.right.columns)
      Products.times(work.right.view, inverse.view, into: &work.left)
      panels.pack(work.left)
    }
    if hasIntercept {
      for (k, product) in zip(panels.biasRange, panels.products(mean)) { panels.elements[k] -= Scalar(product) }
    }
    swap(&elements, &panels.elements)
  }
}

extension Features {
  /// The mean of each column of features in memory.
  fileprivate var columnMeans: [Scalar] {
    var result = [Scalar](repeating: 0, count: columns)
    let share = Scalar(1 / Double(max(1, rows)))
    switch self {
    case .dense(let x): RowKernels.columnSums(x.view, weights: nil, alpha: share, into: &result)
    case .sparse(let x):
      let shares = [Scalar](repeating: share, count: rows)
      SparseProducts.addTransposed(
        x, rows: 0..<rows, MatrixView(shares, rows: rows, columns: 1), toPacked: &result)
    case .stored: preconditionFailure("a sample is in memory")
    }
    return result
  }
}

extension Matrix {
  /// The mean over the rows x of x x^T, or where there is a mean of (x - mean) (x - mean)^T with a one after it.
  fileprivate func meanOuterProduct(less mean: [Scalar]) -> Matrix {
    var extended = Matrix(rows: 0, columns: 0)
    if !mean.isEmpty {
      var centred = self
      centred.mapColumns { (mean[$0], 1) }
      KroneckerProducts.append(nil, to: centred.view, into: &extended)
    }
    let x = mean.isEmpty ? self : extended
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
