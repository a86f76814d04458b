import FastGaussNewton
import Foundation
import Testing

@testable import Comparison

@Suite struct SummaryTests {
  /// A run with these validation losses at steps 0, 10, 20, ... and a second a point.
  static func run(_ losses: [Double], seed: UInt64 = 0, pace: Double = 1, outcome: RunOutcome = .finished) -> RunResult
  {
    RunResult(
      rows: losses.enumerated().map { point, loss in
        var row = ComparisonRow(
          key: "", contestant: "x", optimizer: .fgn, seed: seed, point: point, step: 10 * point, epoch: 0,
          wallSeconds: pace * Double(point), cpuSeconds: pace * Double(point), rejected: 0, version: "", blas: "",
          threads: 1, precision: "")
        (row.validationLoss, row.validationAccuracy) = (loss, 1 - loss / 4)
        row.outcome = point == losses.count - 1 ? outcome : nil
        return row
      })
  }

  static func result(_ runs: [(String, [RunResult])]) throws -> ComparisonReport {
    let options = ComparisonOptions(
      contestants: try runs.map { try TrainingMethod($0.0) }, seeds: runs[0].1.map(\.seed), budget: .steps(30))
    return ComparisonReport(
      options: options,
      contestants: try runs.map { name, runs in
        var contestant = ContestantResult(contestant: try TrainingMethod(name))
        contestant.runs = runs
        return contestant
      }, hasTest: false)
  }

  @Test func whatIsKept() {
    let run = Self.run([4, 2, 3, 1.5])
    #expect(run.kept.map(\.validationLoss) == [4, 2, 2, 1.5] && run.best.point == 3)
    #expect(Self.run([4, .nan, .infinity]).best.point == 0)
    let step = { (row: ComparisonRow) in Double(row.step) }
    #expect(run.value(of: .validationLoss, at: 5, along: step) == 3)
    #expect(run.value(of: .validationLoss, at: 15, along: step) == 2)
    #expect(run.value(of: .validationLoss, at: 99, along: step) == 1.5)
    #expect(run.value(of: .validationLoss, at: 0, along: step) == 4)
    #expect(run.value(of: .testLoss, at: 5, along: step) == nil)
    #expect(run.arrival(at: 2.5, along: step) == 7.5 && run.arrival(at: 1.75, along: step) == 25)
    #expect(run.arrival(at: 1, along: step) == nil && run.arrival(at: 5, along: step) == 0)
  }

  @Test func spreads() throws {
    let spread = try #require(Spread([1, 2, 3, 6]))
    #expect(spread.mean == 3 && abs(spread.deviation! - (14.0 / 3).squareRoot()) < 1e-15 && spread.count == 4)
    #expect(abs(spread.standardError! - (14.0 / 3).squareRoot() / 2) < 1e-15)
    #expect(Spread([]) == nil && Spread([5])?.deviation == nil)
  }

  @Test func tableAndWinner() throws {
    let summary = try Self.result([
      ("fgn", [Self.run([4, 2, 1.2, 1], seed: 0, pace: 2), Self.run([4, 2, 1.6, 1.2], seed: 1, pace: 2)]),
      ("adam:lr=0.1", [Self.run([4, 3, 2, 1.5], seed: 0), Self.run([4, 3, 2, 1.9], seed: 1)]),
    ]).summary
    #expect(summary.equalSeconds == 3 && summary.equalSteps == 30)
    #expect(summary.target == 1.9 && summary.entries.map(\.reached) == [2, 2])
    #expect(abs(summary.entries[0].atEnd[.validationLoss]!.mean - 1.1) < 1e-15)
    #expect(abs(summary.entries[0].atEqualSeconds[.validationLoss]!.mean - 1.7) < 1e-15)
    let winner = summary.winners[0]
    #expect(winner.contestant == "fgn" && winner.runnerUp == "adam:learning-rate=0.1" && winner.at == "end")
    // Differences by seed: -0.5 and -0.7.
    #expect(abs(winner.difference! + 0.6) < 1e-12 && abs(winner.standardError! - 0.1) < 1e-12)
    let later = try #require(summary.winners.first { $0.at == "equal seconds" && $0.metric == .validationLoss })
    #expect(later.contestant == "adam:learning-rate=0.1", "whoever it is")
    #expect(summary.winners.contains { $0.metric == .validationAccuracy && $0.contestant == "fgn" })
    #expect(!summary.winners.contains { $0.at == "equal steps" }, "they took as many")
    let text = summary.text
    for part in [
      "1.100 +- 0.14", "best validation loss after 30 steps: fgn, ahead of adam:learning-rate=0.1 by 0.60 (standard",
      "best validation loss at 3.00 s: adam:learning-rate=0.1, ahead of fgn by", "target, the best of the worst",
    ] { #expect(text.contains(part), "\(part)\n\(text)") }
    let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(summary)) as? [String: Any]
    let entries = try #require(json?["entries"] as? [[String: Any]])
    #expect((entries[0]["atEnd"] as? [String: Any])?["validationLoss"] != nil)
  }

  @Test func oneSeedHasNoStandardError() throws {
    let summary = try Self.result([("fgn", [Self.run([4, 1])]), ("adam", [Self.run([4, 2])])]).summary
    #expect(summary.winners[0].difference == -1 && summary.winners[0].standardError == nil)
    #expect(summary.text.contains("(one seed: no standard error)"))
  }

  @Test func curves() throws {
    let result = try Self.result([
      ("fgn", [Self.run([4, 2, 1], seed: 0), Self.run([4, 3, 2], seed: 1)]),
      ("adam", [Self.run([4, 3, 2], seed: 0), Self.run([4, 50], seed: 1, outcome: .diverged)]),
    ])
    let figure = result.figure(lossUnit: "nats")
    #expect(figure.panels.map(\.title).count == 4 && figure.panels[0].y.label == "Validation loss")
    #expect(figure.panels[1].x.unit == "s" && figure.panels[2].y.unit == "%")
    guard case .line(let fgn) = figure.panels[0].marks[0], case .line(let adam) = figure.panels[0].marks[1] else {
      Issue.record("no lines")
      return
    }
    #expect(fgn.x == [0, 10, 20] && fgn.y == [4, 2.5, 1.5])
    #expect(abs(fgn.band!.upper[1] - (2.5 + 0.5.squareRoot())) < 1e-12)
    #expect(adam.y == [4, 26.5, 3], "what diverged counts with what it kept")
  }
}
