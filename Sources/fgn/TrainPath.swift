import ArgumentParser
import Comparison
import FastGaussNewton
import Figures

extension TrainCommand {
  /// Fits several penalties, and saves the model with the least validation loss.
  func fitPath<S>(
    _ model: ModelSpecification<S>, _ data: DataPreparation.Result<S>, _ options: SoftmaxRegression.PathOptions
  ) throws {
    var job = PathJob()
    (job.options, job.output) = (options, output)
    announce("\(data.training.count) training, \(data.validation?.count ?? 0) validation examples", of: data)
    let fit = try job.run(
      model, on: data, observers: [InterruptObserver(), RecordObserver<PathFit<S>> { show($0.point) }])
    guard let result = fit.path else { return }
    if result.outcome == .stoppedEarly { logger.info("stopped early: the validation loss had been rising") }
    if !json { print(result.table.map { $0 + "\n" }.joined()) }
    let lines = try result.points.map { try JSONLine.text(of: $0) }
    try finish(fit, log: lines.joined(), curve: pathCurve(result))
    if result.outcome == .interrupted { throw ExitCode(130) }
  }

  private func show(_ point: SoftmaxRegression.PathPoint) {
    let cut = point.isCut ? "  left rough: hopeless" : ""
    logger.info(
      "l2 \(NumberText.significant(point.l2))  validation loss \(NumberText.fixed(point.validation.loss, 6))  accuracy \(NumberText.percent(point.validation.accuracy))  \(NumberText.halves(point.passes)) passes\(cut)"
    )
  }
}

extension SoftmaxRegression.PathResult {
  /// A line for each point.
  var table: [String] {
    let rows = points.enumerated().map { k, point in
      [
        NumberText.significant(point.l2), NumberText.fixed(point.validation.loss, 6),
        NumberText.percent(point.validation.accuracy), NumberText.fixed(point.training.loss, 6),
        NumberText.significant(point.weightNorm), NumberText.halves(point.passes),
        point.isCut ? "cut" : k == bestIndex ? "best" : "",
      ]
    }
    return tableLines(["l2", "validation loss", "accuracy", "training loss", "|weight|", "passes", ""], rows)
  }
}

/// Aligned columns, without spaces at the ends of lines.
func tableLines(_ head: [String], _ rows: [[String]]) -> [String] {
  ComparisonSummary.aligned([head] + rows).map { line in
    String(line.reversed().drop { $0 == " " }.reversed())
  }
}

/// Training and validation loss by l2.
func pathCurve<S>(_ result: SoftmaxRegression.PathResult<S>) -> String {
  let points = result.points.filter { !$0.isCut }
  let l2 = points.map(\.l2)
  let chosen = result.points[result.bestIndex].l2
  return Figure(panels: [
    Panel(
      "Regularisation path", x: Axis("l2", scale: .log10), y: Axis("Mean cross-entropy", unit: "nats"),
      marks: [
        .line(Line("training", x: l2, y: points.map(\.training.loss))),
        .line(Line("validation", x: l2, y: points.map(\.validation.loss))),
        .reference(.vertical(at: chosen, label: "best: \(NumberText.significant(chosen))")),
      ])
  ]).svg()
}

/// Mean validation loss and its standard error by l2.
func crossValidationCurve<S>(_ result: SoftmaxRegression.CrossValidationResult<S>) -> String {
  // What is far above the best would flatten the rest: one such point is shown beside those that are not.
  let best = result.points[result.bestIndex]
  let top = best.loss + max(best.loss / 2, 6 * best.standardError)
  let all = result.points.filter { !$0.isCut }
  let points = all.suffix(from: max(0, (all.firstIndex { $0.loss <= top } ?? 0) - 1))
  let loss = points.map(\.loss)
  var marks: [Mark] = [
    .line(
      Line(
        "mean over folds, one standard error", x: points.map(\.l2), y: loss,
        band: Band(center: loss, radius: points.map(\.standardError))))
  ]
  func mark(_ index: Int, _ name: String) {
    let l2 = result.points[index].l2
    let chosen = index == result.chosenIndex ? ", chosen" : ""
    marks.append(.reference(.vertical(at: l2, label: "\(name): \(NumberText.significant(l2))\(chosen)")))
  }
  mark(result.bestIndex, "best")
  if result.oneStandardErrorIndex != result.bestIndex { mark(result.oneStandardErrorIndex, "one standard error") }
  let upper = loss.contains { $0 > top } ? top : nil
  return Figure(panels: [
    Panel(
      "Cross-validation", x: Axis("l2", scale: .log10), y: Axis("Validation loss", unit: "nats", to: upper),
      marks: marks)
  ]).svg()
}
