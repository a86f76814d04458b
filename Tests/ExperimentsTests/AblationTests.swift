import Losses
import Testing

@testable import Experiments

@Suite struct AblationTests {
  private static let setting = ExperimentSetting(data: ExperimentData(directory: "/nowhere"))

  /// Two seeds of every study, all variants alike but for `losses` (times the others') of some.
  private static func trainings(_ losses: [String: Double]) -> [Row] {
    Ablation.Study.all.flatMap { study in
      study.variants.flatMap { variant in
        ["head", "network"].flatMap { model in
          [0.0, 1].map { seed in
            Row([
              "study": .text(study.name), "method": .text(variant.name), "model": .text(model), "seed": .number(seed),
              "step": 8, "isLast": 1, "trainingLoss": .number((1 + seed) * (losses[variant.name] ?? 1)),
              "validationLoss": 1, "validationAccuracy": 0.5, "cpuSeconds": 1,
            ])
          }
        }
      }
    }
  }

  private static func points(errors: [Curvature: Double], iterations: Double, largest: Double) -> [Row] {
    ["start", "trained"].flatMap { stage -> [Row] in
      var rows = Curvature.rowWeights.map { weight in
        Row([
          "study": "direction", "model": "head", "stage": .text(stage), "method": .text(weight.name), "seed": 0,
          "damping": 0.01, "relativeError": .number(errors[weight.curvature] ?? 0.5),
        ])
      }
      rows.append(
        Row([
          "study": "preconditioner", "model": "head", "stage": .text(stage), "damping": 0.01, "seed": 0,
          "plainIterations": 20, "iterations": .number(iterations), "least": 1, "largest": .number(largest),
          "bound": 2, "share": .number(largest - 1), "plainCondition": 10,
        ]))
      return rows
    }
  }

  private static func verdicts(_ rows: [Row]) -> [String] {
    Ablation().report(on: Rows(rows), in: setting).map(\.verdict.title)
  }

  @Test func verdictsFollowFromTheRows() {
    let good = Self.points(errors: [.fgn: 0.1], iterations: 10, largest: 1.9)
    #expect(Self.verdicts(Self.trainings([:]) + good) == Array(repeating: "holds", count: 7))
    let bad = Self.points(errors: [.trace: 0.1], iterations: 30, largest: 2.1)
    let losses = ["trace": 0.97, "floor 0": 0.9, "gain ratio": 0.5, "cg": 1.2]
    #expect(
      Self.verdicts(Self.trainings(losses) + bad)
        == ["fails", "holds within limits", "fails", "fails", "fails", "fails", "fails"])
    // Only solvers must be equal: a variant that is worse than the default is no counterexample.
    #expect(
      Self.verdicts(Self.trainings(["unit": 2, "floor 1e-1": 2, "fixed 0.1": 2]) + good)
        == Array(repeating: "holds", count: 7))
    #expect(Self.verdicts([]) == Array(repeating: "not measured", count: 7))
  }

  @Test func statementsNameTheVariants() {
    let sections = Ablation().report(on: Rows(Self.trainings(["trace": 0.97, "unit": 1.5])), in: Self.setting)
    let text = sections[1].verdict.statement.text
    #expect(text.contains("0.9700 of the loss with `margin` (`trace`) to 1.500 (`unit`)"), "\(text)")
  }

  @Test func withoutDataThereAreNoCases() throws {
    #expect(try Ablation().cases(in: Self.setting).isEmpty)
  }
}
