import Experiments
import FastGaussNewton
import Figures
import Foundation
import Testing

struct MoreDamping: Experiment {
  let name = "more-damping"
  let question = "Does damping bring the FGN direction closer to the GGN's?"

  func cases(in setting: ExperimentSetting) -> [Case] {
    setting.seeds.map { seed in
      Case("rows=32 features=8 classes=10", seed: seed) {
        var generator = SeededGenerator(seed: seed)
        let features = Matrix<Double>(rows: 32, columns: 8, elements: (0..<256).map { _ in generator.normal() })
        let batch = Batch(features: features, labels: (0..<32).map { _ in Int32(generator.index(below: 10)) })
        let head = LinearHead<Double>(features: 8, classes: 10)
        return [1e-4, 1e-2, 1].map { damping in
          let found = DirectionMeasure(
            Objective(head), at: Parameters(layout: head.layout), batch: batch, damping: damping)
          return Row(["damping": .number(damping), "relativeError": .number(found.relativeError)])
        }
      }
    }
  }

  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    let little = rows.number("minimum of relativeError where damping=1e-4")
    let much = rows.number("maximum of relativeError where damping=1")
    let error = rows.line("FGN", "relativeError", against: "damping", .geometric)
    guard let before = little.value, let after = much.value else { return [] }
    return [
      Section(
        "Damping", claim: "FGN is closer to the GGN when damping is large.",
        method: "Random features and labels, `32` rows, `10` classes, damping `1e-4` to `1`.",
        figures: [
          ReportFigure(
            "error", "The difference falls from at least \(little) to at most \(much).",
            Figure(panels: [
              Panel(
                x: Axis("Damping", scale: .log10), y: Axis("Relative error", scale: .log10), marks: [error])
            ]))
        ],
        tables: [ReportTable("Relative error.", by: "damping", ["mean": "mean of relativeError"])],
        verdict: after < before ? .holds("From \(little) to \(much).") : .fails("From \(little) to \(much)."))
    ]
  }
}

/// The examples of docs/experiments.md and of Experiments' comments.
@Suite struct ExperimentExamples {
  @Test func moreDamping() throws {
    let path = temporaryPath("more-damping")
    defer { removeFile(path) }
    var run = try ExperimentRun(
      MoreDamping(), in: ExperimentSetting(data: ExperimentData()), directory: path, stamp: Stamp(version: "1"))
    let sections = try run.run()
    print(sections?.first?.verdict.title ?? "interrupted")  // holds
    #expect(sections?.first?.verdict.title == "holds")
  }

  @Test func decomposition() throws {
    let path = temporaryPath("decomposition")
    defer { removeFile(path) }
    let setting = ExperimentSetting(seeds: [0], isQuick: true, data: ExperimentData())
    let experiment = Catalogue.named("decomposition")!
    var run = try ExperimentRun(experiment, in: setting, directory: path, stamp: Stamp(version: "1"))
    let sections = try run.run()
    #expect(sections?.count == 4)
  }

  @Test func rows() {
    var row = Row(["classes": 10, "method": "fgn", "relativeError": 0.03])
    row["seed"] = 1
    #expect(row["seed"] == 1)
    let rows = Rows([Row(["classes": 2, "error": 1e-15]), Row(["classes": 10, "error": 0.4])])
    let worst = rows.number("maximum of error where classes=2")
    print(rows.where("classes>2").values(of: "error"), worst.value ?? .nan)
    #expect(worst.value == 1e-15)
  }
}
