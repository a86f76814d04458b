import LinearAlgebra
import Models
import Optimization

/// The full Gauss-Newton matrix by conjugate gradient on its B C output rows, for models with J C J^T = K x I_C (a
/// linear head): 2 B^2 C flops an iteration, and no pass through the model.
///
/// With N_i^T N_i = w_i (diag(p_i) - p_i p_i^T) the unknown u has N u_0 in place of alpha_0, and as for the rows of FGN
/// the solve starts from a bounded Jacobi solution u_0 = D N^-T h, D = 1 / (mu + g w p), h the residual with the centre
/// in.
struct OutputDualSystem<ModelType: Model>: DampedSystem {
  typealias Scalar = ModelType.Scalar
  private var center = OutputCenter<Scalar>()
  /// h, and then the alpha of d - d_0 = C J^T alpha, [R, C].
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)
  /// K.
  private var gram = Matrix<Scalar>(rows: 0, columns: 0)
  private var conjugateGradient = ConjugateGradient<Scalar>()

  mutating func begin(_ point: inout ObjectivePoint<ModelType>) { center.clear() }

  mutating func setCenter(_ buffer: [Scalar], scale: Scalar, _ point: inout ObjectivePoint<ModelType>) {
    center.set(buffer, scale: scale, &point)
  }

  mutating func solve(
    _ problem: DampedProblem<Scalar>, _ point: inout ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    guard point.linearization.sharedGram(metric: problem.metric, into: &gram) else {
      preconditionFailure("the dual solver needs a model with J J^T = K x I_C; use cg")
    }
    let (rows, width) = (point.rows, point.objective.model.outputWidth)
    center.residual(point, into: &outputs)
    var `operator` = DualOperator(
      shared: gram, rows: rows, outputs: exchange(&outputs, with: Matrix(rows: 0, columns: 0)),
      product: Matrix(rows: rows.count, columns: width))
    // The parameter residual without a step is C^(1/2) J^T h / B, and the solve's R^T e / B with R = N J C^(1/2).
    Products.times(gram.view, `operator`.outputs.view, into: &`operator`.product)
    let scale = max(0, Double(`operator`.outputs.elements.dot(`operator`.product.elements))).squareRoot()
    // `outputs` of the operator holds h; it becomes alpha_0 = (I - p 1^T) D h, and `right` sqrt(w p) g D h.
    var right = Matrix<Scalar>(rows: rows.count, columns: width)
    rows.start(norms: gram.diagonal, shift: problem.shift, &`operator`.outputs, &right)
    var start = `operator`.outputs
    Products.times(gram.view, start.view, into: &`operator`.product)
    rows.applyRoot(transposed: false, to: &`operator`.product)
    right.combine(-1, `operator`.product)
    var u = [Scalar](repeating: 0, count: `operator`.dimension)
    var report = conjugateGradient.solve(
      &`operator`, shift: problem.shift, right.elements, adding: &u, norm: .image, scale: scale,
      options: problem.iterative)
    `operator`.outputs.assign(u)
    rows.applyRoot(transposed: true, to: &`operator`.outputs)
    start.combine(1, `operator`.outputs)
    // J (d - d_0) = K alpha, and no element of d - d_0 exceeds |C^(1/2) J^T alpha|.
    Products.times(gram.view, start.view, into: &`operator`.product)
    report.products += 3
    let square = Double(start.elements.dot(`operator`.product.elements))
    let bound = square.isNaN ? .infinity : max(0, square).squareRoot()
    let quadratic = center.quadratic(of: `operator`.product, point)
    outputs = start
    if !quadratic.isFinite || !outputs.elements.isFinite { report.outcome = .notFinite }
    return DampedSolution(solve: report, quadratic: quadratic, bound: bound, metric: problem.metric)
  }

  mutating func add(
    _ solution: DampedSolution<Scalar>, factor: Scalar, beta: ParameterLayout.Factors<Scalar>,
    to target: inout [Scalar],
    _ point: inout ObjectivePoint<ModelType>
  ) {
    point.pullback(outputs, alpha: solution.metric.times(factor), beta: beta, into: &target)
  }
}
