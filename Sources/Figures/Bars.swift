/// Grouped bars: in each group one bar per series. The groups label the x axis, whose scale and limits are not used.
///
/// Bars start at zero, or at the lower end of a logarithmic axis. A value that is NaN or infinite has no bar. In a
/// panel with bars, the group at index i lies at x = i for the other marks.
///
/// ```swift
/// let bars = Bars(
///   groups: ["MNIST", "CIFAR-10"],
///   series: [
///     Bars.Series("SGD", [97.1, 88.0]),
///     Bars.Series("FGN", [98.2, 90.4], interval: Band(center: [98.2, 90.4], radius: [0.2, 0.5])),
///   ])
/// ```
public struct Bars: Sendable, Hashable {
  /// One named value for each group.
  public struct Series: Sendable, Hashable {
    public let name: String
    public let values: [Double]
    /// Whiskers.
    public let interval: Band?

    /// - Precondition: `interval` has one entry for each value.
    public init(_ name: String, _ values: [Double], interval: Band? = nil) {
      if let interval {
        precondition(
          interval.lower.count == values.count,
          "bars \"\(name)\": \(values.count) values, \(interval.lower.count) intervals")
      }
      self.name = name
      self.values = values
      self.interval = interval
    }
  }

  public let groups: [String]
  public let series: [Series]

  /// - Precondition: each series has one value for each group.
  public init(groups: [String], series: [Series]) {
    for one in series {
      precondition(
        one.values.count == groups.count, "bars \"\(one.name)\": \(groups.count) groups, \(one.values.count) values")
    }
    self.groups = groups
    self.series = series
  }
}
