import Comparison
import Figures

extension HeadDamping {
  /// Damping against batch size, of FGN.
  static func batches(_ rows: Rows) -> Section {
    let own = rows.where("part=damping")
    let data = own.values(of: "data").map(\.text)
    var (excesses, found): ([Double], [Statement]) = ([], [])
    for data in data {
      let parts = own.where("data=\(data)").values(of: "batchSize").compactMap { size -> Statement? in
        let here = own.where("data=\(data), batchSize=\(size.text), fixedDamping>0")
        guard let best = here.best("method", by: "trainingObjective", within: ["data"]).values(of: "method").first
        else { return nil }
        let excess = rows.number(
          "mean of trainingObjective where part=damping, data=\(data), batchSize=\(size.text), method=fgn "
            + "less method=\(best.text)", as: .fixed(4))
        excesses.append(excess.value ?? .infinity)
        return "\(excess)"
      }
      found.append("\(setting: data) \(Statement.joined(parts, separator: ", "))")
    }
    let text: Statement = """
      Automatic damping less the best fixed one, in nats of training objective at batches of `32`, `128` and `512`: \
      \(Statement.joined(found)).
      """
    let worst = excesses.max()
    let verdict: Verdict =
      switch worst {
      case nil: .notMeasured("No data.")
      case let worst? where worst <= 0.01: .holds(text)
      case _ where excesses.contains { $0 <= 0.01 }: .holdsWithinLimits("Not everywhere. \(text)")
      default: .fails(text)
      }
    return Section(
      "Damping and batch size", claim: "Automatic damping is near the best fixed damping, at any batch size.",
      method: """
        FGN for `4` passes (`--quick`: `2`) with automatic damping and with fixed dampings from `0.001` to `10`, \
        three seeds; near is within `0.01` nats of the final training objective.
        """,
      figures: [
        ReportFigure(
          "damping",
          """
          Final training objective over the lowest of the column, in nats; the last line of each map is automatic \
          damping.
          """,
          Figure(panels: data.map { panel(own.where("data=\($0)"), $0) }, columns: 2))
      ], verdict: verdict)
  }

  private static func panel(_ rows: Rows, _ title: String) -> Panel {
    let sizes = rows.values(of: "batchSize").map(\.text)
    let fixed = rows.values(of: "fixedDamping").map(\.text)
    let cells = (fixed + [""]).map { damping in
      sizes.map { size in
        let method = damping.isEmpty ? "fgn" : "fgn:fixed-damping=\(damping)"
        return Spread(rows.where("batchSize=\(size), method=\(method)").numbers("trainingObjective"))?.mean ?? .nan
      }
    }
    let lowest = sizes.indices.map { column in cells.map { $0[column] }.filter(\.isFinite).min() ?? .nan }
    return Panel(
      title, x: Axis("Batch size"), y: Axis("Damping"),
      marks: [
        .heatMap(
          HeatMap(
            rows: fixed + ["auto"], columns: sizes, values: cells.map { line in zip(line, lowest).map { $0 - $1 } },
            color: excess))
      ])
  }

  static let excess = Axis("Over the lowest", unit: "nats", from: 0, to: 0.3)
}
