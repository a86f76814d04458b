import LinearAlgebra

/// |a - b| / |b|.
public func relativeError<S: RealScalar>(_ a: [S], _ b: [Double]) -> Double {
  precondition(a.count == b.count)
  return relativeError(a.map { Double($0) }, to: b)
}

public func relativeError(_ a: [Double], to b: [Double]) -> Double {
  var (difference, size) = (0.0, 0.0)
  for i in 0..<b.count {
    difference += (a[i] - b[i]) * (a[i] - b[i])
    size += b[i] * b[i]
  }
  return (difference / max(size, .leastNormalMagnitude)).squareRoot()
}

/// |a - b| / limit for two numbers, where equal infinities and zeros are equal.
public func relativeError(_ a: Double, to b: Double) -> Double { a == b ? 0 : (a - b).magnitude / b.magnitude }

/// The largest |a - b| of two vectors.
public func largestDifference<S: RealScalar>(_ a: [S], _ b: [S]) -> Double {
  zip(a, b).reduce(0) { largest($0, (Double($1.0) - Double($1.1)).magnitude) }
}

/// The maximum, NaN if either is.
public func largest(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }

/// The tolerance that goes with a precision.
public func tolerance<S: RealScalar>(_ type: S.Type, double: Double, float: Double) -> Double {
  S.self == Double.self ? double : float
}

/// The spacing of numbers at one.
public func epsilon<S: RealScalar>(_ type: S.Type) -> Double { Double(S.ulpOfOne) }

/// Bit patterns, so that a comparison sees signed zeros and NaN.
public func bits<S: RealScalar>(_ x: [S]) -> [UInt64] { x.map { Double($0).bitPattern } }
