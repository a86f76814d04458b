import Figures

extension Diffuse {
  func bare(_ rows: Rows) -> Section {
    let title = "Without trust region and damping policy"
    let own = rows.where("policy!=default")
    let problems = own.values(of: "problem").map(\.text)
    func number(_ text: String, _ problem: String, _ policy: String, _ rest: String) -> Quoted {
      rows.number("\(text) where isLast=1, policy=\(policy), problem=\(problem), \(rest)")
    }
    let falls = problems.map { problem in
      (
        problem, number("mean of fall", problem, "bare", "method=fgn"),
        number("mean of fall", problem, "bare", "method=ggn")
      )
    }
    let worse = falls.filter { ($0.1.value ?? 0) < 0 && ($0.2.value ?? 0) > 0 }
    let good = falls.filter { ($0.1.value ?? -1) > 0 }
    let slower = problems.map { ($0, number("mean of stepsToNear", $0, "searched", "method=fgn over method=ggn")) }
      .filter { $0.1.value != nil }.sorted { $0.1.value! < $1.1.value! }
    guard let first = slower.first, let last = slower.last else { return missing(title) }
    let slowest = problems.filter { number("count of stepsToNear", $0, "searched", "method=fgn").value == 0 }
    func list(_ items: [(String, Quoted, Quoted)]) -> Statement {
      items.isEmpty ? "nowhere" : .joined(items.map { "\(setting: $0.0) (\($0.1), GGN \($0.2))" }, separator: ", ")
    }
    let never: Statement =
      slowest.isEmpty
      ? "" : ", and not within the run with \(.joined(slowest.map { "\(setting: $0)" }, separator: ", "))"
    let statement: Statement = """
      Falls of the objective, negative where it ends above its start. FGN fails and the GGN does not: \(list(worse)). FGN \
      gets down: \(list(good)). With a line search FGN gets near the lowest objective in \(first.1) \
      (\(setting: first.0)) to \(last.1) (\(setting: last.0)) times the GGN's steps\(never).
      """
    return Section(
      title,
      claim:
        "Where competitor mass is diffuse, FGN's own step is too long: it needs the damping, the trust region or a line search.",
      method: """
        The same problems with `1536` training rows (`--quick`: `384`), all of them in every step: no noise but in the labels. \
        Damping `1e-2` (divided by the squared temperature), no momentum, no trust region, constant steps, of length `1` \
        or by Armijo's rule.
        """,
      figures: [
        ReportFigure(
          "bare", "Full steps on all rows at a small damping, at the most diffuse level of each regime.",
          figure(
            own.where("policy=bare"), Axis("Objective", unit: "nats", scale: .log10), Self.panelTitle, curves)),
        ReportFigure(
          "searched", "The same directions with a line search.",
          figure(own.where("policy=searched"), Axis("Objective", unit: "nats"), Self.panelTitle, curves)),
      ],
      tables: [
        ReportTable(
          "Fall of the objective (nats) and, with a line search, steps to \(setting: "95 %") of the largest fall.",
          by: "problem",
          where: "isLast=1",
          [
            "FGN": "mean of fall where policy=bare, method=fgn", "GGN": "mean of fall where policy=bare, method=ggn",
            "empirical Fisher": "mean of fall where policy=bare, method=fisher",
            "FGN, steps": "mean of stepsToNear where policy=searched, method=fgn",
            "GGN, steps": "mean of stepsToNear where policy=searched, method=ggn",
            "empirical Fisher, steps": "mean of stepsToNear where policy=searched, method=fisher",
          ])
      ],
      verdict: worse.isEmpty ? .fails(statement) : good.isEmpty ? .holds(statement) : .holdsWithinLimits(statement))
  }
}
