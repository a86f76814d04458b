import Figures

extension ExactGaussNewton {
  /// Where the options are tried, and what says how well they do: less is better.
  private static let fields = [
    (name: "housing", conditions: "data=housing", measure: "trainingLoss"),
    (name: "letter", conditions: "data=letter", measure: "trainingLoss"),
    (name: "LQR", conditions: "data=LQR", measure: "gainError"),
  ]

  private static let method = """
    Housing: perceptron `13-32-64-32-1`, squared loss on standardised targets, batches of `64`; letter: perceptron \
    `16-32-26` on a hundred examples of each class, batches of `16`; both with ReLU, training loss at the end. LQR: the \
    gains of four linear plants by fitted Q iteration, the mean of their relative errors after the last fit. Every option \
    is added to full steps at one damping (`1`, for LQR `1e-6`) without schedule or trust region: Armijo line search; \
    damping by the gain ratio from that value; averaged directions, `0.9`. Our policy is the default of `fgn train`.
    """

  func options(_ rows: Rows) -> Section {
    let names = ["line search", "adaptive damping", "momentum", "all three"]
    let fields = Self.fields.filter { !rows.where($0.conditions).isEmpty }
    var signs: [Int] = []
    let parts = fields.map { field -> Statement in
      let gains = names.map { name -> Statement in
        let contrast = Self.contrast(rows, field, name, "none")
        signs.append(contrast.sign)
        return "\(Statement(stringLiteral: name)) \(contrast.statement)"
      }
      return "\(setting: field.name): \(Statement.joined(gains, separator: ", "))"
    }
    let found: Statement = "Change of the measure by each option: \(Statement.joined(parts))."
    return Section(
      "Options one by one", claim: "Line search, adaptive damping and momentum each improve EGN, and so do all three.",
      method: Self.method, figures: [Self.figure(rows)],
      tables: fields.map { field in
        ReportTable(
          "\(setting: field.name): at the end.", by: "method", where: "\(field.conditions), isLast=1",
          [Self.title(field.measure): "mean of \(field.measure)", "largest": "maximum of \(field.measure)"])
      },
      verdict: signs.isEmpty
        ? .notMeasured("No rows.")
        : signs.allSatisfy { $0 < 0 }
          ? .holds(found) : signs.contains { $0 < 0 } ? .holdsWithinLimits("In some places only. \(found)") : .fails(found))
  }

  func ours(_ rows: Rows) -> Section {
    let fields = Self.fields.filter { !rows.where($0.conditions).isEmpty }
    let contrasts = fields.map { Self.contrast(rows, $0, "our policy", "all three") }
    let found: Statement = .joined(zip(fields, contrasts).map { "\(setting: $0.name): \($1.statement)" })
    let signs = contrasts.map(\.sign)
    return Section(
      "Our policy in their place",
      claim: "Automatic damping, a trust region, projected momentum and a cosine schedule do as well as the paper's options.",
      method: Self.method + " Ours less all three of the paper's.",
      verdict: signs.isEmpty
        ? .notMeasured("No rows.")
        : signs.allSatisfy { $0 <= 0 }
          ? .holds("\(found).") : signs.contains { $0 <= 0 } ? .holdsWithinLimits("\(found).") : .fails("\(found)."))
  }

  private static func contrast(
    _ rows: Rows, _ field: (name: String, conditions: String, measure: String), _ name: String, _ other: String
  ) -> Contrast {
    rows.contrast(
      field.measure, where: "\(field.conditions), isLast=1, method=\(name)", less: "method=\(other)")
  }

  private static func title(_ measure: String) -> String {
    measure == "gainError" ? "Relative error of the gain" : "Training loss"
  }

  private static func figure(_ rows: Rows) -> ReportFigure {
    let networks = fields.filter { $0.measure == "trainingLoss" && !rows.where($0.conditions).isEmpty }.map { field in
      Panel(
        field.name, x: Axis("Step", scale: .log10), y: Axis("Training loss", scale: .log10),
        marks: rows.where("\(field.conditions), step>0").lines("trainingLoss", against: "step", by: "method", .geometric))
    }
    let plants = rows.values(of: "plant").map { plant in
      Panel(
        "LQR, \(plant.text)", x: Axis("Fits", scale: .log10), y: Axis("Relative error of the gain", scale: .log10),
        marks: rows.where("plant=\(plant.text)").lines("gainError", against: "fits", by: "method", .geometric))
    }
    return ReportFigure(
      "options", "Each option by itself, all three, none, and our policy; means and deviations over seeds.",
      Figure(panels: networks + plants, columns: 2))
  }
}
