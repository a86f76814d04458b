import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import RealModule

/// A power of the damped FGN matrix of one batch, (F + lambda I)^exponent, applied in closed form.
///
/// F = (1/B) R^T R with the rows sqrt(w s) J^T a of one batch. With the eigen-decomposition
/// R R^T = U diag(kappa) U^T of the whitened row Gram [B, B],
///
///     (F + lambda I)^e = lambda^e I + R^T U diag(c) U^T R,   c = ((kappa / B + lambda)^e - lambda^e) / kappa,
///
/// because F has the eigenvectors R^T u / sqrt(kappa) with the eigenvalues kappa / B, and the eigenvalue 0 elsewhere. A
/// product is one with the rows, one with a B x B matrix and one pullback: about what a product with F costs. Setting
/// up costs the row Gram and some 11 B^3 flops.
///
/// ```swift
/// var root = FGNPreconditioner(Objective(head), at: parameters, batch: batch, damping: 0.1)
/// root.apply(x, into: &y)  // y = (F + 0.1)^-1/2 x
/// ```
public struct FGNPreconditioner<ModelType: Model>: LinearOperator, Sendable {
  public typealias Scalar = ModelType.Scalar
  /// P.
  public var dimension: Int { point.dimension }
  /// The largest eigenvalue of F.
  public let norm: Double
  private var point: ObjectivePoint<ModelType>
  /// sigma U diag(c) U^T sigma [B, B].
  private let core: Matrix<Scalar>
  private let identity: Scalar
  private var margins: [Scalar]
  private var weighted: [Scalar]

  /// - Parameters:
  ///   - damping: lambda, above 0.
  ///   - exponent: -1/2 is the symmetric root of the inverse, -1 the inverse.
  /// - Precondition: the row Gram is finite.
  public init(
    _ objective: Objective<ModelType>, at parameters: Parameters<Scalar>, batch: Batch<Scalar>, damping: Double,
    exponent: Double = -0.5
  ) {
    precondition(damping > 0, "damping is above 0, got \(damping)")
    point = ObjectivePoint(objective.withoutPenalty)
    point.evaluate(at: parameters, batch: batch)
    var gram = Linearizations.RowGram<Scalar>()
    point.rowGram(into: &gram)
    let rows = point.rows
    let count = rows.count
    let weights = rows.weights ?? [Scalar](repeating: 1, count: count)
    let root = zip(rows.rootWeight, weights).map { $0 * $1.squareRoot() }
    var whole = gram.penalised
    whole.combine(1, gram.free)
    var whitened = whole
    Gram.whiten(whole, by: root, shift: 0, into: &whitened)
    var eigen = SymmetricEigen<Scalar>()
    precondition(eigen.decompose(whitened), "the row Gram must be finite")
    norm = max(0, Double(eigen.values.last ?? 0)) / Double(count)
    let factors = eigen.values.map { Self.coefficient(Double($0), count, damping, exponent) }
    // U^T diag(c) U with the eigenvectors as rows of U, then the weights on both sides.
    var scaled = whole
    RowKernels.scale(eigen.vectors.view, by: factors.map { Scalar($0) }, into: &scaled)
    var product = [Scalar](repeating: 0, count: count * count)
    Products.transposedTimes(eigen.vectors.view, scaled.view, into: &product)
    var core = whole
    Gram.whiten(Matrix(rows: count, columns: count, elements: product), by: root, shift: 0, into: &core)
    self.core = core
    identity = Scalar(Double.pow(damping, exponent))
    margins = [Scalar](repeating: 0, count: count)
    weighted = margins
  }

  /// ((kappa / B + lambda)^e - lambda^e) / kappa without cancellation; its limit e lambda^(e - 1) / B at 0.
  private static func coefficient(_ kappa: Double, _ count: Int, _ damping: Double, _ exponent: Double) -> Double {
    let ratio = kappa / (Double(count) * damping)
    guard ratio > 1e-300 else { return exponent * Double.pow(damping, exponent - 1) / Double(count) }
    return Double.pow(damping, exponent) * Double.expMinusOne(exponent * Double.log(onePlus: ratio)) / kappa
  }

  /// result = (F + lambda I)^exponent x.
  public mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    point.rowProducts(x, into: &margins)
    Gram.times(core, margins, into: &weighted)
    result.combine(identity, x, beta: 0)
    point.rowPullback(weighted, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(1), into: &result)
  }
}

/// S (G + lambda I) S with the full Gauss-Newton matrix G and S = (F + lambda I)^-1/2, or without S.
///
/// All eigenvalues are in [1, 1 + |E| / lambda], E = G - F the within-competitor covariance. For E is positive
/// semidefinite, so G + lambda >= F + lambda, which is the lower end. And E <= |E| I <= (|E| / lambda)(F + lambda), as
/// F + lambda >= lambda: so G + lambda <= (1 + |E| / lambda)(F + lambda), the upper end. (S on both sides keeps
/// the order.)
/// Without S they are in [lambda, |G| + lambda]: the condition number that conjugate gradient sees falls from
/// 1 + |G| / lambda to at most 1 + |E| / lambda.
public struct PreconditionedGGN<ModelType: Model>: LinearOperator {
  public typealias Scalar = ModelType.Scalar
  package private(set) var ggn: CurvatureOperator<ModelType>
  public private(set) var root: FGNPreconditioner<ModelType>?
  let damping: Scalar
  /// |b - (G + lambda) x| after each iteration, b of `solve`.
  public private(set) var residuals: [Double] = []
  private var residual: [Scalar] = []
  private var inner: [Scalar]
  private var image: [Scalar]

  package init(_ ggn: CurvatureOperator<ModelType>, root: FGNPreconditioner<ModelType>?, damping: Double) {
    (self.ggn, self.root, self.damping) = (ggn, root, Scalar(damping))
    inner = [Scalar](repeating: 0, count: ggn.dimension)
    image = inner
  }

  public var dimension: Int { ggn.dimension }

  public mutating func apply(_ x: [Scalar], into result: inout [Scalar]) {
    if root == nil { inner.combine(1, x, beta: 0) }
    root?.apply(x, into: &inner)
    ggn.apply(inner, into: &image)
    image.combine(damping, inner)
    if root == nil { result.combine(1, image, beta: 0) }
    root?.apply(image, into: &result)
  }

  public mutating func accumulate(_ step: Scalar) {
    residual.combine(-step, image)
    residuals.append(Double(residual.norm))
  }

  /// Iterations of conjugate gradient until |b - (G + lambda) x| <= tolerance |b|, the residual in parameter space with
  /// or without S; nil if `limit` comes first.
  public mutating func iterations(_ b: [Scalar], tolerance: Double, limit: Int) -> Int? {
    (residual, residuals) = (b, [])
    var right = b
    root?.apply(b, into: &right)
    // |S r| over |S b| is at least this for the residual that is asked for.
    let stricter = tolerance / (1 + (root?.norm ?? 0) / Double(damping)).squareRoot()
    var solver = ConjugateGradient<Scalar>()
    var solution = [Scalar](repeating: 0, count: b.count)
    _ = solver.solve(
      &self, shift: 0, right, adding: &solution, options: .init(tolerance: stricter, maximumIterations: limit))
    let goal = tolerance * Double(b.norm)
    return residuals.firstIndex { $0 <= goal }.map { $0 + 1 }
  }
}
