import Figures

extension Scaling {
  func counts(_ rows: Rows) -> Section {
    let (most, least) = (rows.number("maximum of morePasses"), rows.number("minimum of morePasses"))
    let hard = rows.number("minimum of classes where morePasses>0")
    let other = rows.number("maximum of morePasses where method!=fgn-cg")
    let iterations = rows.number("maximum of cgIterations")
    let verdict: Verdict
    if rows.isEmpty {
      verdict = .notMeasured("No rows.")
    } else if most.value == 0 && least.value == 0 {
      verdict = .holds("No step differs by more than \(most) passes; up to \(iterations) iterations.")
    } else if least.value == 0 && other.value == 0 {
      verdict = .holdsWithinLimits(
        """
        Exact but for matrix-free FGN with \(hard) classes or more, where rows start so wrong that the solve starts \
        from them: up to \(most) passes more.
        """)
    } else {
      verdict = .fails("Passes differ by \(least) to \(most).")
    }
    func panel(_ sweep: String, _ column: String, _ label: String) -> Panel {
      Self.panel(rows, sweep, column, y: Axis(label, scale: .log10))
    }
    return Section(
      "Operator counts",
      claim: "A step of FGN by the Gram, of the dual GGN and of EGN passes through the model twice, as SGD "
        + "does; `n` iterations take `2 n + 1` passes of matrix-free FGN and `2 n + 3` of the GGN in parameter space.",
      method: "Forward passes, pushforwards and pullbacks that a step reports, and products with the system's matrix.",
      figures: [
        ReportFigure(
          "counts", "Passes through the model and products with the system in a step, by iterations and by classes.",
          Figure(panels: [
            panel("iterations", "modelPasses", "Passes of a step"),
            panel("iterations", "products", "Products of a step"),
            panel("classes", "modelPasses", "Passes of a step"),
            panel("classes", "products", "Products of a step"),
          ]))
      ],
      tables: [
        ReportTable(
          "Passes through the model.", by: "iterations", columns: "method", of: rows.where("sweep=iterations"),
          "maximum of modelPasses", where: "sweep=iterations")
      ], verdict: verdict)
  }

  func model(_ rows: Rows) -> Section {
    let shared = "where flops>10000000, method!=egn, method!=sgd, method!=ggn-dual"
    let least = rows.number("minimum of overModelSeconds \(shared)")
    let most = rows.number("maximum of overModelSeconds \(shared)")
    let dual = rows.number("maximum of overModelSeconds where flops>10000000, method=ggn-dual")
    let egn = rows.number("minimum of overModelSeconds where flops>10000000, method=egn")
    let regret = rows.number("maximum of overFastestSeconds")
    let speed = rows.number("median of overPredictedSeconds where flops>10000000, method!=egn")
    let text: Statement = """
      Steps of more than ten million flops take, in steps of SGD, \(least) to \(most) of what is predicted; the dual \
      form, whose passes over `B C` numbers are not in the model, up to \(dual), EGN down to \(egn). In seconds they \
      take \(speed) at the median: products of these shapes are slower than large square ones. The solver that the \
      model calls cheapest takes at most \(regret) of the time of the fastest of its curvature.
      """
    func isWithin(_ factor: Double, _ numbers: [Quoted]) -> Bool {
      numbers.allSatisfy { $0.value.map { $0 < factor && $0 > 1 / factor } ?? true }
    }
    let verdict: Verdict =
      least.value == nil
      ? .notMeasured("No rows.")
      : isWithin(1.5, [least, most, dual, egn, regret])
        ? .holds(text) : isWithin(2, [least, most, regret]) ? .holdsWithinLimits(text) : .fails(text)
    return Section(
      "Cost model",
      claim: "The cost model predicts what a step costs against SGD, and which solver is the fastest.",
      method: """
        Measured steps of SGD over predicted ones. Holds: all within a factor of `1.5`; within limits: FGN both \
        ways, the GGN in parameter space and the solver it takes within `2`.
        """,
      figures: [
        ReportFigure(
          "model", "CPU time over the predicted one, by what is varied.",
          Figure(
            panels: ["classes", "batch", "features", "iterations"].map { sweep in
              Self.panel(rows, sweep, "overPredictedSeconds", y: Axis("Measured over predicted", scale: .log10))
            }))
      ], verdict: verdict)
  }
}
