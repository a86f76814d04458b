extension PanelDrawing {
  /// The groups side by side, the series of a group next to each other, from zero or the lower end of the axis.
  func drawBars(_ bars: Bars, in svg: inout SVGWriter) {
    let slot = plot.width / Double(max(bars.groups.count, 1))
    let width = slot * 0.8 / Double(max(bars.series.count, 1))
    let base = layout.y.scale == .linear ? layout.pixel(y: 0) ?? plot.bottom : plot.bottom
    func clamped(_ y: Double) -> Double { min(max(y, plot.y), plot.bottom) }
    for (place, series) in bars.series.enumerated() {
      guard let style = styles[series.name] else { continue }
      for (group, value) in series.values.enumerated() {
        let left = plot.x + slot * (Double(group) + 0.1) + width * Double(place)
        if let top = layout.pixel(y: value) {
          let (high, low) = (clamped(min(top, base)), clamped(max(top, base)))
          let inset = min(1, width * 0.05)
          svg.bar(Rectangle(x: left + inset, y: high, width: width - 2 * inset, height: low - high), style: style)
        }
        guard let interval = series.interval, interval.lower[group].isFinite, value.isFinite,
          let high = layout.pixel(y: interval.upper[group])
        else { continue }
        let low = clamped(layout.pixel(y: interval.lower[group]) ?? plot.bottom)
        drawWhisker(x: left + width / 2, from: low, to: clamped(high), width: min(width * 0.4, 12), in: &svg)
      }
    }
    if layout.y.scale == .linear, base > plot.y, base < plot.bottom {
      svg.stroke((plot.x, base), (plot.right, base), color: Theme.axis, width: 1.2)
    }
  }

  private func drawWhisker(x: Double, from low: Double, to high: Double, width: Double, in svg: inout SVGWriter) {
    var path = Path()
    path.move(x, low)
    path.line(x, high)
    for end in [low, high] {
      path.move(x - width / 2, end)
      path.line(x + width / 2, end)
    }
    // A white rim keeps the whisker visible on dark bars.
    svg.element("path", ["d": path.data, "fill": "none", "stroke": "#fff", "stroke-width": "4.5"])
    svg.element("path", ["d": path.data, "fill": "none", "stroke": Theme.ink, "stroke-width": "1.8"])
  }

  func drawHeatMap(_ map: HeatMap, colors: ColorBar, in svg: inout SVGWriter) {
    guard !map.rows.isEmpty, !map.columns.isEmpty else { return }
    let width = plot.width / Double(map.columns.count)
    let height = plot.height / Double(map.rows.count)
    let gap = min(width, height) > 10 ? 1.0 : 0
    let labels = cellLabels(map)
    let widest = labels.joined().map(theme.text.width).max() ?? 0
    let isLabelled = map.showsValues && widest + theme.gap < width && theme.text.lineHeight < height
    svg.open("g", ["shape-rendering": gap > 0 ? "auto" : "crispEdges"])
    for (row, values) in map.values.enumerated() {
      for (column, value) in values.enumerated() {
        let cell = Rectangle(
          x: plot.x + Double(column) * width, y: plot.y + Double(row) * height, width: width - gap,
          height: height - gap)
        guard let color = colors.color(value) else {
          drawMissing(cell, in: &svg)
          continue
        }
        svg.fill(cell, color: color)
        guard isLabelled else { continue }
        svg.lines(
          [labels[row][column]], x: cell.x + cell.width / 2, y: cell.y + cell.height / 2, metrics: theme.text,
          anchor: .middle, fill: color.lightness > 0.42 ? Theme.ink : "#fff")
      }
    }
    svg.close("g")
  }

  /// Three significant digits: with the same number of decimals in all cells, or on a logarithmic scale in each by
  /// itself.
  private func cellLabels(_ map: HeatMap) -> [[NumberLabel]] {
    let largest = map.values.joined().filter(map.color.scale.admits).map(\.magnitude).max() ?? 0
    if map.color.scale == .linear, let order = ExactDecimal(rounding: largest, digits: 3).order,
      (-3..<6).contains(order)
    {
      return map.values.map { row in
        row.map { value in
          guard map.color.scale.admits(value) else { return NumberLabel("") }
          return NumberLabel(ExactDecimal(rounding: value, decimals: max(0, 2 - order)).positional)
        }
      }
    }
    return map.values.map { $0.map(NumberLabel.init(short:)) }
  }

  private func drawMissing(_ cell: Rectangle, in svg: inout SVGWriter) {
    svg.fill(cell, color: 0xf2f2f2)
    svg.stroke((cell.x, cell.y), (cell.right, cell.bottom), color: "#888", width: 1)
    svg.stroke((cell.x, cell.bottom), (cell.right, cell.y), color: "#888", width: 1)
  }

  func drawColorBar(_ bar: ColorBar, in svg: inout SVGWriter) {
    let left = plot.right + layout.sideLabelSpace + 2 * theme.padding
    let right = left + ColorBar.thickness
    let steps = 96
    svg.open("g", ["shape-rendering": "crispEdges"])
    for step in 0..<steps {
      let top = plot.bottom - plot.height * Double(step + 1) / Double(steps)
      // Each step reaches a little under the one above, so that no seam shows.
      svg.fill(
        Rectangle(
          x: left, y: top, width: ColorBar.thickness, height: min(plot.height / Double(steps) + 1, plot.bottom - top)),
        color: bar.color(at: (Double(step) + 0.5) / Double(steps)))
    }
    svg.close("g")
    for tick in bar.axis.ticks {
      guard let fraction = bar.axis.fraction(tick.value) else { continue }
      let y = plot.bottom - fraction * plot.height
      svg.stroke((right, y), (right + theme.tickLength, y), color: Theme.axis, width: 1.2)
      svg.lines(tick.lines, x: right + theme.tickLength + theme.gap, y: y, metrics: theme.text)
    }
    svg.lines(
      bar.caption.map { NumberLabel($0) },
      x: left + bar.width - Double(bar.caption.count) * theme.text.lineHeight / 2, y: plot.y + plot.height / 2,
      metrics: theme.text, anchor: .middle, angle: -90)
  }
}

extension SeriesStyle {
  var fillIdentifier: String { "bar-\(index)" }
}

extension SVGWriter {
  mutating func bar(_ rectangle: Rectangle, style: SeriesStyle) {
    element(
      "rect",
      [
        "x": number(rectangle.x), "y": number(rectangle.y), "width": number(rectangle.width),
        "height": number(rectangle.height), "fill": "url(#\(style.fillIdentifier))", "stroke": style.color.hex,
        "stroke-width": "1.2",
      ])
  }

  mutating func fill(_ rectangle: Rectangle, color: Color) {
    element(
      "rect",
      [
        "x": number(rectangle.x), "y": number(rectangle.y), "width": number(rectangle.width),
        "height": number(rectangle.height), "fill": color.hex,
      ])
  }
}
