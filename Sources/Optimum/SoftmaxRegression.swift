import Errors
import LinearAlgebra
import Training

/// Softmax regression to its certified optimum: the problem, what solves it, paths of penalties and cross-validation.
public enum SoftmaxRegression {}

extension SoftmaxRegression {
  /// How `SoftmaxRegression.Solver` works.
  public struct Options: Sendable, Codable, Equatable {
    /// The certified bound on the gap, over the objective, at which a fit has converged; above 0. Without a penalty
    /// there is no bound: then |gradient| is at most this, for features scaled to a size of 1 where theirs is smaller.
    public var tolerance: Double
    /// Epochs of dual ascent and steps of L-BFGS together, at least 1.
    public var iterations: Int
    /// Seconds after which the iteration in progress is the last; nil for no limit.
    public var timeLimit: Double?
    /// The seed of the order in which dual ascent visits the rows.
    public var seed: UInt64
    /// Pairs that L-BFGS remembers, at least 1.
    public var history: Int
    /// Which of the two methods minimises; nil leaves the choice to the problem.
    public var method: SoftmaxRegression.Method?
    /// How many bytes dual variables may take.
    public var dualBudget: Int
    /// Whether the point that a fit starts from is kept where the fit ends at a worse one.
    public var keepsStart = false

    public init(
      tolerance: Double = 1e-6, iterations: Int = 1000, timeLimit: Double? = nil, seed: UInt64 = 0,
      method: SoftmaxRegression.Method? = nil
    ) {
      self.tolerance = tolerance
      self.iterations = iterations
      self.timeLimit = timeLimit
      self.seed = seed
      self.method = method
      history = 20
      dualBudget = 2 << 30
    }

    /// Throws if a number is out of its range.
    public func check() throws(OptionError) {
      try OptionError.check(tolerance > 0 && tolerance.isFinite, "tolerance", "above 0", got: tolerance)
      try OptionError.check(iterations >= 1, "max-iterations", "at least 1", got: iterations)
      try OptionError.check(history >= 1, "history", "at least 1", got: history)
      try OptionError.check(timeLimit.map { $0 >= 0 } ?? true, "time-limit", "0 or more", got: timeLimit ?? 0)
    }
  }
}

extension SoftmaxRegression {
  /// What minimises.
  public enum Method: String, Sendable, Codable, CaseIterable {
    /// Dual ascent in blocks of rows, and L-BFGS after it where it slows down.
    case dual
    /// Full-batch L-BFGS from a Kronecker-factored metric.
    case quasiNewton = "quasi-newton"
  }
}

extension SoftmaxRegression {
  /// How a fit ended.
  public enum Outcome: String, Sendable, Codable {
    case converged
    case iterationLimit
    case timeLimit
    /// Without a penalty, on data that a linear map separates: the objective has no minimum, it nears 0 as the weights
    /// grow.
    case separable
    /// No better point is found in this precision.
    case precisionLimit
    case interrupted

    /// What happened and what to do about it.
    public var remedy: String { remedy(\.text) }

    /// What happened and what to do about it, in the caller's words.
    public func remedy(_ words: (Remedy) -> String) -> String {
      switch self {
      case .converged: "the bound on the gap holds"
      case .iterationLimit: "iteration limit reached before the bound held; \(words(.moreIterations))"
      case .timeLimit: "time limit reached before the bound held; \(words(.moreTime))"
      case .separable:
        "the classes are separable and there is no penalty: the weights would grow for ever; \(words(.penalty))"
      case .precisionLimit: "no better point can be told apart in this precision; \(words(.looserTolerance))"
      case .interrupted: "interrupted; the point so far is kept"
      }
    }
  }
}

extension SoftmaxRegression {
  /// What a `RunObserver` is told after each iteration of a fit: an epoch of dual ascent, or a step of L-BFGS.
  public struct Progress: RunRecord, Codable, Equatable {
    /// The number of the iteration, counted from 1.
    public var iteration: Int
    public var method: SoftmaxRegression.Method
    /// Passes over the features so far, a pass being a product forward and one back; either alone is half a pass.
    public var passes: Double
    /// Seconds since the fit began.
    public var seconds: Double
    /// The objective at the point, where it is known without another pass.
    public var objective: Double?
    /// What a certificate may say of the gap over the objective, by what is known without one.
    public var gapEstimate: Double?
    /// The last certificate, if this iteration made one.
    public var certificate: SoftmaxRegression.Certificate?
  }
}

extension SoftmaxRegression {
  /// What a fit leaves behind.
  public struct Result<Scalar: RealScalar>: Sendable {
    /// Weight [C, D] and bias [C] where there is one, as `LinearHead` has them.
    public var values: [Scalar]
    public var outcome: SoftmaxRegression.Outcome
    /// What is known of `values`, computed in double over all rows.
    public var certificate: SoftmaxRegression.Certificate
    public var iterations: Int
    /// Passes over the features, those of certificates with them.
    public var passes: Double
    public var seconds: Double
    public var method: SoftmaxRegression.Method
  }
}

extension SoftmaxRegression {
  /// Softmax regression to its optimum, with a certificate: mean cross-entropy + (l2 / 2) |weight|^2, the bias free.
  ///
  /// There is nothing to tune. With a penalty that is not small beside the features, |x|^2 / (N l2) of a few at most, dual
  /// ascent gains about a digit an epoch (see `SoftmaxRegression.Method.dual`); otherwise L-BFGS runs from a metric of
  /// Kronecker factors. The features may be dense or sparse, in memory or in a file. Each pass reads them once. The end
  /// is certified in double, whatever the precision of the work.
  ///
  /// Memory: features, N C dual variables, and a few times the weights (2 x 20 of them for L-BFGS).
  ///
  /// ```swift
  /// let problem = try SoftmaxRegression.Problem(features: .dense(x), labels: labels, classes: 3, l2: 1e-3)
  /// let fit = try SoftmaxRegression.Solver(problem).fit()
  /// print(fit.outcome, fit.certificate.objective, fit.certificate.gapBound!)
  /// ```
  public struct Solver<Scalar: RealScalar>: Sendable {
    public let problem: SoftmaxRegression.Problem<Scalar>
    public let options: SoftmaxRegression.Options

    public init(
      _ problem: SoftmaxRegression.Problem<Scalar>, options: SoftmaxRegression.Options = SoftmaxRegression.Options()
    ) {
      self.problem = problem
      self.options = options
    }

    /// Minimises, from `start` or zero.
    ///
    /// - Parameters:
    ///   - start: weight [C, D] and bias, such as the optimum for another penalty.
    ///   - observer: is told of each iteration (`SoftmaxRegression.Progress`), and asked after it whether to stop.
    /// - Throws: `OptionError` for options out of range, `DataError` for a start that does not fit or is not finite,
    ///   what reading the features from their file throws, and what the observer throws. Not converging is an outcome.
    public func fit(from start: [Scalar]? = nil, observer: inout some RunObserver) throws
      -> SoftmaxRegression.Result<Scalar>
    {
      try options.check()
      if let count = start?.count {
        let (weights, biases) = (problem.classes * problem.width, problem.classes)
        guard count == weights || count == weights + biases else {
          throw DataError("", "expected \(weights) weights and \(biases) biases to start from, got \(count) numbers")
        }
      }
      if let absent = try AbsentClasses(problem) {
        return try absent.expand(Self.fit(absent.reduced, options, start.map(absent.reduce), &observer))
      }
      return try Self.fit(problem, options, start, &observer)
    }

    private static func fit(
      _ problem: SoftmaxRegression.Problem<Scalar>, _ options: SoftmaxRegression.Options, _ start: [Scalar]?,
      _ observer: inout some RunObserver
    ) throws -> SoftmaxRegression.Result<Scalar> {
      if !options.keepsStart, let few = try FewRows(problem) {
        var run = try OptimumRun(few.reduced, few.options(options), start.map(few.reduce))
        let result = try few.expand(run.run(&observer))
        let gap = result.certificate.relativeGap ?? .infinity
        if result.outcome != .converged || gap <= options.tolerance { return result }
        // Rounded weights are not near enough: on from there.
        return try fit(problem, options, result, &observer)
      }
      var run = try OptimumRun(problem, options, start)
      return try run.run(&observer)
    }

    /// From where a fit in other features ended.
    private static func fit(
      _ problem: SoftmaxRegression.Problem<Scalar>, _ options: SoftmaxRegression.Options,
      _ before: SoftmaxRegression.Result<Scalar>, _ observer: inout some RunObserver
    ) throws -> SoftmaxRegression.Result<Scalar> {
      var options = options
      options.iterations = max(1, options.iterations - before.iterations)
      options.timeLimit = options.timeLimit.map { max(0, $0 - before.seconds) }
      var run = try OptimumRun(problem, options, before.values)
      var result = try run.run(&observer)
      result.iterations += before.iterations
      result.passes += before.passes
      result.seconds += before.seconds
      return result
    }

    /// Minimises, from `start` or zero, and tells nobody.
    public func fit(from start: [Scalar]? = nil) throws -> SoftmaxRegression.Result<Scalar> {
      var observer = SilentObserver()
      return try fit(from: start, observer: &observer)
    }
  }
}
