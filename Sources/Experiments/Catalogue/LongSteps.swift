import Figures
import GaussNewton
import Models
import Optimization

/// What a trust region with undoing, damping by gain ratio and automatic damping do about over-long steps: some steps
/// on one batch, from little damping.
enum LongSteps {
  static let damping = 1e-4
  static let methods = [
    "GGN fixed", "FGN fixed", "FGN trust region", "FGN gain ratio", "FGN automatic", "FGN default",
  ]

  static func cases(in setting: ExperimentSetting) -> [Case] {
    let steps = setting.pick(full: 20, quick: 15)
    return DampingSweep.regimes.flatMap { regime in
      setting.seeds.map { seed in
        Case("run rows=\(regime.1) features=\(regime.2) steps=\(steps)", seed: seed) { run(regime, steps, seed) }
      }
    }
  }

  private static func options(_ method: String) -> GaussNewtonOptions {
    if method == "FGN default" { return GaussNewtonOptions() }
    let full = DescentOptions(curvature: .ggn, solver: .cg, tolerance: 1e-10, maximumIterations: 2000)
    let descent = method.hasPrefix("GGN") ? full : DescentOptions(curvature: .fgn, solver: .gram)
    let policy: GaussNewtonOptions.Damping =
      switch method {
      case "FGN gain ratio": .gainRatio(initial: damping)
      case "FGN automatic": .automatic()
      default: .fixed(damping)
      }
    // On one batch any rise is real: a step is undone at one standard error.
    let region =
      method == "FGN trust region"
      ? GaussNewtonOptions.TrustRegion(radius: 1, warmUp: 0, deviations: 1)
      : GaussNewtonOptions.TrustRegion(radius: .infinity, warmUp: 0, deviations: .infinity)
    return GaussNewtonOptions(
      descent: descent, damping: policy, trustRegion: region, momentum: 0, schedule: .constant)
  }

  /// Every method from the same start. What is left of the way from the start to the lowest objective that any of them
  /// saw.
  private static func run(
    _ regime: (name: String, rows: Int, features: Int), _ steps: Int, _ seed: UInt64
  ) -> [Row] {
    let problem = PrescribedLogits(
      rows: regime.rows, features: regime.features, classes: DampingSweep.classes, probability: 0.1,
      competitors: .random(scale: 1.5), seed: seed)
    var rows: [Row] = []
    for method in methods {
      var optimizer = GaussNewtonOptimizer(
        Objective(problem.head, loss: problem.loss(), l2: 1e-4), options: options(method))
      var parameters = problem.parameters
      var (refused, undone) = (0, 0)
      for step in 0...steps {
        // The last one only says where the run ended.
        let report = optimizer.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: steps + 1))
        rows.append(
          Row([
            "part": "run", "regime": .text(regime.name), "method": .text(method), "step": .number(Double(step)),
            "objective": .number(report.objective), "stepDamping": .number(report.damping),
            "rejected": .number(Double(refused)), "undone": .number(Double(undone)),
          ]))
        refused += report.outcome == .rejected ? 1 : 0
        undone += report.outcome == .undone ? 1 : 0
      }
    }
    let objectives = rows.compactMap { $0["objective"]?.number }
    guard let start = objectives.first, let lowest = objectives.min() else { return [] }
    return rows.map { row in
      let left = ((row["objective"]?.number ?? 0) - lowest) / (start - lowest)
      return row.merging(Row(["left": .number(left), "drawn": .number(max(left, 1e-8))]))
    }
  }

  static func report(on rows: Rows) -> Section {
    let part = rows.where("part=run")
    let end = "step=\(part.values(of: "step").last?.text ?? "0")"
    let panels = DampingSweep.regimes.map { regime in
      Panel(
        regime.0, x: Axis("Step"), y: Axis("Objective above the lowest, relative", scale: .log10),
        marks: part.where("regime=\(regime.0)").lines("drawn", against: "step", by: "method", .geometric))
    }
    func worst(_ method: String) -> Quoted {
      rows.number("maximum of left where part=run, \(end), method=\(method)")
    }
    let plain = worst("FGN fixed")
    let remedies = methods.dropFirst(2).map { (name: $0, left: worst($0)) }
    func list(_ chosen: (Double) -> Bool) -> Statement {
      let found = remedies.filter { chosen($0.left.value ?? .infinity) }.map {
        "\(setting: $0.name) (\($0.left))" as Statement
      }
      return found.isEmpty ? "none" : .joined(found, separator: ", ")
    }
    let statement: Statement = """
      Of the way down from the start, after the last step and in the worst run, `FGN fixed` has \(plain) left and `GGN fixed` \
      \(worst("GGN fixed")); repaired (below `0.01`): \(list { $0 < 0.01 }); held but not repaired (below `1`): \
      \(list { $0 >= 0.01 && $0 < 1 }); not held: \(list { $0 >= 1 })
      """
    let good = remedies.count { ($0.left.value ?? 1) < 0.01 }
    return Section(
      "Rejection and adaptation", claim: "Rejection and adaptation repair over-long steps.",
      method: """
        Batches as above with p_y `0.1`, `l2 = 1e-4`, whole steps on one batch: `20` (`15` if quick). Fixed damping `1e-4`; with \
        it a trust region (radius `1`) that undoes a step after which the batch is worse by a standard error; damping by gain \
        ratio from `1e-4`, which rejects a step that does not lower the objective; automatic damping alone; and the default \
        policy: automatic damping, trust region, momentum and cosine schedule.
        """,
      figures: [
        ReportFigure(
          "remedies", "The objective above the lowest that any method found (cut at `1e-8`), relative to the start.",
          Figure(panels: panels))
      ],
      tables: DampingSweep.regimes.map { regime in
        ReportTable(
          "At the end, \(setting: regime.0).", by: "method", where: "part=run, \(end), regime=\(regime.0)",
          [
            "left of the way": "mean of left", "in the worst run": "maximum of left", "objective": "mean of objective",
            "steps rejected": "mean of rejected", "undone": "mean of undone",
          ])
      },
      verdict: plain.value == nil
        ? .notMeasured("no runs")
        : good == remedies.count
          ? .holds("\(statement).")
          : good > 0 ? .holdsWithinLimits("\(statement).") : .fails("\(statement)."))
  }
}
