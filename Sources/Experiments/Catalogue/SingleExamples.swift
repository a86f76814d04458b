/// What the trace of the dropped part alone does not explain: single examples, and interference between them.
enum SingleExamples {
  static let classes = Concentration.classes
  static let dampings = [1e-4, 1e-2]
  /// Features of a batch; all numbers of classes are measured at the middle one, the first at each.
  static let features = [8, 16, 32]

  static func cases(in setting: ExperimentSetting) -> [Case] {
    let most = setting.pick(full: 256, quick: 128)
    return classes.flatMap { classes in
      setting.seeds.flatMap { seed in
        [
          Case("single classes=\(classes)", seed: seed) { single(classes, seed) },
          Case("interference classes=\(classes) rows=\(most)", seed: seed) {
            (classes == Self.classes[0] ? features : [features[1]]).flatMap { interference(classes, $0, most, seed) }
          },
        ]
      }
    }
  }

  private static func single(_ classes: Int, _ seed: UInt64) -> [Row] {
    let sizes = [1, 2, 4, 9, 30, 195, 999].filter { $0 < classes }
    return sizes.flatMap { size in
      [("uniform on a support", CompetitorMass.support(size)), ("one and a rest", .effective(Double(size)))].flatMap {
        form, mass in
        let problem = PrescribedLogits(
          rows: 1, features: 16, classes: classes, probability: 0.5, competitors: mass, seed: seed)
        return (dampings + [1]).map { damping in
          let measure = problem.measure(damping: damping)
          return Row([
            "part": "single", "classes": .number(Double(classes)), "form": .text(form), "damping": .number(damping),
            "competitors": .number(Double(size)), "droppedShare": .number(1 - measure.keptShare),
          ]).merging(measure.row)
        }
      }
    }
  }

  /// Rows from one to many, uniform mass.
  private static func interference(_ classes: Int, _ features: Int, _ most: Int, _ seed: UInt64) -> [Row] {
    [1, 2, 4, 8, 16, 32, 64, 128, 256].filter { $0 <= most }.flatMap { count in
      let problem = PrescribedLogits(
        rows: count, features: features, classes: classes, probability: 0.5, competitors: .support(classes - 1),
        seed: seed)
      return dampings.map { damping in
        Row([
          "part": "interference", "classes": .number(Double(classes)), "features": .number(Double(features)),
          "rows": .number(Double(count)), "ratio": .number(Double(count) / Double(features)),
          "damping": .number(damping),
        ]).merging(problem.measure(damping: damping).row)
      }
    }
  }
}
