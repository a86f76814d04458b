/// The names of a figure's series, each beside a sample of its marks.
struct LegendLayout: Sendable {
  struct Entry: Sendable, Hashable {
    let name: String
    let style: SeriesStyle
    var hasLine = false
    var hasMarker = false
    var hasBand = false
    var hasBar = false
  }

  let entries: [Entry]
  let lines: [[String]]
  private let columnWidths: [Double]
  let theme: Theme
  /// The tops of the rows, and the bottom of the last.
  private let rowEdges: [Double]

  var isEmpty: Bool { entries.isEmpty }
  var width: Double { max(0, columnWidths.reduce(0, +) - 1.2 * theme.text.size) }
  var height: Double { rowEdges.last ?? 0 }

  /// - Parameter width: The width the legend may take.
  init(_ entries: [Entry], width: Double, isSingleColumn: Bool = false, theme: Theme) {
    self.entries = entries
    self.theme = theme
    let sample = theme.sample + theme.gap * 1.6
    let lines = entries.map { theme.text.wrapped($0.name, to: max(width - sample, 2 * theme.text.size)) }
    let widths = lines.map { sample + ($0.map(theme.text.width).max() ?? 0) + 1.2 * theme.text.size }
    func widthsOfColumns(_ columns: Int) -> [Double] {
      (0..<columns).map { column in stride(from: column, to: widths.count, by: columns).map { widths[$0] }.max() ?? 0 }
    }
    let most =
      isSingleColumn
      ? 1 : (1...max(1, entries.count)).last { widthsOfColumns($0).reduce(0, +) <= width + 1.2 * theme.text.size } ?? 1
    let rows = (entries.count + most - 1) / most
    // No more columns than the rows need: six entries of which five fit become two rows of three.
    let balanced = rows == 0 ? 1 : (entries.count + rows - 1) / rows
    let columns = widthsOfColumns(balanced).reduce(0, +) <= width + 1.2 * theme.text.size ? balanced : most
    var edges = [0.0]
    for row in 0..<rows {
      let members = lines[(row * columns)..<min((row + 1) * columns, lines.count)]
      edges.append(edges[row] + Double(members.map(\.count).max() ?? 1) * theme.text.lineHeight + 3)
    }
    (self.lines, columnWidths, rowEdges) = (lines, widthsOfColumns(columns), edges)
  }

  func draw(x: Double, y: Double, in svg: inout SVGWriter) {
    let columns = columnWidths.count
    for (index, entry) in entries.enumerated() {
      let left = x + columnWidths[..<(index % columns)].reduce(0, +)
      let row = index / columns
      let center = y + (rowEdges[row] + rowEdges[row + 1]) / 2
      entry.draw(x: left, y: center, theme: theme, in: &svg)
      svg.lines(
        lines[index].map { NumberLabel($0) }, x: left + theme.sample + theme.gap * 1.6, y: center, metrics: theme.text)
    }
  }
}

extension LegendLayout.Entry {
  func draw(x: Double, y: Double, theme: Theme, in svg: inout SVGWriter) {
    let height = theme.text.size * 0.9
    if hasBar {
      svg.bar(
        Rectangle(x: x + theme.sample * 0.2, y: y - height / 2, width: theme.sample * 0.6, height: height), style: style
      )
    }
    if hasBand {
      svg.element(
        "rect",
        [
          "x": number(x), "y": number(y - height / 2), "width": number(theme.sample), "height": number(height),
          "fill": style.color.hex, "fill-opacity": bandOpacity,
        ])
    }
    if hasLine {
      svg.stroke((x, y), (x + theme.sample, y), color: style.color.hex, width: theme.lineWidth, dash: style.dash)
    }
    if hasMarker {
      style.marker.draw(
        at: x + theme.sample / 2, y, radius: theme.markerRadius, color: style.color, in: &svg)
    }
  }

  /// One entry for each name, in order of first appearance, with all the marks of that name.
  static func all(in marks: [Mark], styles: [String: SeriesStyle]) -> [Self] {
    var places: [String: Int] = [:]
    var entries: [Self] = []
    for mark in marks {
      for name in mark.names where !name.isEmpty {
        guard let style = styles[name] else { continue }
        let place = places[name] ?? entries.count
        if place == entries.count {
          places[name] = place
          entries.append(Self(name: name, style: style))
        }
        entries[place].include(mark)
      }
    }
    return entries
  }

  private mutating func include(_ mark: Mark) {
    switch mark {
    case .line(let line):
      hasLine = true
      hasMarker = hasMarker || line.markers != .none
      hasBand = hasBand || line.band != nil
    case .scatter: hasMarker = true
    case .bars: hasBar = true
    case .heatMap, .reference: break
    }
  }
}
