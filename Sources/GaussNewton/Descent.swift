import LinearAlgebra
import Losses
import Models
import Optimization

/// Finds damped Gauss-Newton directions of one objective, batch by batch.
///
/// The order of calls is the order of a step: `linearize`, then optionally `setCenter`, then `solve`, then
/// `addDirection`. A direction solves (F + Lambda) d = -grad f + Lambda d_0 with F the curvature of the mean loss,
/// Lambda = lambda + l2 on penalised parameters and lambda on the others, and d_0 a centre (zero by default) that
/// already contains -l2 / (lambda + l2) theta. The system that solves is chosen by cost (`choice`); it keeps its work
/// areas from batch to batch. Costs: docs/mathematics.md.
public struct Descent<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  public var options: DescentOptions
  /// The objective at the parameters on the batch, after `linearize`: its value, gradient and products.
  public var point: ObjectivePoint<ModelType>
  /// Conjugate gradient iterations of the last such solve, for the choice of the next.
  var observedIterations: Int?
  /// The solver of the last solve, and why.
  package private(set) var lastChoice: SolverChoice?

  /// The curvature's coefficients on the batch.
  private var weights: Curvature.Weights<Scalar>
  /// Their roots with example weights and floor in [B].
  private var roots: [Scalar] = []
  private var system: (kind: SystemKind, value: any DampedSystem<ModelType>)?
  /// What was chosen and found on this batch.
  private var current: (choice: SolverChoice?, solution: DampedSolution<Scalar>?)

  /// - Precondition: the curvature has the solver of `options`.
  public init(_ objective: Objective<ModelType>, options: DescentOptions = DescentOptions()) {
    precondition(
      DescentOptions.Solver.available(for: options.curvature).contains(options.solver),
      "the curvature \(options.curvature.name) has no solver \(options.solver.rawValue)")
    self.options = options
    point = ObjectivePoint(objective)
    // The GGN of a loss that sees one number of each row is FGN.
    let isScalar = objective.loss.isScalar(outputs: objective.model.outputWidth)
    let isByOutputs = options.solver == .cg || options.solver == .dual
    weights = Curvature.Weights(
      options.curvature.isHessian && isScalar && !isByOutputs ? .fgn : options.curvature)
  }

  public var objective: Objective<ModelType> { point.objective }

  /// The curvature that is solved for: the options', but FGN where that is the GGN and cheaper.
  public var curvature: Curvature { weights.curvature }

  /// Moves to `parameters` and `batch`: one forward pass and one fused pass over the logits. Returns the objective.
  /// Shapes and labels that do not fit the model are a programmer's error.
  @discardableResult public mutating func linearize(
    at parameters: Parameters<Scalar>, batch: Batch<Scalar>
  ) -> Double {
    let value = point.evaluate(at: parameters, batch: batch)
    weights.update(for: point.rows)
    let floor = options.curvature.isHessian ? 0 : Scalar(options.weightFloor).squareRoot()
    roots.resize(to: point.rows.count)
    RowArithmetic.whiten(weights.roots, point.rows.weights ?? [], floor: floor, &roots)
    current = (nil, nil)
    return value
  }

  /// Lets go of the batch and the parameters, so that changing them copies nothing; call it when the direction is
  /// known. `linearize` must come before anything else then.
  public mutating func release() {
    point.release()
    current = (nil, nil)
  }

  /// Bytes of the B x B matrices that a solve with the Gram holds: two parts of the row Gram, X X^T, their sum in the
  /// metric and its factor; and what the model needs to form it.
  public var gramBytes: Double {
    let count = Double(point.rows.count)
    return 5 * Double(MemoryLayout<Scalar>.stride) * count * count + point.linearization.costs.rowGramBytes
  }

  /// The solver for this batch, and why; after `linearize`. Carries the rows back first, for a model may know its costs
  /// only then.
  package mutating func choice() -> SolverChoice {
    if let choice = current.choice { return choice }
    let choice = choose()
    current.choice = choice
    guard let way = Way.find(choice.solver, for: curvature) else {
      preconditionFailure("the curvature \(curvature.name) has no solver \(choice.solver.rawValue)")
    }
    if system?.kind != way.kind { system = (way.kind, way.kind.make(for: ModelType.self)) }
    system!.value.begin(&point)
    return choice
  }

  private mutating func choose() -> SolverChoice {
    guard options.solver == .automatic else { return SolverChoice(solver: options.solver, curvature: curvature) }
    point.carryBack()
    let model = objective.model
    let costs = SolverCosts(
      batch: Double(point.rows.count), classes: Double(model.outputWidth), products: point.linearization.costs,
      iterations: Double(observedIterations ?? options.expectedIterations),
      gramFits: gramBytes <= Double(options.memoryBudget),
      outputsFit: Self.outputsFit(point.rows.count, model, options))
    return costs.choose(curvature)
  }

  /// Whether the closed-form solvers of the GGN fit the memory budget for a batch of `rows` rows.
  static func outputsFit(_ rows: Int, _ model: ModelType, _ options: DescentOptions) -> Bool {
    OutputGram<ModelType>.blockSize(rows: rows, outputs: model.outputWidth, budget: options.memoryBudget) != nil
  }

  /// Mean diagonal of the whitened row Gram, (1/B) sum sigma_i^2 |row_i|^2: the trace of the curvature for one row an
  /// example, of FGN for the GGN; a natural unit of damping. Free where the Gram is formed anyway, else two passes over
  /// the rows, or a pullback where their norms are costly, with random signs drawn from `seed`.
  public mutating func meanRowCurvature(seed: UInt64 = 0) -> Double {
    _ = choice()
    return system!.value.meanCurvature(roots, seed: seed, &point)
  }

  /// Sets the centre d_0 = scale * buffer, [P]: one product with the rows, for the GGN a pushforward. Without
  /// this call d_0 is zero.
  public mutating func setCenter(_ buffer: [Scalar], scale: Scalar) {
    _ = choice()
    system!.value.setCenter(buffer, scale: scale, &point)
  }

  /// Solves the damped system; `addDirection` then gives d - d_0. The objective's penalty goes into the metric; what it
  /// adds to the gradient belongs in the centre.
  ///
  /// - Parameter damping: lambda, above 0 and finite.
  /// - Returns: what the solve did. Not converging is reported, not thrown.
  public mutating func solve(damping: Double) -> DescentReport {
    precondition(damping > 0 && damping.isFinite, "damping must be positive, got \(damping)")
    let choice = choice()
    lastChoice = choice
    var problem = DampedProblem(
      options: options, damping: damping,
      metric: ParameterLayout.Factors(penalised: Scalar(damping / (damping + objective.l2)), free: 1),
      shift: Scalar(Double(point.rows.count) * damping), roots: roots)
    problem.options.solver = choice.solver
    let solution = system!.value.solve(problem, &point)
    current.solution = solution
    if !choice.solver.isExact { observedIterations = max(1, solution.solve.iterations) }
    return DescentReport(
      choice: choice, solve: solution.solve, quadratic: solution.quadratic, bound: solution.bound)
  }

  /// target = factor (d - d_0) + beta * target: the one back-projection of the step.
  public mutating func addDirection(factor: Scalar, beta: ParameterLayout.Factors<Scalar>, to target: inout [Scalar]) {
    guard let solution = current.solution else { preconditionFailure("addDirection comes after solve") }
    system!.value.add(solution, factor: factor, beta: beta, to: &target, &point)
  }

  /// Slope grad f . t and curvature t . (F + l2) t of the objective along a direction, F the curvature in use; after
  /// `linearize` and before `release`. One pushforward.
  public mutating func along(_ tangent: [Scalar]) -> (slope: Double, curvature: Double) {
    point.along(tangent, weights)
  }

  /// The damped direction itself: solves (F + lambda I + l2 I_penalised) d = -grad f.
  ///
  /// - Parameter damping: lambda, positive.
  /// - Returns: d, which points downhill (parameters += step * d), and what the solve did. Check
  ///   `report.solve.outcome`: a direction that is not finite is returned as found.
  ///
  /// ```swift
  /// let head = LinearHead<Double>(features: 2, classes: 3)
  /// var descent = Descent(Objective(head))
  /// let batch = Batch(features: Matrix(rows: 1, columns: 2, elements: [1, -1]), labels: [2])
  /// let (d, report) = descent.direction(at: Parameters(layout: head.layout), batch: batch, damping: 0.1)
  /// ```
  public mutating func direction(
    at parameters: Parameters<Scalar>, batch: Batch<Scalar>, damping: Double
  ) -> (direction: [Scalar], report: DescentReport) {
    point.counts = PassCounts()
    linearize(at: parameters, batch: batch)
    let (layout, l2) = (objective.model.layout, objective.l2)
    var direction = [Scalar](repeating: 0, count: layout.trainableCount)
    if l2 > 0 {
      for slice in layout.trainable where slice.isPenalised {
        direction.combine(Scalar(-l2 / (damping + l2)), parameters.values, range: slice.range, beta: 0)
      }
      setCenter(direction, scale: 1)
    }
    let report = solve(damping: damping)
    addDirection(factor: 1, beta: ParameterLayout.Factors(1), to: &direction)
    release()
    return (direction, report)
  }
}

/// What a solve found.
public struct DescentReport: Sendable {
  /// The solver that ran, and why.
  package var choice: SolverChoice
  /// Outcome, iterations and products. Check `outcome`: a direction is there even where it is of no use.
  public var solve: SolveReport
  /// d^T F d, the mean squared whitened change of the margins; d^T GGN d for the GGN. Without unit, at least 0.
  public var quadratic: Double
  /// No element of d - d_0 is larger, up to rounding; infinity if one is not finite.
  public var bound: Double
}
