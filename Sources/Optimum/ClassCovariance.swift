import LinearAlgebra

/// S = mean of diag(p) - p p^T over rows: the curvature of softmax cross-entropy in the logits, averaged. It is
/// singular along the ones.
struct ClassCovariance<Scalar: RealScalar>: Sendable {
  /// [C, C], both triangles.
  let matrix: Matrix<Scalar>

  /// From logits [n, C]: 2 n C^2 flops.
  init(logits: Matrix<Scalar>) {
    var p = logits
    RowKernels.softmax(&p)
    let (rows, classes) = (p.rows, p.columns)
    var matrix = Matrix<Scalar>(rows: classes, columns: classes)
    let scale = Scalar(1 / Double(rows))
    KroneckerProducts.addColumnGram(p.view, alpha: -scale, beta: 0, to: &matrix)
    let mean = p.columnMeans(nil)
    for c in 0..<classes { matrix[c, c] += mean[c] }
    self.matrix = matrix
  }

  /// tr S / C.
  var meanDiagonal: Double {
    (0..<matrix.rows).reduce(0) { $0 + Double(matrix[$1, $1]) } / Double(matrix.rows)
  }
}

/// The same S known by its products, from the probabilities of rows themselves: nothing is C x C.
struct ClassCurvature<Scalar: RealScalar>: LinearOperator {
  /// [n, C].
  private let p: Matrix<Scalar>
  /// [n], with a mean of one; nil is ones.
  private let weights: [Scalar]?
  private let mean: [Scalar]
  /// The diagonal of S [C].
  let diagonal: [Scalar]
  /// Of the diagonal, never below a small part of the largest.
  private let root: [Scalar]
  private var products: [Scalar] = []
  private var sums: [Scalar] = []
  private var scaled: [Scalar] = []

  /// - Parameter probabilities: [n, C], shared and not copied.
  init(probabilities: Matrix<Scalar>, weights: [Scalar]? = nil) {
    (p, self.weights) = (probabilities, weights)
    mean = p.columnMeans(weights)
    var squares: [Scalar] = []
    // Squares a few rows at a time.
    let rows = max(1, (1 << 18) / max(1, p.columns))
    var total = [Scalar](repeating: 0, count: p.columns)
    var part: [Scalar] = []
    for start in stride(from: 0, to: p.rows, by: rows) {
      let count = min(rows, p.rows - start)
      part = Array(p.elements[start * p.columns..<(start + count) * p.columns])
      squares.resize(to: part.count)
      DiagonalCurvature.addSquares(part, beta: 0, to: &squares, range: part.indices)
      RowKernels.columnSums(
        MatrixView(squares, rows: count, columns: p.columns), weights: weights.map { Array($0[start..<start + count]) },
        alpha: Scalar(1 / Double(p.rows)), beta: 1, into: &total)
    }
    let diagonal = zip(mean, total).map { max(0, $0 - $1) }
    self.diagonal = diagonal
    let least = (diagonal.max() ?? 0) * 1e-6
    root = diagonal.map { max($0, least).squareRoot() }
  }

  /// From logits [n, C].
  init(logits: Matrix<Scalar>) {
    var p = logits
    RowKernels.softmax(&p)
    self.init(probabilities: p)
  }

  var dimension: Int { p.columns }

  /// S with its diagonal brought to one: 4 n C flops.
  mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    scaled = zip(x, root).map { $0 / $1 }
    products.resize(to: p.rows)
    Products.times(p.view, scaled, into: &products)
    if let weights { products = zip(products, weights).map { $0 * $1 } }
    sums.resize(to: p.columns)
    RowKernels.columnSums(p.view, weights: products, alpha: Scalar(1 / Double(p.rows)), into: &sums)
    for c in sums.indices { result[c] = (mean[c] * scaled[c] - sums[c]) / root[c] }
  }

  /// S^-1 x for an x that adds up to zero, by conjugate gradient with S's diagonal to a residual of a thousandth: a few
  /// products. Nil where S is zero or not finite.
  mutating func solve(_ x: [Double]) -> [Double]? {
    // Of numbers near one, as they may be too small for the precision.
    let size = x.reduce(0) { max($0, $1.magnitude) }
    guard size.isFinite, root.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    guard size > 0 else { return x }
    var solution = [Scalar](repeating: 0, count: x.count)
    var solver = ConjugateGradient<Scalar>()
    let report = solver.solve(
      &self, shift: 1e-6, zip(x, root).map { Scalar($0 / size) / $1 }, adding: &solution,
      options: .init(tolerance: 1e-3, maximumIterations: 100))
    guard report.outcome != .notFinite else { return nil }
    let result = zip(solution, root).map { Double($0 / $1) * size }
    return result.allSatisfy(\.isFinite) ? result : nil
  }
}

extension Matrix {
  fileprivate func columnMeans(_ weights: [Scalar]?) -> [Scalar] {
    var result = [Scalar](repeating: 0, count: columns)
    RowKernels.columnSums(view, weights: weights, alpha: Scalar(1 / Double(rows)), into: &result)
    return result
  }
}
