import Figures

extension Diffuse {
  func training(_ rows: Rows) -> Section {
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
