/// Draws a panel that has been laid out.
struct PanelDrawing {
  let layout: PanelLayout
  let styles: [String: SeriesStyle]

  var theme: Theme { layout.theme }
  var plot: Rectangle { layout.plot }
  var panel: Panel { layout.content.panel }

  func draw(in svg: inout SVGWriter) {
    svg.open("g")
    if let map = layout.content.heatMap, let bar = layout.colorBar {
      drawHeatMap(map, colors: bar, in: &svg)
      drawColorBar(bar, in: &svg)
    } else {
      drawGrid(in: &svg)
    }
    if let bars = layout.content.bars { drawBars(bars, in: &svg) }
    drawAxes(in: &svg)
    drawReferences(in: &svg)
    drawLines(in: &svg)
    for case .scatter(let scatter) in panel.marks { drawScatter(scatter, in: &svg) }
    drawCaptions(in: &svg)
    drawEdgeLabels(in: &svg)
    svg.close("g")
  }

  private func drawGrid(in svg: inout SVGWriter) {
    for tick in layout.y.ticks {
      guard let y = layout.pixel(y: tick.value) else { continue }
      svg.stroke((plot.x, y), (plot.right, y), color: Theme.grid, width: 1)
    }
    guard layout.content.columns == nil else { return }
    for tick in layout.x.ticks {
      guard let x = layout.pixel(x: tick.value) else { continue }
      svg.stroke((x, plot.y), (x, plot.bottom), color: Theme.grid, width: 1)
    }
  }

  private func drawAxes(in svg: inout SVGWriter) {
    let isMap = layout.content.heatMap != nil
    let length = isMap ? 0 : theme.tickLength
    if !isMap {
      svg.stroke((plot.x, plot.y), (plot.x, plot.bottom), color: Theme.axis, width: 1.2)
      svg.stroke((plot.x, plot.bottom), (plot.right, plot.bottom), color: Theme.axis, width: 1.2)
    }
    for value in layout.x.minor {
      guard let x = layout.pixel(x: value) else { continue }
      svg.stroke((x, plot.bottom), (x, plot.bottom + length * 0.6), color: Theme.axis, width: 0.8)
    }
    for value in layout.y.minor {
      guard let y = layout.pixel(y: value) else { continue }
      svg.stroke((plot.x - length * 0.6, y), (plot.x, y), color: Theme.axis, width: 0.8)
    }
    for tick in layout.x.ticks {
      guard let x = layout.pixel(x: tick.value) else { continue }
      if length > 0 {
        svg.stroke((x, plot.bottom), (x, plot.bottom + length), color: Theme.axis, width: 1.2)
      }
      let top = plot.bottom + layout.tickSpace
      if layout.x.isRotated {
        // The upper right corner of the turned label is at the tick.
        let shift = 0.7072 * theme.text.lineHeight / 2
        svg.lines(
          tick.lines, x: x + shift * 0.3, y: top + shift, metrics: theme.text, anchor: .end, angle: -45)
      } else {
        svg.lines(
          tick.lines, x: x, y: top + Double(tick.lines.count) * theme.text.lineHeight / 2, metrics: theme.text,
          anchor: .middle)
      }
    }
    for tick in layout.y.ticks {
      guard let y = layout.pixel(y: tick.value) else { continue }
      if length > 0 { svg.stroke((plot.x - length, y), (plot.x, y), color: Theme.axis, width: 1.2) }
      svg.lines(tick.lines, x: plot.x - layout.tickSpace, y: y, metrics: theme.text, anchor: .end)
    }
  }

  private func drawCaptions(in svg: inout SVGWriter) {
    let line = theme.text.lineHeight
    svg.lines(
      layout.title.map { NumberLabel($0) }, x: plot.x,
      y: layout.origin.y + Double(layout.title.count) * theme.heading.lineHeight / 2, metrics: theme.heading,
      isBold: true)
    svg.lines(
      layout.xCaption.map { NumberLabel($0) }, x: plot.x + plot.width / 2,
      y: plot.bottom + layout.labelDepth + theme.gap + Double(layout.xCaption.count) * line / 2, metrics: theme.text,
      anchor: .middle)
    svg.lines(
      layout.yCaption.map { NumberLabel($0) },
      x: plot.x - layout.labelWidth - theme.gap * 1.5 - Double(layout.yCaption.count) * line / 2,
      y: plot.y + plot.height / 2, metrics: theme.text, anchor: .middle, angle: -90)
  }

  private func drawReferences(in svg: inout SVGWriter) {
    for case .reference(let line) in panel.marks {
      switch line.direction {
      case .horizontal:
        guard layout.y.contains(line.value), let y = layout.pixel(y: line.value) else { continue }
        svg.stroke((plot.x, y), (plot.right, y), color: Theme.reference, width: 1.6, dash: "5 4")
      case .vertical:
        guard layout.x.contains(line.value), let x = layout.pixel(x: line.value) else { continue }
        svg.stroke((x, plot.y), (x, plot.bottom), color: Theme.reference, width: 1.6, dash: "5 4")
      }
    }
  }

  private func drawEdgeLabels(in svg: inout SVGWriter) {
    let origin = layout.origin
    for label in layout.sideLabels {
      let (wanted, center) = (origin.y + label.wanted, origin.y + label.center)
      var left = plot.right + theme.leader
      svg.stroke((plot.right + 2, wanted), (left - 4, center), color: Theme.reference, width: 1)
      if let style = label.style {
        svg.stroke(
          (left, center), (left + theme.sample, center), color: style.color.hex, width: theme.lineWidth,
          dash: style.dash)
        if marked.contains(style) {
          style.marker.draw(
            at: left + theme.sample / 2, center, radius: theme.markerRadius, color: style.color, in: &svg)
        }
        left += theme.sample + theme.gap
      }
      svg.lines(label.lines.map { NumberLabel($0) }, x: left, y: center, metrics: theme.text)
    }
    for label in layout.topLabels {
      let (wanted, center) = (origin.x + label.wanted, origin.x + label.center)
      let bottom = plot.y - theme.leader - Double(label.row) * layout.topRowHeight
      svg.stroke((wanted, plot.y), (center, bottom + 3), color: Theme.reference, width: 1)
      svg.lines(
        label.lines.map { NumberLabel($0) }, x: center, y: bottom - label.height / 2, metrics: theme.text,
        anchor: .middle)
    }
  }

  /// The styles of lines with markers.
  private var marked: Set<SeriesStyle> {
    Set(
      panel.marks.compactMap { mark in
        if case .line(let line) = mark, line.markers != .none { styles[line.name] } else { nil }
      })
  }
}
