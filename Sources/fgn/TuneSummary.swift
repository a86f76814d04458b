import FastGaussNewton

/// What `fgn tune` prints: one object, or the curve and a few lines.
struct TuneSummary: Encodable {
  var l2: Double
  var bestL2: Double
  var oneStandardErrorL2: Double
  var pathOutcome: SoftmaxRegression.PathPoint.Outcome
  var points: [SoftmaxRegression.CrossValidationPoint]
  var foldPasses: Double
  var passes: Double
  var outcome: SoftmaxRegression.Outcome
  var objective: Double
  var relativeGap: Double?
  var loss: Double
  var accuracy: Double?
  var validationLoss: Double?
  var validationAccuracy: Double?
  var cpuSeconds: Double
  var model: String?

  init<S>(_ fit: OptimumJob.Fit<S>, _ result: SoftmaxRegression.CrossValidationResult<S>, model: String?) {
    (points, pathOutcome) = (result.points, result.outcome)
    (l2, bestL2) = (fit.l2, points[result.bestIndex].l2)
    oneStandardErrorL2 = points[result.oneStandardErrorIndex].l2
    (foldPasses, passes, outcome) = (result.passes, fit.result.passes, fit.result.outcome)
    (objective, relativeGap) = (fit.result.certificate.objective, fit.result.certificate.relativeGap)
    (loss, accuracy) = (fit.training.loss, fit.training.accuracy)
    (validationLoss, validationAccuracy) = (fit.validation?.loss, fit.validation?.accuracy)
    (cpuSeconds, self.model) = (fit.cpuSeconds, model)
  }

  func show(_ table: [String]) {
    for line in table { print(line) }
    let gap = relativeGap.map { ", at most \(NumberText.significant($0)) of it above its minimum" } ?? ""
    print("")
    print("l2 \(NumberText.significant(l2)): objective \(NumberText.fixed(objective, 9))\(gap)")
    print("loss \(NumberText.fixed(loss, 6))  accuracy \(NumberText.percent(accuracy))")
    if let validationLoss {
      print(
        "validation loss \(NumberText.fixed(validationLoss, 6))  accuracy \(NumberText.percent(validationAccuracy))")
    }
    print(
      "\(NumberText.halves(foldPasses)) passes over training rows of folds, \(NumberText.halves(passes)) over all, \(NumberText.significant(cpuSeconds)) s of CPU"
        + (model.map { ", saved to \($0)" } ?? ""))
  }
}

extension SoftmaxRegression.CrossValidationResult {
  /// A line for each point.
  var table: [String] {
    let rows = points.enumerated().map { k, point in
      let marks = [
        k == bestIndex ? "best" : "", k == oneStandardErrorIndex ? "one standard error" : "",
        k == chosenIndex && bestIndex != oneStandardErrorIndex ? "chosen" : "",
        point.isCut ? "cut after \(point.foldLosses.count) folds" : "",
      ]
      return [
        NumberText.significant(point.l2), NumberText.fixed(point.loss, 6),
        NumberText.significant(point.standardError, 2),
        NumberText.percent(point.accuracy), NumberText.halves(point.passes),
        marks.filter { !$0.isEmpty }.joined(separator: ", "),
      ]
    }
    return tableLines(["l2", "validation loss", "+-", "accuracy", "passes", ""], rows)
  }
}
