import Figures
import Losses

extension Ablation {
  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    let solvers = "All solvers train to the same loss."
    return [
      directions(rows),
      training(rows, "weight", "Row weights: training", "No other row weight trains better than FGN's own, `margin`."),
      training(
        rows, "floor", "The floor on row weights", "No other floor trains better than the default, `floor 1e-4`."),
      training(rows, "damping", "Damping policies", "No other damping trains better than the default, `automatic 12`."),
      training(rows, "solver", "Solvers", solvers, isEqual: true),
      iterations(rows), spectrum(rows),
    ]
  }

  static func missing(_ title: String, _ claim: String) -> Section {
    Section(
      title, claim: claim, method: "Needs `letter-recognition.csv`.", verdict: .notMeasured("The data were not there."))
  }

  /// A study of whole runs: each variant's final training loss against the first variant's.
  private func training(
    _ rows: Rows, _ study: String, _ title: String, _ claim: String, isEqual: Bool = false
  ) -> Section {
    let own = rows.where("study=\(study)")
    let models = own.values(of: "model").map(\.text)
    let names = Study.all.first { $0.name == study }?.variants.map(\.name) ?? []
    guard let base = names.first, !own.isEmpty else { return Self.missing(title, claim) }
    var (least, most) = (Double.infinity, -Double.infinity)
    let parts = models.map { model -> Statement in
      let ratios = names.dropFirst().map { name -> (name: String, ratio: Quoted, isChance: Bool) in
        let condition = "study=\(study), model=\(model), isLast=1, method=\(name)"
        let ratio = rows.number("mean of trainingLoss where \(condition) over method=\(base)", as: .significant(4))
        let difference = rows.contrast("trainingLoss", where: condition, less: "method=\(base)")
        return (name, ratio, difference.sign == 0)
      }.filter { $0.ratio.value != nil }.sorted { $0.ratio.value! < $1.ratio.value! }
      guard let first = ratios.first, let last = ratios.last else { return "\(setting: model): nothing" }
      for one in ratios where !one.isChance {
        (least, most) = (min(least, one.ratio.value!), max(most, one.ratio.value!))
      }
      return """
        \(setting: model): from \(first.ratio) of the loss with \(setting: base) (\(setting: first.name)) to \
        \(last.ratio) (\(setting: last.name))
        """
    }
    let statement: Statement = "Final training loss, \(.joined(parts))."
    let isGood = least >= 0.99 && (!isEqual || most <= 1.01)
    let isFair = least >= 0.95 && (!isEqual || most <= 1.05)
    return Section(
      title, claim: claim,
      method: """
        Letter, `8192` training rows for `4` epochs (`--quick`: `1536` for `2`), batches of `128`; a linear head and \
        a perceptron `16-32-26`. What is not varied is the default. A difference below `1 %`, or within two standard \
        errors, counts for nothing, below `5 %` it is a limit.
        """,
      figures: [
        ReportFigure(
          study, "Training loss by steps.",
          Figure(
            panels: models.map { model in
              Panel(
                model, x: Axis("Step", scale: .log10), y: Axis("Training loss", unit: "nats", scale: .log10),
                marks: own.where("model=\(model), step>0").lines("trainingLoss", against: "step", by: "method"))
            }))
      ],
      tables: models.map { model in
        ReportTable(
          "At the end, \(setting: model).", by: "method", where: "study=\(study), model=\(model), isLast=1",
          [
            "training loss": "mean of trainingLoss", "validation loss": "mean of validationLoss",
            "validation accuracy": "mean of validationAccuracy", "CPU seconds of steps": "mean of cpuSeconds",
          ], as: .significant(4))
      },
      verdict: isGood ? .holds(statement) : isFair ? .holdsWithinLimits(statement) : .fails(statement))
  }

  private func directions(_ rows: Rows) -> Section {
    let (title, claim) = (
      "Row weights: directions", "No other row weight brings the direction closer to the GGN's than `s`."
    )
    let own = rows.where("study=direction")
    guard !own.isEmpty else { return Self.missing(title, claim) }
    let places = own.values(of: "model").flatMap { model in ["start", "trained"].map { (model.text, $0) } }
    var (isBest, cells) = (0, 0)
    var examples: [Statement] = []
    for (model, stage) in places {
      for damping in own.values(of: "damping") {
        let condition = "study=direction, model=\(model), stage=\(stage), damping=\(damping.text)"
        let errors = Curvature.rowWeights.map { weight in
          (weight, rows.number("mean of relativeError where \(condition), method=\(weight.name)"))
        }
        guard let best = errors.min(by: { ($0.1.value ?? .infinity) < ($1.1.value ?? .infinity) }) else { continue }
        cells += 1
        // Ties, as where damping is large, are no loss.
        if (errors[0].1.value ?? .infinity) <= 1.02 * (best.1.value ?? 0) { isBest += 1 }
        if damping == 0.01 {
          examples.append(
            "\(setting: "\(model), \(stage)") \(errors[0].1), least \(best.1) (\(setting: best.0.name))")
        }
      }
    }
    let statement: Statement = "Errors at damping \(setting: 0.01): \(.joined(examples))."
    return Section(
      title, claim: claim,
      method: """
        |d - d_G| / |d_G| on one batch in Double, with `s = p (1 - p)` (`margin`), `v^2` (`fisher`), the weight with \
        the GGN's curvature along `a` (`rayleigh`), the weight with its trace (`trace`) and `1` (`unit`): a head on \
        letter with `128` rows, a perceptron with `30`, at the start of training and after one epoch of FGN.
        """,
      figures: [
        ReportFigure(
          "directions", "Relative error of the direction by row weight over damping.",
          Figure(
            panels: places.map { model, stage in
              Panel(
                "\(model), \(stage)", x: Axis("Damping", scale: .log10), y: Axis("Relative error", scale: .log10),
                marks: own.where("model=\(model), stage=\(stage)").lines(
                  "relativeError", against: "damping", by: "method", .geometric))
            }))
      ],
      tables: places.map { model, stage in
        ReportTable(
          "Relative error, \(setting: "\(model), \(stage)").", by: "damping", columns: "method", of: rows,
          "mean of relativeError", where: "study=direction, model=\(model), stage=\(stage)", as: .significant(2))
      },
      verdict: isBest == cells
        ? .holds(statement) : 2 * isBest >= cells ? .holdsWithinLimits(statement) : .fails(statement))
  }
}
