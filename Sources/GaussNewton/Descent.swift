import LinearAlgebra
import Losses
import Models
import Optimization

/// How directions are found.
///
/// ```swift
/// let exact = DescentOptions(curvature: .fgn, solver: .gram)
/// let compared = DescentOptions(curvature: .ggn, solver: .dual, tolerance: 1e-6, maximumIterations: 500)
/// ```
public struct DescentOptions: Sendable, Codable, Equatable {
  public var curvature: Curvature
  public var solver: Solver
  /// Smallest curvature weight s = p_y (1 - p_y) of a row, 0..<0.25; 0 keeps the direction exact. The gradient is exact
  /// either way. Without effect on the GGN.
  public var weightFloor: Double
  /// Conjugate gradient stops when the residual in parameter space is this fraction of what it was without a step:
  /// above 0.
  public var tolerance: Double
  /// At least 1. A solve that reaches it is used as it is and says `iterationLimit`.
  public var maximumIterations: Int
  /// Iterations that the cost model reckons with before any were counted.
  public var expectedIterations: Int
  /// Bytes that Gram matrices (`Descent.gramBytes`) may take; beyond, the automatic choice is matrix-free.
  public var memoryBudget = 2 << 30

  public init(
    curvature: Curvature = .fgn, solver: Solver = .automatic, weightFloor: Double = 0, tolerance: Double = 1e-3,
    maximumIterations: Int = 100, expectedIterations: Int = 15
  ) {
    self.curvature = curvature
    self.solver = solver
    self.weightFloor = weightFloor
    self.tolerance = tolerance
    self.maximumIterations = maximumIterations
    self.expectedIterations = expectedIterations
  }
}

extension DescentOptions {
  /// What training uses: curvature weights floored at 1e-4 (steps move by less than half a percent) and conjugate
  /// gradient to a tenth of the residual, which ends within 0.02 % of the objective that exact directions end at
  /// (benchmarks/results/tolerance.md).
  public static func training(curvature: Curvature = .fgn, solver: Solver = .automatic) -> DescentOptions {
    DescentOptions(curvature: curvature, solver: solver, weightFloor: 1e-4, tolerance: 0.1, expectedIterations: 5)
  }
}

/// What a solve found.
public struct DescentReport: Sendable {
  /// The solver that ran, and why.
  public var choice: SolverChoice
  /// Outcome, iterations and products. Check `outcome`: a direction is there even where it is of no use.
  public var solve: SolveReport
  /// d^T F d, the mean squared whitened change of the margins; d^T GGN d for the GGN. Without unit, at least 0.
  public var quadratic: Double
  /// No element of d - d_0 is larger, up to rounding; infinity if one is not finite.
  public var bound: Double
}

/// Finds damped Gauss-Newton directions of one model, batch by batch.
///
/// The order of calls is the order of a step: `linearize`, then optionally `setCenter`, then `solve`, then
/// `addDirection`. A direction solves (F + Lambda) d = -grad f + Lambda d_0 with F the curvature of the mean loss,
/// Lambda = lambda + l2 on penalised parameters and lambda on the others, and d_0 a centre (zero by default) that
/// already contains -l2 / (lambda + l2) theta. Work areas are kept from batch to batch. Costs: docs/mathematics.md.
public struct Descent<ModelType: Model>: Sendable {
  public typealias Scalar = ModelType.Scalar
  public let model: ModelType
  public let loss: any Loss
  public var options: DescentOptions
  /// The batch, after `linearize`.
  public internal(set) var rows: any LossRows<Scalar>
  /// The solver of the last solve, and why.
  public private(set) var lastChoice: SolverChoice?
  /// Passes through the model since the count was last set to zero: forward, pushforward and pullback each count one.
  public internal(set) var modelPasses = 0

  var linearization: ModelType.LinearizationType
  var system = RowSystem<Scalar>()
  var norms: [Scalar] = []
  var rowGram = RowGram<Scalar>()
  var gram = Matrix<Scalar>(rows: 0, columns: 0)
  /// K of J J^T = K x I_C.
  var shared = Matrix<Scalar>(rows: 0, columns: 0)
  var outputGram: OutputGram<ModelType>?
  /// Where the batch was linearised, for `outputGram`.
  var point: (parameters: Parameters<Scalar>, inputs: Inputs<Scalar>)?
  var hasGram = false
  /// Whether the linearisation holds the margin rows, carried back.
  var hasRows = false
  var cholesky = Cholesky<Scalar>()
  var lu = LU<Scalar>()
  var conjugateGradient = ConjugateGradient<Scalar>()
  var outputs = Matrix<Scalar>(rows: 0, columns: 0)
  /// J d_0 for the GGN; work space otherwise.
  var centerOutputs = Matrix<Scalar>(rows: 0, columns: 0)
  var hasCenter = false
  var alpha: [Scalar] = []
  var unknown: [Scalar] = []
  var image: [Scalar] = []
  var tangent: [Scalar] = []
  var accumulated: [Scalar] = []
  var metric = SliceFactors<Scalar>(1)
  var solution = Solution.none
  var observedIterations: Int?

  /// What `solve` leaves behind for `addDirection`.
  enum Solution: Sendable {
    case none
    /// d - d_0 = C M^T alpha.
    case rows
    /// d - d_0 = `accumulated`.
    case parameters
    /// d - d_0 = C J^T outputs.
    case outputs
  }

  public init(
    model: ModelType, loss: any Loss = CrossEntropy(), options: DescentOptions = DescentOptions()
  ) {
    precondition(
      Solver.available(for: options.curvature).contains(options.solver),
      "the curvature \(options.curvature.rawValue) has no solver \(options.solver.rawValue)")
    self.model = model
    self.loss = loss
    self.options = options
    rows = loss.makeRows(as: Scalar.self)
    linearization = model.makeLinearization()
  }

  /// Moves to `parameters` and `batch`: one forward pass and one fused pass over the logits. Shapes and labels that do
  /// not fit the model are a programmer's error.
  public mutating func linearize(at parameters: Parameters<Scalar>, batch: Batch<Scalar>) {
    linearization.releaseCotangents()
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &rows.rows)
    modelPasses += 1
    rows.evaluate(batch.targets, weights: batch.weights)
    system.prepare(
      rows, curvature: curvature, floor: options.curvature == .ggn ? 0 : Scalar(options.weightFloor))
    point = curvature == .ggn && !linearization.isIsotropic ? (parameters, batch.inputs) : nil
    hasGram = false
    hasRows = false
    hasCenter = false
    solution = .none
  }

  /// Lets go of the batch and the parameters, so that changing them copies nothing; call it when the direction is known.
  /// `linearize` must come before anything else then.
  public mutating func release() {
    linearization.release()
    point = nil
    hasRows = false
    hasGram = false
  }

  /// Bytes of the B x B matrices that a solve with the Gram holds: two parts of the row Gram, X X^T, their sum in the
  /// metric and its factor; and what the model needs to form it.
  public var gramBytes: Double {
    5 * Double(MemoryLayout<Scalar>.stride) * Double(rows.count) * Double(rows.count) + linearization.costs.rowGramBytes
  }

  /// The curvature that is solved for: the GGN of a loss that sees one number of each row is FGN.
  var curvature: Curvature {
    guard options.curvature == .ggn, loss.isScalar(outputs: model.outputWidth) else { return options.curvature }
    return options.solver == .cg || options.solver == .dual ? .ggn : .fgn
  }

  /// The solver for this batch, and why. A model may know its costs only once the rows are carried back.
  public var choice: SolverChoice {
    guard options.solver == .automatic else {
      return SolverChoice(solver: options.solver, curvature: curvature)
    }
    let costs = SolverCosts(
      batch: Double(rows.count), classes: Double(model.outputWidth), products: linearization.costs,
      iterations: Double(observedIterations ?? options.expectedIterations),
      gramFits: gramBytes <= Double(options.memoryBudget), outputsFit: Self.outputsFit(rows.count, model, options))
    return costs.choose(curvature)
  }

  /// Whether the closed-form solvers of the GGN fit the memory budget for a batch of `rows` rows.
  static func outputsFit(_ rows: Int, _ model: ModelType, _ options: DescentOptions) -> Bool {
    OutputGram<ModelType>.blockSize(rows: rows, outputs: model.outputWidth, budget: options.memoryBudget) != nil
  }

  /// Mean diagonal of the whitened row Gram, (1/B) sum sigma_i^2 |row_i|^2: the trace of FGN, a natural unit of
  /// damping. Free where the Gram is formed anyway, else two passes over the rows. Where the rows' norms would cost more
  /// than four pullbacks it is estimated by one: |M^T (sigma * signs)|^2 / B, with random signs drawn from `seed`
  /// (Hutchinson 1990).
  public mutating func meanRowCurvature(solver: Solver, seed: UInt64 = 0) -> Double {
    if curvature != .ggn && solver != .cg {
      formGram()
      rowGram.penalised.copyDiagonal(into: &norms)
      rowGram.free.copyDiagonal(into: &image)
      norms.combine(1, image)
    } else {
      norms.resize(to: rows.count)
      backpropagate()
      if hasCostlyNorms { return signedPullback(system.root, seed: seed) / Double(rows.count) }
      linearization.rowSquaredNorms(into: &norms)
    }
    return system.meanDiagonal(norms)
  }

  /// Whether single rows' norms cost more than some pullbacks, as where positions of a trained trunk are rows.
  var hasCostlyNorms: Bool { linearization.costs.rowSquaredNorms > 4 * linearization.costs.rowPullback }

  /// |M^T (weights * signs)|^2 with seeded random signs, whose mean is sum_i weights_i^2 |row_i|^2: one pullback.
  mutating func signedPullback(_ weights: [Scalar], seed: UInt64) -> Double {
    var generator = SeededGenerator(seed: seed, .traceSigns)
    tangent.resize(to: model.layout.trainableCount)
    unknown = weights.map { generator.next() & 1 == 0 ? $0 : -$0 }
    linearization.pullback(rowWeights: unknown, alpha: SliceFactors(1), beta: SliceFactors(0), into: &tangent)
    modelPasses += 1
    return Double(tangent.dot(tangent))
  }

  /// Sets the centre d_0 = scale * buffer, [P]: one product with the rows, for the GGN a pushforward. Without
  /// this call d_0 is zero.
  public mutating func setCenter(_ buffer: [Scalar], scale: Scalar) {
    modelPasses += 1
    if curvature == .ggn {
      centerOutputs.reshape(rows: rows.count, columns: model.outputWidth)
      linearization.pushforward(buffer, into: &centerOutputs)
      centerOutputs.scale(by: scale)
    } else {
      backpropagate()
      linearization.rowProducts(buffer, into: &system.center)
      system.center.scale(by: scale)
    }
    hasCenter = true
  }

  /// Solves the damped system; `addDirection` then gives d - d_0.
  ///
  /// - Parameters:
  ///   - damping: lambda, above 0 and finite.
  ///   - l2: the penalty that goes into the metric, at least 0. What it adds to the gradient belongs in the centre.
  /// - Returns: what the solve did. Not converging is reported, not thrown.
  public mutating func solve(damping: Double, l2: Double = 0) -> DescentReport {
    precondition(damping > 0 && damping.isFinite && l2 >= 0, "damping must be positive, got \(damping)")
    if curvature != .ggn { backpropagate() }
    let choice = choice
    lastChoice = choice
    metric = SliceFactors(penalised: Scalar(damping / (damping + l2)), free: 1)
    system.shift = Scalar(Double(rows.count) * damping)
    system.setTarget()
    alpha.resize(to: rows.count)
    unknown.resize(to: rows.count)
    image.resize(to: rows.count)
    let report: DescentReport
    switch (curvature, choice.solver) {
    case (.ggn, .dual): report = solveDual(choice, damping: damping)
    case (.ggn, .cg): report = solveParameters(choice, damping: damping, l2: l2)
    case (.ggn, _): report = solveOutputs(choice, damping: damping)
    case (_, .cg): report = solveMatrixFree(choice)
    default: report = solveGram(choice)
    }
    if !choice.solver.isExact { observedIterations = max(1, report.solve.iterations) }
    return report
  }

  /// target = factor (d - d_0) + beta * target: the one back-projection of the step.
  public mutating func addDirection(factor: Scalar, beta: SliceFactors<Scalar>, to target: inout [Scalar]) {
    let alphaFactors = SliceFactors(penalised: metric.penalised * factor, free: metric.free * factor)
    switch solution {
    case .none: preconditionFailure("addDirection comes after solve")
    case .rows:
      linearization.pullback(rowWeights: alpha, alpha: alphaFactors, beta: beta, into: &target)
      modelPasses += 1
    case .outputs:
      linearization.pullback(outputs, rowWeights: nil, alpha: alphaFactors, beta: beta, into: &target)
      modelPasses += 1
    case .parameters:
      for slice in model.layout.trainable { target.combine(factor, accumulated, range: slice.range, beta: beta[slice]) }
    }
  }
}
