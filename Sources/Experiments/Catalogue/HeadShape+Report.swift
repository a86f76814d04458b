import Figures

extension HeadShape {
  static func report(_ rows: Rows) -> Section {
    let own = rows.where("part=shape")
    func over(_ other: String) -> Quoted {
      rows.number("median of cpuStepSeconds where part=shape, family=FGN over family=\(other)")
    }
    let (sgd, parameters, dual) = (over("SGD"), over("GGN (parameters)"), over("GGN (dual)"))
    let text: Statement = """
      An FGN step takes \(sgd) of the seconds of an SGD step, \(parameters) of those of the GGN in parameter space and \
      \(dual) of those of its dual form.
      """
    let verdict: Verdict =
      if own.isEmpty {
        .notMeasured("No rows.")
      } else if max(parameters.value ?? 1, dual.value ?? 1) >= 1 {
        .fails(text)
      } else if (sgd.value ?? .infinity) <= 3 {
        .holds(text)
      } else {
        .holdsWithinLimits("Below the GGN only. \(text)")
      }
    return Section(
      "The paper's shape", claim: "A step of FGN costs a small multiple of an SGD step, and less than one of the GGN.",
      method: """
        `2048` features, `196` classes, `8144` examples (`--quick`: `1024`), batches of `128`, a pass over the data; \
        features are normal numbers around a centre for each class, for cost only. Small is at most three.
        """,
      figures: [
        ReportFigure(
          "shape", "Seconds of a step at the paper's shape, of the processor and on the wall.",
          Figure(panels: [
            panel(own, "Processor", "cpuStepSeconds"), panel(own, "Wall clock", "wallStepSeconds"),
          ]))
      ],
      tables: [
        ReportTable(
          "Seconds of a step.", by: "family", where: "part=shape",
          ["processor": "median of cpuStepSeconds", "wall clock": "median of wallStepSeconds"], as: .significant(2))
      ], verdict: verdict)
  }

  private static func panel(_ rows: Rows, _ title: String, _ column: String) -> Panel {
    Panel(
      title, y: Axis("Time of a step", unit: "s", from: 0),
      marks: [rows.bars(column, groups: "family", by: "part", name: { _ in "mean over seeds" })])
  }
}
