import RealModule

/// One axis of a panel: what it measures, how it is scaled and, optionally, where it starts and ends.
///
/// Without limits an axis covers its data and ends on round numbers. A limit that cannot be used (not finite, or not
/// positive on a logarithmic axis) is ignored; an upper limit that is not above the lower end of the axis is too.
/// Data outside the limits are cut off at the edge of the plot.
///
/// ```swift
/// let time = Axis("Wall-clock time", unit: "s", from: 0)
/// let loss = Axis("Training loss", scale: .log10)
/// ```
public struct Axis: Sendable, Hashable {
  /// How values become distances along the axis.
  public enum Scale: Sendable, Hashable {
    /// Equal differences are equal distances.
    case linear
    /// Equal ratios are equal distances. Values that are not positive are not drawn.
    case log10
  }

  /// The quantity, without its unit.
  public var label: String
  /// The unit, written in parentheses after the label.
  public var unit: String?
  public var scale: Scale
  /// The lower end of the axis; nil leaves it to the data.
  public var lower: Double?
  /// The upper end of the axis; nil leaves it to the data.
  public var upper: Double?

  public init(
    _ label: String = "", unit: String? = nil, scale: Scale = .linear, from lower: Double? = nil,
    to upper: Double? = nil
  ) {
    self.label = label
    self.unit = unit
    self.scale = scale
    self.lower = lower
    self.upper = upper
  }

  /// The label as it is drawn: `Time (s)`.
  var caption: String {
    guard let unit, !unit.isEmpty else { return label }
    return label.isEmpty ? unit : "\(label) (\(unit))"
  }
}

extension Axis.Scale {
  /// Whether `value` has a place on this scale. Magnitudes from 1e300 on count as missing, like infinity: the
  /// differences of such numbers overflow.
  func admits(_ value: Double) -> Bool {
    guard value.isFinite, value.magnitude < 1e300 else { return false }
    return self == .linear || value > 1e-300
  }

  /// The coordinate in which equal steps are equal distances.
  func coordinate(_ value: Double) -> Double {
    switch self {
    case .linear: value
    case .log10: Double.log10(value)
    }
  }
}
