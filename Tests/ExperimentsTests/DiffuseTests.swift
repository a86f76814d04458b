import Testing

@testable import Experiments

@Suite struct DiffuseTests {
  private static let setting = ExperimentSetting(data: ExperimentData(directory: "/nowhere"))

  /// Rows of two problems with two seeds: FGN's fall and rise on the diffuse one as given.
  private static func rows(fall: Double, rise: Double, error: Double, bareFall: Double = -5) -> Rows {
    var rows: [Row] = []
    for (level, isDiffuse) in [(4.0, false), (1.0, true)] {
      for seed in [0.0, 1] {
        for policy in ["default", "bare", "searched"] {
          for method in ["fgn", "ggn", "fisher", "adam"] where policy == "default" || method != "adam" {
            let isChanged = isDiffuse && method == "fgn"
            for step in [0.0, 1, 10] {
              var row = Row([
                "regime": "separation", "problem": .text("separation \(Int(level))"), "level": .number(level),
                "seed": .number(seed), "policy": .text(policy), "method": .text(method), "step": .number(step),
                "objective": .number(2 - step / 10), "effectiveCompetitors": .number(isDiffuse ? 30 : 2),
                "keptShare": 0.5, "isLast": step == 10 ? 1 : 0,
              ])
              if method == "adam" { row["learningRate"] = 0.1 }
              if method == "fgn" { row["relativeError"] = .number(isDiffuse ? error : 0.1) }
              if step == 10 {
                row["fall"] = .number(isChanged ? (policy == "bare" ? bareFall : fall) : 1)
                row["rise"] = .number(isChanged ? rise : 0)
                row["stepsToNear"] = .number(isChanged ? 6 : 2)
              }
              rows.append(row)
            }
          }
        }
      }
    }
    return Rows(rows)
  }

  private static func verdicts(_ rows: Rows) -> [String] {
    Diffuse().report(on: rows, in: setting).map(\.verdict.title)
  }

  @Test func verdictsFollowFromTheRows() {
    #expect(
      Self.verdicts(Self.rows(fall: 1, rise: 0, error: 0.4)) == ["holds", "holds", "holds within limits"])
    #expect(Self.verdicts(Self.rows(fall: 0.9, rise: 0, error: 0.05, bareFall: 1)) == ["fails", "fails", "fails"])
    // A rise of a fiftieth of the fall is a limit, one of half of it is none.
    #expect(Self.verdicts(Self.rows(fall: 1, rise: 0.02, error: 0.4))[1] == "holds within limits")
    #expect(Self.verdicts(Self.rows(fall: 1, rise: 0.5, error: 0.4))[1] == "fails")
    #expect(Self.verdicts(Rows([])) == ["not measured", "not measured", "not measured"])
  }

  @Test func statementsTellWhatTheRowsSay() {
    let sections = Diffuse().report(on: Self.rows(fall: 1, rise: 0.5, error: 0.4), in: Self.setting)
    #expect(sections[0].verdict.statement.text.contains("0.10 to 0.40 by `separation`"))
    #expect(sections[1].verdict.statement.text.contains("`separation 1` 0.50"))
    #expect(sections[2].verdict.statement.text.contains("1.0 (`separation 4`) to 3.0 (`separation 1`)"))
  }

  @Test func withoutDataOnlySyntheticRegimesAreLeft() throws {
    let cases = try Diffuse().cases(in: Self.setting)
    #expect(cases.count == 30 && Set(cases.map(\.name)).count == 6)
    #expect(cases.allSatisfy { $0.name.hasPrefix("separation") || $0.name.hasPrefix("classes") })
  }

  @Test func runsAreComparedWithinTheirCase() {
    func run(_ losses: [Double]) -> [Row] {
      losses.enumerated().map { step, loss in
        Row([
          "step": .number(Double(step)), "trainingLoss": .number(loss), "penalty": 1,
          "isLast": step == losses.count - 1 ? 1 : 0,
        ])
      }
    }
    let rows = DiffuseMeasure.compared([run([3, 2, 1]), run([3, 4, 2]), run([3, .infinity])])
    let last = rows.filter { $0["isLast"] == 1 }
    #expect(last.map { $0["fall"]?.number } == [2, 1, -.infinity])
    #expect(last.map { $0["rise"]?.number } == [0, 1, .infinity])
    #expect(last.map { $0["stepsToNear"]?.number } == [2, nil, nil])
    #expect(rows[0]["objective"] == 4 && rows[0]["fall"] == nil)
  }

  @Test func observedColumnsAreInTheRows() throws {
    var runs = try TrainingRunTests.runs()
    runs.observe = { Row(["norm": .number(Double($0.values.reduce(0) { $0 + $1 * $1 }))]) }
    let rows = try runs.rows("fgn", seed: 1)
    #expect(rows.count > 3 && rows[0]["norm"] == 0)
    #expect(rows.dropFirst().allSatisfy { ($0["norm"]?.number ?? 0) > 0 })
    runs.keepsLastOnly = true
    #expect(try runs.rows("fgn", seed: 1).map { $0["norm"] } == [rows.last?["norm"]])
  }
}
