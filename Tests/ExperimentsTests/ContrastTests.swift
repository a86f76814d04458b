import Testing

@testable import Experiments

@Suite struct ContrastTests {
  /// Losses of methods by seed.
  static func rows(_ losses: [String: [Double]]) -> Rows {
    Rows(
      losses.sorted { $0.key < $1.key }.flatMap { method, values in
        values.enumerated().map { seed, loss in
          Row([
            "method": .text(method), "optimizer": .text(String(method.prefix(4))), "seed": .number(Double(seed)),
            "loss": .number(loss), "data": "toy",
          ])
        }
      })
  }

  @Test func signsAreBeyondTwoStandardErrors() {
    let rows = Self.rows(["fgn": [1, 2, 3], "adam": [2.1, 3, 3.9], "sgd": [1.2, 1.9, 2.8], "one": [4]])
    func contrast(_ other: String) -> Contrast {
      rows.contrast("loss", where: "data=toy, method=fgn", less: "method=\(other)")
    }
    #expect(abs((contrast("adam").difference.value ?? 0) + 1) < 1e-12 && contrast("adam").sign == -1)
    #expect(rows.contrast("loss", where: "data=toy, method=adam", less: "method=fgn").sign == 1)
    // 0.033 +- 0.12.
    #expect(contrast("sgd").sign == 0)
    #expect(contrast("one").standardError.value == nil && contrast("one").sign == -1)
    #expect(contrast("none").difference.value == nil && contrast("none").sign == 0)
    #expect(contrast("adam").statement.text == "-1.0 +- 0.058")
  }

  @Test func theBestOfEachGroup() {
    let rows = Self.rows([
      "adam:1": [2, 2], "adam:2": [1, 2], "adam:3": [.infinity, 0], "adam:4": [.nan, .nan], "kfac": [9],
    ])
    let best = rows.best("method", by: "loss", within: ["data", "optimizer"])
    #expect(best.values(of: "method") == ["adam:2", "kfac"] && best.count == 3)
    #expect(rows.best("method", by: "none", within: ["data"]).isEmpty)
  }
}

/// What reports say of made-up rows.
@Suite struct TrainingReportTests {
  static let setting = ExperimentSetting(data: ExperimentData(directory: "/nowhere"))

  /// Final rows of `deep`: for each method its loss and accuracy at each budget, and seconds an epoch.
  static func deep(fgn: Double, adam: Double) -> Rows {
    Rows(
      [
        ("fgn", "fgn", fgn, 2.0), ("adam:learning-rate=0.1", "adam", adam, 1), ("ggn", "ggn", 0.5, 3),
        ("kfac", "kfac", 0.5, 2),
      ]
      .flatMap { method, optimizer, quality, pace in
        [1, 2, 4].flatMap { (budget: Double) in
          (0..<3).map { (seed: Int) in
            let noise = 1e-3 * Double(seed * (optimizer.count - 2))
            return Row([
              "data": "letter", "method": .text(method), "optimizer": .text(optimizer), "budget": .number(budget),
              "seed": .number(Double(seed)), "trainingLoss": .number((1 - quality) / budget + noise),
              "validationLoss": .number((1 - quality) / budget), "validationAccuracy": .number(quality - noise),
              "cpuSeconds": .number(pace * budget),
            ])
          }
        }
      })
  }

  @Test func deepFollowsItsRows() {
    let good = Deep().report(on: Self.deep(fgn: 0.9, adam: 0.5), in: Self.setting)
    #expect(good.map(\.verdict.title) == ["holds", "holds", "holds"])
    #expect(good[0].verdict.statement.text.contains("`letter`, `4` epochs against `4` of `adam:learning-rate=0.1`"))
    // Twice as dear a step: two epochs against four.
    #expect(good[1].verdict.statement.text.contains("`2` epochs against `4`"))
    let bad = Deep().report(on: Self.deep(fgn: 0.3, adam: 0.5), in: Self.setting)
    #expect(bad.map(\.verdict.title) == ["fails", "fails", "fails"])
    #expect(bad[0].figures.count == 1 && bad[0].figures[0].figure.svg().contains("FGN"))
  }

  @Test func nothingIsNotMeasured() throws {
    for experiment in [Deep() as any Experiment, ExactGaussNewton()] {
      for section in experiment.report(on: Rows([]), in: Self.setting) {
        #expect(section.verdict.title == "not measured", "\(experiment.name): \(section.title)")
        for figure in section.figures { #expect(figure.figure.svg().hasSuffix("</svg>\n"), "\(figure.name)") }
      }
    }
    #expect(try Deep().cases(in: Self.setting).isEmpty)
    let names = try ExactGaussNewton().cases(in: Self.setting).map { "\($0.name) \($0.seed)" }
    #expect(Set(names).count == names.count && names.contains { $0.contains("LQR") })
  }

  /// Ends of runs with and without options.
  @Test func egnFollowsItsRows() {
    func rows(_ ends: [String: Double]) -> Rows {
      Rows(
        ends.sorted { $0.key < $1.key }.flatMap { method, end in
          (0..<3).map { (seed: Int) in
            let value = end * (1 + 1e-3 * Double(seed * method.count))
            return Row([
              "data": "housing", "startDamping": 1, "method": .text(method), "seed": .number(Double(seed)), "isLast": 1,
              "step": 10, "trainingLoss": .number(value), "end": .number(value),
              "endDecades": .number((value - 1) / 2.303),
            ])
          }
        })
    }
    func verdicts(_ options: Double, ours: Double) -> [String] {
      ExactGaussNewton().report(
        on: rows([
          "no option": 1, "line search": options, "adaptive damping": options, "momentum": options,
          "all three": options, "our policy": ours,
        ]), in: Self.setting
      ).prefix(2).map(\.verdict.title)
    }
    #expect(verdicts(0.5, ours: 0.5) == ["holds", "holds"])
    #expect(verdicts(1.5, ours: 1.8) == ["fails", "fails"])
    // Within two percent is level, and level is not better.
    #expect(verdicts(0.99, ours: 1) == ["fails", "holds"])
  }

  /// The three direct forms agree, and conjugate gradient comes near; in Float.
  @Test func directSolvesAgree() throws {
    let setting = ExperimentSetting(seeds: [2], isQuick: true, data: ExperimentData(directory: "/nowhere"))
    let smallest = try #require(DirectSolves.cases(in: setting).first)
    let rows = Rows(try smallest.run())
    #expect(rows.count == 15 && rows.values(of: "unknowns") == [64])
    for solver in ["Cholesky", "Woodbury", "LU"] {
      let worst = rows.number("maximum of relativeError where solver=\(solver), damping>=1e-2")
      #expect((worst.value ?? 1) < 1e-4, "\(solver)")
    }
    #expect((rows.number("maximum of relativeError where solver=CG to 0.0001, damping>=1e-2").value ?? 1) < 1e-2)
    #expect(DirectSolves.agreement(rows).verdict.title != "not measured")
  }
}
