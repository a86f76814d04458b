import Errors
import LinearAlgebra

/// A loss of a model's outputs: what it wants as targets, and how it is evaluated.
///
/// A loss is a plain description; `makeRows` gives the work areas that evaluate it on batches. A loss that is a sum
/// over outputs is a small file: see `ElementwiseLoss`.
public protocol Loss: Sendable {
  /// As on the command line and in files: "cross-entropy".
  var name: String { get }
  /// What one unit of it is called: "nats".
  var unit: String { get }
  /// The smallest number of outputs that it makes sense for.
  var minimumOutputs: Int { get }
  /// Whether H = s a a^T exactly in every row of C outputs, as where there is one: FGN is the GGN then.
  func isScalar(outputs: Int) -> Bool
  /// Whether its curvature in the outputs is the same everywhere, so that no row of outputs becomes flat.
  var isQuadratic: Bool { get }
  /// Throws unless `targets` are of the right kind and in range for C outputs; says which row, what was expected, got.
  func check<Scalar>(_ targets: Targets<Scalar>, outputs: Int) throws(TargetError)
  /// Work areas in a precision.
  func makeRows<Scalar: RealScalar>(as type: Scalar.Type) -> any LossRows<Scalar>
}

extension Loss {
  public var unit: String { "" }
  public var minimumOutputs: Int { 1 }
  public var isQuadratic: Bool { false }
}

/// Targets that a loss cannot take.
public struct TargetError: FGNError, Equatable {
  /// Row of the targets, from 0; nil if none is to blame.
  public var row: Int?
  /// What was expected and got.
  public var message: String

  public init(row: Int? = nil, _ message: String) {
    self.row = row
    self.message = message
  }

  public var code: ErrorCode { .badData }

  public func text(_ words: (Remedy) -> String) -> String { row.map { "row \($0): \(message)" } ?? message }
}

/// A loss on a batch of R rows with C outputs each, seen as the methods need it.
///
/// For outputs z and loss l of one row: the gradient is grad_z l = -v a, with one cotangent a [C] and one number v a
/// row. The Hessian (or what stands for it: positive semidefinite always) is H = N^T N, and s is the largest number
/// with s a a^T <= H, so s = 1 / (a^T H^+ a). FGN keeps s a a^T. Example weights w, scaled to mean 1, are in whatever
/// says so and in nothing else.
public protocol LossRows<Scalar>: Sendable {
  associatedtype Scalar: RealScalar

  /// The outputs [R, C] that `evaluate` is to read; after it, the cotangents a [R, C].
  var rows: Matrix<Scalar> { get set }

  /// Turns outputs into cotangents, and sets everything below. One pass over the outputs.
  mutating func evaluate(_ targets: Targets<Scalar>, weights: [Scalar]?)

  /// Loss of each row [R], without its weight.
  var loss: [Scalar] { get }
  /// v [R], without weight; may be negative.
  var residual: [Scalar] { get }
  /// sqrt(s) [R], without weight.
  var rootWeight: [Scalar] { get }
  /// w [R], scaled to mean 1; nil is ones.
  var weights: [Scalar]? { get }
  /// Whether H with the weights in is the identity.
  var isIdentity: Bool { get }

  /// t <- w H t in place, H the Hessian; `t` is [k R, C], k stacked copies of the batch's rows.
  func applyHessian(to t: inout Matrix<Scalar>)

  /// t <- (kept a a^T + w R) t in place, R = H - s a a^T only where the curvature includes it; `t` is [k R, C].
  func apply(_ weights: Curvature.Weights<Scalar>, to t: inout Matrix<Scalar>)

  /// t <- sqrt(w) N t in place, or its transpose; `t` is [k R, C].
  func applyRoot(transposed: Bool, to t: inout Matrix<Scalar>)

  /// The start of a solve in the space of N: with D = 1 / (mu + g n^2), n^2 the diagonal part of w N^T N and g the
  /// `norms` [R] of the rows (any positive numbers will do), h [R, C] becomes alpha_0 = N^T D b and `right`
  /// b - mu D b, where N^T b = h. Both stay bounded where b does not.
  func start(norms: [Scalar], shift: Scalar, _ h: inout Matrix<Scalar>, _ right: inout Matrix<Scalar>)

  /// Moments of H in each row. One pass over the rows.
  func moments() -> Curvature.Moments

  /// The trace of a curvature in the outputs, for each row [R], without example weights. Default: by the moments.
  func traces(_ weights: Curvature.Weights<Scalar>) -> [Double]

  /// result [R, C]: independent rows with mean zero and E[r r^T] = w H, to estimate curvature by gradients. They are
  /// -sqrt(w) grad_z l for targets drawn from the model's own distribution where the loss has one (a class, or a normal
  /// number around the output); elsewhere normal numbers times N. Default: the latter.
  func sampledDescent(using generator: inout SeededGenerator, into result: inout Matrix<Scalar>)
}

extension LossRows {
  /// R.
  public var count: Int { loss.count }

  public var isIdentity: Bool { false }

  /// Weighted mean of the losses; NaN if any is.
  public var meanLoss: Double {
    let total = weights.map { Double(loss.dot($0)) } ?? loss.sum
    return total / Double(count)
  }

  /// The same product, for a curvature whose coefficients are not at hand: two [R] vectors are made.
  public func apply(_ curvature: Curvature, to t: inout Matrix<Scalar>) {
    apply(Curvature.Weights(curvature, of: self), to: &t)
  }

  /// The trace of a curvature in the outputs, for each row [R], without example weights.
  public func traces(_ curvature: Curvature) -> [Double] { traces(Curvature.Weights(curvature, of: self)) }

  public func traces(_ weights: Curvature.Weights<Scalar>) -> [Double] {
    let moments = moments()
    return weights.roots.indices.map { i in
      let kept = Double(weights.roots[i]) * Double(weights.roots[i]) * moments.squaredNorms[i]
      return weights.curvature.includesRest ? kept + moments.restTraces[i] : kept
    }
  }

  /// Standard error of `meanLoss`: what the choice of the batch alone does to it.
  public var lossStandardError: Double {
    LossLoops.standardError(loss, weights ?? [], mean: meanLoss)
  }

  /// result [R, C] = -w grad_z l = w v a.
  public func descent(into result: inout Matrix<Scalar>) {
    let weighted = weights.map { zip($0, residual).map { $0 * $1 } } ?? residual
    result.reshape(rows: rows.rows, columns: rows.columns)
    RowKernels.scale(rows.view, by: weighted, into: &result)
  }

  /// result [R, C] = -sqrt(w) grad_z l at the targets that were given: E[r r^T] is the empirical Fisher, w v^2 a a^T.
  public func observedDescent(into result: inout Matrix<Scalar>) {
    let factors = weights.map { zip($0, residual).map { $0.squareRoot() * $1 } } ?? residual
    result.reshape(rows: rows.rows, columns: rows.columns)
    RowKernels.scale(rows.view, by: factors, into: &result)
  }

  public func sampledDescent(using generator: inout SeededGenerator, into result: inout Matrix<Scalar>) {
    result.reshape(rows: rows.rows, columns: rows.columns)
    LossLoops.fillNormal(&result, using: &generator)
    applyRoot(transposed: true, to: &result)
  }

  /// Example weights with mean 1.
  static func meanOne(_ weights: [Scalar]) -> [Scalar] {
    let total = weights.reduce(0) { $0 + Double($1) }
    precondition(total > 0 && total.isFinite, "weights must be finite, non-negative and not all zero")
    let factor = Double(weights.count) / total
    return weights.map { Scalar(Double($0) * factor) }
  }
}

/// Loops over [R] vectors, compiled for each precision.
enum LossLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func fillNormal<S: RealScalar>(_ result: inout Matrix<S>, using generator: inout SeededGenerator) {
    for i in 0..<result.rows {
      for k in 0..<result.columns { result[i, k] = S(generator.normal()) }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func standardError<S: RealScalar>(_ loss: [S], _ weights: [S], mean: Double) -> Double {
    var total = 0.0
    for i in 0..<loss.count {
      let deviation = (Double(loss[i]) - mean) * (weights.isEmpty ? 1 : Double(weights[i]))
      total += deviation * deviation
    }
    return total.squareRoot() / Double(loss.count)
  }
}
