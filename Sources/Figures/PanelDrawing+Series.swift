/// How strongly error bands cover what is behind them.
let bandOpacity = "0.2"

extension PanelDrawing {
  private struct Pixel {
    var x: Double
    var y: Double
  }

  /// Bands, then lines, then markers. Lines and bands are cut off at the edges of the plot, markers are not, so that
  /// points at the end of an axis stay whole.
  func drawLines(in svg: inout SVGWriter) {
    let lines = panel.marks.compactMap { if case .line(let line) = $0 { line } else { nil } }
    guard !lines.isEmpty else { return }
    let room = theme.lineWidth / 2
    let clip = Rectangle(
      x: plot.x - room, y: plot.y - room, width: plot.width + 2 * room, height: plot.height + 2 * room)
    // A nested image cuts off what is outside of it without needing an identifier.
    svg.open(
      "svg",
      [
        "x": number(clip.x), "y": number(clip.y), "width": number(clip.width), "height": number(clip.height),
        "viewBox": "\(number(clip.x)) \(number(clip.y)) \(number(clip.width)) \(number(clip.height))",
        "overflow": "hidden",
      ])
    for line in lines { drawBand(line, in: &svg) }
    for line in lines {
      guard let style = styles[line.name] else { continue }
      var path = Path()
      for segment in segments(x: line.x, y: line.y) {
        append(envelope(segment), to: &path)
      }
      guard !path.isEmpty else { continue }
      svg.element(
        "path",
        [
          "d": path.data, "fill": "none", "stroke": style.color.hex, "stroke-width": number(theme.lineWidth),
          "stroke-linejoin": "round", "stroke-dasharray": style.dash.isEmpty ? "none" : style.dash,
        ])
    }
    svg.close("svg")
    for line in lines { drawMarkers(line, in: &svg) }
  }

  /// The drawable points, in pixels, broken where one is missing.
  private func segments(x: [Double], y: [Double]) -> [[Pixel]] {
    var segments: [[Pixel]] = [[]]
    for (x, y) in zip(x, y) {
      if let left = layout.pixel(x: x), let top = layout.pixel(y: y) {
        segments[segments.count - 1].append(Pixel(x: left, y: top))
      } else if segments.last?.isEmpty == false {
        segments.append([])
      }
    }
    return segments.filter { !$0.isEmpty }
  }

  private func append(_ segment: [Pixel], to path: inout Path) {
    for (index, pixel) in segment.enumerated() {
      if index == 0 { path.move(pixel.x, pixel.y) } else { path.line(pixel.x, pixel.y) }
    }
  }

  /// A segment with many points per pixel reduced to the first, lowest, highest and last of each column of pixels,
  /// which looks the same.
  private func envelope(_ segment: [Pixel]) -> [Pixel] {
    guard Double(segment.count) > 4 * plot.width else { return segment }
    var result: [Pixel] = []
    var start = 0
    while start < segment.count {
      let column = segment[start].x.rounded(.down)
      var (end, low, high) = (start, start, start)
      while end + 1 < segment.count, segment[end + 1].x.rounded(.down) == column {
        end += 1
        if segment[end].y < segment[low].y { low = end }
        if segment[end].y > segment[high].y { high = end }
      }
      for index in Set([start, low, high, end]).sorted() { result.append(segment[index]) }
      start = end + 1
    }
    return result
  }

  private func drawBand(_ line: Line, in svg: inout SVGWriter) {
    guard let band = line.band, let style = styles[line.name] else { return }
    // The lower edge of a logarithmic axis stands for everything below it.
    let bottom = min(layout.y.lower, layout.y.upper)
    let scale = layout.y.scale
    let lower = band.lower.map { $0.isFinite && !scale.admits($0) && $0 < bottom ? bottom : $0 }
    let isWhole = line.x.indices.map { scale.admits(lower[$0]) && scale.admits(band.upper[$0]) }
    func edge(_ values: [Double]) -> [[Pixel]] {
      segments(x: line.x, y: values.indices.map { isWhole[$0] ? values[$0] : .nan })
    }
    var path = Path()
    for (low, high) in zip(edge(lower), edge(band.upper)) {
      append(envelope(low) + envelope(high).reversed(), to: &path)
      path.close()
    }
    guard !path.isEmpty else { return }
    svg.element("path", ["d": path.data, "fill": style.color.hex, "fill-opacity": bandOpacity])
  }

  private func drawMarkers(_ line: Line, in svg: inout SVGWriter) {
    guard let style = styles[line.name] else { return }
    // A point without neighbours has no line to show it.
    for segment in segments(x: line.x, y: line.y) where segment.count == 1 && contains(segment[0]) {
      svg.element(
        "circle",
        [
          "cx": number(segment[0].x), "cy": number(segment[0].y), "r": number(theme.lineWidth),
          "fill": style.color.hex,
        ])
    }
    let points = line.x.indices.compactMap { index -> (index: Int, pixel: Pixel)? in
      guard let x = layout.pixel(x: line.x[index]), let y = layout.pixel(y: line.y[index]) else { return nil }
      let pixel = Pixel(x: x, y: y)
      return contains(pixel) ? (index, pixel) : nil
    }
    for pixel in marked(points, line.markers, style: style) {
      style.marker.draw(at: pixel.x, pixel.y, radius: theme.markerRadius, color: style.color, in: &svg)
    }
  }

  private func marked(
    _ points: [(index: Int, pixel: Pixel)], _ markers: Line.Markers, style: SeriesStyle
  ) -> [Pixel] {
    switch markers {
    case .none: return []
    case .every(let stride): return points.filter { $0.index % max(1, stride) == 0 }.map(\.pixel)
    case .automatic:
      guard points.count > 12 else { return points.map(\.pixel) }
      // Evenly along the axis, each series at its own offset so that neighbours do not hide each other.
      let spacing = plot.width / 9
      var next = plot.x + spacing * (0.15 + 0.22 * Double(style.index % 4))
      var chosen: [Pixel] = []
      for (_, pixel) in points where pixel.x >= next {
        chosen.append(pixel)
        next = pixel.x + spacing
      }
      return chosen
    }
  }

  private func contains(_ pixel: Pixel) -> Bool {
    pixel.x >= plot.x - 0.01 && pixel.x <= plot.right + 0.01 && pixel.y >= plot.y - 0.01
      && pixel.y <= plot.bottom + 0.01
  }

  func drawScatter(_ scatter: Scatter, in svg: inout SVGWriter) {
    guard let style = styles[scatter.name] else { return }
    for (x, y) in zip(scatter.x, scatter.y) {
      guard let left = layout.pixel(x: x), let top = layout.pixel(y: y), contains(Pixel(x: left, y: top)) else {
        continue
      }
      style.marker.draw(at: left, top, radius: theme.markerRadius, color: style.color, in: &svg)
    }
  }
}
