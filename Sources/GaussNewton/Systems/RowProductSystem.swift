import LinearAlgebra
import Models
import Optimization

/// One unknown for each example, matrix-free: conjugate gradient on K = sigma M C M^T sigma, a pullback and a product
/// with the rows an iteration. B-vectors and two of [P]; the direction is accumulated on the way.
///
/// It starts at zero, where the first product's image is the gradient; only if some row is hard (its part of the
/// right-hand side is over 100, a margin below -9.2) does it start from those rows' Jacobi solution, as
/// `RowGramSystem` does for all, at the price of one product and one pullback.
struct RowProductSystem<ModelType: Model>: DampedSystem {
  typealias Scalar = ModelType.Scalar
  /// c = M d_0 [B]; zeros without a centre.
  private var center: [Scalar] = []
  /// t = w v - sigma^2 c [B].
  private var target: [Scalar] = []
  private var norms: [Scalar] = []
  private var alpha: [Scalar] = []
  private var unknown: [Scalar] = []
  private var image: [Scalar] = []
  private var tangent: [Scalar] = []
  /// d - d_0.
  private var accumulated: [Scalar] = []
  private var conjugateGradient = ConjugateGradient<Scalar>()

  mutating func begin(_ point: inout ObjectivePoint<ModelType>) {
    center.resize(to: point.rows.count)
    center.fill(with: 0)
  }

  mutating func setCenter(_ buffer: [Scalar], scale: Scalar, _ point: inout ObjectivePoint<ModelType>) {
    point.rowProducts(buffer, into: &center)
    center.scale(by: scale)
  }

  mutating func solve(
    _ problem: DampedProblem<Scalar>, _ point: inout ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    let (count, roots) = (point.rows.count, problem.roots)
    point.carryBack()
    target.resize(to: count)
    alpha.resize(to: count)
    unknown.resize(to: count)
    image.resize(to: count)
    norms.resize(to: count)
    RowArithmetic.target(point.rows.residual, point.rows.weights ?? [], roots, center, &target)
    let isHard = RowArithmetic.hasHardRows(target, roots)
    let hasCostly = isHard && point.hasCostlyNorms
    let ones = hasCostly ? [Scalar](repeating: 1, count: count) : []
    let typical = hasCostly ? Scalar(point.signedPullback(ones, seed: 0, into: &tangent) / Double(count)) : 0
    tangent.resize(to: point.dimension)
    accumulated.resize(to: point.dimension)
    accumulated.fill(with: 0)
    var `operator` = RowOperator(
      linearization: exchange(&point.linearization, with: point.objective.model.makeLinearization()), root: roots,
      metric: problem.metric, tangent: exchange(&tangent, with: []), accumulated: exchange(&accumulated, with: []),
      scaled: [Scalar](repeating: 0, count: count))
    var scale: Double?
    var products = 0
    if isHard {
      // The start may use any positive norms: it only has to be bounded.
      if hasCostly { norms.fill(with: typical) } else { `operator`.linearization.rowSquaredNorms(into: &norms) }
      `operator`.image(of: target, into: &image)
      scale = max(0, Double(target.dot(image))).squareRoot()
      RowArithmetic.jacobi(target, roots, diagonal: norms, step: 1, shift: problem.shift, onlyHard: true, &alpha)
      `operator`.image(of: alpha, into: &image)
      `operator`.accumulate(1)
      products = 2
    } else {
      alpha.fill(with: 0)
      image.fill(with: 0)
    }
    var right = target
    RowArithmetic.remainder(&right, roots, diagonal: norms, step: 1, alpha, image, onlyHard: true)
    unknown.fill(with: 0)
    var report = conjugateGradient.solve(
      &`operator`, shift: problem.shift, right, adding: &unknown, norm: .image, scale: scale,
      options: problem.iterative)
    report.products += products
    point.counts.pushforward += report.products
    point.counts.pullback += report.products
    // sigma G alpha = sigma G alpha_0 + K u, and K u = right - residual - shift u needs no product.
    RowArithmetic.multiply(&image, by: roots)
    image.combine(1, right)
    image.combine(-1, conjugateGradient.residual)
    image.combine(-problem.shift, unknown)
    RowArithmetic.addScaled(roots, unknown, &alpha)
    point.linearization = `operator`.linearization
    tangent = `operator`.tangent
    accumulated = `operator`.accumulated
    let quadratic = RowArithmetic.quadratic(roots, center, image)
    if !quadratic.isFinite || !alpha.isFinite { report.outcome = .notFinite }
    return DampedSolution(
      solve: report, quadratic: quadratic, bound: accumulated.finiteBound, metric: problem.metric,
      isInParameters: true)
  }

  mutating func add(
    _ solution: DampedSolution<Scalar>, factor: Scalar, beta: ParameterLayout.Factors<Scalar>,
    to target: inout [Scalar],
    _ point: inout ObjectivePoint<ModelType>
  ) {
    point.objective.model.layout.add(accumulated, factor: factor, beta: beta, to: &target)
  }
}
