/// A named series of points joined by straight segments, in the order given.
///
/// A point with a coordinate that is NaN, infinite or without a place on its axis leaves a gap.
///
/// ```swift
/// let loss = [0.9, 0.4, 0.25]
/// let line = Line("Adam", x: [0, 100, 200], y: loss, band: Band(center: loss, radius: [0.1, 0.05, 0.02]))
/// ```
public struct Line: Sendable, Hashable {
  /// Which points carry a marker.
  public enum Markers: Sendable, Hashable {
    /// About ten along the line, or every point if there are no more: enough to tell lines apart in grey.
    case automatic
    case every(Int)
    case none
  }

  public let name: String
  public let x: [Double]
  public let y: [Double]
  /// The error band, shaded behind the line.
  public let band: Band?
  public let markers: Markers

  /// - Precondition: `x`, `y` and `band` have the same length.
  public init(_ name: String, x: [Double], y: [Double], band: Band? = nil, markers: Markers = .automatic) {
    precondition(x.count == y.count, "line \"\(name)\": \(x.count) x values, \(y.count) y values")
    if let band {
      precondition(band.lower.count == y.count, "line \"\(name)\": \(y.count) points, \(band.lower.count) intervals")
    }
    self.name = name
    self.x = x
    self.y = y
    self.band = band
    self.markers = markers
  }
}
