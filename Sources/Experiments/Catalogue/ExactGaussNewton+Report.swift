import Figures

/// Where options are tried.
private struct Place {
  let data: String
  let damping: String

  /// A contestant against another by the decimal logarithm of the measure at the end.
  func compare(_ rows: Rows, _ name: String, _ other: String) -> (sign: Int, statement: Statement) {
    let conditions = "data=\(data), startDamping=\(damping), method=\(name), isLast=1"
    let contrast = rows.contrast("endDecades", where: conditions, less: "method=\(other)")
    // Less than two percent is level, whatever chance says.
    let isLevel = abs(contrast.difference.value ?? 0) < 0.0086
    return (isLevel ? 0 : contrast.sign, "\(setting: data) from \(setting: damping) (\(contrast.statement))")
  }

  static func all(_ rows: Rows) -> [Place] {
    ["housing", "letter", "LQR"].flatMap { data in
      rows.where("data=\(data)").values(of: "startDamping").reversed().map { Place(data: data, damping: $0.text) }
    }
  }
}

extension ExactGaussNewton {
  private static let method = """
    Housing: perceptron `13-32-64-32-1`, squared loss on standardised targets; letter: perceptron `16-32-10` on the first \
    ten classes; both with ReLU, batches of `32`, training loss at the end. LQR: the gains of four linear plants by fitted \
    Q iteration, the relative error of the gain after the last fit. A run that is lost counts as `100`. Every option is \
    added to full steps at one damping, `1` and `0.01`, for LQR `1` and `1e-6`, without schedule or trust region: Armijo \
    line search; damping by the gain ratio from that value; averaged directions, `0.9`. Our policy is the default of \
    `fgn train`; `fgn task lqr` takes no option, from `1e-6`. Numbers are differences of the \
    decimal logarithm of the end, with the standard error over seeds: `-1` is a tenth. Better and worse are beyond two \
    standard errors, and two percent.
    """

  func options(_ rows: Rows) -> Section {
    let places = Place.all(rows)
    let found = ["line search", "adaptive damping", "momentum", "all three"].map { name in
      Self.summary(rows, places, name, "no option")
    }
    let signs = found.flatMap(\.signs)
    let text: Statement = "\(Statement.joined(found.map(\.statement), separator: ". "))."
    return Section(
      "Options one by one", claim: "Line search, adaptive damping and momentum each improve EGN, and so do all three.",
      method: Self.method, figures: Self.figures(rows),
      tables: ["housing", "letter", "LQR"].filter { data in places.contains { $0.data == data } }.map { data in
        ReportTable(
          "\(setting: data): at the end, by the damping at the start.", by: "method", columns: "startDamping", of: rows,
          "mean of end", where: "data=\(data)")
      }, verdict: Self.verdict(signs, text, isGood: { $0 < 0 }))
  }

  func ours(_ rows: Rows) -> Section {
    let found = Self.summary(rows, Place.all(rows), "our policy", "all three")
    return Section(
      "Our policy in their place",
      claim:
        "Automatic damping, a trust region, projected momentum and a cosine schedule end as low as all three options.",
      method: Self.method + " Ours less all three of the paper's.",
      verdict: Self.verdict(found.signs, "\(found.statement).", isGood: { $0 <= 0 }))
  }

  private static func verdict(_ signs: [Int], _ text: Statement, isGood: (Int) -> Bool) -> Verdict {
    if signs.isEmpty { return .notMeasured("No data.") }
    return signs.allSatisfy(isGood)
      ? .holds(text) : signs.contains(where: isGood) ? .holdsWithinLimits(text) : .fails(text)
  }

  /// Where a contestant is better and where worse than another.
  private static func summary(
    _ rows: Rows, _ places: [Place], _ name: String, _ other: String
  ) -> (signs: [Int], statement: Statement) {
    let found = places.map { $0.compare(rows, name, other) }
    let parts = [(-1, "better on"), (1, "worse on"), (0, "level on")].compactMap { sign, word -> Statement? in
      let there = found.filter { $0.sign == sign }.map(\.statement)
      return there.isEmpty ? nil : "\(Statement(stringLiteral: word)) \(Statement.joined(there, separator: ", "))"
    }
    let start = name.prefix(1).uppercased() + name.dropFirst()
    return (found.map(\.sign), "\(Statement(stringLiteral: start)): \(Statement.joined(parts))")
  }

  private static func figures(_ rows: Rows) -> [ReportFigure] {
    func panels(
      _ title: String, _ conditions: String, _ x: (column: String, label: String), _ y: (column: String, axis: Axis)
    ) -> [Panel] {
      let own = rows.where("\(conditions), \(x.column)>0")
      return own.values(of: "startDamping").reversed().map { damping in
        Panel(
          "\(title), damping \(damping.text)", x: Axis(x.label, scale: .log10), y: y.axis,
          marks: own.where("startDamping=\(damping.text)").lines(y.column, against: x.column, by: "method", .geometric))
      }
    }
    let step = (column: "step", label: "Step")
    let fits = (column: "fits", label: "Fits")
    // What diverges leaves the panel.
    let loss = (column: "trainingLoss", axis: Axis("Training loss", scale: .log10, to: 10))
    let error = (column: "gainError", axis: Axis("Relative error of the gain", scale: .log10, to: 10))
    return [
      ReportFigure(
        "options",
        "Training loss with each option by itself, all three, none, and our policy; what diverges leaves the panel.",
        Figure(
          panels: panels("housing", "data=housing", step, loss) + panels("letter", "data=letter", step, loss),
          columns: 2)),
      ReportFigure(
        "lqr", "The gain of two linear plants with the same options; lines that are level cover each other.",
        Figure(
          panels: ["stable", "unstable"].flatMap { panels("LQR, \($0)", "plant=\($0)", fits, error) }, columns: 2)),
    ]
  }
}
