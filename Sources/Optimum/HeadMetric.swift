import LinearAlgebra

/// An inverse curvature to start from: of the Kronecker product of A = (1 / n) sum of x x^T, with a one in x for the
/// bias, and S = mean of diag(p) - p p^T, plus the penalty.
///
/// From a sample of rows: 2 n D^2 + 2 n C^2 flops and two Cholesky factorisations; a product is 2 (C + D) flops for each
/// parameter. Of sparse features, or more than 4,096, the diagonal of A stands for it.
struct HeadMetric<Scalar: RealScalar>: Sendable {
  private enum Inputs: Sendable {
    case full(Matrix<Scalar>)
    case diagonal([Scalar])
  }

  private let (width, classCount, l2, hasIntercept): (Int, Int, Double, Bool)
  private let sample: Features<Scalar>
  /// Mean of x x^T over the sample [D (+ 1), D (+ 1)], or its diagonal.
  private let moments: Inputs
  private var inputs = Inputs.diagonal([])
  private var classes = Matrix<Scalar>(rows: 0, columns: 0)
  private var work = Matrix<Scalar>(rows: 0, columns: 0)
  private var other = Matrix<Scalar>(rows: 0, columns: 0)

  /// Features up to which A is a matrix.
  private static var largestOrder: Int { 4096 }
  /// Added to the curvature, over the product of the factors' mean diagonals.
  private static var relativeDamping: Double { 1e-5 }

  /// Rows to make a metric of.
  static func sample(of problem: SoftmaxProblem<Scalar>) throws -> Features<Scalar> {
    try problem.sample(max(2048, min(16_384, 4 * problem.width)))
  }

  /// - Parameter sample: in memory.
  init<Data>(_ problem: SoftmaxProblem<Data>, sample: Features<Scalar>) {
    (width, classCount, l2, hasIntercept) = (problem.width, problem.classes, problem.l2, problem.hasIntercept)
    self.sample = sample
    let scale = Scalar(1 / Double(sample.rows))
    switch sample {
    case .dense(let x) where width < Self.largestOrder:
      var rows = x
      if hasIntercept { KroneckerProducts.append(nil, to: x.view, into: &rows) }
      var moments = Matrix<Scalar>(rows: rows.columns, columns: rows.columns)
      KroneckerProducts.addColumnGram(rows.view, alpha: scale, beta: 0, to: &moments)
      self.moments = .full(moments)
    case .dense(let x):
      var squares = x
      squares.assign(x.elements.map { $0 * $0 })
      var sums = [Scalar](repeating: 0, count: width)
      RowKernels.columnSums(squares.view, weights: nil, alpha: scale, into: &sums)
      moments = .diagonal(sums + (hasIntercept ? [1] : []))
    case .sparse(let x):
      moments = .diagonal(x.meanSquares + (hasIntercept ? [1] : []))
    case .stored: preconditionFailure("a sample is in memory")
    }
  }

  /// Takes S and the damping at a point.
  ///
  /// - Returns: whether both factors could be inverted; nothing changes if not.
  mutating func update(at panels: ClassPanels<Scalar>) -> Bool {
    let covariance = ClassCovariance(logits: sample.logits(panels))
    let s = covariance.meanDiagonal
    let diagonal: [Scalar]
    switch moments {
    case .full(let matrix): diagonal = matrix.diagonal
    case .diagonal(let values): diagonal = values
    }
    let a = diagonal.sum / Double(diagonal.count)
    guard a > 0, s > 0, a.isFinite, s.isFinite else { return false }
    // (A + pi sqrt(d)) x (S + sqrt(d) / pi), pi^2 = a / s: factored Tikhonov.
    let damping = (l2 + Self.relativeDamping * a * s).squareRoot()
    let balance = (a / s).squareRoot()
    guard let inverse = Self.inverse(covariance.matrix, shift: damping / balance) else { return false }
    switch moments {
    case .full(let matrix):
      guard let other = Self.inverse(matrix, shift: damping * balance) else { return false }
      inputs = .full(other)
    case .diagonal(let values): inputs = .diagonal(values.map { 1 / ($0 + Scalar(damping * balance)) })
    }
    classes = inverse
    return true
  }

  private static func inverse(_ matrix: Matrix<Scalar>, shift: Double) -> Matrix<Scalar>? {
    var cholesky = Cholesky<Scalar>()
    let failure = cholesky.refactor(order: matrix.rows) { a in
      a.assign(matrix.view)
      for k in 0..<matrix.rows { a[k, k] += Scalar(shift) }
    }
    var result = Matrix<Scalar>(rows: 0, columns: 0)
    return failure == nil && cholesky.inverse(into: &result) ? result : nil
  }

  /// Multiplies the elements of panels by the inverse curvature.
  mutating func apply(to elements: inout [Scalar]) {
    var panels = ClassPanels<Scalar>(features: width, classes: classCount)
    swap(&panels.elements, &elements)
    let values = panels.values(hasBias: hasIntercept)
    let weight = MatrixView(values, rows: classCount, columns: width)
    if hasIntercept {
      KroneckerProducts.append(
        MatrixView(values, offset: classCount * width, rows: classCount, columns: 1), to: weight, into: &work)
    } else {
      work.reshape(rows: classCount, columns: width)
      work.assign(weight)
    }
    other.reshape(rows: work.rows, columns: work.columns)
    Products.times(classes.view, work.view, into: &other)
    switch inputs {
    case .full(let inverse): Products.times(other.view, inverse.view, into: &work)
    case .diagonal(let factors):
      swap(&work, &other)
      work.mapColumns { (0, factors[$0]) }
    }
    var result = values
    if hasIntercept {
      KroneckerProducts.split(work, into: &result, at: 0, last: classCount * width)
    } else {
      result = work.elements
    }
    elements = ClassPanels<Scalar>(features: width, classes: classCount, values: result).elements
  }
}

extension SparseMatrix {
  /// The mean of x_j^2 for each column.
  fileprivate var meanSquares: [Scalar] {
    var squares = self
    squares = SparseMatrix(
      columns: columns, rowStarts: rowStarts, columnIndices: columnIndices, values: values.map { $0 * $0 })
    var result = [Scalar](repeating: 0, count: columns)
    let ones = [Scalar](repeating: 1 / Scalar(max(1, rows)), count: rows)
    SparseProducts.addTransposed(
      squares, rows: 0..<rows, MatrixView(ones, rows: rows, columns: 1), toPacked: &result)
    return result
  }
}
