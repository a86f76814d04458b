import LinearAlgebra
import Models
import Optimization
import RealModule
import Training

extension SoftmaxRegression.PathPoint {
  /// Loss and accuracy on some rows.
  public struct Score: Sendable, Codable, Equatable {
    /// Weighted mean cross-entropy.
    public var loss: Double
    /// Fraction that is right, unweighted.
    public var accuracy: Double
  }
}

/// Fits for one penalty after another.
struct PathFits<Scalar: RealScalar> {
  let head: LinearHead<Scalar>
  let options: SoftmaxRegression.PathOptions
  private var last: Optimum?
  private var before: Optimum?

  /// A fit for one penalty.
  private struct Optimum {
    var l2: Double
    var result: SoftmaxRegression.Result<Scalar>
    /// |weight|^2.
    var weightSquare: Double
  }

  init(_ data: Dataset<Scalar>, hasIntercept: Bool, _ options: SoftmaxRegression.PathOptions) {
    head = LinearHead(features: data.featureCount, classes: data.classCount, intercept: hasIntercept)
    self.options = options
  }

  /// Gap over objective of a rough fit, which tells whether the rest is worth its passes.
  static var roughTolerance: Double { 0.01 }

  /// A fit, and how good it is on `held`.
  struct Fit {
    var result: SoftmaxRegression.Result<Scalar>
    var score: SoftmaxRegression.PathPoint.Score
    var start: SoftmaxRegression.PathOptions.Start
  }

  /// - Parameter rough: a rough fit for the same penalty, to go on from.
  mutating func fit(
    _ problem: SoftmaxRegression.Problem<Scalar>, fold: Int? = nil, held: Dataset<Scalar>, tolerance: Double,
    after rough: Fit? = nil, observer: inout some RunObserver
  ) throws -> Fit {
    let (kind, start) = rough.map { ($0.start, $0.result.values) } ?? start(at: problem.l2)
    var optimum = options.optimum
    optimum.tolerance = tolerance
    var result = try SoftmaxRegression.Solver(problem, options: optimum).fit(
      from: start, fold: fold, observer: &observer)
    if rough == nil { before = last }
    last = Optimum(l2: problem.l2, result: result, weightSquare: weightSquare(result.values))
    if let rough {
      result.passes += rough.result.passes
      result.iterations += rough.result.iterations
    }
    return Fit(result: result, score: try score(result.values, held), start: kind)
  }

  /// See `SoftmaxRegression.PathOptions.Start`.
  private func start(at l2: Double) -> (SoftmaxRegression.PathOptions.Start, [Scalar]?) {
    guard let last, options.start != .cold else { return (.cold, nil) }
    var kind = options.start
    if kind == .automatic {
      let rise = last.l2 - l2
      let objective = Objective(head, l2: last.l2).value(
        last.result.certificate.objective, afterPenalty: l2, squaredNorm: last.weightSquare)
      let isNear = rise * rise * last.weightSquare / (2 * l2) <= 0.1 * objective
      kind = isNear || last.result.method != .dual || last.result.passes > 12 ? .extrapolated : .cold
    }
    guard kind == .extrapolated, let before else { return kind == .cold ? (.cold, nil) : (.warm, last.result.values) }
    let length = Double.log(l2 / last.l2) / Double.log(last.l2 / before.l2)
    var values = last.result.values
    values.combine(Scalar(-length), before.result.values, beta: Scalar(1 + length))
    return (.extrapolated, values)
  }

  /// One forward pass over `data`.
  func score(_ values: [Scalar], _ data: Dataset<Scalar>) throws -> SoftmaxRegression.PathPoint.Score {
    var evaluator = Evaluator(Objective(head))
    let result = try evaluator.evaluate(Parameters(layout: head.layout, values: values), data)
    return SoftmaxRegression.PathPoint.Score(loss: result.loss, accuracy: result.accuracy ?? 0)
  }

  /// |weight|^2.
  func weightSquare(_ values: [Scalar]) -> Double {
    values.squaredNorm(in: 0..<head.outputWidth * head.inputWidth)
  }
}
