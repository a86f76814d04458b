/// Something drawn in a panel.
///
/// A name stands for one series throughout a figure: marks with the same name share colour, dash pattern, marker and
/// hatching in every panel, and one entry in the legend.
///
/// ```swift
/// let marks: [Mark] = [
///   .line(Line("FGN", x: [1, 2, 3], y: [0.9, 0.4, 0.2])),
///   .reference(.horizontal(at: 0.1, label: "target")),
/// ]
/// ```
public enum Mark: Sendable, Hashable {
  case line(Line)
  case scatter(Scatter)
  case bars(Bars)
  case heatMap(HeatMap)
  case reference(ReferenceLine)
}

/// A place in a panel, in the units of its axes.
struct Point: Sendable, Hashable {
  var x: Double
  var y: Double
}

/// An interval around each value of a series: an error band around a line, whiskers on bars.
///
/// `lower` and `upper` have one entry for each value of the series, in the units of the y axis. Where either is not
/// finite no interval is drawn; one that reaches down to zero or below on a logarithmic axis goes to the axis's lower
/// end.
public struct Band: Sendable, Hashable {
  public var lower: [Double]
  public var upper: [Double]

  /// - Precondition: `lower` and `upper` have the same length.
  public init(lower: [Double], upper: [Double]) {
    precondition(lower.count == upper.count, "band: \(lower.count) lower values, \(upper.count) upper values")
    self.lower = lower
    self.upper = upper
  }

  /// `center[i] - radius[i]` to `center[i] + radius[i]`, for instance a mean and its standard error.
  ///
  /// - Precondition: `center` and `radius` have the same length.
  public init(center: [Double], radius: [Double]) {
    precondition(center.count == radius.count, "band: \(center.count) centers, \(radius.count) radii")
    lower = zip(center, radius).map { $0 - $1 }
    upper = zip(center, radius).map { $0 + $1 }
  }
}
