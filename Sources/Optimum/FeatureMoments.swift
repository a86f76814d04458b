import LinearAlgebra

/// Sizes of the features that steps are set by.
struct FeatureMoments<Scalar: RealScalar>: Sendable {
  /// |x_i|^2 [N].
  let squaredNorms: [Scalar]
  /// The weighted mean of |x_i|^2.
  let meanSquare: Double
  /// |mean of x|^2.
  let squaredMean: Double

  /// One pass over the features, 4 N D flops.
  init(_ problem: SoftmaxRegression.Problem<Scalar>) throws {
    var norms: [Scalar] = []
    var mean = [Scalar](repeating: 0, count: problem.width)
    try problem.forEachChunk(rows: problem.chunkRows(4 << 20, blockSize: 1)) { chunk, range in
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
    squaredNorms = norms
    let total = problem.weights.map { Double($0.dot(norms)) } ?? norms.sum
    meanSquare = total / Double(problem.count)
    squaredMean = mean.squaredNorm(in: mean.indices) / Double(problem.count) / Double(problem.count)
  }
}
