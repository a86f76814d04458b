import Figures
import Testing

/// The examples in the doc comments of Figures.
@Suite struct FigureExamples {
  @Test func figure() {
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
    #expect(svg.contains("target") && svg.contains("Adam"))
  }

  @Test func panel() {
    let panel = Panel(
      "Training", x: Axis("Step"), y: Axis("Loss", scale: .log10),
      marks: [.line(Line("FGN", x: [1, 2, 3], y: [2.3, 0.4, 0.05]))])
    #expect(panel.title == "Training")
  }

  @Test func marks() {
    let marks: [Mark] = [
      .line(Line("FGN", x: [1, 2, 3], y: [0.9, 0.4, 0.2])),
      .reference(.horizontal(at: 0.1, label: "target")),
    ]
    #expect(Figure(panels: [Panel(marks: marks)]).svg().contains("target"))
  }

  @Test func referenceLine() {
    let chance = ReferenceLine.horizontal(at: 0.1, label: "chance")
    #expect(chance.value == 0.1 && chance.label == "chance")
  }

  @Test func heatMap() {
    let map = HeatMap(
      rows: ["λ = 0.1", "λ = 1"], columns: ["batch 32", "batch 64"],
      values: [[0.81, 0.84], [0.79, 0.88]], color: Axis("Accuracy"))
    #expect(Figure(panels: [Panel(marks: [.heatMap(map)])]).svg().contains("batch 64"))
  }

  @Test func scatter() {
    let runs = Scatter("runs", x: [0.1, 0.2, 0.4], y: [91, 93, 88])
    #expect(runs.x.count == 3)
  }

  @Test func bars() {
    let bars = Bars(
      groups: ["MNIST", "CIFAR-10"],
      series: [
        Bars.Series("SGD", [97.1, 88.0]),
        Bars.Series("FGN", [98.2, 90.4], interval: Band(center: [98.2, 90.4], radius: [0.2, 0.5])),
      ])
    #expect(Figure(panels: [Panel(marks: [.bars(bars)])]).svg().contains("CIFAR-10"))
  }

  @Test func axes() {
    let time = Axis("Wall-clock time", unit: "s", from: 0)
    let loss = Axis("Training loss", scale: .log10)
    #expect(time.label == "Wall-clock time" && loss.label == "Training loss")
  }

  @Test func line() {
    let loss = [0.9, 0.4, 0.25]
    let line = Line("Adam", x: [0, 100, 200], y: loss, band: Band(center: loss, radius: [0.1, 0.05, 0.02]))
    #expect(line.y == loss)
  }
}
