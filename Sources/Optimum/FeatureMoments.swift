import LinearAlgebra

/// Sizes of the features, by which steps are set, and what they are centred by.
struct FeatureMoments<Scalar: RealScalar>: Sendable {
  /// The weighted mean of the features [D].
  let mean: [Scalar]
  /// |x_i|^2 [N], of x_i - mean where the features are centred.
  let squaredNorms: [Scalar]
  /// The weighted mean of |x_i|^2.
  let meanSquare: Double
  /// The weighted mean of |x_i - mean|^2.
  let variance: Double
  /// Of dense features whose mean is not small beside their deviation, where there is a bias to make up for it.
  let centring: SoftmaxSweep<Scalar>.Centring?

  /// No row's |x| is greater.
  var largestNorm: Double {
    let largest = Double(squaredNorms.max() ?? 0).squareRoot()
    return centring.map { largest + $0.mean.squaredNorm(in: $0.mean.indices).squareRoot() } ?? largest
  }

  /// |mean|^2 over the variance, from which on features are centred.
  private static var largestMean: Double { 1e-2 }

  /// Two passes over the features where they are centred, otherwise one: 4 N D flops each. In the same chunks wherever
  /// the features are, for the same bits.
  init(_ problem: SoftmaxRegression.Problem<Scalar>) throws {
    var norms: [Scalar] = []
    norms.reserveCapacity(problem.count)
    var mean = [Scalar](repeating: 0, count: problem.width)
    let rows = problem.chunkRows(4 << 20, blockSize: 1)
    try problem.forEachCopy(rows: rows) { chunk, range in
      var part = [Scalar](repeating: 0, count: range.count)
      let weights = problem.weights.map { Array($0[range]) }
      switch chunk {
      case .dense(let x):
        RowKernels.dots(x.view, x.view, into: &part)
        RowKernels.columnSums(x.view, weights: weights, beta: 1, into: &mean)
      case .sparse(let x):
        SparseProducts.addSquaredNorms(x, rows: 0..<range.count, into: &part)
        let ones = weights ?? [Scalar](repeating: 1, count: range.count)
        SparseProducts.addTransposed(
          x, rows: 0..<range.count, MatrixView(ones, rows: range.count, columns: 1), toPacked: &mean)
      case .stored: preconditionFailure("a chunk is in memory")
      }
      norms += part
    }
    func average(_ values: [Scalar]) -> Double {
      (problem.weights.map { Double($0.dot(values)) } ?? values.sum) / Double(problem.count)
    }
    mean.scale(by: Scalar(1 / Double(problem.count)))
    let square = mean.squaredNorm(in: mean.indices)
    meanSquare = average(norms)
    self.mean = mean
    guard problem.hasIntercept, !problem.features.isSparse, square > Self.largestMean * (meanSquare - square) else {
      (squaredNorms, variance, centring) = (norms, max(0, meanSquare - square), nil)
      return
    }
    var offsets: [Scalar] = []
    offsets.reserveCapacity(problem.count)
    try problem.forEachCopy(rows: rows) { chunk, range in
      var part = Matrix<Scalar>(rows: range.count, columns: 1)
      let row = MatrixView(mean, rows: 1, columns: mean.count)
      Products.timesTransposed(chunk.dense.view, row, into: &part)
      offsets += part.elements
    }
    MomentLoops.centre(&norms, &offsets, square: Scalar(square))
    (squaredNorms, variance) = (norms, average(norms))
    centring = SoftmaxSweep.Centring(mean: mean, offsets: offsets)
  }
}

private enum MomentLoops {
  /// |x|^2 and x . mean become |x - mean|^2 and (x - mean) . mean.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func centre<S: RealScalar>(_ norms: inout [S], _ products: inout [S], square: S) {
    for i in norms.indices {
      norms[i] = max(0, norms[i] - 2 * products[i] + square)
      products[i] -= square
    }
  }
}
