import Figures

extension ComparisonReport {
  /// Curves over the budget, by steps and by seconds: loss, and accuracy or RMSE where it is measured; test rows where
  /// there are some. Lines are means over seeds, bands one standard deviation to each side. Steps and seconds are on
  /// logarithmic axes over three decades; the y axes leave out what is only before the first point of the budget, and
  /// each contestant's worst values.
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
    let curves = contestants.map { ($0.name, curve($0, metric, position)) }
    let longest = curves.flatMap { $0.1.map(\.x) }.max() ?? 0
    let time = options.clock == .cpu ? "CPU time of steps" : "Time of steps"
    var x = position == .steps ? Axis("Step") : Axis(time, unit: "s")
    (x.scale, x.lower, x.upper) = (.log10, longest / 1e3, longest)
    let isPositive = isLoss && curves.allSatisfy { $0.1.allSatisfy { $0.y.mean > 0 } }
    let unit = metric.isFraction ? "%" : isLoss ? lossUnit : ""
    let name = metric.title.prefix(1).uppercased() + metric.title.dropFirst()
    var y = Axis(name, unit: unit, scale: isPositive ? .log10 : .linear)
    if let range = range(metric) {
      y.lower = range.lowerBound
      if !metric.isHigherBetter { y.upper = range.upperBound }
    }
    return Panel(
      "\(name) by \(position == .steps ? "steps" : "time")", x: x, y: y,
      marks: curves.map { name, points in
        let y = points.map(\.y.mean)
        let band = options.seeds.count > 1 ? Band(center: y, radius: points.map { $0.y.deviation ?? 0 }) : nil
        return .line(Line(name, x: points.map(\.x), y: y, band: band))
      })
  }

  /// What contestants that never diverged have from the first point on, with a margin: from the least to the greatest,
  /// without the worst fifth of each contestant's values, so that one run that blows up does not flatten the others.
  private func range(_ metric: ComparisonMetric) -> ClosedRange<Double>? {
    let values = contestants.compactMap { contestant -> ArraySlice<Double>? in
      let sound = contestant.runs.filter { $0.outcome != .diverged }
      let late = sound.flatMap { $0.rows.filter { $0.point > 0 }.compactMap(metric.value) }.sorted()
      let fifth = late.count / 5
      return late.isEmpty ? nil : metric.isHigherBetter ? late.dropFirst(fifth) : late.dropLast(fifth)
    }.joined()
    guard let least = values.min(), let most = values.max() else { return nil }
    if metric.isFraction { return 100 * least - 2...100 * most + 2 }
    return least - 0.1 * abs(least)...most + 0.1 * abs(most)
  }

  /// Means over seeds at the points of the budget, and the steps before the first, that every run that did not diverge
  /// was evaluated at.
  private func curve(
    _ contestant: ContestantResult, _ metric: ComparisonMetric, _ position: Position
  ) -> [(x: Double, y: Spread)] {
    let place = self.position(position)
    let factor = metric.isFraction ? 100.0 : 1
    let longest = contestant.runs.max { $0.last.point < $1.last.point }
    return (longest?.rows ?? []).compactMap { row in
      let there = contestant.runs.map { run in
        run.rows.first { $0.point == row.point && (row.point > 0 || $0.step == row.step) }
      }
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
