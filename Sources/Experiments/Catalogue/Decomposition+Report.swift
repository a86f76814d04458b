import Figures

extension Decomposition {
  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    [split(rows), order(rows), traces(rows), binary(rows)]
  }

  private func split(_ rows: Rows) -> Section {
    let double = rows.number("maximum of splitError where precision=float64")
    let float = rows.number("maximum of splitError where precision=float32")
    func panel(_ precision: String) -> Panel {
      Panel(
        precision, x: Axis("Classes", scale: .log10), y: Axis("Relative error of the split", scale: .log10),
        marks: rows.where("precision=\(precision)").lines(
          "splitError", against: "classes", by: "scale", .geometric, name: { "logit scale \($0.text)" }))
    }
    let isExact = (double.value ?? 1) < 1e-10 && (float.value ?? 1) < 1e-3
    let sizes: Statement = "The largest relative error is \(double) in Double and \(float) in Float"
    return Section(
      "The split", claim: "`diag(p) - p p^T = s a a^T + v (diag(q) - q q^T)`, exactly, for any logits.",
      method: """
        The library's products with both parts, added, against `p * t - p (p . t)` formed in Double from the same logits; \
        random logits of standard deviation `0.1` to `30`, labels at random and drawn from the model, random probes, \
        `2` to `10000` classes.
        """,
      figures: [
        ReportFigure(
          "split", "Error of the split: rounding, at every number of classes and every scale of the logits.",
          Figure(panels: [panel("float64"), panel("float32")]))
      ],
      tables: [
        ReportTable(
          "Largest relative error, Double.", by: "classes", columns: "scale", of: rows.where("precision=float64"),
          "maximum of splitError", where: "precision=float64", as: .significant(2))
      ],
      verdict: isExact ? .holds("\(sizes): rounding.") : .fails("\(sizes)."))
  }

  private func order(_ rows: Rows) -> Section {
    let wrong = rows.number("maximum of rankError")
    let isRanked = wrong.value == 0
    let least = rows.number("minimum of leastEigenvalue")
    let beyond = rows.number("maximum of leastEigenvalueBeyond")
    let isOrdered = (least.value ?? -1) > -1e-13 && (beyond.value ?? 0) < 0
    let ranks: Statement = "Ranks differ from the claim by \(wrong) at most"
    return Section(
      "Ranks and order",
      claim: "FGN has rank one, the GGN one less than the classes, what is dropped two less; "
        + "FGN is below the GGN, and no larger multiple of `a a^T` is.",
      method: """
        Eigenvalues of single examples' matrices, up to `100` classes and logit scale `3`; ranks count eigenvalues above \
        `1e-13` of the largest. The least eigenvalue of GGN - FGN and of GGN - `1.001` FGN, over the largest of the GGN.
        """,
      tables: [
        ReportTable(
          "Ranks, and least eigenvalues relative to the GGN's largest.", by: "classes", where: "precision=float64",
          [
            "FGN": "maximum of rankFGN", "GGN": "maximum of rankGGN", "dropped": "maximum of rankDropped",
            "least of GGN - FGN": "minimum of leastEigenvalue",
            "least beyond": "maximum of leastEigenvalueBeyond",
          ], as: .significant(3))
      ],
      verdict: isRanked && isOrdered
        ? .holds(
          "\(ranks); the least eigenvalue of GGN - FGN is \(least), beyond FGN it is negative, at most \(beyond).")
        : .fails("\(ranks); the least eigenvalue of GGN - FGN is \(least), beyond FGN at most \(beyond)."))
  }

  private func traces(_ rows: Rows) -> Section {
    let double = rows.where("precision=float64, labels=drawn")
    let least = double.number("minimum of keptShare where precision=float64, labels=drawn, classes>2")
    let most = double.number("maximum of keptShare where precision=float64, labels=drawn, classes>2")
    let error = rows.number("maximum of traceError where precision=float64")
    return Section(
      "What is kept of the trace",
      claim: "FGN keeps `s (1 + |q|^2)` of the trace and drops `v (1 - |q|^2)`: everything for two "
        + "classes, less the more competitors share the competitor mass.",
      method: "Traces of the same batches, labels drawn from the model; their sum against that of `diag(p) - p p^T`.",
      figures: [
        ReportFigure(
          "traces",
          "Share of the GGN's trace that FGN keeps: all of it for two classes, and less with many classes and flat logits.",
          Figure(panels: [
            Panel(
              x: Axis("Classes", scale: .log10), y: Axis("Kept share of the trace", scale: .log10),
              marks: double.lines(
                "keptShare", against: "classes", by: "scale", .geometric, name: { "logit scale \($0.text)" }))
          ]))
      ],
      verdict: (error.value ?? 1) < 1e-12
        ? .holds(
          "The parts add up to \(error); beyond two classes the kept share runs from \(least) to \(most)."
        )
        : .fails("The parts differ from the whole by \(error)."))
  }

  private func binary(_ rows: Rows) -> Section {
    let share = rows.number("minimum of keptShare where precision=float64, classes=2", as: .significant(6))
    let error = rows.number("maximum of directionError")
    let isExact = (error.value ?? 1) < 1e-9 && (share.value ?? 0) > 1 - 1e-12
    return Section(
      "Two classes", claim: "FGN is exact for two classes.",
      method: """
        Directions of a head with `12` features on `48` rows, FGN by Cholesky, the GGN by conjugate \
        gradient on all outputs, damping `1e-6`, `1e-3` and `1`.
        """,
      tables: [
        ReportTable("Relative difference of the directions.", by: "damping", ["largest": "maximum of directionError"])
      ],
      verdict: isExact
        ? .holds("The share kept is \(share) and no direction differs by more than \(error).")
        : .fails("Directions differ by up to \(error), the share kept is \(share)."))
  }
}
