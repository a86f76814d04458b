import Figures

extension DampingSweep {
  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    [closeness(rows), bound(rows), tooLong(rows), LongSteps.report(on: rows)]
  }

  private static let damping = Axis("Damping", scale: .log10, from: 1e-6, to: 10)
  private static let setup = """
    A linear head at zero, `10` classes, logits prescribed: p_y `0.1`, `0.5` or `0.9` in all rows, normal competitor logits of \
    standard deviation `1.5`, features with `|x|^2` about `1`. More parameters than rows: `32` rows of `64` features; more rows \
    than parameters: `512` rows of `8`. Dampings `1e-6` to `10`, `3` batches a seed (`2` if quick).
    """

  /// A panel for each regime and p_y.
  private func grid(_ rows: Rows, _ y: Axis, _ marks: (Rows) -> [Mark]) -> Figure {
    let panels = Self.regimes.flatMap { regime in
      Self.probabilities.map { probability in
        Panel(
          "p_y \(probability), \(regime.0)", x: Self.damping, y: y,
          marks: marks(rows.where("part=sweep, regime=\(regime.0), probability=\(probability)")))
      }
    }
    return Figure(panels: panels, columns: 3, options: .init(panelWidth: 440, panelHeight: 330))
  }

  private func closeness(_ rows: Rows) -> Section {
    let most = rows.number("maximum of relativeError where part=sweep, damping=10")
    let exponent = rows.number("exponent of relativeError by damping where part=sweep, damping>=1")
    let falls = rows.number("mean of errorFalls where part=shape", as: .percent(0))
    let left = rows.number("minimum of lossRatioGGN where part=sweep, damping=10", as: .percent(1))
    let little = rows.number("maximum of relativeError where part=sweep, damping=1e-6")
    func panel(_ regime: String, _ column: String, _ y: Axis) -> Panel {
      Panel(
        regime, x: Self.damping, y: y,
        marks: rows.where("part=sweep, regime=\(regime)").lines(column, against: "damping", by: "probability") {
          "p_y \($0.text)"
        })
    }
    let statement: Statement = """
      At damping `10` the relative error is at most \(most), at `1e-6` up to \(little); from `1` on it goes with damping to the \
      power \(exponent), and it falls with every step of damping in \(falls) of the batches
      """
    let isClose = (most.value ?? 1) < 0.05 && abs((exponent.value ?? 0) + 1) < 0.1
    let limit: Statement = """
      A GGN step at damping `10` leaves at least \(left) of the loss: agreement there is on short gradient steps
      """
    return Section(
      "Large damping", claim: "FGN is closest to the full GGN when damping is large.", method: Self.setup,
      figures: [
        ReportFigure(
          "directions", "Cosine of d_F and d_G, and the ratio of their lengths.",
          Figure(
            panels: Self.regimes.map { panel($0.0, "cosine", Axis("Cosine of d_F and d_G")) }
              + Self.regimes.map { panel($0.0, "lengthRatio", Axis("|d_F| / |d_G|", scale: .log10)) }))
      ],
      tables: Self.regimes.map { regime in
        ReportTable(
          "Means, \(setting: regime.0).", by: "damping", where: "part=sweep, regime=\(regime.0)",
          [
            "relative error": "mean of relativeError", "cosine": "mean of cosine",
            "length ratio": "mean of lengthRatio",
            "loss after FGN, over before": "mean of lossRatioFGN", "GGN": "mean of lossRatioGGN",
          ])
      },
      verdict: most.value == nil
        ? .notMeasured("no sweeps")
        : !isClose
          ? .fails("\(statement).")
          : (falls.value ?? 0) > 0.95
            ? .holds("\(statement). \(limit).") : .holdsWithinLimits("\(statement). \(limit)."))
  }

  private func bound(_ rows: Rows) -> Section {
    let worst = rows.number("maximum of errorOverBound where part=sweep")
    let loose = rows.number("median of errorOverBound where part=sweep, damping=1e-6")
    let size = rows.number("median of bound where part=sweep, damping=1e-6")
    let tight = rows.number("median of errorOverBound where part=sweep, damping=10")
    return Section(
      "The bound", claim: "`|d_F - d_G| <= (|E| / lambda) |d_G|`, E what FGN drops.",
      method: Self.setup + " |E| by Lanczos' method.",
      figures: [
        ReportFigure(
          "bound", "Relative error of FGN's direction, and its bound |E| / lambda.",
          grid(rows, Axis("Relative error", scale: .log10)) { part in
            [
              part.line("|d_F - d_G| / |d_G|", "relativeError", against: "damping", .geometric),
              part.line("bound |E| / lambda", "bound", against: "damping", .geometric),
            ]
          })
      ],
      verdict: worst.value == nil
        ? .notMeasured("no sweeps")
        : (worst.value ?? 2) <= 1 + 1e-6
          ? .holds(
            "The error is at most \(worst) of the bound; median shares: \(tight) at `10`, \(loose) at `1e-6`, where it is \(size)."
          )
          : .fails("The error reaches \(worst) times the bound."))
  }

  private func tooLong(_ rows: Rows) -> Section {
    let part = rows.where("part=fraction")
    func fraction(_ method: String, _ regime: Int, _ conditions: String) -> Quoted {
      rows.number(
        "mean of raised\(method) where part=fraction, regime=\(Self.regimes[regime].0), \(conditions)", as: .percent(0))
    }
    func raised(_ regime: String) -> Panel {
      let own = part.where("regime=\(regime)")
      return Panel(
        regime, x: Self.damping, y: Axis("Steps that raise the loss", from: 0, to: 1),
        marks: Self.probabilities.map {
          own.where("probability=\($0)").line("FGN, p_y \($0)", "raisedFGN", against: "damping")
        } + [own.line("GGN, all", "raisedGGN", against: "damping")])
    }
    let (wide, narrow) = (fraction("FGN", 0, "damping<=0.001"), fraction("FGN", 1, "damping<=0.001"))
    let hard = fraction("FGN", 1, "damping<=0.001, probability=0.1")
    let full = rows.number("mean of raisedGGN where part=fraction, damping<=0.001", as: .percent(0))
    let worst = rows.number("maximum of lossRatioFGN where part=sweep")
    func length(_ regime: Int) -> Quoted {
      rows.number("mean of lengthRatio where part=sweep, damping=1e-6, regime=\(Self.regimes[regime].0)")
    }
    let statement: Statement = """
      at damping `0.001` and below, \(narrow) of FGN's unit steps raise the loss with more rows than parameters (\(hard) at p_y \
      `0.1`), \(wide) with more parameters than rows, and \(full) of the GGN's; the worst multiplies it by \(worst). At `1e-6` \
      d_F is \(length(1)) times as long as d_G with more rows, \(length(0)) times with more parameters
      """
    let isLong = max(narrow.value ?? 0, wide.value ?? 0) > (full.value ?? 0)
    return Section(
      "Over-long steps", claim: "With little damping FGN, which is below the GGN, takes steps that are too long.",
      method: Self.setup + " Unit steps, the loss on the same batch.",
      figures: [
        ReportFigure(
          "loss", "Loss after the unit step over the loss before: above one (line) the step is too long.",
          grid(rows, Axis("Loss after / before", scale: .log10)) { part in
            [
              part.line("FGN", "lossRatioFGN", against: "damping", .geometric),
              part.line("GGN", "lossRatioGGN", against: "damping", .geometric), .reference(.horizontal(at: 1)),
            ]
          }),
        ReportFigure(
          "raised", "Fraction of unit steps that raise the loss.", Figure(panels: Self.regimes.map { raised($0.0) })),
      ],
      verdict: narrow.value == nil
        ? .notMeasured("no sweeps")
        : !isLong
          ? .fails("They are not: \(statement).")
          : min(narrow.value ?? 0, wide.value ?? 0) > 0.5
            ? .holds("They are: \(statement).") : .holdsWithinLimits("In one regime: \(statement)."))
  }
}
