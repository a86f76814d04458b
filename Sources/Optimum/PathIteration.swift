import LinearAlgebra
import Training

/// What a `RunObserver` is told after each iteration of a fit that is one of many, in a path or in a cross-validation.
package struct PathIteration: RunRecord, Codable, Equatable {
  /// The penalty of the fit.
  package var l2: Double
  /// The fold that is fitted, counted from 0; nil in a path, and in the fit on all rows that ends a cross-validation.
  package var fold: Int?
  package var iteration: SoftmaxRegression.Progress
}

/// Tells another observer of the iterations of a fit, with its penalty and its fold.
private struct FitObserver<Base: RunObserver>: RunObserver {
  var base: Base
  let l2: Double
  let fold: Int?

  mutating func partEnded(_ record: some RunRecord) throws {
    guard let iteration = record as? SoftmaxRegression.Progress else { return try base.partEnded(record) }
    try base.partEnded(PathIteration(l2: l2, fold: fold, iteration: iteration))
  }

  var wantsToStop: Bool { base.wantsToStop }
}

extension SoftmaxRegression.Solver {
  /// `fit` whose iterations the observer is told of as `PathIteration`.
  func fit(
    from start: [Scalar]?, fold: Int?, observer: inout some RunObserver
  ) throws -> SoftmaxRegression.Result<Scalar> {
    var inner = FitObserver(base: observer, l2: problem.l2, fold: fold)
    defer { observer = inner.base }
    return try fit(from: start, observer: &inner)
  }
}
