/// Linear heads on fixed features, where the papers' claim is to be borne out: methods at equal steps and at equal
/// seconds, what tuning does, class counts, and the cost at the paper's own shape.
struct Head: Experiment {
  let name = "head"
  let question = "On fixed features, is FGN near the full Gauss-Newton method, and does it need no tuning?"

  /// Passes over the data of whole runs, each with a schedule of its own.
  static func passes(_ setting: ExperimentSetting) -> [Double] {
    setting.pick(full: [0.25, 0.5, 1, 2, 4, 8], quick: [0.5, 1, 2])
  }

  func cases(in setting: ExperimentSetting) throws -> [Case] {
    let problems = try HeadProblem.all(in: setting)
    let passes = Self.passes(setting)
    let methods = setting.seeds.flatMap { seed in
      problems.flatMap { problem in
        HeadMethod.all(for: problem, isQuick: setting.isQuick).map { method in
          let own =
            switch method.family {
            // Their steps are the cheapest: twice the passes come to the others' seconds.
            case "SGD", "Adam": passes + [2 * (passes.last ?? 1)]
            // A step is a pass.
            case HeadMethod.lbfgs: passes.filter { $0 >= 1 }
            default: passes
            }
          return problem.bundle(part: "methods", method, passes: own, seed: seed)
        }
      }
    }
    return methods + HeadDamping.cases(problems, in: setting) + HeadClasses.cases(problems, in: setting)
      + HeadShape.cases(in: setting)
  }

  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    let curves = HeadCurves(rows)
    let sections = [
      curves.steps, curves.seconds, HeadDamping.batches(rows), HeadDamping.settings(rows), HeadClasses.report(rows),
      HeadShape.report(rows),
    ]
    return sections.map { section in
      var section = section
      // Without data there is nothing to draw.
      section.figures.removeAll { $0.figure.panels.allSatisfy(\.marks.isEmpty) }
      return section
    }
  }
}
