/// The scale of a heat map's colours.
struct ColorBar: Sendable {
  let ramp: ColorRamp
  let axis: AxisLayout
  let caption: [String]
  let width: Double
  static let thickness = 18.0

  init(_ map: HeatMap, length: Double, theme: Theme) {
    ramp = map.ramp
    var scale = map.color
    let values = map.values.joined().filter(scale.scale.admits)
    let (low, high) = (values.min(), values.max())
    if let first = low, let last = high, !Ticks.Range.isNarrow(first, last) {
      // The bar ends where the data end, not at round numbers.
      scale.lower = scale.lower ?? low
      scale.upper = scale.upper ?? high
    }
    axis = .vertical(scale, low.flatMap { low in high.map { (low, $0) } }, length: length, metrics: theme.text)
    caption = theme.text.wrapped(map.color.caption, to: length)
    let labels = axis.ticks.flatMap(\.lines).map(theme.text.width).max() ?? 0
    let captionSpace = caption.isEmpty ? 0 : theme.gap * 1.5 + Double(caption.count) * theme.text.lineHeight
    width = Self.thickness + theme.tickLength + theme.gap + labels + captionSpace
  }
  /// The colour of `value`; nil if it has no place on the scale.
  func color(_ value: Double) -> Color? {
    axis.fraction(value).map(color(at:))
  }

  /// The colour at `fraction` of the way up the bar.
  func color(at fraction: Double) -> Color {
    guard case .diverging(let center) = ramp, let middle = axis.fraction(center) else {
      return ramp.color(at: fraction)
    }
    // Both arms of the ramp change at the same rate.
    let reach = max((1 - middle).magnitude, middle.magnitude)
    return ramp.color(at: 0.5 + 0.5 * (fraction - middle) / reach)
  }
}
