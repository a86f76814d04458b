import LinearAlgebra
import Losses
import Models

/// The full Gauss-Newton matrix, two ways: what FGN is compared with.
extension Descent {
  /// Conjugate gradient in parameter space: (GGN + Lambda) x = -grad - GGN d_0, x = d - d_0. One pushforward and one
  /// pullback an iteration, and four parameter vectors.
  mutating func solveParameters(_ choice: SolverChoice, damping: Double, l2: Double) -> DescentReport {
    residualWithCenter()
    hasRows = false
    let parameterCount = model.layout.trainableCount
    var right = exchange(&tangent, with: [])
    right.resize(to: parameterCount)
    accumulated.resize(to: parameterCount)
    accumulated.fill(with: 0)
    linearization.pullback(
      outputs, rowWeights: nil, alpha: SliceFactors(1 / Scalar(rows.count)), beta: SliceFactors(0), into: &right)
    var `operator` = CurvatureOperator<ModelType>(
      .ggn, layout: model.layout, linearization: exchange(&linearization, with: model.makeLinearization()), rows: rows,
      l2: Scalar(l2))
    var report = conjugateGradient.solve(
      &`operator`, shift: Scalar(damping), right, adding: &accumulated, options: iterative)
    modelPasses += 1 + 2 * report.products
    linearization = `operator`.linearization
    tangent = right
    if !accumulated.isFinite { report.outcome = .notFinite }
    solution = .parameters
    linearization.pushforward(accumulated, into: &outputs)
    modelPasses += 1
    let bound = accumulated.isFinite ? Double(accumulated.maximumMagnitude) : .infinity
    return DescentReport(choice: choice, solve: report, quadratic: quadratic(of: outputs), bound: bound)
  }

  /// Conjugate gradient on the B C output rows, with J C J^T = K x I_C: no pass through the model in an iteration.
  ///
  /// With N_i^T N_i = w_i (diag(p_i) - p_i p_i^T), the unknown u has N u_0 in place of alpha_0, and as for the rows of
  /// FGN the solve starts from a bounded Jacobi solution u_0 = D N^-T h, D = 1 / (mu + g w p), h the residual
  /// with the centre in.
  mutating func solveDual(_ choice: SolverChoice, damping: Double) -> DescentReport {
    guard linearization.sharedGram(metric: metric, into: &gram) else {
      preconditionFailure("the dual solver needs a model with J J^T = K x I_C; use cg")
    }
    residualWithCenter()
    var `operator` = DualOperator(
      shared: gram, rows: rows, outputs: exchange(&outputs, with: Matrix(rows: 0, columns: 0)),
      product: Matrix(rows: rows.count, columns: model.outputWidth))
    // The parameter residual without a step is C^(1/2) J^T h / B, and the solve's R^T e / B with R = N J C^(1/2).
    Products.times(gram.view, `operator`.outputs.view, into: &`operator`.product)
    let scale = max(0, Double(`operator`.outputs.elements.dot(`operator`.product.elements))).squareRoot()
    // `outputs` of the operator holds h; it becomes alpha_0 = (I - p 1^T) D h, and `right` sqrt(w p) g D h.
    var right = Matrix<Scalar>(rows: rows.count, columns: model.outputWidth)
    rows.start(norms: gram.diagonal, shift: system.shift, &`operator`.outputs, &right)
    var start = `operator`.outputs
    Products.times(gram.view, start.view, into: &`operator`.product)
    rows.applyRoot(transposed: false, to: &`operator`.product)
    right.combine(-1, `operator`.product)
    var solution = [Scalar](repeating: 0, count: `operator`.dimension)
    var report = conjugateGradient.solve(
      &`operator`, shift: system.shift, right.elements, adding: &solution, norm: .image, scale: scale,
      options: iterative)
    report.products += 2
    `operator`.outputs.assign(solution)
    rows.applyRoot(transposed: true, to: &`operator`.outputs)
    start.combine(1, `operator`.outputs)
    // J (d - d_0) = K alpha, and no element of d - d_0 exceeds |C^(1/2) J^T alpha|.
    Products.times(gram.view, start.view, into: &`operator`.product)
    report.products += 1
    let square = Double(start.elements.dot(`operator`.product.elements))
    let bound = square.isNaN ? .infinity : max(0, square).squareRoot()
    outputs = start
    self.solution = .outputs
    let quadratic = quadratic(of: `operator`.product)
    if !quadratic.isFinite || !start.elements.isFinite { report.outcome = .notFinite }
    return DescentReport(choice: choice, solve: report, quadratic: quadratic, bound: bound)
  }

  /// `outputs` = w (e_y - p) - H J d_0: minus the gradient in the outputs, after the centre.
  mutating func residualWithCenter() {
    rows.descent(into: &outputs)
    guard hasCenter else { return }
    var curved = centerOutputs
    rows.apply(.ggn, to: &curved)
    outputs.combine(-1, curved)
  }

  /// d^T GGN d, given J (d - d_0).
  func quadratic(of change: Matrix<Scalar>) -> Double {
    var change = change
    if hasCenter { change.combine(1, centerOutputs) }
    var curved = change
    rows.apply(.ggn, to: &curved)
    return Double(change.elements.dot(curved.elements)) / Double(rows.count)
  }
}
