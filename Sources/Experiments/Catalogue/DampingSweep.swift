/// FGN against the full GGN over damping, with the bound on their difference; and what over-long steps do.
struct DampingSweep: Experiment {
  let name = "damping"
  let question = "How close is FGN to the full GGN as damping grows, and when is its step too long?"

  static let probabilities = [0.1, 0.5, 0.9]
  static let classes = 10
  /// Rows B and features D: C D = 640 parameters for 32 rows, 80 for 512.
  static let regimes = [("more parameters than rows", 32, 64), ("more rows than parameters", 512, 8)]

  func cases(in setting: ExperimentSetting) -> [Case] {
    let steps = setting.pick(full: 2, quick: 1)
    let draws = setting.pick(full: 3, quick: 2)
    let sweeps = Self.regimes.flatMap { regime in
      Self.probabilities.flatMap { probability in
        setting.seeds.map { seed in
          Case(
            "sweep rows=\(regime.1) features=\(regime.2) probability=\(probability) draws=\(draws) steps=\(steps)",
            seed: seed
          ) {
            Self.fractions((0..<draws).flatMap { Self.sweep(regime, probability, steps, draw: $0, seed) })
          }
        }
      }
    }
    return sweeps + LongSteps.cases(in: setting)
  }

  /// `steps` dampings a decade, from 1e-6 to 10.
  private static func sweep(
    _ regime: (name: String, rows: Int, features: Int), _ probability: Double, _ steps: Int, draw: Int, _ seed: UInt64
  ) -> [Row] {
    let problem = PrescribedLogits(
      rows: regime.rows, features: regime.features, classes: classes, probability: probability,
      competitors: .random(scale: 1.5), seed: seed << 8 | UInt64(draw))
    let norm = problem.errorNorm()
    let head = Row([
      "regime": .text(regime.name), "probability": .number(probability), "draw": .number(Double(draw)),
    ])
    var errors: [Double] = []
    let rows = (0...7 * steps).map { index in
      let damping = Double("\(index % steps == 0 ? 1 : 3)e\(index / steps - 6)") ?? .nan
      let measure = problem.measure(damping: damping)
      let bound = DirectionMeasure.bound(errorNorm: norm, damping: damping)
      errors.append(measure.relativeError)
      let (fgn, ggn) = (measure.lossAfterFGN / measure.lossBefore, measure.lossAfterGGN / measure.lossBefore)
      return head.merging(measure.row).merging(
        Row([
          "part": "sweep", "damping": .number(damping), "bound": .number(bound),
          "errorOverBound": .number(measure.relativeError / bound), "lossRatioFGN": .number(fgn),
          "lossRatioGGN": .number(ggn), "raisesFGN": .number(fgn > 1 ? 1 : 0), "raisesGGN": .number(ggn > 1 ? 1 : 0),
        ]))
    }
    let falls = zip(errors, errors.dropFirst()).allSatisfy { $0 > $1 }
    return rows + [head.merging(Row(["part": "shape", "errorFalls": .number(falls ? 1 : 0)]))]
  }

  /// With, for each damping, the fraction of a seed's batches on which the step raises the loss.
  private static func fractions(_ rows: [Row]) -> [Row] {
    let all = Rows(rows).where("part=sweep")
    return rows
      + all.values(of: "damping").map { damping in
        let there = all.where("damping=\(damping.text)")
        func share(_ column: String) -> Value {
          let raised = there.numbers(column)
          return .number(raised.reduce(0, +) / Double(max(1, raised.count)))
        }
        return Row([
          "part": "fraction", "damping": damping, "regime": there.all[0]["regime"] ?? "",
          "probability": there.all[0]["probability"] ?? 0, "raisedFGN": share("raisesFGN"),
          "raisedGGN": share("raisesGGN"),
        ])
      }
  }
}
