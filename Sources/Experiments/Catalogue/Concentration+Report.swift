import Figures

extension Concentration {
  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    [concentrated(rows), spread(rows), RandomCompetitors.report(on: rows)] + SingleExamples.report(on: rows)
  }

  private static let competitors = Axis("Effective competitors", scale: .log10)
  private static let setup = """
    A linear head at zero, with logits prescribed: p_y the same in all rows, one competitor drawn for each row and a uniform \
    rest with `1 / |q|^2` effective competitors. Features are normal with `|x|^2` about `1`; few rows: `32` rows of \
    `64` features, many rows: `128` rows of `16`. Directions are exact.
    """

  /// One panel for each regime and number of classes.
  private func grid(
    _ rows: Rows, _ y: Axis, _ marks: (Rows) -> [Mark]
  ) -> Figure {
    let panels = Self.regimes.flatMap { regime in
      Self.classes.map { classes in
        Panel(
          "\(classes) classes, \(regime.0)", x: Self.competitors, y: y,
          marks: marks(rows.where("part=sweep, regime=\(regime.0), classes=\(classes)")))
      }
    }
    return Figure(panels: panels, columns: 3, options: .init(panelWidth: 440, panelHeight: 330))
  }

  private func concentrated(_ rows: Rows) -> Section {
    let error = Axis("Relative error", from: 0)
    let atOne = rows.number("maximum of relativeError where part=sweep, competitors=1")
    let least = rows.number("mean of isLeastAtOne where part=shape", as: .percent(0))
    let most = rows.number("mean of isLargestAtUniform where part=shape", as: .percent(0))
    let few = rows.number("mean of uniformOverPeak where part=shape, classes=10", as: .percent(0))
    let many = rows.number("mean of uniformOverPeak where part=shape, classes=1000", as: .percent(0))
    let end: Statement = """
      with all of the mass on one competitor the directions are the same (relative error at most \(atOne)), the least error \
      in \(least) of the sweeps
      """
    let rest: Statement = """
      away from that end the order breaks: the error is largest for uniform mass in only \(most) of the sweeps, and uniform \
      mass has \(few) of a sweep's largest error for `10` classes, \(many) for `1000`
      """
    let marks = { (part: Rows) in
      part.where("damping=0.01").lines("relativeError", against: "competitors", by: "probability") { "p_y \($0.text)" }
    }
    return Section(
      "Concentrated mass", claim: "FGN is closest to the full GGN when competitor mass is concentrated.",
      method: Self.setup + " p_y `0.1`, `0.5`, `0.9`; damping `1e-4`, `0.01`, `1`.",
      figures: [
        ReportFigure(
          "probability",
          "|d_F - d_G| / |d_G| at damping `0.01`, from all mass on one competitor (left) to uniform mass (right).",
          grid(rows, error, marks)),
        ReportFigure(
          "dampings", "The same for p_y `0.5` at three dampings; one competitor alone is left out.",
          grid(rows, Axis("Relative error", scale: .log10, from: 1e-5, to: 10)) { part in
            part.where("probability=0.5, competitors>1").lines(
              "relativeError", against: "competitors", by: "damping", .geometric
            ) { "damping \($0.text)" }
          }),
        measures(rows),
      ],
      tables: Self.classes.map { classes in
        ReportTable(
          "\(setting: "\(classes)") classes, many rows, p_y `0.5`, damping `0.01`.", by: "competitors",
          where: "part=sweep, regime=many rows, classes=\(classes), probability=0.5, damping=0.01",
          [
            "relative error": "mean of relativeError", "cosine": "mean of cosine",
            "length ratio": "mean of lengthRatio", "loss after FGN": "mean of lossAfterFGN",
            "loss after GGN": "mean of lossAfterGGN", "kept of the trace": "mean of keptShare",
          ])
      },
      verdict: atOne.value == nil
        ? .notMeasured("no sweeps")
        : (atOne.value ?? 1) > 1e-9
          ? .fails("At one competitor the relative error is \(atOne).")
          : (most.value ?? 0) > 0.95
            ? .holds("It does: \(end); it grows from there to uniform mass in \(most) of the sweeps.")
            : .holdsWithinLimits("At the very end: \(end). But \(rest)."))
  }

  private func measures(_ rows: Rows) -> ReportFigure {
    let part = rows.where("part=sweep, regime=many rows, probability=0.5, damping=0.01")
    func panel(_ column: String, _ label: String) -> Panel {
      Panel(
        x: Self.competitors, y: Axis(label),
        marks: part.lines(column, against: "competitors", by: "classes") { "\($0.text) classes" })
    }
    return ReportFigure(
      "measures",
      "Many rows, p_y `0.5`, damping `0.01`: how far d_F turns away from d_G, how much longer it is, and what that costs.",
      Figure(
        panels: [
          panel("cosine", "Cosine of d_F and d_G"), panel("lengthRatio", "|d_F| / |d_G|"),
          panel("excessLoss", "Loss after d_F less after d_G, over loss before"),
        ], columns: 3, options: .init(panelWidth: 440, panelHeight: 360)))
  }

  private func spread(_ rows: Rows) -> Section {
    let part = rows.where("part=sweep, probability=0.5, damping=0.01, competitors>1")
    let error = Axis("Relative error", scale: .log10)
    func panel(_ regime: String, _ column: String, _ x: Axis) -> Panel {
      Panel(
        regime, x: x, y: error,
        marks: part.where("regime=\(regime)").lines(
          "relativeError", against: column, at: "competitors", by: "classes", .geometric
        ) { "\($0.text) classes" })
    }
    let trace = Self.classes.map {
      rows.number("mean of orderedByTrace where part=shape, classes=\($0)", as: .percent(0))
    }
    let norm = rows.number("mean of orderedByNorm where part=shape", as: .percent(0))
    let traceThere = rows.number("mean of orderedByTrace where part=shape, probability=0.5", as: .percent(0))
    let order: Statement = """
      of two points of a sweep the one of larger dropped trace has the larger error in \(trace[0]) of pairs for `10` classes, \
      \(trace[1]) for `196`, \(trace[2]) for `1000`; the spectral norm |E| orders \(norm), the trace \(traceThere) of the same \
      pairs
      """
    let shares = trace.compactMap(\.value)
    return Section(
      "Size of what is dropped", claim: "FGN deviates as the within-competitor covariance grows.",
      method: Self.setup
        + " The covariance is measured by the share of the GGN's trace that it is, and by |E|, its largest eigenvalue.",
      figures: [
        ReportFigure(
          "trace",
          "Error against the dropped share of the trace, and against |E| over the damping: p_y `0.5`, damping `0.01`.",
          Figure(
            panels: Self.regimes.map { panel($0.0, "droppedShare", Axis("Dropped share of the trace", from: 0)) }
              + Self.regimes.map { panel($0.0, "bound", Axis("|E| / damping", scale: .log10)) }))
      ],
      tables: [
        ReportTable(
          "Share of pairs in a sweep that are in order, and effective competitors where the error is largest.",
          by: "classes", where: "part=shape",
          [
            "by trace": "mean of orderedByTrace", "by norm": "mean of orderedByNorm",
            "median peak": "median of peakCompetitors", "error at uniform over peak": "mean of uniformOverPeak",
          ])
      ],
      verdict: shares.count < 3
        ? .notMeasured("no sweeps")
        : shares.allSatisfy { $0 > 0.9 }
          ? .holds("It does: \(order).")
          : (norm.value ?? 0) > 0.75
            ? .holdsWithinLimits("By its largest eigenvalue, mostly, and not by its trace: \(order).")
            : .fails("\(order)."))
  }
}
