import Figures

extension Diffuse {
  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    [deviation(rows), training(rows), bare(rows)]
  }

  static let methods = ["fgn": "FGN", "ggn": "GGN", "fisher": "empirical Fisher", "adam": "Adam"]

  static func panelTitle(_ regime: Regime) -> String {
    "\(regime.rawValue) \(Value.number(regime.levels.last ?? 0).text)"
  }

  /// Those that were measured.
  private func regimes(_ rows: Rows) -> [Regime] { Regime.allCases.filter { !rows.where("regime=\($0)").isEmpty } }

  /// A panel for each regime.
  func figure(
    _ rows: Rows, _ y: Axis, _ title: (Regime) -> String, legend: Figure.Legend = .below,
    _ marks: (Rows, Regime) -> [Mark]
  ) -> Figure {
    Figure(
      panels: regimes(rows).map { regime in
        Panel(
          title(regime), x: Axis("Step", scale: .log10), y: y,
          marks: marks(rows.where("regime=\(regime), step>0"), regime))
      }, legend: legend)
  }

  private func deviation(_ rows: Rows) -> Section {
    let own = rows.where("policy=default, method=fgn")
    func byLevel(_ column: String) -> (Rows, Regime) -> [Mark] {
      { rows, _ in rows.lines(column, against: "step", by: "level", .geometric) }
    }
    let changes = regimes(rows).map { regime in
      func error(_ level: Double?) -> Quoted {
        rows.number("mean of relativeError where regime=\(regime), level=\(Value.number(level ?? 0).text), isLast=1")
      }
      return (regime, error(regime.levels.first), error(regime.levels.last))
    }
    let growing = changes.filter { ($0.1.value ?? .infinity) < ($0.2.value ?? -.infinity) }
    let statement = Statement.joined(changes.map { "\($0.1) to \($0.2) by \(setting: $0.0.rawValue)" })
    return Section(
      "The regimes, and the directions in them",
      claim: "FGN deviates from the GGN as the within-competitor covariance grows.",
      method: """
        FGN with its own policies, batches of `256`. `separation`: `100` classes with means so far apart, in standard \
        deviations, `32` features. `classes`: so many of separation `1`. `noise`: letter with that fraction of training \
        labels drawn anew. `temperature`: letter with features divided by it, penalty `1e-4`. On `128` training rows: \
        the median of `1 / |q|^2`, and |d_F - d_G| / |d_G| at the damping of the policy.
        """,
      figures: [
        ReportFigure(
          "competitors", "Competitors that share the competitor mass, by the level of each regime.",
          figure(
            own, Axis("Effective competitors", scale: .log10), \.rawValue, legend: .lineEnds,
            byLevel("effectiveCompetitors"))),
        ReportFigure(
          "deviation", "Relative error of FGN's direction on the way, by the level of each regime.",
          figure(own, Axis("Relative error", scale: .log10), \.rawValue, legend: .lineEnds, byLevel("relativeError"))),
      ],
      tables: [
        ReportTable(
          "At the end of training.", by: "problem",
          where: "policy=default, method=fgn, isLast=1",
          [
            "competitors": "mean of effectiveCompetitors", "kept share": "mean of keptShare",
            "error": "mean of relativeError", "length": "mean of lengthRatio", "error, small": "mean of errorSmall",
            "length, small": "mean of lengthRatioSmall",
          ], as: .significant(2))
      ],
      verdict: changes.isEmpty
        ? .notMeasured("No rows.")
        : growing.count == changes.count
          ? .holds("From the most concentrated to the most diffuse level the error goes from \(statement).")
          : growing.isEmpty
            ? .fails("The error goes from \(statement).")
            : .holdsWithinLimits(
              """
              From the first to the last level the error goes from \(statement): more classes alike do not raise it, as \
              what is dropped is spread over as many more directions.
              """))
  }
}
