/// A line across the plot at one value, labelled in the margin so that the label covers no data.
///
/// An axis without limits reaches far enough to show its reference lines.
///
/// ```swift
/// let chance = ReferenceLine.horizontal(at: 0.1, label: "chance")
/// ```
public struct ReferenceLine: Sendable, Hashable {
  enum Direction: Sendable, Hashable {
    case horizontal, vertical
  }

  let direction: Direction
  /// Where the line is, in the units of the axis it crosses.
  public let value: Double
  public let label: String

  /// A line at height `value`; its label is at the right of the plot.
  public static func horizontal(at value: Double, label: String = "") -> ReferenceLine {
    ReferenceLine(direction: .horizontal, value: value, label: label)
  }

  /// A line at x = `value`; its label is above the plot.
  public static func vertical(at value: Double, label: String = "") -> ReferenceLine {
    ReferenceLine(direction: .vertical, value: value, label: label)
  }
}
