import LinearAlgebra

/// x -> (x - mean) / scale for each feature, or target, with mean and standard deviation of the training rows.
public struct Standardization: Sendable, Codable, Equatable {
  /// [D].
  public var mean: [Double]
  /// [D], positive; 1 for a constant feature.
  public var scale: [Double]

  public init(mean: [Double], scale: [Double]) {
    precondition(mean.count == scale.count, "one scale for each mean")
    self.mean = mean
    self.scale = scale
  }

  /// Mean and (population) standard deviation of each column, in double, two passes.
  public init<Scalar>(fitting features: Matrix<Scalar>) {
    var moments = Moments(rows: features.rows, columns: features.columns)
    moments.addMean(of: .dense(features))
    moments.closeMean()
    moments.addSquares(of: .dense(features))
    (mean, scale) = (moments.mean, moments.scale)
  }

  /// Features of any kind. Sparse ones are scaled by their standard deviations and not centred (means are 0), which
  /// would fill them.
  ///
  /// Those of a file are read twice, and give the same bits.
  ///
  /// - Throws: `DataError` for features in a file that cannot be read any more.
  public init<Scalar>(fitting features: Features<Scalar>) throws(DataError) {
    var moments = Moments(rows: features.rows, columns: features.columns)
    try features.forEachBlock { (block, _) throws(DataError) in moments.addMean(of: block) }
    moments.closeMean()
    try features.forEachBlock { (block, _) throws(DataError) in moments.addSquares(of: block) }
    mean = features.isSparse ? moments.mean.map { _ in 0 } : moments.mean
    scale = moments.scale
  }

  /// Whether it only scales: what sparse features allow.
  public var isScaling: Bool { mean.allSatisfy { $0 == 0 } }

  /// In place; those of a file when they are read.
  ///
  /// - Throws: `DataError` for sparse features and means that are not 0.
  public func apply<Scalar>(to features: inout Features<Scalar>) throws(DataError) {
    guard !features.isSparse || isScaling else {
      throw DataError(
        "",
        "expected a standardisation that only scales, as sparse features have, got one with means other than 0, "
          + "of a model trained on dense features: give it dense features")
    }
    switch features {
    case .dense: apply(to: &features.dense)
    case .sparse(var matrix):
      features = .none
      matrix.divideColumns(by: scale)
      features = .sparse(matrix)
    case .stored(let source): features = .stored(StoredView(source).standardized(self))
    }
  }

  /// In place. Differences and quotients are taken in double, and rounded once.
  public func apply<Scalar>(to features: inout Matrix<Scalar>) {
    features.standardizeColumns(shift: mean, scale: scale)
  }

  /// x -> mean + scale x, in place; in double, and rounded once.
  public func revert<Scalar>(_ values: inout Matrix<Scalar>) {
    values.restoreColumns(shift: mean, scale: scale)
  }

  /// The numbers of the columns whose mean is so far from 0, for their deviation, that numbers of this precision have
  /// lost most of their digits before the mean is taken away.
  package func columnsTooFarFromZero<Scalar: RealScalar>(in type: Scalar.Type) -> [Int] {
    let limit = 0.001 / Double(Scalar.ulpOfOne)
    return mean.indices.filter { abs(mean[$0]) > limit * scale[$0] && scale[$0] != 1 }
  }
}

/// Mean and standard deviation of columns, from blocks of rows in order: first all means, then all squares.
private struct Moments {
  let rows: Int
  /// [D].
  private(set) var mean: [Double]
  private var squares: [Double]
  /// Elements without an entry, of sparse features: they are zeros.
  private var zeros: [Double]
  private var isSparse = false

  init(rows: Int, columns: Int) {
    self.rows = rows
    mean = [Double](repeating: 0, count: columns)
    squares = mean
    zeros = [Double](repeating: Double(rows), count: columns)
  }

  mutating func addMean<S>(of block: Features<S>) {
    switch block {
    case .dense(let matrix): StandardizationLoops.addSums(matrix, &mean)
    case .sparse(let matrix):
      isSparse = true
      StandardizationLoops.addMean(matrix, Double(rows), &mean, &zeros)
    case .stored: preconditionFailure("a block is in memory")
    }
  }

  mutating func closeMean() {
    if !isSparse { for j in mean.indices { mean[j] /= Double(rows) } }
  }

  mutating func addSquares<S>(of block: Features<S>) {
    switch block {
    case .dense(let matrix): StandardizationLoops.addSquares(matrix, mean, &squares)
    case .sparse(let matrix): StandardizationLoops.addSquares(matrix, mean, &squares)
    case .stored: preconditionFailure("a block is in memory")
    }
  }

  /// [D].
  var scale: [Double] {
    mean.indices.map { j in
      let all = isSparse ? squares[j] + zeros[j] * mean[j] * mean[j] : squares[j]
      let deviation = (all / Double(rows)).squareRoot()
      // A constant column leaves rounding behind, not a scale.
      return deviation > 1e-7 * abs(mean[j]) && deviation > 0 ? deviation : 1
    }
  }
}

private enum StandardizationLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func addSums<S: RealScalar>(_ x: Matrix<S>, _ sums: inout [Double]) {
    for i in 0..<x.rows { for j in 0..<x.columns { sums[j] += Double(x[i, j]) } }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func addSquares<S: RealScalar>(_ x: Matrix<S>, _ mean: [Double], _ squares: inout [Double]) {
    for i in 0..<x.rows {
      for j in 0..<x.columns {
        let deviation = Double(x[i, j]) - mean[j]
        squares[j] += deviation * deviation
      }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func addMean<S: RealScalar>(
    _ x: SparseMatrix<S>, _ rows: Double, _ mean: inout [Double], _ zeros: inout [Double]
  ) {
    for k in x.values.indices {
      mean[Int(x.columnIndices[k])] += Double(x.values[k]) / rows
      zeros[Int(x.columnIndices[k])] -= 1
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func addSquares<S: RealScalar>(_ x: SparseMatrix<S>, _ mean: [Double], _ squares: inout [Double]) {
    for k in x.values.indices {
      let deviation = Double(x.values[k]) - mean[Int(x.columnIndices[k])]
      squares[Int(x.columnIndices[k])] += deviation * deviation
    }
  }
}
