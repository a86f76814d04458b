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
  func figure(_ rows: Rows, _ y: Axis, _ title: (Regime) -> String, _ marks: (Rows, Regime) -> [Mark]) -> Figure {
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

  private func training(_ rows: Rows) -> Section {
    let title = "Training with trust region and damping policy"
    let problems = rows.values(of: "problem").map(\.text)
    func number(_ statistic: String, _ problem: String, _ method: String, _ more: String = "") -> Quoted {
      rows.number(
        "\(statistic) where policy=default, isLast=1, problem=\(problem), method=\(method)\(more)", as: .significant(3))
    }
    let ratios = problems.map { ($0, number("mean of fall", $0, "fgn", " over method=ggn")) }
    guard let worst = ratios.min(by: { ($0.1.value ?? .infinity) < ($1.1.value ?? .infinity) }),
      let least = worst.1.value
    else { return missing(title) }
    let rises = problems.map { ($0, number("mean of rise", $0, "fgn"), number("mean of rise", $0, "ggn")) }
    let high = rises.filter { ($0.1.value ?? 0) > 0.01 }
    let ends: Statement = "at the end FGN's fall is \(worst.1) of the GGN's or more, least with \(setting: worst.0)"
    let list = Statement.joined(high.map { "\(setting: $0.0) \($0.1) (GGN \($0.2))" }, separator: ", ")
    let isHigh = high.contains { ($0.1.value ?? 0) > 0.1 * (number("mean of fall", $0.0, "ggn").value ?? 0) }
    let verdict: Verdict =
      high.isEmpty
      ? (least > 0.99 ? .holds("With FGN the objective never rises above its start; \(ends).") : .fails("\(ends)."))
      : isHigh || least < 0.95
        ? .fails("On the way FGN's objective rises above its start, by \(list) nats at most; \(ends).")
        : .holdsWithinLimits("On the way FGN's objective rises above its start, by \(list) nats at most; \(ends).")
    return Section(
      title,
      claim: "Dropping the within-competitor covariance does not hurt training, even where competitor mass is diffuse.",
      method: """
        Linear heads from zero, the same batches of `256`, cosine schedules; default policies but for Adam, with the best \
        of the rates `0.01` to `0.3` for each problem. The objective on all training rows.
        """,
      figures: [
        ReportFigure(
          "training", "Training objective at the most diffuse level of each regime.",
          figure(
            rows.where("policy=default"), Axis("Objective", unit: "nats"),
            Self.panelTitle, curves))
      ],
      tables: [
        ReportTable(
          "Fall of the objective (nats).", by: "problem", where: "policy=default, isLast=1",
          [
            "FGN": "mean of fall where method=fgn", "GGN": "mean of fall where method=ggn",
            "empirical Fisher": "mean of fall where method=fisher",
            "Adam, 0.01": "mean of fall where method=adam, learningRate=0.01",
            "0.03": "mean of fall where method=adam, learningRate=0.03",
            "0.1": "mean of fall where method=adam, learningRate=0.1",
            "0.3": "mean of fall where method=adam, learningRate=0.3",
          ]),
        ReportTable(
          "Steps to \(setting: "95 %") of the largest fall of all methods.", by: "problem",
          where: "policy=default, isLast=1",
          [
            "FGN": "mean of stepsToNear where method=fgn", "GGN": "mean of stepsToNear where method=ggn",
            "empirical Fisher": "mean of stepsToNear where method=fisher",
            "Adam, 0.03": "mean of stepsToNear where method=adam, learningRate=0.03",
            "0.1": "mean of stepsToNear where method=adam, learningRate=0.1",
          ]),
      ],
      verdict: verdict)
  }

  /// The most diffuse level; Adam at its best rate.
  func curves(_ rows: Rows, _ regime: Regime) -> [Mark] {
    let own = rows.where("level=\(Value.number(regime.levels.last ?? 0).text)")
    let adam = own.where("method=adam")
    let best = adam.where("isLast=1").best("learningRate", by: "objective", within: ["problem"]).values(
      of: "learningRate")
    let chosen = own.all.filter { $0["method"] != "adam" || $0["learningRate"] == best.first }
    return Rows(chosen).lines("objective", against: "step", by: "method", name: { Self.methods[$0.text] ?? $0.text })
  }

  func missing(_ title: String) -> Section {
    Section(title, claim: "Not tested here.", method: "Nothing.", verdict: .notMeasured("There are no rows."))
  }
}
