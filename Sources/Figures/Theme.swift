/// Sizes and colours that all parts of a figure share.
struct Theme: Sendable, Hashable {
  let text: TextMetrics
  let heading: TextMetrics
  let title: TextMetrics

  init(fontSize: Double) {
    text = TextMetrics(size: fontSize)
    heading = TextMetrics(size: fontSize * 1.1)
    title = TextMetrics(size: fontSize * 1.25)
  }

  static let fonts = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
  static let ink = "#1a1a1a"
  static let axis = "#444"
  static let grid = "#e3e3e3"
  static let reference = "#555"

  /// Around the whole figure, and between unrelated parts.
  let padding = 10.0
  let tickLength = 6.0
  /// Between a tick or a sample and its label.
  let gap = 5.0
  /// From the right edge of a plot to the labels of its lines.
  let leader = 16.0
  var markerRadius: Double { text.size * 0.28 }
  /// The length of a line in a legend: long enough for one period of every dash pattern.
  var sample: Double { text.size * 2.6 }
  let lineWidth = 2.4
}

struct Margins: Sendable, Hashable {
  var left = 0.0
  var right = 0.0
  var top = 0.0
  var bottom = 0.0

  /// The larger of each.
  func union(_ other: Margins) -> Margins {
    Margins(
      left: max(left, other.left), right: max(right, other.right), top: max(top, other.top),
      bottom: max(bottom, other.bottom))
  }
}

struct Rectangle: Sendable, Hashable {
  var x: Double
  var y: Double
  var width: Double
  var height: Double

  var right: Double { x + width }
  var bottom: Double { y + height }
}

extension SVGWriter {
  enum Anchor: String {
    case start, middle, end
  }

  /// Lines of text around a point: `x` is their anchor, `y` the vertical centre of them all, before a rotation by
  /// `angle` degrees about the point.
  mutating func lines(
    _ lines: [NumberLabel], x: Double, y: Double, metrics: TextMetrics, anchor: Anchor = .start, angle: Double = 0,
    isBold: Bool = false, fill: String = Theme.ink
  ) {
    for (index, line) in lines.enumerated() {
      let center = y + (Double(index) - Double(lines.count - 1) / 2) * metrics.lineHeight
      let (textX, textY) = (number(x), number(center + metrics.baseline))
      let size = number(metrics.size)
      let weight = isBold ? "bold" : "normal"
      if angle == 0 {
        element(
          "text",
          [
            "x": textX, "y": textY, "font-size": size, "font-weight": weight, "text-anchor": anchor.rawValue,
            "fill": fill,
          ], label: line, size: metrics.size)
      } else {
        element(
          "text",
          [
            "x": textX, "y": textY, "font-size": size, "font-weight": weight, "text-anchor": anchor.rawValue,
            "fill": fill, "transform": "rotate(\(number(angle)) \(number(x)) \(number(y)))",
          ], label: line, size: metrics.size)
      }
    }
  }

  mutating func stroke(
    _ from: (Double, Double), _ to: (Double, Double), color: String, width: Double, dash: String = ""
  ) {
    element(
      "line",
      [
        "x1": number(from.0), "y1": number(from.1), "x2": number(to.0), "y2": number(to.1), "stroke": color,
        "stroke-width": number(width), "stroke-dasharray": dash.isEmpty ? "none" : dash,
      ])
  }
}
