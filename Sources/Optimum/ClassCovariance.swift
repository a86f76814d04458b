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
    let mean = p.columnMeans
    for c in 0..<classes { matrix[c, c] += mean[c] }
    self.matrix = matrix
  }

  /// The diagonal of S from logits [n, C].
  static func diagonal(logits: Matrix<Scalar>) -> [Scalar] {
    var p = logits
    RowKernels.softmax(&p)
    let mean = p.columnMeans
    var squares: [Scalar] = []
    squares.resize(to: p.elements.count)
    DiagonalCurvature.addSquares(p.elements, beta: 0, to: &squares, range: squares.indices)
    let ofSquares = Matrix(rows: p.rows, columns: p.columns, elements: squares).columnMeans
    return zip(mean, ofSquares).map { max(0, $0 - $1) }
  }

  /// (S + shift)^-1 x from logits [n, C], shift a millionth of S's diagonal: conjugate gradient with that diagonal, 4 n C
  /// flops for each of a few products and no C x C matrix. With many classes S is nearly diagonal. Nil where S is zero or
  /// not finite.
  static func solve(logits: Matrix<Scalar>, _ x: [Scalar]) -> [Scalar]? {
    var system = WhitenedSystem(logits: logits)
    guard system.rootDiagonal.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
    let root = system.rootDiagonal
    var solution = [Scalar](repeating: 0, count: x.count)
    var solver = ConjugateGradient<Scalar>()
    let report = solver.solve(
      &system, shift: 1e-6, zip(x, root).map { $0 / $1 }, adding: &solution,
      options: .init(tolerance: 1e-3, maximumIterations: 200))
    guard report.outcome != .notFinite else { return nil }
    let result = zip(solution, root).map { $0 / $1 }
    return result.allSatisfy(\.isFinite) ? result : nil
  }

  /// S with its diagonal brought to one.
  private struct WhitenedSystem: LinearOperator {
    let p: Matrix<Scalar>
    let mean: [Scalar]
    /// Of S, never below a small part of the largest.
    let rootDiagonal: [Scalar]
    var dimension: Int { p.columns }

    init(logits: Matrix<Scalar>) {
      var p = logits
      RowKernels.softmax(&p)
      (self.p, mean) = (p, p.columnMeans)
      let diagonal = ClassCovariance.diagonal(logits: logits)
      let least = (diagonal.max() ?? 0) * 1e-6
      rootDiagonal = diagonal.map { max($0, least).squareRoot() }
    }

    mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
      let y = zip(x, rootDiagonal).map { $0 / $1 }
      var products = [Scalar](repeating: 0, count: p.rows)
      Products.times(p.view, y, into: &products)
      var sums = [Scalar](repeating: 0, count: p.columns)
      RowKernels.columnSums(p.view, weights: products, alpha: Scalar(1 / Double(p.rows)), into: &sums)
      for c in sums.indices { result[c] = (mean[c] * y[c] - sums[c]) / rootDiagonal[c] }
    }
  }

  /// tr S / C.
  var meanDiagonal: Double {
    (0..<matrix.rows).reduce(0) { $0 + Double(matrix[$1, $1]) } / Double(matrix.rows)
  }
}

extension Matrix {
  fileprivate var columnMeans: [Scalar] {
    var result = [Scalar](repeating: 0, count: columns)
    RowKernels.columnSums(view, weights: nil, alpha: Scalar(1 / Double(rows)), into: &result)
    return result
  }
}
