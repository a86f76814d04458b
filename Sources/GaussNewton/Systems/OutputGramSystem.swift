import LinearAlgebra
import Models
import Optimization

/// Exact Gauss-Newton (arXiv 2405.14402): the full Gauss-Newton matrix solved over its B C output rows, in closed form.
///
/// With K = J C J^T, H = N^T N the Hessian of the loss in the outputs, h minus the gradient in the outputs with the
/// centre in, and mu = B lambda, d - d_0 = C J^T alpha and
///
///     (H K + mu) alpha = h                                         Duncan-Guttman; not symmetric, LU
///     (N K N^T + mu) u = N^-T h,          alpha = N^T u            symmetric, Cholesky; N^-T h is not formed
///     (N K N^T + mu) t = N K h,           alpha = (h - N^T t)/mu   Woodbury; cancels for small mu
///
/// (B C)^3 / 3 flops, or 2 (B C)^3 / 3 by LU, and (B C)^2 numbers.
struct OutputGramSystem<ModelType: Model>: DampedSystem {
  typealias Scalar = ModelType.Scalar
  private var center = OutputCenter<Scalar>()
  /// h, and then alpha, [R, C].
  private var outputs = Matrix<Scalar>(rows: 0, columns: 0)
  /// K, and what is made of it: one matrix of (R C)^2, whose memory goes back and forth between here and the factors.
  private var gram = Matrix<Scalar>(rows: 0, columns: 0)
  private var assembly: OutputGram<ModelType>?
  private var cholesky = Cholesky<Scalar>()
  private var lu = LU<Scalar>()
  /// d - d_0, where a solver needs it formed.
  private var direction: [Scalar] = []

  mutating func begin(_ point: inout ObjectivePoint<ModelType>) { center.clear() }

  mutating func setCenter(_ buffer: [Scalar], scale: Scalar, _ point: inout ObjectivePoint<ModelType>) {
    center.set(buffer, scale: scale, &point)
  }

  mutating func solve(
    _ problem: DampedProblem<Scalar>, _ point: inout ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    center.residual(point, into: &outputs)
    // The last step's factor has the memory: two of them would not fit the budget.
    if gram.rows == 0 { gram = cholesky.takeMemory() }
    if assembly == nil { assembly = OutputGram(model: point.objective.model) }
    guard assembly!.assemble(&point, metric: problem.metric, budget: problem.options.memoryBudget, into: &gram) else {
      return failed(problem, .outOfMemory)
    }
    let trace = gram.diagonal.sum
    var solution =
      switch problem.options.solver {
      case .duncanGuttman: solveDuncanGuttman(problem, &point)
      case .woodbury: solveWoodbury(problem, point)
      default: solveSymmetric(problem, point)
      }
    // |C^(1/2) J^T alpha| is at most |alpha| times the root of the squared norms of all rows.
    if solution.bound == 0 { solution.bound = Double(outputs.elements.norm) * trace.squareRoot() }
    return solution
  }

  /// `gram` = N K N^T + mu, and its Cholesky factor; false if there is none.
  private mutating func factorSymmetric(_ problem: DampedProblem<Scalar>, _ point: ObjectivePoint<ModelType>) -> Bool {
    let (rows, width, all) = (point.rows, point.objective.model.outputWidth, gram.rows)
    if !rows.isIdentity {
      gram.withShape(rows: all * rows.count, columns: width) { rows.applyRoot(transposed: false, to: &$0) }
      gram.transpose()
      gram.withShape(rows: all * rows.count, columns: width) { rows.applyRoot(transposed: false, to: &$0) }
    }
    Gram.shift(&gram, by: problem.shift)
    return cholesky.factor(swapping: &gram) == nil
  }

  private mutating func solveSymmetric(
    _ problem: DampedProblem<Scalar>, _ point: ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    let rows = point.rows
    var image = outputs.elements
    let (count, width) = (rows.count, point.objective.model.outputWidth)
    var right = Matrix<Scalar>(rows: count, columns: width)
    var change = right
    let diagonal = gram.diagonal
    let norms = (0..<count).map { i in diagonal[i * width..<(i + 1) * width].reduce(0, +) / Scalar(width) }
    rows.start(norms: norms, shift: problem.shift, &outputs, &right)
    Gram.times(gram, outputs.elements, into: &image)
    change.assign(image)
    rows.applyRoot(transposed: false, to: &change)
    right.combine(-1, change)
    guard factorSymmetric(problem, point) else { return failed(problem) }
    var u = right.elements
    cholesky.solve(&u)
    // N J (d - d_0) = N K alpha_0 + N K N^T u, and the last is right - mu u.
    change.combine(1, right)
    right.assign(u)
    change.combine(-problem.shift, right)
    rows.applyRoot(transposed: true, to: &right)
    outputs.combine(1, right)
    return finish(problem, whitened: change, point)
  }

  private mutating func solveWoodbury(
    _ problem: DampedProblem<Scalar>, _ point: ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    let rows = point.rows
    var image = outputs.elements
    Gram.times(gram, outputs.elements, into: &image)
    var t = Matrix<Scalar>(rows: rows.count, columns: point.objective.model.outputWidth)
    t.assign(image)
    rows.applyRoot(transposed: false, to: &t)
    guard factorSymmetric(problem, point) else { return failed(problem) }
    image.combine(1, t.elements, beta: 0)
    cholesky.solve(&image)
    t.assign(image)
    let change = t
    rows.applyRoot(transposed: true, to: &t)
    outputs.combine(-1, t)
    outputs.scale(by: 1 / problem.shift)
    return finish(problem, whitened: change, point)
  }

  private mutating func solveDuncanGuttman(
    _ problem: DampedProblem<Scalar>, _ point: inout ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    let (rows, all) = (point.rows, gram.rows)
    var alpha = outputs.elements
    if rows.isIdentity {
      guard factorSymmetric(problem, point) else { return failed(problem) }
      cholesky.solve(&alpha)
    } else {
      // K H, whose transpose is H K.
      gram.withShape(rows: all * rows.count, columns: point.objective.model.outputWidth) {
        rows.applyHessian(to: &$0)
      }
      Gram.shift(&gram, by: problem.shift)
      guard lu.factor(exchange(&gram, with: Matrix(rows: 0, columns: 0))) == nil else { return failed(problem) }
      lu.solve(&alpha, transposed: true)
      gram = lu.takeMemory()
    }
    outputs.assign(alpha)
    // K alpha by a pass through the model: K is used up.
    direction.resize(to: point.dimension)
    point.pullback(outputs, alpha: problem.metric, beta: ParameterLayout.Factors(0), into: &direction)
    point.pushforward(direction, into: &outputs)
    let bound = max(direction.finiteBound, .leastNonzeroMagnitude)
    return DampedSolution(
      solve: SolveReport(outcome: direction.isFinite ? .converged : .notFinite),
      quadratic: center.quadratic(of: outputs, point), bound: bound, metric: problem.metric, isInParameters: true)
  }

  /// `whitened` is N J (d - d_0), with the example weights in.
  private func finish(
    _ problem: DampedProblem<Scalar>, whitened: Matrix<Scalar>, _ point: ObjectivePoint<ModelType>
  ) -> DampedSolution<Scalar> {
    let quadratic = center.quadratic(ofWhitened: whitened, point)
    let isFinite = quadratic.isFinite && outputs.elements.isFinite
    return DampedSolution(
      solve: SolveReport(outcome: isFinite ? .converged : .notFinite), quadratic: quadratic, bound: 0,
      metric: problem.metric)
  }

  /// No direction: zero, and of no use.
  private mutating func failed(
    _ problem: DampedProblem<Scalar>, _ outcome: SolveReport.Outcome = .notPositiveDefinite
  ) -> DampedSolution<Scalar> {
    outputs.clear()
    return DampedSolution(
      solve: SolveReport(outcome: outcome), quadratic: 0, bound: .infinity, metric: problem.metric)
  }

  mutating func add(
    _ solution: DampedSolution<Scalar>, factor: Scalar, beta: ParameterLayout.Factors<Scalar>,
    to target: inout [Scalar],
    _ point: inout ObjectivePoint<ModelType>
  ) {
    guard !solution.isInParameters else {
      return point.objective.model.layout.add(direction, factor: factor, beta: beta, to: &target)
    }
    point.pullback(outputs, alpha: solution.metric.times(factor), beta: beta, into: &target)
  }
}
