import Comparison
import Figures

/// Methods at equal steps and at equal seconds, those with a rate at their best: it has the lowest validation loss for
/// the data, the method and the budget, mean over seeds.
struct HeadCurves {
  let rows: Rows
  /// The runs at the chosen rates.
  let best: Rows

  init(_ rows: Rows) {
    self.rows = rows
    best = rows.where("part=methods")
      .best("method", by: "validationLoss", within: ["data", "family", "passes"])
  }

  var data: [String] { best.values(of: "data").map(\.text) }

  /// The most passes that FGN made.
  func longest(_ data: String) -> Double {
    best.where("data=\(data), family=FGN").numbers("passes").max() ?? 0
  }

  /// The setting that a method has chosen.
  func method(_ family: String, _ data: String, _ passes: Double) -> String? {
    best.where("data=\(data), family=\(family), passes=\(Value.number(passes).text)").values(of: "method").first?.text
  }

  static let setup = """
    Linear heads from zero, in Float, `l2` `1e-6`, batches of `128` (`letter-10`: `64`) that are the same for every \
    method; L-BFGS takes all rows a step. Letter with `16` standardised features, with `512` random Fourier features \
    (`letter-rff`) and its first `10` classes; `clinc150` and features of the user's where they are given. EGN factors a \
    system of order `B C` and runs where that is at most `1300`: on `letter-10`. Each point is a whole run with a cosine \
    schedule of its own. Gauss-Newton methods, the empirical Fisher and L-BFGS run at their defaults; SGD, Adam and \
    K-FAC at the rate with the lowest validation loss of `7`, `7` and `3` a factor of three apart.
    """

  // MARK: Equal steps

  /// FGN less the GGN at the end of the longest runs.
  private struct Gap {
    var objective: Contrast
    var accuracy: Contrast

    init(_ rows: Rows, _ data: String, _ passes: Double) {
      let own = "part=methods, data=\(data), passes=\(Value.number(passes).text), family=FGN"
      objective = rows.contrast("trainingObjective", where: own, less: "family=GGN (dual)")
      accuracy = rows.contrast("validationAccuracy", where: own, less: "family=GGN (dual)", as: .percent(2))
    }

    var isBehind: Bool {
      (objective.difference.value ?? 1) > 0.01 || (accuracy.difference.value ?? -1) < -0.005
    }

    func isWithin(_ nats: Double, _ fraction: Double) -> Bool {
      abs(objective.difference.value ?? 1) <= nats && abs(accuracy.difference.value ?? 1) <= fraction
    }
  }

  var steps: Section {
    let gaps = data.map { ($0, Gap(rows, $0, longest($0))) }
    let found = Statement.joined(
      gaps.map { "\(setting: $0) objective \($1.objective.statement) nats, held-out accuracy \($1.accuracy.statement)" }
    )
    let verdict: Verdict =
      if gaps.isEmpty {
        .notMeasured("No data.")
      } else if gaps.allSatisfy({ $1.isWithin(0.01, 0.005) }) {
        .holds("FGN less the GGN after as many steps: \(found).")
      } else if !gaps.contains(where: { $1.isBehind }) {
        .holdsWithinLimits("Not near everywhere, but nowhere behind. FGN less the GGN after as many steps: \(found).")
      } else if gaps.contains(where: { $1.isWithin(0.01, 0.005) }) {
        .holdsWithinLimits("Not on every data set. FGN less the GGN after as many steps: \(found).")
      } else {
        .fails("FGN less the GGN after as many steps: \(found).")
      }
    return Section(
      "Near the GGN",
      claim: "A fixed-feature multiclass head bears it out: FGN ends where the full Gauss-Newton method ends.",
      method: Self.setup + " Near is within `0.01` nats of training objective and `0.5` points of held-out accuracy.",
      figures: data.map { data in
        figure(
          "steps-\(data)",
          """
          At equal steps, \(setting: data): each point is the end of a run. L-BFGS, whose step takes all rows, and the dual \
          GGN, which differs from the other only in where conjugate gradient stops, are in the table.
          """,
          data, "step",
          Axis("Steps of the run", scale: .log10), leaving: ["GGN (dual)", HeadMethod.lbfgs])
      },
      tables: data.map(table), verdict: verdict)
  }

  /// Of the longest runs.
  private func table(_ data: String) -> ReportTable {
    let passes = longest(data)
    let ours = best.where("data=\(data), passes=\(Value.number(passes).text)")
    var table = ReportTable(
      "After \(setting: Value.number(passes).text) passes over \(setting: data).", by: "method",
      where: "part=methods, data=\(data), passes=\(Value.number(passes).text)",
      [
        "training objective": "mean of trainingObjective", "training loss": "mean of trainingLoss",
        "training accuracy": "mean of trainingAccuracy", "validation loss": "mean of validationLoss",
        "validation accuracy": "mean of validationAccuracy", "CPU seconds": "median of cpuSeconds",
      ])
    table.only = ours.values(of: "method")
    return table
  }

  func figure(
    _ name: String, _ caption: Statement, _ data: String, _ x: String, _ axis: Axis,
    leaving hidden: [String] = []
  ) -> ReportFigure {
    let own = hidden.reduce(best.where("data=\(data)")) { $0.where("family!=\($1)") }
    func panel(_ title: String, _ column: String, _ y: Axis, _ averaging: Averaging) -> Panel {
      Panel(title, x: axis, y: y, marks: own.lines(column, against: x, at: "passes", by: "family", averaging))
    }
    let panels = [("Training", "training"), ("Validation", "validation")].flatMap { title, column in
      [
        panel("\(title) loss", column + "Loss", Axis("\(title) loss", unit: "nats", scale: .log10), .geometric),
        panel("\(title) accuracy", column + "Accuracy", Axis("\(title) accuracy"), .mean),
      ]
    }
    return ReportFigure(name, caption, Figure(panels: panels, columns: 2))
  }
}
