/// Where everything in a panel goes, in the pixels of the figure.
///
/// Margins follow from the labels, labels from the ticks, and ticks from the size of the plot that the margins leave.
/// The margins only ever grow until nothing changes, so they always hold the labels in the end.
struct PanelLayout: Sendable {
  let content: PanelContent
  let theme: Theme
  /// The size of the panel with its margins.
  private(set) var size: (width: Double, height: Double)
  private(set) var margins: Margins
  private(set) var x: AxisLayout
  private(set) var y: AxisLayout
  private(set) var title: [String] = []
  private(set) var xCaption: [String] = []
  private(set) var yCaption: [String] = []
  /// Labels at the right of the plot, at the height of what they name.
  private(set) var sideLabels: [EdgeLabel] = []
  /// Labels above the plot.
  private(set) var topLabels: [EdgeLabel] = []
  private(set) var colorBar: ColorBar?
  private let plotHeight: Double
  /// The upper left corner of the panel in the figure.
  var origin = (x: 0.0, y: 0.0)

  var plot: Rectangle {
    Rectangle(
      x: origin.x + margins.left, y: origin.y + margins.top, width: size.width - margins.left - margins.right,
      height: size.height - margins.top - margins.bottom)
  }

  /// - Parameters:
  ///   - minimum: Margins and a size not to go below, with which panels of a grid are aligned.
  ///   - plotHeight: The least height of the plot itself.
  ///   - styles: Styles of the lines to label at their ends; empty if they are not.
  init(
    _ content: PanelContent, theme: Theme, minimumSize: (width: Double, height: Double), plotHeight: Double,
    minimum: Margins = Margins(), lineEnds styles: [String: SeriesStyle] = [:]
  ) {
    self.content = content
    self.plotHeight = plotHeight
    self.theme = theme
    size = minimumSize
    margins = minimum
    x = .horizontal(content.panel.x, content.xRange, length: 1, metrics: theme.text)
    y = .vertical(content.panel.y, content.yRange, length: 1, metrics: theme.text)
    var isSettled = false
    for _ in 0..<20 where !isSettled {
      let (oldSize, oldMargins) = (size, margins)
      layOutAxes()
      layOutEdgeLabels(styles)
      grow()
      isSettled = oldSize == size && oldMargins == margins
    }
  }

  func pixel(x value: Double) -> Double? { x.fraction(value).map { plot.x + $0 * plot.width } }
  func pixel(y value: Double) -> Double? { y.fraction(value).map { plot.bottom - $0 * plot.height } }

  private mutating func layOutAxes() {
    let panel = content.panel
    let (width, height) = (max(plot.width, 1), max(plot.height, 1))
    x =
      content.columns.map { .horizontal(categories: $0, length: width, metrics: theme.text) }
      ?? .horizontal(panel.x, content.xRange, length: width, metrics: theme.text)
    y =
      content.rows.map {
        .vertical(categories: $0, length: height, width: 0.35 * size.width, metrics: theme.text)
      } ?? .vertical(panel.y, content.yRange, length: height, metrics: theme.text)
    title = theme.heading.wrapped(panel.title, to: width / Self.bold)
    xCaption = theme.text.wrapped(panel.x.caption, to: width)
    yCaption = theme.text.wrapped(panel.y.caption, to: height)
    colorBar = content.heatMap.map { ColorBar($0, length: height, theme: theme) }
  }

  /// How much wider bold text is.
  private static let bold = 1.12

  private mutating func layOutEdgeLabels(_ styles: [String: SeriesStyle]) {
    sideLabels = []
    topLabels = []
    for case .reference(let line) in content.panel.marks where !line.label.isEmpty {
      switch line.direction {
      case .horizontal:
        guard y.contains(line.value), let place = pixel(y: line.value) else { continue }
        let text = theme.text.wrapped(line.label, to: 0.3 * size.width)
        sideLabels.append(EdgeLabel(lines: text, wanted: place - origin.y, theme: theme))
      case .vertical:
        guard x.contains(line.value), let place = pixel(x: line.value) else { continue }
        let text = theme.text.wrapped(line.label, to: 0.5 * max(plot.width, 1))
        topLabels.append(EdgeLabel(lines: text, wanted: place - origin.x, theme: theme))
      }
    }
    for (name, end) in lineEnds() {
      guard let style = styles[name], !name.isEmpty else { continue }
      let text = theme.text.wrapped(name, to: 0.3 * size.width)
      sideLabels.append(EdgeLabel(lines: text, wanted: end, theme: theme, style: style))
    }
    let centers = spread(
      sideLabels.map(\.wanted), lengths: sideLabels.map(\.height), from: margins.top,
      to: size.height - margins.bottom)
    for index in sideLabels.indices { sideLabels[index].center = centers[index] }
    placeTopLabels()
  }

  /// Labels above the plot in one row, or in as many rows as they need.
  private mutating func placeTopLabels() {
    let lengths = topLabels.map { $0.width + theme.text.size }
    let width = max(plot.width, 1)
    let rows = max(1, Int((lengths.reduce(0, +) / width * (lengths.count > 2 ? 1.3 : 1)).rounded(.up)))
    let order = topLabels.indices.sorted { (topLabels[$0].wanted, $0) < (topLabels[$1].wanted, $1) }
    for row in 0..<min(rows, max(lengths.count, 1)) {
      let members = order.indices.filter { $0 % rows == row }.map { order[$0] }
      let centers = spread(
        members.map { topLabels[$0].wanted }, lengths: members.map { lengths[$0] }, from: margins.left,
        to: size.width - margins.right)
      for (member, center) in zip(members, centers) {
        topLabels[member].center = center
        topLabels[member].row = row
      }
    }
  }

  /// The height of a row of labels above the plot.
  var topRowHeight: Double { topLabels.map(\.height).max() ?? 0 }

  /// The last drawable point of each line, from the top of the panel, in order of first appearance.
  private func lineEnds() -> [(name: String, height: Double)] {
    var names: [String] = []
    var heights: [String: Double] = [:]
    for case .line(let line) in content.panel.marks {
      let end = line.x.indices.last { index in
        x.contains(line.x[index]) && y.contains(line.y[index]) && x.scale.admits(line.x[index])
          && y.scale.admits(line.y[index])
      }
      guard let end, let height = pixel(y: line.y[end]) else { continue }
      if heights.updateValue(height - origin.y, forKey: line.name) == nil { names.append(line.name) }
    }
    return names.map { ($0, heights[$0] ?? 0) }
  }

  private mutating func grow() {
    margins = margins.union(neededMargins)
    let labels = max(sideLabels.map(\.height).reduce(0, +), 8 * theme.text.size, plotHeight)
    size.width = max(size.width, margins.left + margins.right + 10 * theme.text.size)
    size.height = max(size.height, margins.top + margins.bottom + labels)
  }

  /// From the plot to the labels of the ticks.
  var tickSpace: Double { (content.heatMap == nil ? theme.tickLength : 2) + theme.gap }

  /// How far ticks and their labels reach below the plot.
  var labelDepth: Double {
    let line = theme.text.lineHeight
    let depths = x.ticks.map { tick in
      x.isRotated
        ? Self.halfDiagonal * ((tick.lines.map(theme.text.width).max() ?? 0) + line) : Double(tick.lines.count) * line
    }
    return tickSpace + (depths.max() ?? 0)
  }

  /// How far ticks and their labels reach to the left of the plot.
  var labelWidth: Double { tickSpace + (y.ticks.flatMap(\.lines).map(theme.text.width).max() ?? 0) }

  /// The sine and cosine of 45 degrees, rounded up.
  static let halfDiagonal = 0.7072

  private var neededMargins: Margins {
    let line = theme.text.lineHeight
    var needed = Margins(left: labelWidth, right: theme.padding, top: line / 2, bottom: labelDepth)
    if !yCaption.isEmpty { needed.left += theme.gap * 1.5 + Double(yCaption.count) * line }
    if !xCaption.isEmpty { needed.bottom += theme.gap + Double(xCaption.count) * line }
    for tick in x.ticks {
      let place = (x.fraction(tick.value) ?? 0) * plot.width
      let width = tick.lines.map(theme.text.width).max() ?? 0
      if x.isRotated {
        needed.left = max(needed.left, Self.halfDiagonal * (width + line) - place)
        needed.right = max(needed.right, line - (plot.width - place))
      } else {
        needed.left = max(needed.left, width / 2 - place + 2)
        needed.right = max(needed.right, width / 2 - (plot.width - place) + 2)
      }
    }

    if !topLabels.isEmpty {
      needed.top = theme.leader + Double((topLabels.map(\.row).max() ?? 0) + 1) * topRowHeight
    }
    if !title.isEmpty { needed.top += theme.gap + Double(title.count) * theme.heading.lineHeight }

    if !sideLabels.isEmpty { needed.right = max(needed.right, theme.padding + sideLabelSpace) }
    if let colorBar { needed.right = max(needed.right, theme.padding * 2 + sideLabelSpace + colorBar.width) }
    return needed
  }

  /// The width of the labels at the right of the plot.
  var sideLabelSpace: Double {
    sideLabels.isEmpty ? 0 : theme.leader + (sideLabels.map(\.width).max() ?? 0)
  }
}
