import RealModule

/// The ends of an axis and the round numbers marked along it.
struct Ticks: Sendable, Hashable {
  struct Tick: Sendable, Hashable {
    var value: Double
    var label: NumberLabel
  }

  var lower: Double
  var upper: Double
  /// Labelled ticks, in increasing order, within `lower...upper`.
  var major: [Tick]
  /// Unlabelled ticks between them, on a logarithmic axis.
  var minor: [Double] = []
}

extension Ticks {
  /// Ticks for data in `low...high`.
  ///
  /// An end without a limit is moved out to a tick or, if that is far, to a round number between ticks; an end with a
  /// limit stays there. Degenerate data (none, or all equal to nine digits) get room around them. At the default there
  /// are 3 to 10 major ticks.
  ///
  /// - Parameter most: The largest number of major ticks, at least 3.
  init(axis: Axis, low: Double?, high: Double?, atMost most: Int = 8) {
    let range = Range(axis: axis, low: low, high: high)
    let most = max(3, most)
    switch axis.scale {
    case .linear: self = .linear(range, atMost: most)
    case .log10: self = .logarithmic(range, atMost: most)
    }
  }

  /// What an axis has to show: its limits where there are any, and a range that is not empty.
  struct Range {
    var low: Double
    var high: Double
    var isLowFixed: Bool
    var isHighFixed: Bool

    init(axis: Axis, low dataLow: Double?, high dataHigh: Double?) {
      let limitLow = axis.lower.flatMap { axis.scale.admits($0) ? $0 : nil }
      var limitHigh = axis.upper.flatMap { axis.scale.admits($0) ? $0 : nil }
      if let low = limitLow, let high = limitHigh, Self.isNarrow(low, high) { limitHigh = nil }
      isLowFixed = limitLow != nil
      isHighFixed = limitHigh != nil
      let empty: (Double, Double) = axis.scale == .linear ? (0, 1) : (0.1, 10)
      low = limitLow ?? dataLow ?? limitHigh ?? empty.0
      high = limitHigh ?? dataHigh ?? limitLow ?? empty.1
      guard Self.isNarrow(low, high) else { return }
      // Nothing to spread the axis over: make room around the value, but never move a limit.
      let value = isLowFixed || !isHighFixed ? low : high
      switch axis.scale {
      case .linear:
        let room = value.magnitude < 1e-290 ? 1 : value.magnitude / 10
        if !isLowFixed { low = value - room }
        if !isHighFixed { high = value + room }
      case .log10:
        if !isLowFixed { low = value / 3 }
        if !isHighFixed { high = value * 3 }
      }
    }

    static func isNarrow(_ low: Double, _ high: Double) -> Bool {
      !(high - low > 1e-9 * max(low.magnitude, high.magnitude)) || high - low < 1e-290
    }
  }
}

extension Ticks {
  /// Steps of 1, 2 or 5 times a power of ten: the smallest step that makes at most `most` ticks.
  static func linear(_ range: Range, atMost most: Int) -> Ticks {
    var exponent = Int(Double.log10((range.high - range.low) / Double(most)).rounded(.down)) - 1
    while true {
      for factor in [1, 2, 5] {
        let step = Step(factor: factor, exponent: exponent)
        let first = step.index(
          range.isLowFixed ? range.low : step.end(range.low, isLow: true), inside: true, isLow: true)
        let last = step.index(
          range.isHighFixed ? range.high : step.end(range.high, isLow: false), inside: true, isLow: false)
        guard last - first + 1 <= most else { continue }
        let decimals = first <= last ? (first...last).map(step.decimal) : []
        let values = decimals.map(\.value)
        return Ticks(
          lower: range.isLowFixed ? range.low : step.end(range.low, isLow: true),
          upper: range.isHighFixed ? range.high : step.end(range.high, isLow: false),
          major: zip(values, linearLabels(decimals)).map(Tick.init))
      }
      exponent += 1
    }
  }

  /// The multiples of `factor * 10^exponent`, by index.
  private struct Step {
    var factor: Int
    var exponent: Int

    func decimal(_ index: Int) -> ExactDecimal { ExactDecimal(index * factor, exponent: exponent) }

    /// Where an axis for data up to `bound` ends: at the next tick if that is at most half a step away, else at the
    /// next of the finer steps between the ticks.
    func end(_ bound: Double, isLow: Bool) -> Double {
      let tick = decimal(index(bound, inside: false, isLow: isLow)).value
      if (tick - bound).magnitude <= 0.5 * decimal(1).value { return tick }
      let finer =
        factor == 2
        ? Step(factor: 5, exponent: exponent - 1) : Step(factor: factor == 1 ? 2 : 10, exponent: exponent - 1)
      return finer.decimal(finer.index(bound, inside: false, isLow: isLow)).value
    }

    /// The index of the multiple nearest to `bound` that is not inside it (or not outside it, if `inside`). Exact: the
    /// quotient only guesses, the values of the multiples decide.
    func index(_ bound: Double, inside: Bool, isLow: Bool) -> Int {
      var index = Int((bound / decimal(1).value).rounded())
      if isLow == inside {
        while decimal(index).value < bound { index += 1 }
        while decimal(index - 1).value >= bound { index -= 1 }
      } else {
        while decimal(index).value > bound { index -= 1 }
        while decimal(index + 1).value <= bound { index += 1 }
      }
      return index
    }
  }

  /// Positional from 0.001 to 999,999, else multiples of one power of ten. All with the same number of decimals.
  private static func linearLabels(_ decimals: [ExactDecimal]) -> [NumberLabel] {
    guard let order = decimals.compactMap(\.order).max(), !(-3..<6).contains(order) else {
      return decimals.map { NumberLabel($0.positional) }
    }
    return decimals.map { $0.mantissa == 0 ? NumberLabel("0") : NumberLabel($0, order: order) }
  }
}
