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
    (mean, scale) = StandardizationLoops.moments(features)
  }

  /// Features of any kind. Sparse ones are scaled by their standard deviations and not centred (means are 0), which
  /// would fill them.
  ///
  /// - Throws: `DataError` for features in a file.
  public init<Scalar>(fitting features: Features<Scalar>) throws(DataError) {
    switch features {
    case .dense(let matrix): (mean, scale) = StandardizationLoops.moments(matrix)
    case .sparse(let matrix):
      scale = StandardizationLoops.scales(matrix)
      mean = scale.map { _ in 0 }
    case .stored:
      throw DataError("", "expected features in memory to standardise, got features in a file")
    }
  }

  /// Whether it only scales: what sparse features allow.
  public var isScaling: Bool { mean.allSatisfy { $0 == 0 } }

  /// In place.
  ///
  /// - Throws: `DataError` for sparse features and means that are not 0, and for features in a file.
  public func apply<Scalar>(to features: inout Features<Scalar>) throws(DataError) {
    switch features {
    case .dense: apply(to: &features.dense)
    case .sparse(var matrix):
      guard isScaling else {
        throw DataError(
          "",
          "expected a standardisation that only scales, as sparse features have, got one with means other than 0, of a "
            + "model trained on dense features: give it dense features")
      }
      features = .none
      matrix.scaleColumns(by: scale.map { Scalar(1 / $0) })
      features = .sparse(matrix)
    case .stored: throw DataError("", "expected features in memory to standardise, got features in a file")
    }
  }

  /// In place.
  public func apply<Scalar>(to features: inout Matrix<Scalar>) {
    features.mapColumns { column in
      (shift: Scalar(mean[column]), factor: Scalar(1 / scale[column]))
    }
  }

  /// x -> mean + scale x, in place.
  public func revert<Scalar>(_ values: inout Matrix<Scalar>) {
    values.mapColumns { column in
      (shift: Scalar(-mean[column] / scale[column]), factor: Scalar(scale[column]))
    }
  }
}

private enum StandardizationLoops {
  /// Standard deviations of columns, whose elements without an entry are zeros.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func scales<S: RealScalar>(_ x: SparseMatrix<S>) -> [Double] {
    let rows = Double(x.rows)
    var (mean, scale) = ([Double](repeating: 0, count: x.columns), [Double](repeating: 0, count: x.columns))
    var zeros = [Double](repeating: rows, count: x.columns)
    for k in x.values.indices {
      mean[Int(x.columnIndices[k])] += Double(x.values[k]) / rows
      zeros[Int(x.columnIndices[k])] -= 1
    }
    for k in x.values.indices {
      let deviation = Double(x.values[k]) - mean[Int(x.columnIndices[k])]
      scale[Int(x.columnIndices[k])] += deviation * deviation
    }
    for j in scale.indices {
      let deviation = ((scale[j] + zeros[j] * mean[j] * mean[j]) / rows).squareRoot()
      scale[j] = deviation > 1e-7 * abs(mean[j]) && deviation > 0 ? deviation : 1
    }
    return scale
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func moments<S: RealScalar>(_ x: Matrix<S>) -> (mean: [Double], scale: [Double]) {
    let (rows, columns) = (x.rows, x.columns)
    var mean = [Double](repeating: 0, count: columns)
    for i in 0..<rows { for j in 0..<columns { mean[j] += Double(x[i, j]) } }
    for j in 0..<columns { mean[j] /= Double(rows) }
    var scale = [Double](repeating: 0, count: columns)
    for i in 0..<rows {
      for j in 0..<columns {
        let deviation = Double(x[i, j]) - mean[j]
        scale[j] += deviation * deviation
      }
    }
    for j in 0..<columns {
      let deviation = (scale[j] / Double(rows)).squareRoot()
      // A constant column leaves rounding behind, not a scale.
      scale[j] = deviation > 1e-7 * abs(mean[j]) && deviation > 0 ? deviation : 1
    }
    return (mean, scale)
  }
}
