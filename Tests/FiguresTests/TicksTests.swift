import Testing

@testable import Figures

@Suite struct TicksTests {
  /// A label read back as a number: what a reader of the figure takes it for.
  private func read(_ label: NumberLabel) -> Double? {
    var text = label.base.filter { $0 != "," }.replacing("\u{2212}", with: "-")
    guard !label.superscript.isEmpty else { return Double(text) }
    if text == "10" { text = "1×10" }
    guard text.hasSuffix("×10") else { return nil }
    return Double("\(text.dropLast(3))e\(label.superscript.replacing("\u{2212}", with: "-"))")
  }

  private func check(_ ticks: Ticks, _ low: Double, _ high: Double, _ context: String) {
    let values = ticks.major.map(\.value)
    #expect((3...10).contains(values.count), "\(context): \(values)")
    #expect(ticks.lower <= low && ticks.upper >= high, "\(context): \(ticks.lower) \(ticks.upper)")
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 }, "\(context): \(values)")
    #expect(values.allSatisfy { (ticks.lower...ticks.upper).contains($0) }, "\(context): \(values)")
    #expect(ticks.minor.allSatisfy { (ticks.lower...ticks.upper).contains($0) }, "\(context): \(ticks.minor)")
    for tick in ticks.major { #expect(read(tick.label) == tick.value, "\(context): \(tick)") }
    #expect(Set(ticks.major.map(\.label)).count == ticks.major.count, "\(context)")
  }

  @Test(arguments: 0..<40)
  func linearTicksCoverAnyRange(seed: UInt64) {
    var generator = TestGenerator(seed: seed)
    for _ in 0..<50 {
      let scale = ExactDecimal(1, exponent: generator.integer(-280...280)).value
      let low = generator.real(-1, 1) * scale
      // From a range much wider than its middle to one a millionth of it.
      let high = low + generator.real(0.1, 1) * scale * ExactDecimal(1, exponent: generator.integer(-6...3)).value
      let ticks = Ticks(axis: Axis(), low: low, high: high)
      check(ticks, low, high, "seed \(seed), \(low)...\(high)")
      let values = ticks.major.map(\.value)
      let step = values[1] - values[0]
      #expect(values[0] - ticks.lower < 1.001 * step && ticks.upper - values[values.count - 1] < 1.001 * step)
      #expect(low - ticks.lower <= 0.51 * step && ticks.upper - high <= 0.51 * step, "seed \(seed): room is wasted")
    }
  }

  @Test(arguments: 0..<40)
  func fixedLimitsStay(seed: UInt64) {
    var generator = TestGenerator(seed: seed)
    let low = generator.real(-1e3, 1e3)
    let high = low + generator.real(1e-3, 1e4)
    let ticks = Ticks(axis: Axis(from: low, to: high), low: low - 7, high: high + 9)
    check(ticks, low, high, "seed \(seed), \(low)...\(high)")
    #expect(ticks.lower == low && ticks.upper == high)
  }

  @Test(arguments: 0..<40)
  func logarithmicTicksCoverAnyRange(seed: UInt64) {
    var generator = TestGenerator(seed: seed)
    for _ in 0..<50 {
      let low = generator.real(1, 10) * ExactDecimal(1, exponent: generator.integer(-200...200)).value
      let high = low * generator.real(1.01, 10) * ExactDecimal(1, exponent: generator.integer(0...60)).value
      let context = "seed \(seed), \(low)...\(high)"
      check(Ticks(axis: Axis(scale: .log10), low: low, high: high), low, high, context)
      let fixed = Ticks(axis: Axis(scale: .log10, from: low, to: high), low: nil, high: nil)
      check(fixed, low, high, context)
      #expect(fixed.lower == low && fixed.upper == high)
    }
  }

  @Test(arguments: [0.0, 1, -3, 1e-9, 1e12, -1e280, .leastNonzeroMagnitude])
  func constantSeriesHaveARange(value: Double) {
    check(Ticks(axis: Axis(), low: value, high: value), value, value, "\(value)")
    if value > 1e-290 { check(Ticks(axis: Axis(scale: .log10), low: value, high: value), value, value, "\(value)") }
  }

  @Test func noDataHaveARange() {
    #expect(Ticks(axis: Axis(), low: nil, high: nil).major.map(\.label.base).first == "0.0")
    #expect(Ticks(axis: Axis(scale: .log10), low: nil, high: nil).major.map(\.label.base) == ["0.1", "1", "10"])
  }

  @Test func uselessLimitsAreIgnored() {
    for axis in [Axis(from: .nan), Axis(to: .infinity), Axis(from: 5, to: 5), Axis(from: 9, to: 2)] {
      let ticks = Ticks(axis: axis, low: 10, high: 20)
      #expect(ticks.lower <= 10 && ticks.upper >= 20, "\(axis)")
    }
    #expect(Ticks(axis: Axis(scale: .log10, from: 0), low: 1, high: 1e4).lower == 1)
    // All data below the lower limit: the axis still has a length.
    let ticks = Ticks(axis: Axis(from: 100), low: 1, high: 2)
    #expect(ticks.lower == 100 && ticks.upper > 100)
  }

  @Test func anAxisEndsAtATickUnlessThatIsFar() {
    #expect(Ticks(axis: Axis(), low: 8.2, high: 100).lower == 0)
    #expect(Ticks(axis: Axis(), low: 0, high: 1990).upper == 2000)
    #expect(Ticks(axis: Axis(), low: 0, high: 12.09).upper == 12.5)
    #expect(Ticks(axis: Axis(scale: .log10), low: 0.0008, high: 2.4).lower == 0.0005)
  }

  @Test func labelsAreWhatAReaderExpects() {
    func labels(_ axis: Axis, _ low: Double, _ high: Double) -> [String] {
      Ticks(axis: axis, low: low, high: high).major.map {
        $0.label.base + ($0.label.superscript.isEmpty ? "" : "^\($0.label.superscript)")
      }
    }
    #expect(labels(Axis(), 0, 0.3) == ["0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"])
    #expect(labels(Axis(), 0, 12_000) == ["0", "2,000", "4,000", "6,000", "8,000", "10,000", "12,000"])
    #expect(labels(Axis(), -1, 1) == ["−1.0", "−0.5", "0.0", "0.5", "1.0"])
    #expect(labels(Axis(), 0, 3e6) == ["0", "0.5×10^6", "1.0×10^6", "1.5×10^6", "2.0×10^6", "2.5×10^6", "3.0×10^6"])
    #expect(labels(Axis(scale: .log10), 0.001, 1) == ["0.001", "0.01", "0.1", "1"])
    #expect(labels(Axis(scale: .log10), 1e-6, 1e-3) == ["10^−6", "10^−5", "10^−4", "10^−3"])
    #expect(labels(Axis(scale: .log10), 2, 30) == ["2", "5", "10", "20", "50"])
  }

  @Test func minorTicksOfALogarithmicAxis() {
    let ticks = Ticks(axis: Axis(scale: .log10), low: 1, high: 1000)
    #expect(ticks.minor.contains(2) && ticks.minor.contains(90) && ticks.minor.contains(900))
    #expect(ticks.minor.count == 28)
  }

  @Test func decimals() {
    #expect(ExactDecimal(-1_234_567, exponent: -2).positional == "−12,345.67")
    #expect(ExactDecimal(5, exponent: -3).positional == "0.005")
    #expect(ExactDecimal(rounding: 0.1 + 0.2, digits: 3) == ExactDecimal(3, exponent: -1))
    #expect(ExactDecimal(rounding: 1e-299, digits: 3).order == -299)
    #expect(NumberLabel(short: 0.00012345) == NumberLabel("1.23×10", superscript: "−4"))
    #expect(NumberLabel(short: 98.76) == NumberLabel("98.8"))
  }
}
