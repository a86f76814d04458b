import LinearAlgebra
import Models
import Optimization

/// One unknown for each example, with the row Gram G = M C M^T in closed form: exact by Cholesky or LU, or by conjugate
/// gradient on the Gram. For curvatures of one row an example; B^2 numbers twice, and the row Gram's two parts.
///
/// With sigma = sqrt(w) root, v the residual, c = M d_0 and mu = B lambda the direction is d = d_0 + C M^T alpha with
///
///     (sigma^2 G + mu) alpha = w v - sigma^2 c.
///
/// The symmetric unknown is u = alpha / sigma, whose right-hand side e^(-m/2) overflows for hard examples and drowns
/// all other rows long before. So the solvers start from the Jacobi solution, which is bounded as alpha_0 = t / (mu +
/// sigma^2 g), t = w v - sigma^2 c, g = diag G, and solve only for the rest:
///
///     (sigma G sigma + mu) u = sigma (g alpha_0 - G alpha_0),      alpha = alpha_0 + sigma u.
///
/// Every quantity in it is bounded for any margin, and nothing cancels for small damping.
struct RowGramSystem<ModelType: Model>: DampedSystem {
  typealias Scalar = ModelType.Scalar
  /// c = M d_0 [B]; zeros without a centre.
  private var center: [Scalar] = []
  private var rowGram = Linearizations.RowGram<Scalar>()
  /// Whether `rowGram` is that of the batch.
  private var isFormed = false
  /// G.
  private var gram = Matrix<Scalar>(rows: 0, columns: 0)
  private var alpha: [Scalar] = []
  private var unknown: [Scalar] = []
  private var image: [Scalar] = []
  private var cholesky = Cholesky<Scalar>()
  private var lu = LU<Scalar>()
  private var conjugateGradient = ConjugateGradient<Scalar>()

  mutating func begin(_ point: inout ObjectivePoint<ModelType>) {
    isFormed = false
    center.resize(to: point.rows.count)
    center.fill(with: 0)
  }

  private mutating func form(_ point: inout ObjectivePoint<ModelType>) {
    guard !isFormed else { return }
    point.rowGram(into: &rowGram)
    isFormed = true
  }

  /// From the diagonal of the row Gram, which is formed anyway.
  mutating func meanCurvature(_ roots: [Scalar], seed: UInt64, _ point: inout ObjectivePoint<ModelType>) -> Double {
    form(&point)
    rowGram.penalised.copyDiagonal(into: &unknown)
    rowGram.free.copyDiagonal(into: &image)
    unknown.combine(1, image)
    return ObjectivePoint<ModelType>.meanRowCurvature(roots, squaredNorms: unknown)
  }

  mutating func setCenter(_ buffer: [Scalar], scale: Scalar, _ point: inout ObjectivePoint<ModelType>) {
    point.rowProducts(buffer, into: &center)
    center.scale(by: scale)
  }

  mutating func solve(
    _ problem: DampedProblem<Scalar>, _ point: inout ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    form(&point)
    let count = point.rows.count
    gram.reshape(rows: count, columns: count)
    let metric = problem.metric
    Gram.combine(metric.penalised, rowGram.penalised, metric.free, rowGram.free, into: &gram)
    alpha.resize(to: count)
    unknown.resize(to: count)
    image.resize(to: count)
    RowArithmetic.target(point.rows.residual, point.rows.weights ?? [], problem.roots, center, &unknown)
    var report =
      switch problem.options.solver {
      case .duncanGuttman: solveDuncanGuttman(problem)
      case .woodbury: solveWoodbury(problem)
      default: solveSymmetric(problem)
      }
    Gram.times(gram, alpha, into: &image)
    // |C^(1/2) M^T alpha|^2 = alpha^T G alpha.
    let bound = max(0, RowArithmetic.dot(alpha, image)).squareRoot()
    RowArithmetic.multiply(&image, by: problem.roots)
    let quadratic = RowArithmetic.quadratic(problem.roots, center, image)
    if !quadratic.isFinite || !alpha.isFinite { report.outcome = .notFinite }
    return DampedSolution(solve: report, quadratic: quadratic, bound: bound, metric: metric)
  }

  /// u from the Jacobi start; `unknown` holds t and becomes u.
  private mutating func solveSymmetric(_ problem: DampedProblem<Scalar>) -> SolveReport {
    let isIterative = problem.options.solver == .gramCG
    var scale = 0.0
    if isIterative {
      Gram.times(gram, unknown, into: &image)
      scale = max(0, Double(unknown.dot(image))).squareRoot()
    }
    RowArithmetic.jacobi(
      unknown, problem.roots, diagonal: gram.elements, step: gram.rows + 1, shift: problem.shift, onlyHard: false,
      &alpha)
    Gram.times(gram, alpha, into: &image)
    RowArithmetic.remainder(
      &unknown, problem.roots, diagonal: gram.elements, step: gram.rows + 1, alpha, image, onlyHard: false)
    var report = SolveReport(outcome: .converged)
    if isIterative {
      let right = unknown
      unknown.fill(with: 0)
      var `operator` = GramOperator(gram: gram, root: problem.roots, scaled: image)
      report = conjugateGradient.solve(
        &`operator`, shift: problem.shift, right, adding: &unknown, norm: .image, scale: scale,
        options: problem.iterative)
    } else if factor(problem) {
      cholesky.solve(&unknown)
    } else {
      report.outcome = .notPositiveDefinite
    }
    RowArithmetic.addScaled(problem.roots, unknown, &alpha)
    return report
  }

  /// (sigma^2 G + mu) alpha = t by LU, as Duncan and Guttman write it.
  private mutating func solveDuncanGuttman(_ problem: DampedProblem<Scalar>) -> SolveReport {
    var report = SolveReport(outcome: .converged)
    var matrix = gram
    Gram.mirror(&matrix)
    RowKernels.scale(&matrix, by: problem.roots.map { $0 * $0 })
    Gram.shift(&matrix, by: problem.shift)
    if lu.factor(matrix) != nil { report.outcome = .notPositiveDefinite }
    alpha.combine(1, unknown, beta: 0)
    lu.solve(&alpha)
    return report
  }

  /// alpha = (t - sigma x) / mu with (sigma G sigma + mu) x = sigma G t (Woodbury), which cancels for small mu.
  private mutating func solveWoodbury(_ problem: DampedProblem<Scalar>) -> SolveReport {
    var report = SolveReport(outcome: .converged)
    alpha.combine(1 / problem.shift, unknown, beta: 0)
    Gram.times(gram, unknown, into: &image)
    unknown.combine(1, image, beta: 0)
    RowArithmetic.multiply(&unknown, by: problem.roots)
    if factor(problem) { cholesky.solve(&unknown) } else { report.outcome = .notPositiveDefinite }
    RowArithmetic.multiply(&unknown, by: problem.roots)
    alpha.combine(-1 / problem.shift, unknown)
    return report
  }

  /// The factor of sigma G sigma + mu; false if there is none.
  private mutating func factor(_ problem: DampedProblem<Scalar>) -> Bool {
    cholesky.refactor(
      order: gram.rows, fill: { Gram.whiten(gram, by: problem.roots, shift: problem.shift, into: &$0) }) == nil
  }

  mutating func add(
    _ solution: DampedSolution<Scalar>, factor: Scalar, beta: ParameterLayout.Factors<Scalar>,
    to target: inout [Scalar],
    _ point: inout ObjectivePoint<ModelType>
  ) {
    point.rowPullback(alpha, alpha: solution.metric.times(factor), beta: beta, into: &target)
  }
}
