import Optimization
import Training

extension ComparisonSummary {
  /// The comparison as text: a table, what tuning cost, who wins.
  public var text: String {
    var lines = [
      "\(budget) for each of \(entries.count) contestants, \(seeds.count) \(seeds.count == 1 ? "seed" : "seeds"); "
        + "seconds are \(clock == .cpu ? "of all processors" : "of the clock"), of steps alone; mean +- standard deviation",
      "",
    ]
    lines += Self.aligned(results)
    lines += ["", "\(isTargetGiven ? "target" : "target, the best of the worst"): validation loss \(four(target))"]
    lines += Self.aligned(targets)
    let tuned = entries.filter { $0.tuning != nil }
    if !tuned.isEmpty {
      lines += ["", "settings, chosen on validation"] + Self.aligned(grids(tuned))
    }
    return (lines + [""] + winners.map(sentence)).map { $0 + "\n" }.joined()
  }

  /// At the end, at equal steps and at equal seconds, whichever differ.
  private var results: [[String]] {
    let hasEqualSteps = entries.contains { $0.steps.mean > equalSteps * 1.001 }
    var table = [["contestant", "steps", "seconds"] + metrics.map(\.title)]
    let measure = metrics.contains(.testLoss) ? ComparisonMetric.testLoss : .validationLoss
    if hasEqualSteps { table[0].append("at \(NumberText.significant(equalSteps)) steps") }
    table[0] += ["at \(NumberText.significant(equalSeconds)) s", "diverged"]
    for entry in entries {
      var row = [entry.chosen, NumberText.fixed(entry.steps.mean, 0), NumberText.significant(entry.seconds.mean)]
      row += metrics.map { text(entry.atEnd[$0], $0) }
      if hasEqualSteps { row.append(text(entry.atEqualSteps[measure], measure)) }
      row.append(text(entry.atEqualSeconds[measure], measure))
      row.append(entry.diverged == 0 ? "-" : "\(entry.diverged) of \(entry.runs)")
      table.append(row)
    }
    return table
  }

  private var targets: [[String]] {
    [["contestant", "seconds", "steps", "reached"]]
      + entries.map { entry in
        [
          entry.contestant, text(entry.secondsToTarget), text(entry.stepsToTarget), "\(entry.reached) of \(entry.runs)",
        ]
      }
  }

  /// The settings that were chosen: those which the contestant was not entered with.
  private static func added(_ chosen: String, to contestant: String) -> String {
    let own = Set(contestant.split(separator: ":"))
    return chosen.split(separator: ":").filter { !own.contains($0) }.joined(separator: ":")
  }

  private func grids(_ tuned: [Entry]) -> [[String]] {
    [["contestant", "chosen", "tried", "worst/best loss", "runs", "steps", "seconds"]]
      + tuned.map { entry in
        let tuning = entry.tuning!
        let edge = tuning.isAtEdge ? " (edge)" : ""
        let lost = tuning.diverged.reduce(0, +)
        return [
          entry.contestant, Self.added(entry.chosen, to: entry.contestant) + edge,
          "\(NumberForm.short(tuning.values.min() ?? 0)) to \(NumberForm.short(tuning.values.max() ?? 0))",
          NumberText.significant(tuning.worstOverBest) + (lost > 0 ? ", \(lost) diverged" : ""), "\(tuning.runs)",
          "\(tuning.steps)", NumberText.significant(tuning.seconds),
        ]
      }
  }

  private func sentence(_ winner: Winner) -> String {
    let place =
      switch winner.at {
      case "end": "after \(budget)"
      case "equal steps": "at \(NumberText.significant(equalSteps)) steps"
      default: "at \(NumberText.significant(equalSeconds)) s"
      }
    var text = "best \(winner.metric.title) \(place): \(winner.contestant)"
    guard let runnerUp = winner.runnerUp, let difference = winner.difference else { return text }
    let (gap, error) = (abs(difference), winner.standardError)
    func number(_ value: Double) -> String {
      winner.metric.isFraction ? "\(NumberText.significant(100 * value, 2)) points" : NumberText.significant(value, 2)
    }
    text += ", ahead of \(runnerUp) by \(number(gap))"
    text += error.map { " (standard error \(number($0)))" } ?? " (one seed: no standard error)"
    if let error, gap < 2 * error { text += ": no clear winner" }
    return text
  }

  private func four(_ value: Double) -> String { NumberText.significant(value, 4) }

  private func text(_ spread: Spread?, _ metric: ComparisonMetric? = nil) -> String {
    guard let spread else { return "never" }
    if metric?.isFraction == true {
      let deviation = spread.deviation.map { " +- \(NumberText.fixed(100 * $0, 2))" } ?? ""
      return NumberText.fixed(100 * spread.mean, 2) + deviation + " %"
    }
    return four(spread.mean) + (spread.deviation.map { " +- \(NumberText.significant($0, 2))" } ?? "")
  }

  /// Columns padded to their widest: the first to the left, the others to the right.
  public static func aligned(_ table: [[String]]) -> [String] {
    let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ")
    }
  }
}

extension ComparisonMetric {
  var isOnTest: Bool { self == .testLoss || self == .testAccuracy || self == .testRMSE }
}
