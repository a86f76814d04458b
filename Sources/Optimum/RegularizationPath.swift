import LinearAlgebra
import Models
import Training

extension SoftmaxRegression {
  /// A point of a path.
  public struct PathPoint: Sendable, Codable, Equatable {
    public var l2: Double
    public var outcome: SoftmaxRegression.Outcome
    public var certificate: SoftmaxRegression.Certificate
    public var method: SoftmaxRegression.Method
    public var iterations: Int
    /// How many passes over the training features the fit took.
    public var passes: Double
    /// Where the fit started: never `automatic`.
    public var start: SoftmaxRegression.PathOptions.Start
    /// Whether the fit was left rough, as its validation loss was hopeless: the point cannot be the best.
    public var isCut: Bool
    /// |weight|.
    public var weightNorm: Double
    public var training: SoftmaxRegression.PathPoint.Score
    public var validation: SoftmaxRegression.PathPoint.Score
  }
}

/// What a `RunObserver` is told after each point of a path.
package struct PathFit<Scalar: RealScalar>: RunRecord {
  package var point: SoftmaxRegression.PathPoint
  /// The weight and bias there, and how they were found.
  package var result: SoftmaxRegression.Result<Scalar>
}

extension SoftmaxRegression.PathPoint {
  /// How a path or a cross-validation ended.
  public enum Outcome: String, Sendable, Codable {
    /// All penalties were tried.
    case finished
    /// The validation loss had been rising and was clearly above the best.
    case stoppedEarly
    case interrupted
  }
}

extension SoftmaxRegression {
  /// What a path leaves behind.
  public struct PathResult<Scalar: RealScalar>: Sendable {
    /// The points, in descending order of l2.
    public var points: [SoftmaxRegression.PathPoint]
    /// The number of the point with the least validation loss, the first if there are several.
    public var bestIndex: Int
    /// Weight and bias there, and how they were found.
    public var best: SoftmaxRegression.Result<Scalar>
    public var outcome: SoftmaxRegression.PathPoint.Outcome

    /// How many passes over the training features all points took together.
    public var passes: Double { points.reduce(0) { $0 + $1.passes } }
  }
}

extension SoftmaxRegression {
  /// Softmax regression for descending penalties, each fit started from the optimum before, and judged on validation
  /// data.
  ///
  /// The first penalty is one at which weights of zero are nearly the optimum
  /// (`SoftmaxRegression.Problem.largestPenalty`), unless `SoftmaxRegression.PathOptions.values` says otherwise. Going
  /// down ends early when the validation loss has been rising for `patience` points and is clearly above the best.
  /// After a point that is clearly above the best, the next is fitted to a gap of a hundredth first; where it is worse
  /// again, the rest of its fit is saved. Nothing depends on time: the same data and options give the same bits, for
  /// any number of threads.
  ///
  /// Memory: that of a fit, and weights for the last point and the best.
  ///
  /// ```swift
  /// var options = SoftmaxRegression.PathOptions()
  /// options.points = 8
  /// let path = try SoftmaxRegression.Path(training: training, validation: validation, options: options).run()
  /// print(path.points[path.bestIndex].l2, path.best.certificate.objective)
  /// ```
  public struct Path<Scalar: RealScalar>: Sendable {
    public let training: Dataset<Scalar>
    public let validation: Dataset<Scalar>
    public let hasIntercept: Bool
    public let options: SoftmaxRegression.PathOptions

    /// - Throws: `DataError` for numbers to predict, for labels of positions, for training data whose examples are all
    ///   of one class, and where the two do not have the same features and classes; `OptionError` for options out of
    ///   range.
    public init(
      training: Dataset<Scalar>, validation: Dataset<Scalar>, hasIntercept: Bool = true,
      options: SoftmaxRegression.PathOptions = SoftmaxRegression.PathOptions()
    ) throws {
      try options.check()
      try training.checkForPath()
      let head = LinearHead<Scalar>(features: training.featureCount, classes: training.classCount)
      try validation.checkFit(head)
      (self.training, self.validation, self.hasIntercept, self.options) = (training, validation, hasIntercept, options)
    }

    /// Fits one penalty after the other, and tells nobody.
    public func run() throws -> SoftmaxRegression.PathResult<Scalar> {
      var observer = SilentObserver()
      return try run(observer: &observer)
    }

    /// Fits one penalty after the other.
    ///
    /// - Parameter observer: is told of each iteration of a fit (`PathIteration`) and of each point (`PathFit`), and
    ///   asked after each iteration whether to stop.
    /// - Throws: what reading the features from their file throws, and what the observer throws.
    public func run(observer: inout some RunObserver) throws -> SoftmaxRegression.PathResult<Scalar> {
      var fits = PathFits(training, hasIntercept: hasIntercept, options)
      var rule = RiseRule(options)
      var points: [SoftmaxRegression.PathPoint] = []
      var best: (index: Int, result: SoftmaxRegression.Result<Scalar>)?
      var outcome = SoftmaxRegression.PathPoint.Outcome.finished
      let penalties = try options.penalties(for: training, hasIntercept: hasIntercept)
      for l2 in penalties {
        let problem = try SoftmaxRegression.Problem(training, l2: l2, hasIntercept: hasIntercept)
        let (fit, isCut) = try fit(&fits, problem, rule, &observer)
        let result = fit.result
        let point = SoftmaxRegression.PathPoint(
          l2: l2, outcome: result.outcome, certificate: result.certificate, method: result.method,
          iterations: result.iterations, passes: result.passes, start: fit.start, isCut: isCut,
          weightNorm: fits.weightSquare(result.values).squareRoot(), training: try fits.score(result.values, training),
          validation: fit.score)
        points.append(point)
        try observer.partEnded(PathFit(point: point, result: result))
        let isInterrupted = result.outcome == .interrupted
        if best == nil || !isCut && !isInterrupted && fit.score.loss < rule.best { best = (points.count - 1, result) }
        if isInterrupted { outcome = .interrupted }
        let isOver = rule.note(fit.score.loss)
        if isOver, !isInterrupted, points.count < penalties.count { outcome = .stoppedEarly }
        if isOver || isInterrupted { break }
      }
      guard let best else { preconditionFailure("a path has a point") }
      return SoftmaxRegression.PathResult(points: points, bestIndex: best.index, best: best.result, outcome: outcome)
    }

    /// After a point that was clearly worse than the best a rough fit first, and no more where that is so again.
    private func fit(
      _ fits: inout PathFits<Scalar>, _ problem: SoftmaxRegression.Problem<Scalar>, _ rule: RiseRule,
      _ observer: inout some RunObserver
    ) throws -> (fit: PathFits<Scalar>.Fit, isCut: Bool) {
      let (tolerance, roughTolerance) = (options.optimum.tolerance, PathFits<Scalar>.roughTolerance)
      var rough: PathFits<Scalar>.Fit?
      if rule.isRising, tolerance < roughTolerance {
        let fit = try fits.fit(problem, held: validation, tolerance: roughTolerance, observer: &observer)
        if rule.isClearlyWorse(fit.score.loss) || fit.result.outcome == .interrupted { return (fit, true) }
        rough = fit
      }
      let fit = try fits.fit(problem, held: validation, tolerance: tolerance, after: rough, observer: &observer)
      return (fit, false)
    }
  }
}

extension Dataset {
  /// Throws where there are not two classes to tell apart.
  func checkForPath() throws(DataError) {
    guard classCount > 0 else {
      throw DataError(source, "penalties are chosen for a classifier, and the targets here are numbers")
    }
    guard labelsPerExample == 1 else {
      throw DataError(source, "expected one label for each example, got \(labelsPerExample)")
    }
    let present = Set(zip(labels, weights ?? []).filter { $0.1 > 0 }.map(\.0)).union(weights == nil ? labels : [])
    guard present.count >= 2 else {
      let only = present.first.map { "\"\(classNames[Int($0)])\"" } ?? "none"
      throw DataError(source, "expected examples of at least two classes, got only those of \(only)")
    }
  }
}
