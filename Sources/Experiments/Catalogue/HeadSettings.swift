import Comparison
import Figures

/// Each method's own number, up and down from its best.
extension HeadDamping {
  /// A number of a method: its column, and the part of the runs that vary it.
  private struct Knob {
    var family: String
    var column: String
    var part = "methods"
    var title: String
  }

  private static let knobs = [
    Knob(family: "FGN", column: "dampingFactor", part: "damping", title: "FGN, factor of auto"),
    Knob(family: "FGN", column: "fixedDamping", part: "damping", title: "FGN, fixed damping"),
    Knob(family: "SGD", column: "learningRate", title: "SGD, rate"),
    Knob(family: "Adam", column: "learningRate", title: "Adam, rate"),
    Knob(family: "K-FAC", column: "learningRate", title: "K-FAC, rate"),
  ]

  /// One method on one data set: its settings and the objectives that they end at.
  private struct Sweep {
    var title: String
    var settings: [Double] = []
    var objectives: [Double] = []
    var best = 0
    /// One decade up and down from the best setting, less the best: nats.
    var up: Quoted?
    var down: Quoted?

    init(
      _ rows: Rows, _ data: String, _ knob: Knob
    ) {
      title = knob.title
      let passes = rows.where("part=damping, data=\(data)").values(of: "passes").last?.text ?? "0"
      let shared = "part=\(knob.part), data=\(data), family=\(knob.family), passes=\(passes), batchSize=128"
      for value in rows.where(shared).values(of: knob.column) {
        guard let number = value.number else { continue }
        settings.append(number)
        let own = rows.where("\(shared), \(knob.column)=\(value.text)").numbers("trainingObjective")
        let mean = Spread(own)?.mean ?? .nan
        objectives.append(mean.isFinite ? mean : .infinity)
      }
      best = objectives.indices.min { objectives[$0] < objectives[$1] } ?? 0
      func away(_ step: Int) -> Quoted? {
        let other = best + step
        guard settings.indices.contains(other) else { return nil }
        func text(_ index: Int) -> String { "\(knob.column)=\(Value.number(settings[index]).text)" }
        return rows.number(
          "mean of trainingObjective where \(shared), \(text(other)) less \(text(best))", as: .fixed(3))
      }
      (up, down) = (away(2), away(-2))
    }

    /// What a factor of ten in the worse direction costs; nil if the best is at the edge both ways.
    var decade: Quoted? {
      guard let up, let down else { return up ?? down }
      return (up.value ?? 0) > (down.value ?? 0) ? up : down
    }
  }

  static func settings(_ rows: Rows) -> Section {
    let data = rows.where("part=damping").values(of: "data").map(\.text)
    let sweeps = data.map { data in (data, knobs.map { Sweep(rows, data, $0) }) }
    var worst: [String: [Double]] = [:]
    let found = sweeps.map { data, sweeps in
      let parts = sweeps.compactMap { sweep -> Statement? in
        guard let decade = sweep.decade else { return nil }
        worst[sweep.title, default: []].append(decade.value ?? .infinity)
        return "\(Statement(stringLiteral: sweep.title)) \(decade)"
      }
      return "\(setting: data): \(Statement.joined(parts, separator: ", "))" as Statement
    }
    let text: Statement = "Nats lost by a setting ten times off, the worse way: \(Statement.joined(found))."
    let factor = worst[knobs[0].title]?.max()
    let rivals = ["SGD, rate", "Adam, rate"].map { worst[$0] ?? [] }
    let isNarrower = zip(worst[knobs[0].title] ?? [], zip(rivals[0], rivals[1])).map { $0 < min($1.0, $1.1) }
    let verdict: Verdict =
      if factor == nil || isNarrower.isEmpty {
        .notMeasured("No data.")
      } else if isNarrower.allSatisfy({ $0 }) {
        .holds(text)
      } else if isNarrower.contains(true) {
        .holdsWithinLimits("Not on every data set. \(text)")
      } else {
        .fails(text)
      }
    return Section(
      "Settings", claim: "What is left to set of FGN matters less than the learning rate of SGD or Adam.",
      method: """
        The factor of automatic damping (default `12`) and fixed damping of FGN, the rates of SGD, Adam and K-FAC: \
        settings a factor of about three apart, after as many passes as in the last section, batches of `128`.
        """,
      figures: [
        ReportFigure(
          "settings", "Final training objective over that of the method's own best setting, by factors from it.",
          Figure(
            panels: sweeps.map { panel($0, $1) }, columns: 1,
            options: Figure.Options(panelWidth: 1100, panelHeight: 380)))
      ], verdict: verdict)
  }

  private static func panel(_ title: String, _ sweeps: [Sweep]) -> Panel {
    let steps = Array(-5...5)
    let names = ["÷300", "÷100", "÷30", "÷10", "÷3", "best", "×3", "×10", "×30", "×100", "×300"]
    let cells = sweeps.map { sweep in
      steps.map { step -> Double in
        let index = sweep.best + step
        return sweep.settings.indices.contains(index) ? sweep.objectives[index] - sweep.objectives[sweep.best] : .nan
      }
    }
    return Panel(
      title, x: Axis("Setting"),
      marks: [.heatMap(HeatMap(rows: sweeps.map(\.title), columns: names, values: cells, color: excess))])
  }
}
