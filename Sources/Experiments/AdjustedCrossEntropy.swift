import LinearAlgebra
import Losses

/// Softmax cross-entropy with logits added to the model's outputs, and FGN with another weight for its rows.
///
/// With offsets a linear head at zero has any logits that are asked for, whatever its features are: directions can be
/// measured where they are prescribed. Offsets belong to the rows of one batch, the whole data set. The loss, its
/// gradient, the GGN and the within-competitor covariance stay those of cross-entropy; `weight`, a curvature of one row
/// an example, takes the place of `.fgn` alone, so that a method named fgn trains with it. `AdjustedCrossEntropy()` is
/// `CrossEntropy`, bit for bit.
///
/// ```swift
/// let loss = AdjustedCrossEntropy(offsets: Matrix(rows: 1, columns: 3, elements: [2, 0, 0]), weight: .fisher)
/// ```
public struct AdjustedCrossEntropy: Loss {
  /// [B, C], finite; nil for none.
  public var offsets: Matrix<Double>?
  public var weight: Curvature

  public init(offsets: Matrix<Double>? = nil, weight: Curvature = .fgn) {
    self.offsets = offsets
    self.weight = weight
  }

  public var name: String { weight == .fgn ? "cross-entropy" : "cross-entropy, rows weighted by \(weight.name)" }
  public var unit: String { CrossEntropy().unit }
  public var minimumOutputs: Int { CrossEntropy().minimumOutputs }

  public func isScalar(outputs: Int) -> Bool { CrossEntropy().isScalar(outputs: outputs) && weight == .fgn }

  public func check<Scalar>(_ targets: Targets<Scalar>, outputs: Int) throws(TargetError) {
    try CrossEntropy().check(targets, outputs: outputs)
    guard let offsets, offsets.rows != targets.count || offsets.columns != outputs else { return }
    throw TargetError(
      "expected logit offsets for \(targets.count) rows of \(outputs) outputs, got \(offsets.rows) of \(offsets.columns)"
    )
  }

  public func makeRows<Scalar: RealScalar>(as type: Scalar.Type) -> any LossRows<Scalar> {
    let converted = offsets.map { values in
      Matrix(rows: values.rows, columns: values.columns, elements: values.elements.map { Scalar($0) })
    }
    return AdjustedRows(offsets: converted, weight: weight, margins: MarginRows())
  }
}

/// The rows of `AdjustedCrossEntropy`: `MarginRows` with another `rootWeight`.
public struct AdjustedRows<Scalar: RealScalar>: LossRows {
  let offsets: Matrix<Scalar>?
  private var weight: Curvature.Weights<Scalar>
  /// Those of cross-entropy, offsets in.
  package private(set) var margins: MarginRows<Scalar>

  init(offsets: Matrix<Scalar>?, weight: Curvature, margins: MarginRows<Scalar>) {
    (self.offsets, self.weight, self.margins) = (offsets, Curvature.Weights(weight), margins)
  }

  public var rows: Matrix<Scalar> {
    get { margins.rows }
    _modify { yield &margins.rows }
  }
  public var loss: [Scalar] { margins.loss }
  public var residual: [Scalar] { margins.residual }
  public var rootWeight: [Scalar] { weight.curvature == .fgn ? margins.rootWeight : weight.roots }
  public var weights: [Scalar]? { margins.weights }

  public mutating func evaluate(_ targets: Targets<Scalar>, weights: [Scalar]?) {
    if let offsets { margins.rows.combine(1, offsets) }
    margins.evaluate(targets, weights: weights)
    weight.update(for: margins)
  }

  public func applyHessian(to t: inout Matrix<Scalar>) { margins.applyHessian(to: &t) }

  public func apply(_ weights: Curvature.Weights<Scalar>, to t: inout Matrix<Scalar>) {
    if weights.curvature.isHessian { return margins.applyHessian(to: &t) }
    margins.apply(weights, to: &t)
  }

  /// `weight` is in FGN's alone.
  public func traces(_ weights: Curvature.Weights<Scalar>) -> [Double] {
    margins.traces(weights.curvature == .fgn ? weights : Curvature.Weights(weights.curvature, of: margins))
  }

  public func applyRoot(transposed: Bool, to t: inout Matrix<Scalar>) {
    margins.applyRoot(transposed: transposed, to: &t)
  }

  public func start(norms: [Scalar], shift: Scalar, _ h: inout Matrix<Scalar>, _ right: inout Matrix<Scalar>) {
    margins.start(norms: norms, shift: shift, &h, &right)
  }

  public func sampledDescent(using generator: inout SeededGenerator, into result: inout Matrix<Scalar>) {
    margins.sampledDescent(using: &generator, into: &result)
  }

  public func moments() -> Curvature.Moments { margins.moments() }
}
