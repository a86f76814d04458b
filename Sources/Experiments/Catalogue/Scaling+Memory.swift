import Figures

extension Scaling {
  func egn(_ rows: Rows) -> Section {
    let all = rows.number("exponent of cpuSeconds by unknowns where method=egn, unknowns>=1000")
    let upper = rows.number("exponent of cpuSeconds by unknowns where method=egn, unknowns>=3000")
    let model = rows.number("exponent of flops by unknowns where method=egn, unknowns>=1000")
    let large = upper.value == nil ? all : upper
    let text: Statement = """
      Time grows as the power \(all) of `B C` from a thousand unknowns on, \(large) at the largest; the cost model's \
      flops as \(model).
      """
    let verdict: Verdict =
      switch large.value {
      case nil: .notMeasured("No rows.")
      case .some(2.8...3.2): .holds(text)
      case .some(2.2...3.5): .holdsWithinLimits(text)
      default: .fails(text)
      }
    return Section(
      "Exact Gauss-Newton", claim: "The time of EGN grows with the cube of `B C`.",
      method:
        "All steps of EGN, up to `6400` unknowns (`3200` in a quick run). A cube is a power of `2.8` to `3.2`.",
      tables: [
        ReportTable(
          "EGN by unknowns.", by: "unknowns", where: "method=egn",
          [
            "CPU seconds": "mean of cpuSeconds", "steps of SGD": "mean of overSGDSeconds",
            "measured over predicted": "mean of overPredictedSeconds",
          ])
      ], verdict: verdict)
  }

  func bytes(_ rows: Rows) -> Section {
    let big = "method!=egn, predictedBytes>1000000"
    let least = rows.number("minimum of heldShare where \(big)")
    let most = rows.number("maximum of heldShare where \(big)")
    let egn = rows.number("maximum of heldShare where method=egn, predictedBytes>1000000")
    let gram = rows.number("maximum of heldShare where method=fgn-gram, predictedBytes>1000000")
    let text: Statement = """
      Where a megabyte or more is predicted, \(least) to \(most) of it is held, by FGN with the Gram up to \(gram), \
      by EGN up to \(egn).
      """
    func isWithin(_ factor: Double) -> Bool {
      [least, most, egn].allSatisfy { $0.value.map { $0 < factor && $0 > 1 / factor } ?? true }
    }
    func panel(_ sweep: String) -> Panel {
      Self.panel(
        rows, sweep, "heldBytes", predicted: "predictedBytes",
        y: Axis("Beyond parameters", unit: "bytes", scale: .log10))
    }
    return Section(
      "Bytes",
      claim: "FGN by the Gram holds `B^2` numbers and the outputs, the GGN in parameter space six times the "
        + "parameters, EGN `(B C)^2`.",
      method: """
        Arrays that an optimizer holds after its steps, by their elements; what a step gives back at its end comes \
        on top. Predicted: the table in docs/mathematics.md, to leading order. Holds: within a factor of `1.1`; \
        within limits: `1.6`.
        """,
      figures: [
        ReportFigure(
          "bytes", "Bytes that each method holds beyond parameters and batch: lines counted, markers predicted.",
          Figure(panels: ["classes", "batch", "features", "iterations"].map(panel)))
      ],
      tables: [
        ReportTable(
          "Bytes held, by classes.", by: "classes", columns: "method", of: rows.where("sweep=classes"),
          "maximum of heldBytes", where: "sweep=classes")
      ],
      verdict: least.value == nil
        ? .notMeasured("No rows.")
        : isWithin(1.1) ? .holds(text) : isWithin(1.6) ? .holdsWithinLimits(text) : .fails(text))
  }
}
