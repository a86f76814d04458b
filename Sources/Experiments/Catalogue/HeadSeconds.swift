import Figures

/// FGN against another method at about as many seconds: the longest run of FGN for which there is one that takes
/// between two thirds and three halves of it, and the closest of those.
private struct HeadDuel {
  let data: String
  let rival: String
  let loss: Contrast
  let accuracy: Contrast
  /// FGN's over the rival's.
  let seconds: Quoted

  init?(_ curves: HeadCurves, _ data: String, _ rival: String) {
    let best = curves.best.where("data=\(data)")
    func runs(_ family: String) -> [(passes: Double, seconds: Double)] {
      best.where("family=\(family)").values(of: "passes").compactMap { passes in
        let seconds = best.number("median of cpuSeconds where family=\(family), passes=\(passes.text)").value
        return passes.number.flatMap { passes in seconds.map { (passes, $0) } }
      }
    }
    let pairs = runs(HeadMethod.fgn).flatMap { own in
      runs(rival).map { (own.passes, $0.passes, ratio: max(own.seconds / $0.seconds, $0.seconds / own.seconds)) }
    }
    let close = pairs.filter { $0.ratio < 1.5 }.max { ($0.0, $1.ratio) < ($1.0, $0.ratio) }
    guard let pair = close ?? pairs.min(by: { $0.ratio < $1.ratio }),
      let method = curves.method(rival, data, pair.1)
    else { return nil }
    (self.data, self.rival) = (data, rival)
    let own = "part=methods, data=\(data), passes=\(Value.number(pair.0).text), family=FGN, method=fgn"
    let other = "passes=\(Value.number(pair.1).text), family=\(rival), method=\(method)"
    loss = curves.rows.contrast("validationLoss", where: own, less: other)
    accuracy = curves.rows.contrast("validationAccuracy", where: own, less: other, as: .percent(2))
    seconds = curves.rows.number("mean of cpuSeconds where \(own) over \(other)")
  }

  /// Level or ahead by loss and by accuracy.
  var isGood: Bool { loss.sign <= 0 && accuracy.sign >= 0 }

  var name: Statement { "\(setting: data) \(Statement(stringLiteral: rival))" }

  var line: (title: String, cells: [Quoted?]) {
    (name.text, [loss.difference, loss.standardError, accuracy.difference, accuracy.standardError, seconds])
  }
}

extension HeadCurves {
  private static let rivals = ["SGD", "Adam", "K-FAC", HeadMethod.lbfgs]

  var seconds: Section {
    let duels = data.flatMap { data in Self.rivals.compactMap { HeadDuel(self, data, $0) } }
    let (good, bad) = (duels.filter(\.isGood), duels.filter { !$0.isGood })
    func list(_ title: String, _ duels: [HeadDuel]) -> [Statement] {
      let names = Statement.joined(duels.map(\.name), separator: ", ")
      return duels.isEmpty ? [] : ["\(Statement(stringLiteral: title)) \(names)"]
    }
    let text: Statement = "\(Statement.joined(list("Level or ahead:", good) + list("behind in one or both:", bad)))."
    let verdict: Verdict =
      if duels.isEmpty {
        .notMeasured("No data.")
      } else if bad.isEmpty {
        .holds(text)
      } else if good.count >= bad.count {
        .holdsWithinLimits(text)
      } else {
        .fails(text)
      }
    return Section(
      "At equal seconds",
      claim:
        "Untuned, FGN is level at equal seconds with methods whose rate was tuned on the validation set, or better.",
      method: Self.setup + """
         Seconds are of the processor, of steps alone, without the search for rates; compared are the longest runs that \
        take about the same, within a factor of `1.5` where there are such.
        """,
      figures: data.map { data in
        figure(
          "seconds-\(data)",
          """
          The same runs by the processor's time, \(setting: data); SGD, Adam and K-FAC without the time of their search.
          """,
          data, "cpuSeconds", Axis("CPU time of steps", unit: "s", scale: .log10), leaving: ["empirical Fisher"])
      },
      tables: duels.isEmpty
        ? []
        : [
          ReportTable(
            "FGN less the other, validation, with the standard error over seeds; FGN's seconds over the other's.",
            duels.map(\.line), heading: "against",
            columns: ["loss, nats", "error", "accuracy", "error", "seconds"])
        ], verdict: verdict)
  }
}
