/// What the marks of a panel ask of its axes: their categories, and the range of the data.
struct PanelContent: Sendable {
  let panel: Panel
  /// All bars of the panel as one group of series.
  let bars: Bars?
  let heatMap: HeatMap?
  /// The range of the drawable data in each direction; nil if there are none.
  private(set) var xRange: (low: Double, high: Double)?
  private(set) var yRange: (low: Double, high: Double)?

  /// Labels of x = 0, 1, 2, ...; nil if the axis is numeric.
  var columns: [String]? { heatMap?.columns ?? bars?.groups }
  /// Labels of y = 0, 1, 2, ... from the top; nil if the axis is numeric.
  var rows: [String]? { heatMap?.rows }

  var xScale: Axis.Scale { columns == nil ? panel.x.scale : .linear }
  var yScale: Axis.Scale { rows == nil ? panel.y.scale : .linear }

  init(_ panel: Panel) {
    self.panel = panel
    heatMap = panel.marks.lazy.compactMap { if case .heatMap(let map) = $0 { map } else { nil } }.first
    let bars = panel.marks.compactMap { if case .bars(let bars) = $0 { bars } else { nil } }
    self.bars = heatMap == nil ? Self.merged(bars) : nil
    for mark in panel.marks { include(mark) }
  }

  /// Bars of the same groups side by side; if the groups differ, over all groups in order of appearance.
  private static func merged(_ all: [Bars]) -> Bars? {
    guard let first = all.first else { return nil }
    if all.allSatisfy({ $0.groups == first.groups }) {
      return Bars(groups: first.groups, series: all.flatMap(\.series))
    }
    var places: [String: Int] = [:]
    var groups: [String] = []
    for group in all.flatMap(\.groups) where places[group] == nil {
      places[group] = groups.count
      groups.append(group)
    }
    let series = all.flatMap { bars in
      bars.series.map { one in
        func moved(_ values: [Double]) -> [Double] {
          var result = [Double](repeating: .nan, count: groups.count)
          for (group, value) in zip(bars.groups, values) { result[places[group] ?? 0] = value }
          return result
        }
        return Bars.Series(
          one.name, moved(one.values),
          interval: one.interval.map { Band(lower: moved($0.lower), upper: moved($0.upper)) })
      }
    }
    return Bars(groups: groups, series: series)
  }

  private mutating func include(_ mark: Mark) {
    switch mark {
    case .line(let line):
      for index in line.x.indices {
        include(x: line.x[index], y: line.y[index])
        guard let band = line.band else { continue }
        include(x: line.x[index], y: band.lower[index])
        include(x: line.x[index], y: band.upper[index])
      }
    case .scatter(let scatter):
      for (x, y) in zip(scatter.x, scatter.y) { include(x: x, y: y) }
    case .bars(let bars):
      guard heatMap == nil else { return }
      if yScale == .linear { include(y: 0) }
      for series in bars.series {
        for value in series.values + (series.interval.map { $0.lower + $0.upper } ?? []) { include(y: value) }
      }
    case .reference(let line):
      switch line.direction {
      case .horizontal: include(y: line.value)
      case .vertical: include(x: line.value)
      }
    case .heatMap:
      break
    }
  }

  private mutating func include(x: Double, y: Double) {
    guard xScale.admits(x), yScale.admits(y) else { return }
    include(x: x)
    include(y: y)
  }

  private mutating func include(x: Double) {
    guard xScale.admits(x) else { return }
    xRange = (min(xRange?.low ?? x, x), max(xRange?.high ?? x, x))
  }

  private mutating func include(y: Double) {
    guard yScale.admits(y) else { return }
    yRange = (min(yRange?.low ?? y, y), max(yRange?.high ?? y, y))
  }
}
