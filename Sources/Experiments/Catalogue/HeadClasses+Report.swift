import Figures

extension HeadClasses {
  static func report(_ rows: Rows) -> Section {
    let own = rows.where("part=classes")
    let data = own.values(of: "data").map(\.text)
    var (gaps, found): ([Double], [Statement]) = ([], [])
    for data in data {
      let parts = own.where("data=\(data)").values(of: "classes").map { count -> Statement in
        let gap = rows.contrast(
          "trainingObjective", where: "part=classes, data=\(data), classes=\(count.text), family=FGN",
          less: "family=GGN")
        gaps.append(abs(gap.difference.value ?? .infinity))
        return "\(gap.statement) at \(setting: count.text)"
      }
      found.append("\(setting: data) \(Statement.joined(parts, separator: ", "))")
    }
    let text: Statement =
      "FGN less the GGN, in nats of training objective by the number of classes: \(Statement.joined(found))."
    let verdict: Verdict =
      if gaps.isEmpty {
        .notMeasured("No data.")
      } else if gaps.allSatisfy({ $0 <= 0.01 }) {
        .holds(text)
      } else if gaps.contains(where: { $0 <= 0.01 }) {
        .holdsWithinLimits("Not for every number of classes. \(text)")
      } else {
        .fails(text)
      }
    func panel(_ title: String, _ column: String, _ y: Axis, _ families: [String]) -> Panel {
      Panel(
        title, x: Axis("Classes", scale: .log10), y: y,
        marks: data.flatMap { data in
          families.map { family in
            let these = own.where("data=\(data)" + (family.isEmpty ? "" : ", family=\(family)"))
            return these.line(family.isEmpty ? data : "\(data), \(family)", column, against: "classes")
          }
        })
    }
    return Section(
      "Class counts", claim: "FGN stays near the GGN however many classes there are.",
      method: """
        The first `10`, `50` and `150` classes of a data set, or all it has, with their examples; `240` steps \
        (`--quick`: `48`), batches of `128`, EGN where `B C` is at most `1300`. Directions are compared on one random batch \
        where FGN has trained for about as long, at the damping that it has come to. Near is within `0.01` nats.
        """,
      figures: [
        ReportFigure(
          "classes", "Where FGN and the GGN end after as many steps, and how their directions differ there.",
          Figure(
            panels: [
              panel(
                "Training objective", "trainingObjective", Axis("Training objective", unit: "nats"), ["FGN", "GGN"]),
              panel(
                "Validation accuracy", "validationAccuracy", Axis("Validation accuracy"), ["FGN", "GGN"]),
              panel("Kept share", "keptShare", Axis("Kept share of the trace", from: 0, to: 1), [""]),
              panel("Relative error", "relativeError", Axis("Relative error of the direction", from: 0), [""]),
            ], columns: 2))
      ],
      tables: data.map { data in
        ReportTable(
          "First classes of \(setting: data).", by: "classes", where: "part=classes, data=\(data)",
          [
            "FGN objective": "mean of trainingObjective where family=FGN",
            "GGN objective": "mean of trainingObjective where family=GGN",
            "EGN objective": "mean of trainingObjective where family=EGN",
            "FGN accuracy": "mean of validationAccuracy where family=FGN",
            "GGN accuracy": "mean of validationAccuracy where family=GGN", "kept share": "mean of keptShare",
            "cosine": "mean of cosine", "relative error": "mean of relativeError",
          ])
      }, verdict: verdict)
  }
}
