import Figures

extension SingleExamples {
  static func report(on rows: Rows) -> [Section] { [alone(rows), together(rows)] }

  private static func alone(_ rows: Rows) -> Section {
    let part = rows.where("part=single, damping=0.01")
    let shown = part.where("classes=196")
    func panel(_ column: String, _ y: Axis) -> Panel {
      Panel(
        x: Axis("Effective competitors", scale: .log10), y: y,
        marks: shown.lines(column, against: "competitors", by: "form"))
    }
    let worst = rows.number("maximum of relativeError where part=single, form=uniform on a support")
    let dropped = rows.number("maximum of droppedShare where part=single, form=uniform on a support", as: .percent(0))
    let other = rows.number("maximum of relativeError where part=single, form=one and a rest")
    let isExact = worst.value.map { $0 < 1e-9 }
    return Section(
      "One example, uniform competitors",
      claim:
        "For competitors uniform on their support a single example's FGN step equals its GGN step, although the dropped "
        + "trace is largest.",
      method: """
        One row of `16` features, p_y `0.5`, dampings `1e-4`, `0.01`, `1`. The covariance maps a to `|q|^2 q - q^2`, which is zero \
        where q is uniform on its support: what is dropped does not touch the gradient.
        """,
      figures: [
        ReportFigure(
          "single",
          "`196` classes, damping `0.01`: two ways to spread the mass, of the same dropped trace (right), and their errors (left).",
          Figure(panels: [
            panel("relativeError", Axis("Relative error", from: 0)),
            panel("droppedShare", Axis("Dropped share of the trace", from: 0)),
          ]))
      ],
      tables: [
        ReportTable(
          "Largest relative error.", by: "classes", columns: "form", of: part, "maximum of relativeError",
          where: "part=single")
      ],
      verdict: isExact == nil
        ? .notMeasured("no single examples")
        : isExact == true
          ? .holds(
            "The relative error is at most \(worst) while up to \(dropped) of the trace is dropped; with one favoured competitor it reaches \(other)."
          )
          : .fails("The relative error reaches \(worst)."))
  }

  private static func together(_ rows: Rows) -> Section {
    let part = rows.where("part=interference")
    let x = Axis("Rows per feature, B / D", scale: .log10)
    let y = Axis("Relative error", scale: .log10, from: 1e-3, to: 10)
    func byClasses(_ damping: String) -> Panel {
      Panel(
        "\(features[1]) features, damping \(damping)", x: x, y: y,
        marks: part.where("features=\(features[1]), damping=\(damping), rows>2").lines(
          "relativeError", against: "ratio", by: "classes"
        ) { "\($0.text) classes" })
    }
    let byFeatures = Panel(
      "\(classes[0]) classes, damping 0.0001", x: x, y: y,
      marks: part.where("classes=\(classes[0]), damping=1e-4, rows>2").lines(
        "relativeError", against: "ratio", by: "features"
      ) { "\($0.text) features" })
    let alone = rows.number("maximum of relativeError where part=interference, rows=1")
    func crowded(_ classes: Int, _ damping: String) -> Quoted {
      rows.number(
        "mean of relativeError where part=interference, classes=\(classes), features=16, ratio=8, damping=\(damping)")
    }
    let (few, many) = (crowded(10, "1e-4"), crowded(1000, "1e-4"))
    let (fewDamped, manyDamped) = (crowded(10, "0.01"), crowded(1000, "0.01"))
    let statement: Statement = """
      alone \(alone) at most; with `8` rows a feature \(few) for `10` classes and \(many) for `1000` at damping `1e-4`, \
      \(fewDamped) and \(manyDamped) at `0.01`
      """
    let values = [few, many, fewDamped, manyDamped].compactMap(\.value)
    return Section(
      "Interference", claim: "Interference between examples (many rows, few features) brings the error back.",
      method: "Uniform competitors, p_y `0.5`, `1` to `256` rows of `8`, `16` or `32` features.",
      figures: [
        ReportFigure(
          "interference",
          "Error against rows per feature, from `4` rows on: by classes at two dampings, and by features.",
          Figure(
            panels: dampings.map { byClasses(Value.number($0).text) } + [byFeatures], columns: 3,
            options: .init(panelWidth: 440, panelHeight: 360)))
      ],
      tables: dampings.map { damping in
        ReportTable(
          "Relative error at damping \(setting: Value.number(damping).text), `16` features.", by: "rows",
          columns: "classes",
          of: part, "mean of relativeError",
          where: "part=interference, features=16, damping=\(Value.number(damping).text)")
      },
      verdict: values.count < 4 || alone.value == nil
        ? .notMeasured("no batches")
        : values.allSatisfy { $0 > 0.05 }
          ? .holds("It does: \(statement).")
          : values.contains { $0 > 0.05 }
            ? .holdsWithinLimits("With few classes or little damping: \(statement).")
            : .fails("It does not: \(statement)."))
  }
}
