import LinearAlgebra
import Models
import Training

/// One cross-validation: points from the greatest penalty down, and in each the folds.
struct CrossValidationRun<Scalar: RealScalar> {
  private let validation: SoftmaxRegression.CrossValidation<Scalar>
  private let options: SoftmaxRegression.CrossValidationOptions
  private var fits: [PathFits<Scalar>]
  private var rule: RiseRule
  private var points: [SoftmaxRegression.CrossValidationPoint] = []
  /// The mean over folds of the optimum for each point; none where it is cut.
  private var means: [[Scalar]] = []
  private var bestIndex: Int?

  init(_ validation: SoftmaxRegression.CrossValidation<Scalar>) {
    self.validation = validation
    options = validation.options
    let fit = PathFits(validation.data, hasIntercept: validation.hasIntercept, options.path)
    fits = Array(repeating: fit, count: options.folds)
    rule = RiseRule(options.path)
  }

  mutating func run(_ observer: inout some RunObserver) throws -> SoftmaxRegression.CrossValidationResult<Scalar> {
    let penalties = try options.path.penalties(for: validation.data, hasIntercept: validation.hasIntercept)
    var outcome = SoftmaxRegression.PathPoint.Outcome.finished
    for l2 in penalties {
      guard let point = try point(l2, &observer) else {
        outcome = .interrupted
        break
      }
      // Noted before the point can be the best: the difference to itself is none.
      let against = difference(point)
      points.append(point)
      try observer.partEnded(point)
      if !point.isCut, bestIndex.map({ point.loss < points[$0].loss }) ?? true { bestIndex = points.count - 1 }
      let isOver = rule.note(
        against.map { rule.best + $0.mean } ?? point.loss, spread: against?.standardError ?? 0)
      if isOver {
        if points.count < penalties.count { outcome = .stoppedEarly }
        break
      }
    }
    return try finish(outcome, &observer)
  }

  /// The point of one penalty; nil if interrupted.
  private mutating func point(
    _ l2: Double, _ observer: inout some RunObserver
  ) throws -> SoftmaxRegression.CrossValidationPoint? {
    var made: [PathFits<Scalar>.Fit] = []
    var passes = 0.0
    let stages =
      rule.isRising && options.foldTolerance < PathFits<Scalar>.roughTolerance
      ? [PathFits<Scalar>.roughTolerance, options.foldTolerance] : [options.foldTolerance]
    var isCut = false
    stages: for (stage, tolerance) in stages.enumerated() {
      for fold in 0..<options.folds {
        let rough = stage > 0 ? made[fold] : nil
        let fit = try self.fit(fold, l2, tolerance, rough, &observer)
        if fit.result.outcome == .interrupted { return nil }
        passes += fit.result.passes - (rough?.result.passes ?? 0)
        if stage > 0 { made[fold] = fit } else { made.append(fit) }
        // In the second stage all folds have passed the test.
        isCut = stage == 0 && isHopeless(made.map(\.score.loss))
        if isCut { break stages }
      }
    }
    let losses = made.map(\.score.loss)
    let (mean, standardError) = Self.mean(losses)
    means.append(isCut ? [] : Self.mean(made.map(\.result.values)))
    return SoftmaxRegression.CrossValidationPoint(
      l2: l2, loss: mean, standardError: standardError, accuracy: Self.mean(made.map(\.score.accuracy)).mean,
      foldLosses: losses, passes: passes, isCut: isCut)
  }

  private mutating func fit(
    _ fold: Int, _ l2: Double, _ tolerance: Double, _ rough: PathFits<Scalar>.Fit?,
    _ observer: inout some RunObserver
  ) throws -> PathFits<Scalar>.Fit {
    let (data, folds) = (validation.data, validation.folds)
    let problem = try SoftmaxRegression.Problem(
      data.rows(folds.training(of: fold)), l2: l2, hasIntercept: validation.hasIntercept)
    return try fits[fold].fit(
      problem, fold: fold, held: try data.rows(folds.held[fold]), tolerance: tolerance, after: rough,
      observer: &observer)
  }

  private func isHopeless(_ losses: [Double]) -> Bool {
    guard let bestIndex, losses.count >= 2, options.path.patience != nil else { return false }
    let (mean, standardError) = Self.mean(zip(losses, points[bestIndex].foldLosses).map { $0 - $1 })
    return !(mean <= options.path.margin * points[bestIndex].loss + 2 * standardError)
  }

  /// How far a point is above the best in the same folds.
  private func difference(_ point: SoftmaxRegression.CrossValidationPoint) -> (mean: Double, standardError: Double)? {
    bestIndex.map { best in Self.mean(zip(point.foldLosses, points[best].foldLosses).map { $0 - $1 }) }
  }

  /// The choice, and the fit on all rows.
  private func finish(
    _ outcome: SoftmaxRegression.PathPoint.Outcome, _ observer: inout some RunObserver
  ) throws -> SoftmaxRegression.CrossValidationResult<Scalar> {
    let best = bestIndex ?? 0
    var simplest = best
    if let least = points.indices.contains(best) ? points[best] : nil {
      simplest = points.firstIndex { !$0.isCut && $0.loss <= least.loss + least.standardError } ?? best
    }
    let chosen = options.rule == .best ? best : simplest
    var result = SoftmaxRegression.CrossValidationResult<Scalar>(
      points: points, bestIndex: best, oneStandardErrorIndex: simplest, chosenIndex: chosen, outcome: outcome)
    if outcome == .interrupted { return result }
    let l2 = points[chosen].l2
    let problem = try SoftmaxRegression.Problem(validation.data, l2: l2, hasIntercept: validation.hasIntercept)
    result.fit = try SoftmaxRegression.Solver(problem, options: options.path.optimum).fit(
      from: options.path.start == .cold ? nil : means[chosen], fold: nil, observer: &observer)
    if result.fit?.outcome == .interrupted { result.outcome = .interrupted }
    return result
  }

  /// The mean and its standard error.
  private static func mean(_ x: [Double]) -> (mean: Double, standardError: Double) {
    let count = Double(x.count)
    let mean = x.reduce(0, +) / count
    let squares = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, x.count > 1 ? (squares / (count - 1) / count).squareRoot() : 0)
  }

  private static func mean(_ values: [[Scalar]]) -> [Scalar] {
    var sum = values[0]
    for other in values.dropFirst() { sum.combine(1, other) }
    sum.scale(by: Scalar(1 / Double(values.count)))
    return sum
  }
}
