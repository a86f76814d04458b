import Figures

extension ComparisonReport {
  /// Curves over the budget, by steps and by seconds: loss, and accuracy or RMSE where it is measured; test rows where
  /// there are some. Lines are means over seeds, bands one standard deviation to each side.
  ///
  /// A run that diverged counts from there on with what it kept.
  public func figure(title: String = "", lossUnit: String = "") -> Figure {
    let metrics: [ComparisonMetric] =
      hasTest ? [.testLoss, .testAccuracy, .testRMSE] : [.validationLoss, .validationAccuracy, .validationRMSE]
    let measured = metrics.filter { $0.value(contestants[0].runs[0].rows[0]) != nil }
    let panels = measured.flatMap { metric in
      [Position.steps, .seconds].map { panel(metric, $0, lossUnit) }
    }
    return Figure(title, panels: panels, columns: 2)
  }

  private func panel(_ metric: ComparisonMetric, _ position: Position, _ lossUnit: String) -> Panel {
    let isLoss = metric == .validationLoss || metric == .testLoss
    let x: Axis =
      position == .steps
      ? Axis("Step", from: 0) : Axis(options.clock == .cpu ? "CPU time of steps" : "Time of steps", unit: "s", from: 0)
    let curves = contestants.map { ($0.name, curve($0, metric, position)) }
    let isPositive = isLoss && curves.allSatisfy { $0.1.allSatisfy { $0.y.mean > 0 } }
    let unit = metric.isFraction ? "%" : isLoss ? lossUnit : ""
    let name = metric.title.prefix(1).uppercased() + metric.title.dropFirst()
    return Panel(
      "\(name) by \(position == .steps ? "steps" : "time")", x: x,
      y: Axis(name, unit: unit, scale: isPositive ? .log10 : .linear),
      marks: curves.map { name, points in
        let y = points.map(\.y.mean)
        let band = options.seeds.count > 1 ? Band(center: y, radius: points.map { $0.y.deviation ?? 0 }) : nil
        return .line(Line(name, x: points.map(\.x), y: y, band: band))
      })
  }

  /// Means over seeds at the points of the budget that every run that did not diverge was evaluated at.
  private func curve(
    _ contestant: ContestantResult, _ metric: ComparisonMetric, _ position: Position
  ) -> [(x: Double, y: Spread)] {
    let place = self.position(position)
    let factor = metric.isFraction ? 100.0 : 1
    let longest = contestant.runs.max { $0.last.point < $1.last.point }
    return (longest?.rows ?? []).compactMap { row in
      let there = contestant.runs.map { run in run.rows.first { $0.point == row.point } }
      let values = zip(contestant.runs, there).compactMap { run, row in
        row.flatMap(metric.value) ?? (run.outcome == .finished ? nil : metric.value(run.best))
      }
      guard values.count == contestant.runs.count, let y = Spread(values.map { factor * $0 }),
        let x = Spread(there.compactMap { $0.map(place) })
      else { return nil }
      return (x.mean, y)
    }
  }
}
