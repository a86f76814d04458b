/// The panels of a figure in their grid, with the title above and the legend beside or below them.
struct FigureLayout: Sendable {
  let figure: Figure
  let theme: Theme
  let styles: [String: SeriesStyle]
  private(set) var panels: [PanelLayout]
  private(set) var width: Double
  private(set) var height: Double
  private(set) var title: [String]
  private(set) var legend: LegendLayout
  private var legendOrigin = (x: 0.0, y: 0.0)

  init(_ figure: Figure) {
    let options = figure.options.valid
    let theme = Theme(fontSize: options.fontSize)
    let styles = SeriesStyle.styles(of: figure.panels)
    let columns = max(1, min(figure.columns ?? (figure.panels.count <= 4 ? 2 : 3), figure.panels.count))
    var panels = Self.aligned(
      figure.panels.map(PanelContent.init), columns: columns, size: (options.panelWidth, options.panelHeight),
      lineEnds: figure.legend == .lineEnds ? styles : [:], theme: theme)

    let widths = (0..<columns).map { column in
      panels.indices.filter { $0 % columns == column }.map { panels[$0].size.width }.max() ?? options.panelWidth
    }
    let rows = (panels.count + columns - 1) / columns
    let gutter = 2 * theme.padding
    let gridWidth = widths.reduce(0, +) + gutter * Double(columns - 1)
    let title = theme.title.wrapped(figure.title, to: gridWidth / 1.12)
    var bottom = theme.padding
    if !title.isEmpty { bottom += Double(title.count) * theme.title.lineHeight + theme.padding }
    let gridTop = bottom
    for row in 0..<rows {
      var left = theme.padding
      for index in (row * columns)..<min((row + 1) * columns, panels.count) {
        panels[index].origin = (left, bottom)
        left += widths[index - row * columns] + gutter
      }
      bottom += panels[row * columns].size.height + (row + 1 < rows ? gutter : 0)
    }

    let entries = Self.entries(figure, panels: panels, styles: styles)
    var right = theme.padding + gridWidth
    switch figure.legend {
    case .right:
      legend = LegendLayout(entries, width: 0.45 * options.panelWidth, isSingleColumn: true, theme: theme)
      if !legend.isEmpty {
        legendOrigin = (right + theme.padding, gridTop + (panels.first?.margins.top ?? 0))
        right += theme.padding + legend.width
        bottom = max(bottom, legendOrigin.y + legend.height)
      }
    case .below, .lineEnds, .none:
      // Under the plots, not under their labels.
      let left = panels.first?.margins.left ?? 0
      let room = gridWidth - left
      legend = LegendLayout(figure.legend == .none ? [] : entries, width: room, theme: theme)
      if !legend.isEmpty {
        legendOrigin = (theme.padding + left + max(0, (room - legend.width) / 2), bottom + theme.padding)
        bottom = legendOrigin.y + legend.height
      }
    }
    (self.figure, self.theme, self.styles, self.panels, self.title) = (figure, theme, styles, panels, title)
    width = (right + theme.padding).rounded(.up)
    height = (bottom + theme.padding).rounded(.up)
  }

  /// Lays out every panel, then again with the margins of its row and column, so that axes are in line across the grid.
  private static func aligned(
    _ contents: [PanelContent], columns: Int, size: (width: Double, height: Double), lineEnds: [String: SeriesStyle],
    theme: Theme
  ) -> [PanelLayout] {
    var panels = contents.map {
      PanelLayout($0, theme: theme, minimumSize: size, plotHeight: size.height / 2, lineEnds: lineEnds)
    }
    for _ in 0..<2 {
      panels = panels.indices.map { index in
        var margins = panels[index].margins
        var least = panels[index].size
        for other in panels.indices {
          let theirs = panels[other].margins
          if other % columns == index % columns {
            margins = margins.union(Margins(left: theirs.left, right: theirs.right))
            least.width = max(least.width, panels[other].size.width)
          }
          if other / columns == index / columns {
            margins = margins.union(Margins(top: theirs.top, bottom: theirs.bottom))
            least.height = max(least.height, panels[other].size.height)
          }
        }
        return PanelLayout(
          contents[index], theme: theme, minimumSize: least, plotHeight: size.height / 2, minimum: margins,
          lineEnds: lineEnds)
      }
    }
    return panels
  }

  /// What the legend has to name: all series, without those named at a line end in every panel that has them.
  private static func entries(
    _ figure: Figure, panels: [PanelLayout], styles: [String: SeriesStyle]
  ) -> [LegendLayout.Entry] {
    let all = LegendLayout.Entry.all(in: figure.panels.flatMap(\.marks), styles: styles)
    guard figure.legend == .lineEnds else { return all }
    return all.filter { entry in
      !zip(figure.panels, panels).allSatisfy { panel, layout in
        !panel.marks.flatMap(\.names).contains(entry.name) || layout.sideLabels.contains { $0.style == entry.style }
      }
    }
  }

  func svg() -> String {
    var svg = SVGWriter()
    svg.open(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "width": number(width), "height": number(height),
        "viewBox": "0 0 \(number(width)) \(number(height))", "font-family": Theme.fonts, "role": "img",
      ])
    let name =
      figure.title.isEmpty ? figure.panels.map(\.title).filter { !$0.isEmpty }.joined(separator: "; ") : figure.title
    if !name.isEmpty { svg.element("title", content: name) }
    defineBars(in: &svg)
    svg.element("rect", ["width": number(width), "height": number(height), "fill": "#fff"])
    if !title.isEmpty {
      svg.lines(
        title.map { NumberLabel($0) }, x: theme.padding,
        y: theme.padding + Double(title.count) * theme.title.lineHeight / 2, metrics: theme.title, isBold: true)
    }
    for panel in panels { PanelDrawing(layout: panel, styles: styles).draw(in: &svg) }
    legend.draw(x: legendOrigin.x, y: legendOrigin.y, in: &svg)
    svg.close("svg")
    return svg.text
  }

  /// The fills of the bars. Equal identifiers mean equal patterns in all figures, so that several can share a page.
  private func defineBars(in svg: inout SVGWriter) {
    let bars = figure.panels.flatMap(\.marks).filter { if case .bars = $0 { true } else { false } }
    let used = Set(bars.flatMap(\.names).compactMap { styles[$0] }).sorted { $0.index < $1.index }
    guard !used.isEmpty else { return }
    svg.open("defs")
    for style in used { style.hatch.define(id: style.fillIdentifier, color: style.color, in: &svg) }
    svg.close("defs")
  }
}
