import RealModule

extension Ticks {
  /// Decades where three or more fit, else 1, 2 and 5 times a power of ten, else linear steps. Ends without a limit lie
  /// on 1, 2 or 5 times a power of ten.
  static func logarithmic(_ range: Range, atMost most: Int) -> Ticks {
    let firstDecade = Int(Double.log10(range.low).rounded(.down)) - 1
    let lastDecade = Int(Double.log10(range.high).rounded(.up)) + 1
    let decades = firstDecade...lastDecade
    let round = decades.flatMap { exponent in [1, 2, 5].map { ExactDecimal($0, exponent: exponent) } }
    let lower = range.isLowFixed ? range.low : round.last { $0.value <= range.low }?.value ?? range.low
    let upper = range.isHighFixed ? range.high : round.first { $0.value >= range.high }?.value ?? range.high
    func within(_ decimals: [ExactDecimal]) -> [ExactDecimal] { decimals.filter { (lower...upper).contains($0.value) } }

    let powers = within(decades.map { ExactDecimal(1, exponent: $0) })
    if powers.count > most {
      let stride = [2, 5, 10, 20, 50, 100, 200].first { powers.count <= most * $0 } ?? 500
      let chosen = powers.filter { $0.exponent % stride == 0 }
      return Ticks(lower: lower, upper: upper, major: logarithmicTicks(chosen), minor: powers.map(\.value))
    }
    let multiples = within(decades.flatMap { exponent in (1...9).map { ExactDecimal($0, exponent: exponent) } })
    let rounded = within(round)
    if powers.count >= 3 || rounded.count > most {
      return Ticks(lower: lower, upper: upper, major: logarithmicTicks(powers), minor: multiples.map(\.value))
    }
    if rounded.count >= 3 {
      return Ticks(lower: lower, upper: upper, major: logarithmicTicks(rounded), minor: multiples.map(\.value))
    }
    var ticks = linear(range, atMost: most)
    ticks.major.removeAll { $0.value <= 0 }
    if ticks.lower <= 0 { ticks.lower = lower }
    return ticks
  }

  /// Positional if all lie from 0.001 to 1,000, else powers of ten.
  private static func logarithmicTicks(_ decimals: [ExactDecimal]) -> [Tick] {
    let orders = decimals.compactMap(\.order)
    let isPlain = orders.allSatisfy { (-3...3).contains($0) }
    return zip(decimals, orders).map { decimal, order in
      Tick(
        value: decimal.value,
        label: isPlain ? NumberLabel(decimal.positional) : NumberLabel(decimal, order: order, omitsOne: true))
    }
  }
}
