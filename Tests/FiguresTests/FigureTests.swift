import Testing

@testable import Figures

@Suite struct FigureTests {
  private func parse(_ figure: Figure) throws -> ParsedSVG { try #require(ParsedSVG(figure.svg())) }

  private func paths(_ mark: Mark, x: Axis = Axis(), y: Axis = Axis()) throws -> [String] {
    let figure = Figure(panels: [Panel(x: x, y: y, marks: [mark])], legend: .none)
    return try parse(figure).elements("path").compactMap { $0.attributes["d"] }
  }

  /// How often a path lifts its pen.
  private func moves(_ path: String) -> Int { path.count { $0 == "M" } }

  @Test func missingPointsLeaveGaps() throws {
    let y: [Double] = [1, 2, .nan, 3, 4, .infinity, -.infinity, 5, 6]
    let line = Line("a", x: y.indices.map(Double.init), y: y, markers: .none)
    let path = try #require(try paths(.line(line)).first)
    #expect(moves(path) == 3)
    #expect(path.count { $0 == "L" } == 3)
    #expect(!path.contains("n"))
  }

  @Test func aPointBetweenGapsIsADot() throws {
    let line = Line("a", x: [0, 1, 2, 3, 4], y: [1, .nan, 2, .nan, 3], markers: .none)
    let figure = Figure(panels: [Panel(marks: [.line(line)])], legend: .none)
    #expect(try parse(figure).elements("circle").count == 3)
  }

  @Test func logarithmicAxesDropWhatIsNotPositive() throws {
    let line = Line("a", x: [1, 2, 3, 4, 5], y: [1, 0.1, 0, 0.01, -1], markers: .none)
    let path = try #require(try paths(.line(line), y: Axis(scale: .log10)).first)
    #expect(moves(path) == 2)
    let scatter = Figure(
      panels: [Panel(y: Axis(scale: .log10), marks: [.scatter(Scatter("a", x: [1, 2, 3], y: [1, 0, -1]))])],
      legend: .none)
    #expect(try parse(scatter).elements("circle").count == 1)
  }

  @Test func logarithmicDecadesAreEquallyFarApart() throws {
    let line = Line("a", x: [0, 1, 2], y: [1, 10, 100], markers: .none)
    let path = try #require(try paths(.line(line), y: Axis(scale: .log10)).first)
    let heights = path.split(whereSeparator: { "ML".contains($0) }).compactMap { Double($0.split(separator: ",")[1]) }
    #expect(abs((heights[0] - heights[1]) - (heights[1] - heights[2])) < 0.05)
    #expect(heights[0] > heights[2])
  }

  @Test func bandsThatReachZeroGoToTheBottomOfALogarithmicAxis() throws {
    let band = Band(center: [1, 0.5, 0.2], radius: [0.1, 0.5, 0.3])
    let line = Line("a", x: [0, 1, 2], y: [1, 0.5, 0.2], band: band, markers: .none)
    let paths = try paths(.line(line), y: Axis(scale: .log10))
    #expect(paths.count == 2)
    #expect(moves(paths[0]) == 1)
  }

  @Test func degenerateFiguresAreDrawn() throws {
    let nan = Double.nan
    let marks: [Mark] = [
      .line(Line("empty", x: [], y: [])), .line(Line("missing", x: [nan], y: [1])),
      .line(Line("one", x: [1], y: [1], markers: .every(0))), .line(Line("constant", x: [1, 2], y: [7, 7])),
      .line(Line("", x: [1, 1e308, -1e308], y: [1, 1e299, .greatestFiniteMagnitude])),
      .scatter(Scatter("empty", x: [], y: [])), .bars(Bars(groups: [], series: [])),
      .bars(Bars(groups: ["a"], series: [])), .bars(Bars(groups: ["a"], series: [Bars.Series("bar", [nan])])),
      .heatMap(HeatMap(rows: [], columns: [], values: [])),
      .heatMap(HeatMap(rows: ["a"], columns: [], values: [[]])),
      .heatMap(HeatMap(rows: ["a"], columns: ["b"], values: [[nan]])),
      .heatMap(HeatMap(rows: ["a"], columns: ["b"], values: [[5]], ramp: .diverging(center: nan))),
      .reference(.horizontal(at: nan, label: "nowhere")), .reference(.vertical(at: 3)),
    ]
    for legend in [Figure.Legend.below, .right, .lineEnds, .none] {
      for scale in [Axis.Scale.linear, .log10] {
        for mark in marks {
          let figure = Figure(
            panels: [Panel(x: Axis(scale: scale), y: Axis(scale: scale), marks: [mark])], columns: 0, legend: legend,
            options: .init(panelWidth: .nan, panelHeight: -1, fontSize: .infinity))
          let svg = figure.svg()
          #expect(ParsedSVG(svg) != nil)
          #expect(!svg.contains("nan") && !svg.contains("inf"), "\(mark)")
        }
      }
    }
    #expect(try parse(Figure(panels: [])).texts.isEmpty)
  }

  @Test func groupsThatDifferAreUnited() {
    let content = PanelContent(
      Panel(marks: [
        .bars(Bars(groups: ["a", "b"], series: [Bars.Series("s", [1, 2])])),
        .bars(Bars(groups: ["b", "c"], series: [Bars.Series("t", [3, 4])])),
      ]))
    #expect(content.columns == ["a", "b", "c"])
    #expect(content.bars?.series[1].values[0].isNaN == true)
    #expect(content.bars?.series[1].values[1...] == [3, 4])
  }

  @Test func aNameKeepsItsStyleInAllPanels() throws {
    let (a, b) = (Line("a", x: [0, 1], y: [0, 1]), Line("b", x: [0, 1], y: [1, 0]))
    let figure = Figure(
      panels: [Panel(marks: [.line(a), .line(b)]), Panel(marks: [.line(b), .line(a)])], legend: .none)
    let strokes = try parse(figure).elements("path").filter { $0.attributes["fill"] == "none" }.map {
      [$0.attributes["stroke"], $0.attributes["stroke-dasharray"]]
    }
    #expect(strokes.count == 4)
    #expect(strokes[0] == strokes[3] && strokes[1] == strokes[2])
    #expect(strokes[0][0] != strokes[1][0] && strokes[0][1] != strokes[1][1])
  }

  @Test func stylesAreDistinct() {
    let styles = (0..<168).map(SeriesStyle.init)
    let looks = Set(styles.map { "\($0.color.hex) \($0.dash) \($0.marker) \($0.hatch)" })
    #expect(looks.count == 168)
    for (one, next) in zip(styles, styles.dropFirst()) {
      #expect(one.color != next.color && one.dash != next.dash && one.marker != next.marker && one.hatch != next.hatch)
    }
  }

  @Test func theSequentialRampDarkensAllTheWay() {
    let lightness = (0...100).map { ColorRamp.sequential.color(at: Double($0) / 100).lightness }
    #expect(zip(lightness, lightness.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test func theCentreOfADivergingRampIsNeutral() {
    let map = HeatMap(rows: ["a"], columns: ["b", "c"], values: [[-1, 9]], ramp: .diverging(center: 0))
    let bar = ColorBar(map, length: 300, theme: Theme(fontSize: 17))
    #expect(bar.color(0)?.hex == "#f7f7f7")
    #expect(bar.color(9)?.hex == "#2d004b")
    #expect(bar.color(.nan) == nil)
  }

  @Test func longLinesAreReducedToTheirEnvelope() throws {
    let count = 200_000
    let x = (0..<count).map(Double.init)
    var y = x.map { $0.truncatingRemainder(dividingBy: 7) }
    y[123_456] = 1000
    let path = try #require(try paths(.line(Line("a", x: x, y: y, markers: .none))).first)
    #expect(path.utf8.count < 100_000)
    let heights = path.split(whereSeparator: { "ML".contains($0) }).compactMap { Double($0.split(separator: ",")[1]) }
    #expect(heights.count { $0 < heights.max()! - 100 } == 1, "the peak is kept")
  }

  /// The examples of the documentation, as they stand there.
  @Test func documentationExamples() throws {
    let figure = Figure(
      panels: [
        Panel(
          "Training", x: Axis("Step"), y: Axis("Loss", scale: .log10),
          marks: [
            .line(Line("FGN", x: [0, 100, 200], y: [2.3, 0.4, 0.05])),
            .line(Line("Adam", x: [0, 100, 200], y: [2.3, 0.9, 0.2])),
            .reference(.horizontal(at: 0.1, label: "target")),
          ])
      ])
    let svg = figure.svg()
    #expect(svg.hasPrefix("<svg"))
    let words = try parse(figure).words
    for word in ["Training", "Step", "Loss", "FGN", "Adam", "target", "0.1", "1"] { #expect(words.contains(word)) }

    let time = Axis("Wall-clock time", unit: "s", from: 0)
    #expect(time.caption == "Wall-clock time (s)")
    let loss = [0.9, 0.4, 0.25]
    let line = Line("Adam", x: [0, 100, 200], y: loss, band: Band(center: loss, radius: [0.1, 0.05, 0.02]))
    let runs = Scatter("runs", x: [0.1, 0.2, 0.4], y: [91, 93, 88])
    let bars = Bars(
      groups: ["MNIST", "CIFAR-10"],
      series: [
        Bars.Series("SGD", [97.1, 88.0]),
        Bars.Series("FGN", [98.2, 90.4], interval: Band(center: [98.2, 90.4], radius: [0.2, 0.5])),
      ])
    let map = HeatMap(
      rows: ["λ = 0.1", "λ = 1"], columns: ["batch 32", "batch 64"], values: [[0.81, 0.84], [0.79, 0.88]],
      color: Axis("Accuracy"))
    let chance = ReferenceLine.horizontal(at: 0.1, label: "chance")
    let all = Figure(
      panels: [
        Panel(marks: [.line(line), .reference(chance)]), Panel(marks: [.scatter(runs)]), Panel(marks: [.bars(bars)]),
        Panel(marks: [.heatMap(map)]),
      ])
    let names = try parse(all).words
    for word in ["CIFAR-10", "λ = 1", "batch 64", "0.880", "Accuracy", "chance"] {
      #expect(names.contains(word), "\(word)")
    }
  }
}
