import LinearAlgebra
import Models

/// FGN and Fisher: one unknown for each example. The system and its bounded form: RowSystem.
extension Descent {
  mutating func formGram() {
    guard !hasGram else { return }
    backpropagate()
    linearization.rowGram(into: &rowGram)
    hasGram = true
  }

  /// Carries the margin rows back through the model, once a batch: half of a pullback, and not counted as a pass.
  mutating func backpropagate() {
    guard !hasRows else { return }
    linearization.backpropagate(rows.rows)
    hasRows = true
  }

  /// Exact, by Cholesky or by conjugate gradient on the Gram.
  mutating func solveGram(_ choice: SolverChoice) -> DescentReport {
    formGram()
    let count = rows.count
    gram.reshape(rows: count, columns: count)
    Gram.combine(metric.penalised, rowGram.penalised, metric.free, rowGram.free, into: &gram)
    if choice.solver == .duncanGuttman || choice.solver == .woodbury { return solveOtherForm(choice) }
    gram.copyDiagonal(into: &norms)
    RowArithmetic.jacobi(system.target, system.root, norms, shift: system.shift, onlyHard: false, &alpha)
    Gram.times(gram, alpha, into: &image)
    RowArithmetic.remainder(system.target, system.root, norms, alpha, image, onlyHard: false, &unknown)
    var report = SolveReport(outcome: .converged)
    if choice.solver == .gram {
      let (root, shift) = (system.root, system.shift)
      if cholesky.refactor(order: count, fill: { Gram.whiten(gram, by: root, shift: shift, into: &$0) }) != nil {
        report.outcome = .notPositiveDefinite
      } else {
        cholesky.solve(&unknown)
      }
    } else {
      Gram.times(gram, system.target, into: &image)
      let scale = max(0, Double(system.target.dot(image))).squareRoot()
      let right = unknown
      unknown.fill(with: 0)
      var `operator` = GramOperator(gram: gram, root: system.root, scaled: image)
      report = conjugateGradient.solve(
        &`operator`, shift: system.shift, right, adding: &unknown, norm: .image, scale: scale, options: iterative)
    }
    RowArithmetic.addScaled(system.root, unknown, &alpha)
    return finishGram(choice, report)
  }

  /// The same system in two other forms, for comparison: (sigma^2 G + mu) alpha = w by LU (Duncan & Guttman), and
  /// alpha = (w - sigma t) / mu with (sigma G sigma + mu) t = sigma G w (Woodbury), which cancels for small mu.
  private mutating func solveOtherForm(_ choice: SolverChoice) -> DescentReport {
    let (root, shift) = (system.root, system.shift)
    var report = SolveReport(outcome: .converged)
    if choice.solver == .duncanGuttman {
      var matrix = gram
      Gram.mirror(&matrix)
      RowKernels.scale(&matrix, by: root.map { $0 * $0 })
      Gram.shift(&matrix, by: shift)
      if lu.factor(matrix) != nil { report.outcome = .notPositiveDefinite }
      alpha.combine(1, system.target, beta: 0)
      lu.solve(&alpha)
    } else {
      Gram.times(gram, system.target, into: &unknown)
      RowArithmetic.multiply(&unknown, by: root)
      if cholesky.refactor(order: gram.rows, fill: { Gram.whiten(gram, by: root, shift: shift, into: &$0) }) != nil {
        report.outcome = .notPositiveDefinite
      } else {
        cholesky.solve(&unknown)
      }
      alpha.combine(1 / shift, system.target, beta: 0)
      RowArithmetic.multiply(&unknown, by: root)
      alpha.combine(-1 / shift, unknown)
    }
    return finishGram(choice, report)
  }

  /// d - d_0 = C M^T alpha, with the Gram at hand.
  private mutating func finishGram(_ choice: SolverChoice, _ report: SolveReport) -> DescentReport {
    Gram.times(gram, alpha, into: &image)
    solution = .rows
    // |C^(1/2) M^T alpha|^2 = alpha^T G alpha.
    let bound = max(0, RowArithmetic.dot(alpha, image)).squareRoot()
    RowArithmetic.multiply(&image, by: system.root)
    return finish(choice, report, bound: bound)
  }

  /// Matrix-free conjugate gradient: B-vectors, and the direction accumulated on the way.
  ///
  /// Starts at zero, where the first product's image is the gradient; only if some row is hard does it start from
  /// those rows' Jacobi solution, for one product and one pullback more.
  mutating func solveMatrixFree(_ choice: SolverChoice) -> DescentReport {
    let count = rows.count
    let parameterCount = model.layout.trainableCount
    backpropagate()
    let isHard = system.hasHardRows
    let hasCostly = isHard && hasCostlyNorms
    let ones = hasCostly ? [Scalar](repeating: 1, count: count) : []
    let typical = hasCostly ? Scalar(signedPullback(ones, seed: 0) / Double(count)) : 0
    tangent.resize(to: parameterCount)
    accumulated.resize(to: parameterCount)
    accumulated.fill(with: 0)
    var `operator` = RowOperator(
      linearization: exchange(&linearization, with: model.makeLinearization()), root: system.root, metric: metric,
      tangent: exchange(&tangent, with: []), accumulated: exchange(&accumulated, with: []),
      scaled: [Scalar](repeating: 0, count: count))
    var right = [Scalar](repeating: 0, count: count)
    var scale: Double?
    var products = 0
    norms.resize(to: count)
    if isHard {
      // The start may use any positive norms: it only has to be bounded.
      if hasCostly { norms.fill(with: typical) } else { `operator`.linearization.rowSquaredNorms(into: &norms) }
      `operator`.image(of: system.target, into: &image)
      scale = max(0, Double(system.target.dot(image))).squareRoot()
      RowArithmetic.jacobi(system.target, system.root, norms, shift: system.shift, onlyHard: true, &alpha)
      `operator`.image(of: alpha, into: &image)
      `operator`.accumulate(1)
      products = 2
    } else {
      alpha.fill(with: 0)
      image.fill(with: 0)
    }
    RowArithmetic.remainder(system.target, system.root, norms, alpha, image, onlyHard: true, &right)
    unknown.fill(with: 0)
    var report = conjugateGradient.solve(
      &`operator`, shift: system.shift, right, adding: &unknown, norm: .image, scale: scale, options: iterative)
    report.products += products
    modelPasses += 2 * report.products
    // sigma G alpha = sigma G alpha_0 + K u, and K u = right - residual - shift u needs no product.
    RowArithmetic.multiply(&image, by: system.root)
    image.combine(1, right)
    image.combine(-1, conjugateGradient.residual)
    image.combine(-system.shift, unknown)
    RowArithmetic.addScaled(system.root, unknown, &alpha)
    linearization = `operator`.linearization
    tangent = `operator`.tangent
    accumulated = `operator`.accumulated
    solution = .parameters
    let bound = accumulated.isFinite ? Double(accumulated.maximumMagnitude) : .infinity
    return finish(choice, report, bound: bound)
  }

  var iterative: ConjugateGradient<Scalar>.Options {
    ConjugateGradient.Options(tolerance: options.tolerance, maximumIterations: options.maximumIterations)
  }

  /// `image` is sigma G alpha.
  private func finish(_ choice: SolverChoice, _ report: SolveReport, bound: Double) -> DescentReport {
    var report = report
    let quadratic = RowArithmetic.quadratic(system.root, system.center, image)
    if !quadratic.isFinite || !alpha.isFinite { report.outcome = .notFinite }
    return DescentReport(choice: choice, solve: report, quadratic: quadratic, bound: bound)
  }
}
