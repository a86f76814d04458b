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
}
