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
