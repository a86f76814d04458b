/// The ends, ticks and tick labels of one axis once its length in pixels is known.
struct AxisLayout: Sendable {
  struct Tick: Sendable, Hashable {
    var value: Double
    var lines: [NumberLabel]
  }

  var lower: Double
  var upper: Double
  var scale: Axis.Scale
  var ticks: [Tick]
  var minor: [Double] = []
  /// Whether the labels are turned by 45 degrees.
  var isRotated = false

  /// How far along the axis `value` lies, from 0 to 1 within its ends; nil if it has no place on the scale.
  func fraction(_ value: Double) -> Double? {
    guard scale.admits(value) else { return nil }
    let start = scale.coordinate(lower)
    return (scale.coordinate(value) - start) / (scale.coordinate(upper) - start)
  }

  func contains(_ value: Double) -> Bool {
    (min(lower, upper)...max(lower, upper)).contains(value)
  }

  private init(_ ticks: Ticks, scale: Axis.Scale) {
    lower = ticks.lower
    upper = ticks.upper
    self.scale = scale
    self.ticks = ticks.major.map { Tick(value: $0.value, lines: [$0.label]) }
    let labelled = Set(ticks.major.map(\.value))
    minor = ticks.minor.filter { !labelled.contains($0) }
  }

  private init(categories: Int, ticks: [Tick], isDescending: Bool, isRotated: Bool = false) {
    let end = Double(max(categories, 1)) - 0.5
    lower = isDescending ? end : -0.5
    upper = isDescending ? -0.5 : end
    scale = .linear
    self.ticks = ticks
    self.isRotated = isRotated
  }
}

extension AxisLayout {
  /// A horizontal numeric axis: as many ticks as fit without crowding their labels.
  static func horizontal(
    _ axis: Axis, _ range: (low: Double, high: Double)?, length: Double, metrics: TextMetrics
  ) -> AxisLayout {
    var most = min(max(Int(length / (3 * metrics.size)), 3), 8)
    while true {
      var layout = AxisLayout(Ticks(axis: axis, low: range?.low, high: range?.high, atMost: most), scale: axis.scale)
      if layout.fits(length: length, metrics: metrics) { return layout }
      if most > 3 {
        most -= 1
        continue
      }
      // Even three labels are too wide: keep the first and the last, or one.
      layout.ticks = layout.ticks.count > 2 ? [layout.ticks[0], layout.ticks[layout.ticks.count - 1]] : layout.ticks
      if !layout.fits(length: length, metrics: metrics) { layout.ticks = Array(layout.ticks.prefix(1)) }
      return layout
    }
  }

  private func fits(length: Double, metrics: TextMetrics) -> Bool {
    var end = -Double.infinity
    for tick in ticks {
      let half = (tick.lines.map(metrics.width).max() ?? 0) / 2
      let center = (fraction(tick.value) ?? 0) * length
      if center - half < end { return false }
      end = center + half + 0.6 * metrics.size
    }
    return true
  }

  /// A vertical numeric axis.
  static func vertical(
    _ axis: Axis, _ range: (low: Double, high: Double)?, length: Double, metrics: TextMetrics
  ) -> AxisLayout {
    let most = min(max(Int(length / (1.8 * metrics.lineHeight)), 3), 8)
    var layout = AxisLayout(Ticks(axis: axis, low: range?.low, high: range?.high, atMost: most), scale: axis.scale)
    // On a logarithmic axis ticks are not equally far apart: drop those too near to the one before.
    var end = -Double.infinity
    layout.ticks = layout.ticks.filter { tick in
      let center = (layout.fraction(tick.value) ?? 0) * length
      guard center - end >= metrics.lineHeight else { return false }
      end = center
      return true
    }
    return layout
  }

  /// A horizontal axis of categories. Labels are broken at spaces if they then fit; else short ones are thinned out and
  /// long ones are turned.
  static func horizontal(categories: [String], length: Double, metrics: TextMetrics) -> AxisLayout {
    let slot = length / Double(max(categories.count, 1))
    let room = slot - 0.6 * metrics.size
    let widest = categories.map(metrics.width).max() ?? 0
    let wrapped = categories.map { metrics.wrapped($0, to: room) }
    let isWrapped = categories.allSatisfy { metrics.longestPiece($0) <= room } && wrapped.allSatisfy { $0.count <= 3 }
    let isShort = widest <= 3.2 * metrics.size
    let isRotated = !isWrapped && !isShort
    let needed = isWrapped ? 0 : isRotated ? 1.5 * metrics.lineHeight : widest + 0.6 * metrics.size
    let ticks = categories.indices.filter { $0 % stride(needed: needed, slot: slot) == 0 }.map { index in
      Tick(
        value: Double(index),
        lines: (isWrapped ? wrapped[index] : [categories[index]]).map { NumberLabel($0) })
    }
    return AxisLayout(categories: categories.count, ticks: ticks, isDescending: false, isRotated: isRotated)
  }

  /// A vertical axis of categories, the first at the top. Labels are broken at `width` and thinned out if needed.
  static func vertical(categories: [String], length: Double, width: Double, metrics: TextMetrics) -> AxisLayout {
    let slot = length / Double(max(categories.count, 1))
    let wrapped = categories.map { metrics.wrapped($0, to: width) }
    let lines = Double(wrapped.map(\.count).max() ?? 1)
    let ticks = categories.indices.filter { $0 % stride(needed: lines * metrics.lineHeight, slot: slot) == 0 }.map {
      Tick(value: Double($0), lines: wrapped[$0].map { NumberLabel($0) })
    }
    return AxisLayout(categories: categories.count, ticks: ticks, isDescending: true)
  }

  private static func stride(needed: Double, slot: Double) -> Int {
    max(1, Int((needed / slot).rounded(.up)))
  }
}
