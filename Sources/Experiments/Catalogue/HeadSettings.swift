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
    Knob(family: "FGN", column: "dampingFactor", part: "damping", title: "FGN (automatic factor)"),
    Knob(family: "FGN", column: "fixedDamping", part: "damping", title: "FGN (fixed damping)"),
    Knob(family: "SGD", column: "learningRate", title: "SGD (rate)"),
    Knob(family: "Adam", column: "learningRate", title: "Adam (rate)"),
    Knob(family: "K-FAC", column: "learningRate", title: "K-FAC (rate)"),
  ]

  /// One number on one data set: its settings and the objectives that they end at.
  private struct Sweep {
    let knob: Knob
    let rows: Rows
    /// Of all rows of the sweep.
    let conditions: String
    private var objectives: [(setting: Double, mean: Double)] = []

    init(_ rows: Rows, _ data: String, _ knob: Knob) {
      (self.knob, self.rows) = (knob, rows)
      let passes = rows.where("part=damping, data=\(data)").values(of: "passes").last?.text ?? "0"
      conditions = "part=\(knob.part), data=\(data), family=\(knob.family), passes=\(passes), batchSize=128"
      let own = rows.where(conditions)
      objectives = own.values(of: knob.column).compactMap { value in
        let spread = Spread(own.where("\(knob.column)=\(value.text)").numbers("trainingObjective"))
        return value.number.flatMap { setting in spread.map { (setting, $0.mean.isFinite ? $0.mean : .infinity) } }
      }
    }

    var best: (setting: Double, mean: Double)? { objectives.min { $0.mean < $1.mean } }

    /// The setting `steps` factors of about three above the best.
    func away(_ steps: Int) -> (setting: Double, mean: Double)? {
      guard let best else { return nil }
      return objectives.first { half(of: $0.setting, best.setting) == steps }
    }

    private func half(of a: Double, _ b: Double) -> Int {
      let ratios = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300]
      return (ratios.firstIndex { a / b < $0 * 1.7 } ?? ratios.count) - 5
    }

    /// What a setting ten times off costs, the worse way that was run: nats.
    var decade: Quoted? {
      let ends = [away(2), away(-2)].compactMap { $0 }
      guard let best, let end = ends.max(by: { $0.mean < $1.mean }) else { return nil }
      return rows.number(
        "mean of trainingObjective where \(conditions), \(knob.column)=\(Value.number(end.setting).text) "
          + "less \(knob.column)=\(Value.number(best.setting).text)", as: .fixed(3))
    }
  }

  /// What FGN as it is loses to its best factor, and every method ten times off.
  private struct Loss {
    let data: String
    let sweeps: [Sweep]
    let untuned: Quoted

    init(_ rows: Rows, _ data: String) {
      (self.data, sweeps) = (data, knobs.map { Sweep(rows, data, $0) })
      let best = Value.number(sweeps[0].best?.setting ?? 0).text
      untuned = rows.number(
        "mean of trainingObjective where \(sweeps[0].conditions), method=fgn less method=fgn:damping-factor=\(best)",
        as: .fixed(3))
    }

    var isNear: Bool { (untuned.value ?? .infinity) <= 0.02 }
    /// Whether a factor ten times off costs less than a rate of SGD or Adam.
    var isForgiving: Bool {
      let decades = sweeps.map { $0.decade?.value ?? .infinity }
      return decades[0] < min(decades[2], decades[3])
    }

    var line: (title: String, cells: [Quoted?]) { ("`\(data)`", [untuned] + sweeps.map(\.decade)) }
  }

  static func settings(_ rows: Rows) -> Section {
    let losses = rows.where("part=damping").values(of: "data").map { Loss(rows, $0.text) }
    let good = losses.map { [$0.isNear, $0.isForgiving] }.joined()
    let text = Statement.joined(
      losses.map {
        "on \(setting: $0.data) the default loses \($0.untuned) nats, a factor ten times off \($0.sweeps[0].decade)"
      }
    )
    let verdict: Verdict =
      if losses.isEmpty {
        .notMeasured("No data.")
      } else if good.allSatisfy({ $0 }) {
        .holds("Its default is near: \(text).")
      } else if losses.allSatisfy(\.isNear) {
        .holdsWithinLimits("The default is near the best; far from it FGN is not always the more forgiving: \(text).")
      } else if good.contains(true) {
        .holdsWithinLimits("Not on every data set: \(text).")
      } else {
        .fails("Not near: \(text).")
      }
    return Section(
      "No tuning",
      claim:
        "FGN needs no tuning: its default is near its own best, and ten times off costs less than a learning rate of "
        + "SGD or Adam ten times off.",
      method: """
        The factor of automatic damping (default `12`) and fixed damping of FGN, the rates of SGD, Adam and K-FAC: \
        settings a factor of about three apart, after as many passes as in the last section, batches of `128`. Near is \
        within `0.02` nats of the final training objective.
        """,
      figures: [
        ReportFigure(
          "settings",
          """
          Final training objective over that of the method's own best setting, in nats, by factors from it; `9` stands \
          for more, too.
          """,
          Figure(
            panels: losses.map { panel($0.data, $0.sweeps) }, columns: 1,
            options: Figure.Options(panelWidth: 1000, panelHeight: 380)))
      ],
      tables: losses.isEmpty
        ? []
        : [
          ReportTable(
            "Nats over a method's own best setting: FGN untuned, and each number ten times off, the worse way.",
            losses.map(\.line), heading: "data", columns: ["FGN untuned"] + knobs.map(\.title))
        ], verdict: verdict)
  }

  private static func panel(_ title: String, _ sweeps: [Sweep]) -> Panel {
    let names = ["÷100", "÷30", "÷10", "÷3", "best", "×3", "×10", "×30", "×100"]
    let cells = sweeps.map { sweep in
      (-4...4).map { step -> Double in
        guard let best = sweep.best, let other = sweep.away(step) else { return .nan }
        return min(9, other.mean - best.mean)
      }
    }
    return Panel(
      title, x: Axis("Setting"),
      marks: [.heatMap(HeatMap(rows: sweeps.map(\.knob.title), columns: names, values: cells, color: excess))])
  }
}
