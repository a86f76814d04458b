import Figures

/// Competitor logits that nobody chose.
enum RandomCompetitors {
  /// Standard deviations of the competitor logits.
  static let scales = [0, 0.5, 1, 2, 4, 8.0]
  static let damping = 0.01

  static func cases(in setting: ExperimentSetting) -> [Case] {
    Concentration.classes.flatMap { classes in
      Concentration.regimes.flatMap { regime in
        setting.seeds.map { seed in
          Case("random classes=\(classes) rows=\(regime.1) features=\(regime.2)", seed: seed) {
            measure(classes, regime, seed)
          }
        }
      }
    }
  }

  /// Normal competitor logits of several scales.
  private static func measure(
    _ classes: Int, _ regime: (name: String, rows: Int, features: Int), _ seed: UInt64
  ) -> [Row] {
    scales.map { scale in
      let problem = PrescribedLogits(
        rows: regime.rows, features: regime.features, classes: classes, probability: 0.5,
        competitors: .random(scale: scale), seed: seed)
      return Row([
        "part": "random", "classes": .number(Double(classes)), "regime": .text(regime.name),
        "damping": .number(damping), "scale": .number(scale),
      ]).merging(problem.measure(damping: damping).row)
    }
  }

  static func report(on rows: Rows) -> Section {
    let part = rows.where("part=random")
    func panel(_ regime: String, _ y: Axis, _ column: String) -> Panel {
      Panel(
        regime, x: Axis("Standard deviation of competitor logits"), y: y,
        marks: part.where("regime=\(regime)").lines(column, against: "scale", by: "classes") {
          "\($0.text) classes"
        })
    }
    let ratios = Concentration.classes.map { classes in
      rows.number(
        "mean of relativeError where part=random, regime=many rows, classes=\(classes), scale=8 over scale=0"
      )
    }
    let worst = rows.number("maximum of relativeError where part=random")
    let statement: Statement = """
      from flat to peaked logits (`0` to `8`) the error of many rows is multiplied by \(ratios[0]) for `10` \
      classes, \(ratios[1]) for `196` and \(ratios[2]) for `1000`; the largest of all is \(worst)
      """
    let values = ratios.compactMap(\.value)
    return Section(
      "Random competitor logits", claim: "The same for logits nobody chose: the more peaked, the closer is FGN.",
      method: "Normal competitor logits of standard deviation `0` to `8`, p_y `0.5`, damping `0.01`; batches as above.",
      figures: [
        ReportFigure(
          "random", "Error and effective competitors (median) of random competitor logits, p_y `0.5`, damping `0.01`.",
          Figure(
            panels: [
              panel("few rows", Axis("Relative error", from: 0), "relativeError"),
              panel("many rows", Axis("Relative error", from: 0), "relativeError"),
              panel("many rows", Axis("Effective competitors", scale: .log10), "effectiveCompetitors"),
            ], columns: 3, options: .init(panelWidth: 440, panelHeight: 360)))
      ],
      verdict: values.count < 3
        ? .notMeasured("no random logits")
        : values.allSatisfy { $0 < 1 }
          ? .holds("It is: \(statement).")
          : values.contains { $0 < 1 }
            ? .holdsWithinLimits("Not for every number of classes: \(statement).") : .fails("\(statement)."))
  }
}
