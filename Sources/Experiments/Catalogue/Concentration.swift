import GaussNewton
import RealModule

/// FGN against the full GGN as the competitor mass moves from one competitor to all of them.
struct Concentration: Experiment {
  let name = "concentration"
  let question = "Is FGN closest to the full GGN where competitor mass is concentrated?"

  static let classes = [10, 196, 1000]
  static let probabilities = [0.1, 0.5, 0.9]
  static let dampings = [1e-4, 1e-2, 1]
  /// Rows B and features D of a batch.
  static let regimes = [("few rows", 32, 64), ("many rows", 128, 16)]

  func cases(in setting: ExperimentSetting) -> [Case] {
    let steps = setting.pick(full: [0, 0.08, 0.18, 0.32, 0.5, 0.75, 1], quick: [0, 0.15, 0.35, 0.6, 1])
    let grids = Self.classes.flatMap { classes in Self.regimes.map { (classes, $0) } }
    let sweeps = grids.flatMap { classes, regime in
      setting.seeds.map { seed in
        Case("sweep classes=\(classes) rows=\(regime.1) features=\(regime.2) points=\(steps.count)", seed: seed) {
          Self.sweep(classes, regime, steps, seed)
        }
      }
    }
    return sweeps + RandomCompetitors.cases(in: setting) + SingleExamples.cases(in: setting)
  }

  /// From one competitor to all, at every p_y and damping; and the shape of each of these sweeps.
  private static func sweep(
    _ classes: Int, _ regime: (name: String, rows: Int, features: Int), _ steps: [Double], _ seed: UInt64
  ) -> [Row] {
    probabilities.flatMap { probability in
      var found: [Double: [Point]] = [:]
      var rows: [Row] = []
      for step in steps {
        let competitors = spread(step, of: classes - 1)
        let problem = PrescribedLogits(
          rows: regime.rows, features: regime.features, classes: classes, probability: probability,
          competitors: .effective(competitors), seed: seed)
        // |E| is in proportion to 1 - p_y: one is enough.
        let norm = probability == 0.5 ? problem.errorNorm(tolerance: 1e-3) : nil
        for damping in dampings {
          let measure = problem.measure(damping: damping)
          found[damping, default: []].append(
            Point(competitors: competitors, error: measure.relativeError, dropped: 1 - measure.keptShare, norm: norm))
          var row = Row([
            "part": "sweep", "classes": .number(Double(classes)), "regime": .text(regime.name),
            "probability": .number(probability), "damping": .number(damping), "competitors": .number(competitors),
            "droppedShare": .number(1 - measure.keptShare),
            "excessLoss": .number((measure.lossAfterFGN - measure.lossAfterGGN) / measure.lossBefore),
          ])
          if let norm { row["bound"] = .number(DirectionMeasure.bound(errorNorm: norm, damping: damping)) }
          rows.append(row.merging(measure.row))
        }
      }
      return rows
        + dampings.map { damping in
          let row = Row([
            "part": "shape", "classes": .number(Double(classes)), "regime": .text(regime.name),
            "probability": .number(probability), "damping": .number(damping),
          ])
          return row.merging(shape(found[damping] ?? []))
        }
    }
  }

  /// K^step, 1...K effective competitors of K, to three digits.
  private static func spread(_ step: Double, of count: Int) -> Double {
    let value = Double.pow(Double(count), step)
    let unit: Double = value < 10 ? 100 : value < 100 ? 10 : 1
    return min(Double(count), (value * unit).rounded() / unit)
  }

  private struct Point {
    var competitors, error, dropped: Double
    var norm: Double?
  }

  /// Where in a sweep the error is largest, what is left of it where the mass is uniform, and how well the trace and
  /// the norm of what is dropped order the errors: the share of pairs in which the larger has the larger error.
  private static func shape(_ sweep: [Point]) -> Row {
    guard let peak = sweep.max(by: { $0.error < $1.error }), let last = sweep.last else { return Row() }
    func order(_ key: (Point) -> Double) -> Value {
      let pairs = sweep.flatMap { a in sweep.filter { key($0) > key(a) }.map { $0.error > a.error } }
      return .number(Double(pairs.count { $0 }) / Double(max(1, pairs.count)))
    }
    var row = Row([
      "peakCompetitors": .number(peak.competitors), "uniformOverPeak": .number(last.error / peak.error),
      "isLargestAtUniform": .number(peak.competitors == last.competitors ? 1 : 0),
      "isLeastAtOne": .number(sweep.allSatisfy { $0.error >= sweep[0].error } ? 1 : 0),
      "orderedByTrace": order(\.dropped),
    ])
    if last.norm != nil { row["orderedByNorm"] = order { $0.norm ?? 0 } }
    return row
  }
}
