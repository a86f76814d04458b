import Errors
import LinearAlgebra
import RealModule
import Training

extension SoftmaxRegression {
  /// Penalties in descending order, and when to stop going down.
  public struct PathOptions: Sendable, Codable, Equatable {
    /// How each point is fitted.
    public var optimum = SoftmaxRegression.Options()
    /// Values of l2, each above 0; taken in descending order. Nil is a geometric grid from
    /// `SoftmaxRegression.Problem.largestPenalty`.
    public var values: [Double]?
    /// How many values the grid has, at least 2.
    public var points = 12
    /// The last value of the grid over the first, in 0..<1.
    public var ratio = 1e-6
    /// So many points in a row whose validation loss rises, the last clearly above the best, end the path; nil for
    /// never.
    public var patience: Int? = 2
    /// Clearly above the best: by more than this fraction of it, at least 0.
    public var margin = 0.01
    /// Where a fit starts.
    public var start = SoftmaxRegression.PathOptions.Start.automatic

    public init() {}

    /// Throws if a number is out of its range.
    public func check() throws(OptionError) {
      try optimum.check()
      if let values {
        let isValid = !values.isEmpty && values.allSatisfy { $0 > 0 && $0.isFinite }
        try OptionError.check(isValid, "l2", "values above 0", got: values)
      }
      try OptionError.check(2...1000 ~= points, "points", "from 2 to 1000", got: points)
      try OptionError.check(ratio > 0 && ratio < 1, "ratio", "between 0 and 1", got: ratio)
      try OptionError.check(patience ?? 1 >= 1, "patience", "at least 1", got: patience ?? 0)
      try OptionError.check(margin >= 0 && margin.isFinite, "margin", "0 or more", got: margin)
    }

    /// Values of l2, descending: one pass over `data` where they are not given.
    public func penalties<S: RealScalar>(for data: Dataset<S>, hasIntercept: Bool = true) throws -> [Double] {
      try check()
      if let values { return Set(values).sorted(by: >) }
      let first = try SoftmaxRegression.Problem(data, l2: 0, hasIntercept: hasIntercept).largestPenalty()
      return (0..<points).map { k in
        Self.threeDigits(first * Double.pow(ratio, Double(k) / Double(points - 1)))
      }
    }

    /// `x`, above 0, to three significant digits.
    private static func threeDigits(_ x: Double) -> Double {
      let exponent = Int(Double.log10(x).rounded(.down)) - 2
      let unit = Double.pow(10, Double(abs(exponent)))
      return exponent < 0 ? (x * unit).rounded() / unit : (x / unit).rounded() * unit
    }
  }
}

extension SoftmaxRegression.PathOptions {
  /// Where the fit of a point of a path starts.
  public enum Start: String, Sendable, Codable, CaseIterable {
    /// What is likely to cost the fewest passes: extrapolated, but from zero where dual ascent took a dozen passes at
    /// most for the penalty before, as a start elsewhere costs it two, unless the last optimum W is near. That is where
    /// the bound on its gap for the next penalty l2', (l2 - l2')^2 |W|^2 / (2 l2'), known without a pass, is at most a
    /// tenth of the objective.
    case automatic
    /// From zero.
    case cold
    /// From the optimum for the penalty before.
    case warm
    /// From the two optima before, on a line by the logarithm of l2; warm while there is one.
    case extrapolated
  }
}

extension SoftmaxRegression.Problem {
  /// A penalty at which weights of zero are nearly the optimum: f(0) - f* <= |G|^2 / (2 l2), with G the gradient in the
  /// weights at zero with the best bias there, is one percent of f(0). One pass.
  ///
  /// 1 where G is zero, so that weights of zero are the optimum for every penalty.
  public func largestPenalty() throws -> Double {
    var panels = ClassPanels<Scalar>(features: width, classes: classes)
    if hasIntercept {
      for (k, share) in zip(panels.biasRange, classShares) { panels.elements[k] = Scalar(Double.log(max(share, 1e-9))) }
    }
    var batch = FullBatch(self)
    let value = try batch.evaluate(at: panels)
    let square = batch.gradient.weightSquaredNorm
    let largest = square / (0.02 * value.objective)
    return largest > 0 && largest.isFinite ? largest : 1
  }
}
