import Testing

@testable import Figures

@Suite struct SVGWriterTests {
  @Test func escapes() {
    #expect(SVGWriter.escaped("a<b & \"c\">d") == "a&lt;b &amp; &quot;c&quot;&gt;d")
    #expect(SVGWriter.escaped("line\nbreak\u{0}\u{1b}") == "line break\u{FFFD}\u{FFFD}")
    #expect(SVGWriter.escaped("λ = 10⁻³ 🙂") == "λ = 10⁻³ 🙂")
  }

  @Test func numbers() {
    let pairs: [(Double, String)] = [
      (0, "0"), (-0.001, "0"), (1.5, "1.5"), (1.05, "1.05"), (-2.25, "-2.25"), (100, "100"), (0.999, "1"),
      (1e300, "1000000"), (-.infinity, "-1000000"),
    ]
    for (value, text) in pairs { #expect(number(value) == text) }
  }

  @Test func hostileTextIsWellFormedAndComplete() throws {
    let text = "<&>\"'\u{0}\u{1}]]>{}"
    let figure = Figure(
      text,
      panels: [
        Panel(
          text, x: Axis(text, unit: text), y: Axis(text),
          marks: [
            .line(Line(text, x: [1, 2], y: [3, 4])), .reference(.horizontal(at: 1, label: text)),
            .reference(.vertical(at: 1, label: text)), .scatter(Scatter(text + "2", x: [1], y: [2])),
          ]), Panel(marks: [.bars(Bars(groups: [text], series: [Bars.Series(text, [1])]))]),
        Panel(marks: [.heatMap(HeatMap(rows: [text], columns: [text], values: [[1]]))]),
      ])
    let parsed = try #require(ParsedSVG(figure.svg()))
    #expect(parsed.words.contains("<&>\"'\u{FFFD}\u{FFFD}]]>{}"))
  }

  @Test(arguments: 0..<200)
  func spreadLabelsDoNotOverlap(seed: UInt64) {
    var generator = TestGenerator(seed: seed)
    let count = generator.integer(0...8)
    let lengths = (0..<count).map { _ in generator.real(1, 12) }
    let wanted = (0..<count).map { _ in generator.real(-10, 110) }
    let centers = spread(wanted, lengths: lengths, from: 0, to: 100)
    let order = wanted.indices.sorted { wanted[$0] < wanted[$1] }
    var edge = -1e-9
    for index in order {
      #expect(centers[index] - lengths[index] / 2 >= edge - 1e-9, "seed \(seed)")
      edge = centers[index] + lengths[index] / 2
    }
    #expect(edge <= 100 + 1e-9, "seed \(seed)")
  }

  @Test func labelsWithRoomStay() {
    #expect(spread([10, 50, 90], lengths: [5, 5, 5], from: 0, to: 100) == [10, 50, 90])
    #expect(spread([50, 50], lengths: [10, 10], from: 0, to: 100) == [45, 55])
  }

  @Test func wrapping() {
    let metrics = TextMetrics(size: 10)
    #expect(metrics.wrapped("one two three", to: 45) == ["one two", "three"])
    #expect(metrics.wrapped("Fashion-MNIST", to: 60) == ["Fashion-", "MNIST"])
    #expect(metrics.wrapped("1e-6", to: 100) == ["1e-6"])
    #expect(metrics.wrapped("aaaaaaaaaa", to: 35) == ["aaaaa", "aaaaa"])
    #expect(metrics.wrapped("", to: 10) == [])
  }
}
