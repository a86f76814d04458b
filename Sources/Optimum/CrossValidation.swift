import Errors
import LinearAlgebra
import Models
import Training

extension SoftmaxRegression {
  /// How penalties are compared by cross-validation.
  public struct CrossValidationOptions: Sendable, Codable, Equatable {
    /// Penalties, when to stop going down, and how the final fit is made.
    public var path = SoftmaxRegression.PathOptions()
    /// K, at least 2.
    public var folds = 5
    /// The seed by which rows are dealt to folds.
    public var seed: UInt64 = 0
    /// The gap over the objective at which fits on folds have converged: far below what tells penalties apart.
    public var foldTolerance = 1e-4
    public var rule = SoftmaxRegression.CrossValidationOptions.Rule.best

    public init() {}

    /// Throws if a number is out of its range.
    public func check() throws(OptionError) {
      try path.check()
      try OptionError.check(folds >= 2, "folds", "at least 2", got: folds)
      try OptionError.check(
        foldTolerance > 0 && foldTolerance.isFinite, "fold-tolerance", "above 0", got: foldTolerance)
    }
  }
}

extension SoftmaxRegression.CrossValidationOptions {
  /// Which penalty is chosen.
  public enum Rule: String, Sendable, Codable, CaseIterable {
    /// The one with the least mean loss.
    case best
    /// The greatest whose mean loss is at most one standard error above the least (Breiman, Friedman, Olshen & Stone
    /// 1984).
    case oneStandardError = "one-standard-error"
  }
}

extension SoftmaxRegression {
  /// A point of the curve of a cross-validation. A `RunObserver` is told of each when it is known.
  public struct CrossValidationPoint: RunRecord, Codable, Equatable {
    public var l2: Double
    /// Mean over the folds of the loss on the rows held out.
    public var loss: Double
    /// Standard deviation over the folds, over the root of their number.
    public var standardError: Double
    /// Mean over the folds of the fraction of rows held out that is right.
    public var accuracy: Double
    /// The loss on the rows held out, for each fold that was fitted.
    public var foldLosses: [Double]
    /// How many passes all folds took together, each over the rows it trains on.
    public var passes: Double
    /// Whether the rest of its fits was left out, as it was hopeless: the point cannot be chosen.
    public var isCut: Bool
  }
}

extension SoftmaxRegression {
  /// What a cross-validation leaves behind.
  public struct CrossValidationResult<Scalar: RealScalar>: Sendable {
    /// The points, in descending order of l2.
    public var points: [SoftmaxRegression.CrossValidationPoint]
    /// The number of the point with the least mean loss.
    public var bestIndex: Int
    /// The number of the first point within one standard error of it.
    public var oneStandardErrorIndex: Int
    /// The number of the point that the rule takes.
    public var chosenIndex: Int
    public var outcome: SoftmaxRegression.PathPoint.Outcome
    /// The fit on all rows with the penalty chosen; nil if interrupted before.
    public var fit: SoftmaxRegression.Result<Scalar>?

    /// How many passes all points took together, without those of the final fit.
    public var passes: Double { points.reduce(0) { $0 + $1.passes } }
  }
}

extension SoftmaxRegression {
  /// Chooses the penalty of a softmax regression by the loss on rows held out, and fits on all rows with it.
  ///
  /// K folds with equal shares of each class. Every fold is a path over the same descending penalties, each fit started
  /// from the fold's optimum before; all folds go down together, so that a penalty that is hopeless is told early:
  ///
  /// - A point is cut when, after two folds or more, its losses are above those of the best point in the same folds by
  ///   more than the margin and two standard errors of the differences: the other folds are left out.
  /// - After a point that is clearly above the best, folds are fitted to a gap of a hundredth first, for that test.
  /// - Going down ends as in `SoftmaxRegression.Path`, where the mean is above the best by more than the margin and a
  ///   standard error of the differences.
  ///
  /// The final fit starts from the mean of the folds' optima. Nothing depends on time or on the number of threads.
  ///
  /// Memory: the rows of a fold, K + 1 times the weights, and the weights for each point.
  ///
  /// ```swift
  /// var choice = SoftmaxRegression.CrossValidationOptions()
  /// choice.folds = 4
  /// let tuned = try SoftmaxRegression.CrossValidation(data, options: choice).run()
  /// for point in tuned.points { print(point.l2, point.loss, point.standardError) }
  /// print(tuned.points[tuned.chosenIndex].l2, tuned.fit!.outcome)
  /// ```
  public struct CrossValidation<Scalar: RealScalar>: Sendable {
    public let data: Dataset<Scalar>
    public let hasIntercept: Bool
    public let options: SoftmaxRegression.CrossValidationOptions
    let folds: Folds

    /// - Throws: `DataError` for numbers to predict, for labels of positions, for examples all of one class, and for
    ///   fewer rows than folds; `OptionError` for options out of range.
    public init(
      _ data: Dataset<Scalar>, hasIntercept: Bool = true,
      options: SoftmaxRegression.CrossValidationOptions = SoftmaxRegression.CrossValidationOptions()
    ) throws {
      try options.check()
      try data.checkForPath()
      folds = try Folds(data, folds: options.folds, seed: options.seed)
      (self.data, self.hasIntercept, self.options) = (data, hasIntercept, options)
    }

    /// Compares penalties and makes the final fit, and tells nobody.
    public func run() throws -> SoftmaxRegression.CrossValidationResult<Scalar> {
      var observer = SilentObserver()
      return try run(observer: &observer)
    }

    /// Compares penalties and makes the final fit.
    ///
    /// - Parameter observer: is told of each iteration of a fit (`PathIteration`) and of each point
    ///   (`SoftmaxRegression.CrossValidationPoint`), and asked after each iteration whether to stop.
    /// - Throws: what reading the features from their file throws, and what the observer throws.
    public func run(observer: inout some RunObserver) throws -> SoftmaxRegression.CrossValidationResult<Scalar> {
      var run = CrossValidationRun(self)
      return try run.run(&observer)
    }
  }
}
