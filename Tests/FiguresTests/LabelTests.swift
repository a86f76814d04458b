import Testing

@testable import Figures

/// What must hold for the text of any figure, tried on random ones.
@Suite struct LabelTests {
  @Test(arguments: 0..<150)
  func textIsInsideTheImageAndApart(seed: UInt64) throws {
    var generator = TestGenerator(seed: seed)
    let figure = randomFigure(&generator)
    let svg = figure.svg()
    #expect(svg == figure.svg(), "seed \(seed): not deterministic")
    let parsed = try #require(ParsedSVG(svg), "seed \(seed): not well-formed")
    #expect(parsed.clipped == [], "seed \(seed)")
    #expect(parsed.collisions == [], "seed \(seed)")
    #expect(parsed.elements("svg").dropFirst().allSatisfy { $0.attributes["overflow"] == "hidden" })
  }

  @Test(arguments: 0..<60)
  func allSeriesAreNamed(seed: UInt64) throws {
    var generator = TestGenerator(seed: seed)
    var figure = randomFigure(&generator)
    for legend in [Figure.Legend.below, .right, .lineEnds] {
      figure.legend = legend
      let text = try #require(ParsedSVG(figure.svg())).words.joined(separator: " ")
      // A long name may be broken into lines, and stands nowhere else in the figure.
      for name in figure.panels.flatMap(\.marks).flatMap(\.names) {
        #expect(text.filter { $0 != " " }.contains(name.filter { $0 != " " }), "seed \(seed), \(legend): \(name)")
      }
    }
  }

  @Test func legendsAndReferenceLabelsAreOutsideOfThePlot() throws {
    let marks: [Mark] = [
      .line(Line("first", x: [0, 1], y: [0, 1])), .line(Line("second", x: [0, 1], y: [0, 0.99])),
      .reference(.horizontal(at: 0.99, label: "level")), .reference(.vertical(at: 0.5, label: "event")),
    ]
    for legend in [Figure.Legend.below, .right, .lineEnds] {
      let figure = Figure(panels: [Panel(marks: marks)], legend: legend)
      let plot = try #require(FigureLayout(figure).panels.first).plot
      let parsed = try #require(ParsedSVG(figure.svg()))
      for text in parsed.texts where ["first", "second", "level", "event"].contains(text.content) {
        let isOutside =
          text.corners.allSatisfy { $0.x > plot.right } || text.corners.allSatisfy { $0.y > plot.bottom }
          || text.corners.allSatisfy { $0.y < plot.y }
        #expect(isOutside, "\(legend): \(text.content)")
      }
    }
  }

  @Test func wideLabelsAtTheEndsOfAnAxisHaveRoom() throws {
    let line = Line("a", x: [500_000, 900_000], y: [0, 5])
    let parsed = try #require(ParsedSVG(Figure(panels: [Panel(marks: [.line(line)])]).svg()))
    #expect(parsed.words.contains("500,000") && parsed.words.contains("900,000"))
    #expect(parsed.clipped == [])
  }

  @Test func defaultTextIsReadableAtHalfSize() throws {
    let figure = Figure(
      "t", panels: [Panel("p", x: Axis("x"), y: Axis("y"), marks: [.line(Line("a", x: [1], y: [2]))])])
    let sizes = try #require(ParsedSVG(figure.svg())).texts.compactMap { Double($0.attributes["font-size"] ?? "") }
    #expect(sizes.allSatisfy { $0 >= 12 })
  }

  private func randomFigure(_ generator: inout TestGenerator) -> Figure {
    let panels = (0..<generator.integer(1...4)).map { _ in randomPanel(&generator) }
    return Figure(
      generator.flag() ? "A title of " + phrase(&generator) : "", panels: panels,
      columns: generator.flag() ? nil : generator.integer(1...3),
      legend: [.below, .right, .lineEnds, .none][generator.integer(0...3)],
      options: .init(
        panelWidth: generator.real(300, 900), panelHeight: generator.real(250, 600), fontSize: generator.real(9, 22)))
  }

  private func phrase(_ generator: inout TestGenerator) -> String {
    let words = ["gauss", "Newton", "W", "step-size", "λ=0.1", "CIFAR-10", "of", "learning", "incomprehensibilities"]
    return (0..<generator.integer(1...4)).map { _ in words[generator.integer(0...8)] }.joined(separator: " ")
  }

  private func randomAxis(_ generator: inout TestGenerator) -> Axis {
    var axis = Axis(generator.flag() ? phrase(&generator) : "", unit: generator.flag() ? "ms" : nil)
    axis.scale = generator.flag() ? .linear : .log10
    if generator.integer(0...3) == 0 { axis.lower = generator.real(0, 1) }
    if generator.integer(0...3) == 0 { axis.upper = generator.real(1.5, 1000) }
    return axis
  }

  private func values(_ count: Int, _ generator: inout TestGenerator) -> [Double] {
    let scale = ExactDecimal(1, exponent: generator.integer(-7...7)).value
    let shift = generator.flag() ? 0 : generator.real(-100, 100) * scale
    return (0..<count).map { _ in generator.integer(0...20) == 0 ? .nan : shift + scale * generator.real(-1, 3) }
  }

  private func randomPanel(_ generator: inout TestGenerator) -> Panel {
    var marks: [Mark] = []
    let kind = generator.integer(0...3)
    if kind == 0 {
      let (rows, columns) = (generator.integer(1...30), generator.integer(1...30))
      let names = (0..<30).map { _ in phrase(&generator) }
      let isShort = generator.flag()
      marks.append(
        .heatMap(
          HeatMap(
            rows: (0..<rows).map { isShort ? "\($0)" : names[$0] },
            columns: (0..<columns).map { isShort ? "\($0)" : names[$0] },
            values: (0..<rows).map { _ in values(columns, &generator) }, color: randomAxis(&generator))))
    } else if kind == 1 {
      let groups = (0..<generator.integer(1...9)).map { _ in phrase(&generator) }
      let series = (0..<generator.integer(1...5)).map { _ in
        Bars.Series("bar " + phrase(&generator), values(groups.count, &generator))
      }
      marks.append(.bars(Bars(groups: groups, series: series)))
    } else {
      for _ in 0..<generator.integer(0...7) {
        let count = generator.integer(0...60)
        let (x, y) = (values(count, &generator).sorted { $0 < $1 }, values(count, &generator))
        let name = phrase(&generator)
        if generator.flag() {
          marks.append(.scatter(Scatter(name, x: x, y: y)))
        } else {
          let band = generator.flag() ? Band(center: y, radius: y.map { $0.magnitude / 3 }) : nil
          marks.append(.line(Line(name, x: x, y: y, band: band)))
        }
      }
    }
    for _ in 0..<generator.integer(0...3) {
      marks.append(.reference(.horizontal(at: generator.real(0, 2), label: phrase(&generator))))
    }
    for _ in 0..<generator.integer(0...2) {
      marks.append(.reference(.vertical(at: generator.real(0, 2), label: phrase(&generator))))
    }
    return Panel(
      generator.flag() ? phrase(&generator) : "", x: randomAxis(&generator), y: randomAxis(&generator), marks: marks)
  }
}
