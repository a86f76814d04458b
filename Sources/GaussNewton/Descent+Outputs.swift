import LinearAlgebra
import Losses
import Models

/// Exact Gauss-Newton (arXiv 2405.14402): the GGN solved over its B C output rows, in closed form.
///
/// With K = J C J^T, H = N^T N the Hessian of the loss in the outputs, h minus the gradient in the outputs with the
/// centre in, and mu = B lambda, d - d_0 = C J^T alpha and
///
///     (H K + mu) alpha = h                                         Duncan-Guttman; not symmetric, LU
///     (N K N^T + mu) u = N^-T h,          alpha = N^T u            symmetric, Cholesky; N^-T h is not formed
///     (N K N^T + mu) t = N K h,           alpha = (h - N^T t)/mu   Woodbury; cancels for small mu
///
/// (B C)^3 / 3 flops, or 2 (B C)^3 / 3 by LU, and (B C)^2 numbers.
extension Descent {
  mutating func solveOutputs(_ choice: SolverChoice, damping: Double) -> DescentReport {
    residualWithCenter()
    hasRows = false
    guard formOutputGram() else { return failed(choice, .outOfMemory) }
    let trace = gram.diagonal.sum
    var report: DescentReport
    switch choice.solver {
    case .duncanGuttman: report = solveDuncanGuttman(choice)
    case .woodbury: report = solveWoodbury(choice)
    default: report = solveSymmetric(choice)
    }
    // |C^(1/2) J^T alpha| is at most |alpha| times the root of the squared norms of all rows.
    if report.bound == 0 { report.bound = Double(outputs.elements.norm) * trace.squareRoot() }
    return report
  }

  /// `gram` = K; false if it does not fit.
  private mutating func formOutputGram() -> Bool {
    let (count, width) = (rows.count, model.outputWidth)
    // The last step's factor has the memory: two of them would not fit the budget.
    if gram.rows == 0 { gram = cholesky.takeMemory() }
    let block = OutputGram<ModelType>.blockSize(rows: count, outputs: width, budget: options.memoryBudget)
    if linearization.isIsotropic {
      let fits = OutputGram<ModelType>.systemBytes(rows: count, outputs: width) <= Double(options.memoryBudget)
      guard fits, linearization.sharedGram(metric: metric, into: &shared) else { return false }
      Gram.spread(shared, outputs: width, into: &gram)
      return true
    }
    guard let block, let (parameters, inputs) = point else { return false }
    if outputGram == nil { outputGram = OutputGram(model: model) }
    outputGram!.assemble(at: parameters, inputs: inputs, rows: count, metric: metric, block: block, into: &gram)
    modelPasses += width
    return true
  }

  /// `gram` = N K N^T + mu, and its Cholesky factor; false if there is none.
  private mutating func factorSymmetric() -> Bool {
    let (rows, width, all) = (rows, model.outputWidth, gram.rows)
    if !rows.isIdentity {
      gram.withShape(rows: all * rows.count, columns: width) { rows.applyRoot(transposed: false, to: &$0) }
      gram.transpose()
      gram.withShape(rows: all * rows.count, columns: width) { rows.applyRoot(transposed: false, to: &$0) }
    }
    Gram.shift(&gram, by: system.shift)
    return cholesky.factor(swapping: &gram) == nil
  }

  private mutating func solveSymmetric(_ choice: SolverChoice) -> DescentReport {
    var image = outputs.elements
    let (count, width) = (rows.count, model.outputWidth)
    var right = Matrix<Scalar>(rows: count, columns: width)
    var change = right
    let diagonal = gram.diagonal
    let norms = (0..<count).map { i in diagonal[i * width..<(i + 1) * width].reduce(0, +) / Scalar(width) }
    rows.start(norms: norms, shift: system.shift, &outputs, &right)
    Gram.times(gram, outputs.elements, into: &image)
    change.assign(image)
    rows.applyRoot(transposed: false, to: &change)
    right.combine(-1, change)
    guard factorSymmetric() else { return failed(choice) }
    var u = right.elements
    cholesky.solve(&u)
    // N J (d - d_0) = N K alpha_0 + N K N^T u, and the last is right - mu u.
    change.combine(1, right)
    right.assign(u)
    change.combine(-system.shift, right)
    rows.applyRoot(transposed: true, to: &right)
    outputs.combine(1, right)
    return finish(choice, whitened: change)
  }

  private mutating func solveWoodbury(_ choice: SolverChoice) -> DescentReport {
    var image = outputs.elements
    Gram.times(gram, outputs.elements, into: &image)
    var t = Matrix<Scalar>(rows: rows.count, columns: model.outputWidth)
    t.assign(image)
    rows.applyRoot(transposed: false, to: &t)
    guard factorSymmetric() else { return failed(choice) }
    image.combine(1, t.elements, beta: 0)
    cholesky.solve(&image)
    t.assign(image)
    let change = t
    rows.applyRoot(transposed: true, to: &t)
    outputs.combine(-1, t)
    outputs.scale(by: 1 / system.shift)
    return finish(choice, whitened: change)
  }

  private mutating func solveDuncanGuttman(_ choice: SolverChoice) -> DescentReport {
    let (rows, all) = (rows, gram.rows)
    var alpha = outputs.elements
    if rows.isIdentity {
      guard factorSymmetric() else { return failed(choice) }
      cholesky.solve(&alpha)
    } else {
      // K H, whose transpose is H K.
      gram.withShape(rows: all * rows.count, columns: model.outputWidth) { rows.apply(.ggn, to: &$0) }
      Gram.shift(&gram, by: system.shift)
      guard lu.factor(exchange(&gram, with: Matrix(rows: 0, columns: 0))) == nil else { return failed(choice) }
      lu.solve(&alpha, transposed: true)
      gram = lu.takeMemory()
    }
    outputs.assign(alpha)
    // K alpha by a pass through the model: K is used up.
    accumulated.resize(to: model.layout.trainableCount)
    linearization.pullback(outputs, rowWeights: nil, alpha: metric, beta: SliceFactors(0), into: &accumulated)
    linearization.pushforward(accumulated, into: &outputs)
    modelPasses += 2
    solution = .parameters
    var report = SolveReport(outcome: .converged)
    if !accumulated.isFinite { report.outcome = .notFinite }
    let bound = accumulated.isFinite ? Double(accumulated.maximumMagnitude) : .infinity
    return DescentReport(
      choice: choice, solve: report, quadratic: quadratic(of: outputs), bound: max(bound, .leastNonzeroMagnitude))
  }

  /// `whitened` is N J (d - d_0), with the example weights in.
  private mutating func finish(_ choice: SolverChoice, whitened: Matrix<Scalar>) -> DescentReport {
    var change = whitened
    if hasCenter {
      var center = centerOutputs
      rows.applyRoot(transposed: false, to: &center)
      change.combine(1, center)
    }
    let quadratic = Double(change.elements.dot(change.elements)) / Double(rows.count)
    solution = .outputs
    let isFinite = quadratic.isFinite && outputs.elements.isFinite
    let report = SolveReport(outcome: isFinite ? .converged : .notFinite)
    return DescentReport(choice: choice, solve: report, quadratic: quadratic, bound: 0)
  }

  /// No direction: zero, and of no use.
  private mutating func failed(_ choice: SolverChoice, _ outcome: SolveOutcome = .notPositiveDefinite) -> DescentReport
  {
    outputs.clear()
    solution = .outputs
    return DescentReport(choice: choice, solve: SolveReport(outcome: outcome), quadratic: 0, bound: .infinity)
  }
}
