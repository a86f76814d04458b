/// How one series looks: colour, dash pattern, marker and hatching all differ between neighbours, so that any one of
/// them tells two series apart, on screen, in grey and to colour-blind readers.
///
/// Colours: M. Okabe and K. Ito, "Color Universal Design" (2008), without their yellow, which is lost on white.
/// 7 colours, 6 dash patterns and 8 markers in step repeat only after 168 series.
struct SeriesStyle: Sendable, Hashable {
  let index: Int

  private static let colors: [Color] = [0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x000000]
  /// Lengths of strokes and gaps; empty is solid.
  private static let dashes = ["", "9 4", "2.5 3", "12 4 2.5 4", "16 5", "7 3 2 3 2 3"]

  var color: Color { Self.colors[index % Self.colors.count] }
  var dash: String { Self.dashes[index % Self.dashes.count] }
  var marker: Marker { Marker.allCases[index % Marker.allCases.count] }
  var hatch: Hatch { Hatch.allCases[index % Hatch.allCases.count] }

  /// The styles of all series of a figure: a name gets the next style where it first appears.
  static func styles(of panels: [Panel]) -> [String: SeriesStyle] {
    var styles: [String: SeriesStyle] = [:]
    for name in panels.flatMap(\.marks).flatMap(\.names) where styles[name] == nil {
      styles[name] = SeriesStyle(index: styles.count)
    }
    return styles
  }
}

extension Mark {
  /// The names of the series in this mark.
  var names: [String] {
    switch self {
    case .line(let line): [line.name]
    case .scatter(let scatter): [scatter.name]
    case .bars(let bars): bars.series.map(\.name)
    case .heatMap, .reference: []
    }
  }
}

/// The shapes of points.
enum Marker: Sendable, CaseIterable {
  case circle, square, triangle, diamond, cross, invertedTriangle, plus, ring

  /// Corners on a circle of radius 1 (y downwards), for the shapes that are closed polygons.
  private var corners: [(Double, Double)] {
    switch self {
    case .square: [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]
    case .triangle: [(0, -1.15), (1.05, 0.8), (-1.05, 0.8)]
    case .invertedTriangle: [(0, 1.15), (1.05, -0.8), (-1.05, -0.8)]
    case .diamond: [(0, -1.25), (1.05, 0), (0, 1.25), (-1.05, 0)]
    case .circle, .cross, .plus, .ring: []
    }
  }

  func draw(at x: Double, _ y: Double, radius: Double, color: Color, in svg: inout SVGWriter) {
    switch self {
    case .circle:
      svg.element(
        "circle",
        ["cx": number(x), "cy": number(y), "r": number(radius), "fill": color.hex, "stroke": "#fff"])
    case .ring:
      svg.element(
        "circle",
        [
          "cx": number(x), "cy": number(y), "r": number(radius - 0.5), "fill": "#fff", "stroke": color.hex,
          "stroke-width": "2",
        ])
    case .cross, .plus:
      let a = self == .cross ? radius * 0.85 : 0
      let b = self == .cross ? radius * 0.85 : radius * 1.1
      var path = Path()
      path.move(x - b, y - a)
      path.line(x + b, y + a)
      path.move(x - a, y + b)
      path.line(x + a, y - b)
      svg.element("path", ["d": path.data, "fill": "none", "stroke": color.hex, "stroke-width": "2.4"])
    case .square, .triangle, .invertedTriangle, .diamond:
      var path = Path()
      for (index, corner) in corners.enumerated() {
        let (cornerX, cornerY) = (x + radius * corner.0, y + radius * corner.1)
        if index == 0 { path.move(cornerX, cornerY) } else { path.line(cornerX, cornerY) }
      }
      path.close()
      svg.element("path", ["d": path.data, "fill": color.hex, "stroke": "#fff"])
    }
  }
}

/// The fills of bars: white lines over the colour of the series.
enum Hatch: Sendable, CaseIterable {
  case solid, rising, dots, horizontal, crossed, falling, vertical, grid

  /// Lines in a tile of 8 by 8 that continue into its neighbours.
  private var strokes: String {
    switch self {
    case .solid, .dots: ""
    case .rising: "M-2,2L2,-2M0,8L8,0M6,10L10,6"
    case .falling: "M-2,6L2,10M0,0L8,8M6,-2L10,2"
    case .crossed: Hatch.rising.strokes + Hatch.falling.strokes
    case .horizontal: "M0,4H8"
    case .vertical: "M4,0V8"
    case .grid: "M0,4H8M4,0V8"
    }
  }

  /// Writes a pattern of this hatch, to be used as `url(#id)`.
  func define(id: String, color: Color, in svg: inout SVGWriter) {
    svg.open("pattern", ["id": id, "width": "8", "height": "8", "patternUnits": "userSpaceOnUse"])
    svg.element("rect", ["width": "8", "height": "8", "fill": color.hex])
    if self == .dots { svg.element("circle", ["cx": "4", "cy": "4", "r": "1.9", "fill": "#fff"]) }
    if !strokes.isEmpty {
      svg.element("path", ["d": strokes, "stroke": "#fff", "stroke-width": "1.7"])
    }
    svg.close("pattern")
  }
}
