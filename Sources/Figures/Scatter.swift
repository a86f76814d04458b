/// A named cloud of points, one marker each. Points that are NaN, infinite or without a place on an axis are skipped.
///
/// ```swift
/// let runs = Scatter("runs", x: [0.1, 0.2, 0.4], y: [91, 93, 88])
/// ```
public struct Scatter: Sendable, Hashable {
  public let name: String
  public let x: [Double]
  public let y: [Double]

  /// - Precondition: `x` and `y` have the same length.
  public init(_ name: String, x: [Double], y: [Double]) {
    precondition(x.count == y.count, "scatter \"\(name)\": \(x.count) x values, \(y.count) y values")
    self.name = name
    self.x = x
    self.y = y
  }
}
