import Comparison
import FastGaussNewton
import Foundation
import TestSupport
import Testing

@testable import Experiments

@Suite struct HeadTests {
  /// A run's last row on letter after 8 passes.
  static func run(
    _ family: String, _ method: String, loss: Double, objective: Double = 0.5, accuracy: Double = 0.9,
    data: String = "letter", seed: Int = 0
  ) -> Row {
    Row([
      "part": "methods", "family": .text(family), "method": .text(method), "data": .text(data), "passes": 8,
      "seed": .number(Double(seed)), "validationLoss": .number(loss), "trainingObjective": .number(objective),
      "trainingLoss": .number(objective), "trainingAccuracy": .number(accuracy),
      "validationAccuracy": .number(accuracy), "cpuSeconds": 1, "step": 1000,
    ])
  }

  /// The mean over seeds chooses, apart for each data set; what diverged never does.
  @Test func bestRatesAreChosenFromRows() {
    let curves = HeadCurves(
      Rows([
        Self.run("SGD", "sgd:learning-rate=1", loss: 0.5), Self.run("SGD", "sgd:learning-rate=1", loss: 0.5, seed: 1),
        Self.run("SGD", "sgd:learning-rate=3", loss: 0.3), Self.run("SGD", "sgd:learning-rate=3", loss: 0.9, seed: 1),
        Self.run("SGD", "sgd:learning-rate=10", loss: .nan),
        Self.run("SGD", "sgd:learning-rate=10", loss: 0.1, seed: 1),
        Self.run("SGD", "sgd:learning-rate=3", loss: 0.2, data: "clinc150"),
        Self.run("SGD", "sgd:learning-rate=1", loss: 0.4, data: "clinc150"),
        Self.run("FGN", "fgn", loss: 0.4),
      ]))
    #expect(curves.method("SGD", "letter", 8) == "sgd:learning-rate=1")
    #expect(curves.method("SGD", "clinc150", 8) == "sgd:learning-rate=3")
    #expect(curves.method("FGN", "letter", 8) == "fgn" && curves.method("Adam", "letter", 8) == nil)
    #expect(curves.best.count == 4)
  }

  /// FGN against the GGN: the same, worse on one of two data sets, worse on both, ahead on both, and no rows.
  @Test(arguments: [
    ([0.5, 0.5], "holds"), ([0.5, 0.6], "holds within limits"), ([0.7, 0.6], "fails"),
    ([0.3, 0.4], "holds within limits"), ([], "not measured"),
  ])
  func nearness(_ objectives: [Double], _ verdict: String) {
    let rows = objectives.enumerated().flatMap { number, objective in
      ["letter", "clinc150"][number...number].flatMap { data in
        (0..<2).flatMap { seed in
          [
            Self.run("FGN", "fgn", loss: 1, objective: objective, data: data, seed: seed),
            Self.run("GGN (dual)", "ggn:solver=dual", loss: 1, objective: 0.5, data: data, seed: seed),
          ]
        }
      }
    }
    #expect(HeadCurves(Rows(rows)).steps.verdict.title == verdict)
  }

  /// Tables name the chosen settings alone.
  @Test func tablesShowWhatWasChosen() throws {
    let rows = Rows([
      Self.run("FGN", "fgn", loss: 0.5), Self.run("SGD", "sgd:learning-rate=1", loss: 0.6),
      Self.run("SGD", "sgd:learning-rate=3", loss: 0.4),
    ])
    let table = try #require(HeadCurves(rows).steps.tables.first)
    #expect(table.values(rows) == ["fgn", "sgd:learning-rate=3"])
  }

  /// What ten times off costs is of the worse side, and of the same method.
  @Test(arguments: [(0.1, "holds"), (3.0, "holds within limits")])
  func tuning(_ slope: Double, _ verdict: String) throws {
    func row(_ part: String, _ family: String, _ method: String, _ column: String, _ value: Double?, _ f: Double) -> Row
    {
      var row = Row([
        "part": .text(part), "family": .text(family), "method": .text(method), "data": "letter", "passes": 4,
        "batchSize": 128, "seed": 0, "trainingObjective": .number(f),
      ])
      row[column] = value.map { .number($0) }
      return row
    }
    let places = [(-2, 0.01), (-1, 0.03), (0, 0.1), (1, 0.3), (2, 1.0)]
    let rows = Rows(
      [row("damping", "FGN", "fgn", "", nil, 0.5)]
        + places.flatMap { step, value in
          let off = Double(abs(step))
          return [
            row("damping", "FGN", "fgn:damping-factor=\(value)", "dampingFactor", value, 0.5 + slope * off),
            row("damping", "FGN", "fgn:fixed-damping=\(value)", "fixedDamping", value, 0.5 + off),
            row("methods", "SGD", "sgd:learning-rate=\(value)", "learningRate", value, 0.6 + off),
            row("methods", "Adam", "adam:learning-rate=\(value)", "learningRate", value, 0.6 + (step == 2 ? 9 : off)),
          ]
        })
    let section = HeadDamping.settings(rows)
    #expect(section.verdict.title == verdict)
    guard case .given(let lines, _, let columns) = try #require(section.tables.first).lines else {
      Issue.record("a table of given lines")
      return
    }
    let cells = Dictionary(uniqueKeysWithValues: zip(columns, try #require(lines.first).cells.map { $0?.text }))
    #expect(cells["FGN untuned"] == "0.000" && cells["SGD (rate)"] == "2.000" && cells["Adam (rate)"] == "9.000")
  }

  /// Everything from a small file of somebody's own, but the paper's shape, which is for larger machines than tests.
  @Test func runsOnFeaturesOfOnesOwn() throws {
    let files = TemporaryDirectory()
    var generator = SeededGenerator(seed: 11)
    let lines = (0..<90).map { row in
      let values = (0..<3).map { $0 == row % 3 ? 2 + generator.normal() : generator.normal() }
      return values.map { "\($0)" }.joined(separator: ",") + ",\(["a", "b", "c"][row % 3])"
    }
    let path = files.path + "/own.csv"
    try Data(("x,y,z,label\n" + lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
    let setting = ExperimentSetting(
      seeds: [0, 1], isQuick: true, data: ExperimentData(directory: files.path, features: path))
    let cases = try Head().cases(in: setting)
    #expect(Set(cases.map { "\($0.name) \($0.seed)" }).count == cases.count)
    let chosen = cases.filter { !$0.name.hasPrefix("part=shape") }
    #expect(cases.count - chosen.count == setting.seeds.count)
    let rows = try chosen.flatMap { one in
      try one.run().map { $0.merging(Row(["seed": .number(Double(one.seed))])) }
    }
    // 24 rows of 72 to 1 step; EGN fits three classes.
    let all = Rows(rows)
    #expect(all.values(of: "data") == ["own"] && all.values(of: "family").contains("EGN"))
    let sections = Head().report(on: all, in: setting)
    #expect(sections.map(\.title).count == 6 && sections.last?.verdict.title == "not measured")
    for section in sections.dropLast() {
      #expect(section.verdict.title != "not measured", "\(section.title)")
      #expect(
        !section.figures.isEmpty && section.figures.allSatisfy { $0.figure.svg().count > 1000 }, "\(section.title)")
    }
    // EGN is the GGN in closed form: the same end up to what conjugate gradient leaves.
    let gap = all.number("maximum of trainingObjective where part=methods, family=EGN, passes=2 less family=GGN (dual)")
    #expect(abs(gap.value ?? 1) < 0.02)
    let share = try #require(all.number("mean of keptShare where part=classes").value)
    #expect(share > 0.5 && share < 1)
  }

  /// Without data only the cost is measured.
  @Test func withoutDataOnlyTheCostIsLeft() throws {
    let setting = ExperimentSetting(seeds: [0], isQuick: true, data: ExperimentData(directory: "/nowhere"))
    #expect(try Head().cases(in: setting).allSatisfy { $0.name.hasPrefix("part=shape") })
    let rows = ["FGN": 0.01, "SGD": 0.006, "GGN (parameters)": 0.03, "GGN (dual)": 0.02].map { family, seconds in
      Row([
        "part": "shape", "family": .text(family), "seed": 0, "cpuStepSeconds": .number(seconds),
        "wallStepSeconds": .number(seconds),
      ])
    }
    let sections = Head().report(on: Rows(rows), in: setting)
    for section in sections.dropLast() {
      #expect(section.verdict.title == "not measured" && section.tables.isEmpty && section.figures.isEmpty)
    }
    #expect(sections.last?.verdict.title == "holds")
  }
}
