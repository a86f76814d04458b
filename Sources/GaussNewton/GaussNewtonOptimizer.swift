import LinearAlgebra
import Losses
import Models
import Optimization

/// Stochastic Gauss-Newton: one damped direction a batch, kept inside a trust region, with projected momentum.
///
/// A step, top to bottom: linearise (one forward pass, one fused pass over the logits); damping from the row Gram's
/// diagonal; centre from the last direction and L2 (one product with the rows); solve the B x B system; shorten; one
/// back-projection; update. A step after which the next batch's objective is worse beyond its standard error is
/// undone (see `GaussNewtonOptions.TrustRegion`).
///
/// Cost for a linear head: three products of 2 B C D flops and the solver's own (see `DescentOptions.Solver`); one
/// vector of P numbers beyond the parameters. Errors: none are thrown; a step that fails is `rejected` in its report.
/// Source: arXiv 2605.06081 for the curvature; the rest in docs/mathematics.md.
///
/// ```swift
/// let head = LinearHead<Float>(features: 2, classes: 3)
/// var parameters = Parameters<Float>(layout: head.layout)
/// var optimizer = GaussNewtonOptimizer(Objective(head))
/// let batch = Batch<Float>(features: Matrix(rows: 2, columns: 2, elements: [1, 0, 0, 1]), labels: [0, 2])
/// let report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
public struct GaussNewtonOptimizer<ModelType: Model>: Optimizer {
  public typealias Scalar = ModelType.Scalar

  /// What it remembers from step to step.
  public struct State: Codable, Sendable {
    package var memory = DirectionMemory<Scalar>()
    public var damping = GaussNewtonOptions.Damping.State()
    package var search = Search.State()
    /// Conjugate gradient iterations of the last such solve, for the choice of the next.
    public var observedIterations: Int?
  }

  public let options: GaussNewtonOptions
  public var state = State()
  private let search: Search
  private var descent: Descent<ModelType>
  /// The direction of this batch, where it is averaged with earlier ones.
  private var fresh: [Scalar] = []

  public init(_ objective: Objective<ModelType>, options: GaussNewtonOptions = GaussNewtonOptions()) {
    self.options = options
    search = Search(options)
    descent = Descent(objective, options: options.descent)
  }

  public var objective: Objective<ModelType> { descent.objective }

  public var explanation: String { descent.lastChoice.map { "\($0.solver.rawValue): \($0.reason)" } ?? "no step yet" }

  public mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    defer { descent.release() }
    descent.point.counts = PassCounts()
    descent.observedIterations = state.observedIterations
    var objective = evaluate(parameters, batch)
    let isUndone = undoLastStep(&parameters, batch, &objective)
    var report = StepReport(outcome: .rejected, objective: objective.value)
    if objective.value.isFinite {
      state.search.trustRegion.record(objective)
      takeStep(&parameters, batch, at: progress, &report)
      if isUndone && report.outcome == .accepted { report.outcome = .undone }
    }
    state.observedIterations = descent.observedIterations
    report.modelPasses = descent.point.counts.passes
    return report
  }

  /// Damping, direction and update on the batch that was evaluated; leaves `report` rejected where there is no step.
  private mutating func takeStep(
    _ parameters: inout Parameters<Scalar>, _ batch: Batch<Scalar>, at progress: Schedule.Progress,
    _ report: inout StepReport
  ) {
    let damping = nextDamping(batch, at: progress)
    guard damping.isFinite, damping > 0 else { return }
    let momentum = projectedMomentum(at: progress)
    if keepsDirection(momentum) { recenter(parameters, damping: damping, momentum: momentum) }
    let solution = descent.solve(damping: damping)
    (report.damping, report.path, report.solve) = (damping, solution.choice.solver.rawValue, solution.solve)
    (report.stepLength, report.shortening) = search.reach(
      quadratic: solution.quadratic, at: progress, state.search)
    let isSolved = solution.solve.outcome == .converged || solution.solve.outcome == .iterationLimit
    guard isSolved && solution.bound <= Self.largestBound(momentum) else {
      state.damping.raise()
      state.memory.forget()
      return
    }
    let factor = Scalar(report.stepLength * report.shortening)
    guard keepsDirection(momentum) else {
      // Nothing keeps the parameters, so that they change in place.
      descent.point.forgetPlace()
      descent.addDirection(factor: factor, beta: ParameterLayout.Factors(1), to: &parameters.values)
      report.outcome = .accepted
      return
    }
    let unit = remember()
    if search.isTrying {
      tryStep(&parameters, batch, unit: factor * unit, &report)
    } else {
      descent.release()
      state.memory.move(&parameters, by: factor * unit)
      report.outcome = .accepted
    }
    if averaging == nil { state.memory.scale *= Scalar(report.shortening) }
  }

  private mutating func evaluate(_ parameters: Parameters<Scalar>, _ batch: Batch<Scalar>)
    -> GaussNewtonOptions.TrustRegion.Objective
  {
    let value = descent.linearize(at: parameters, batch: batch)
    return GaussNewtonOptions.TrustRegion.Objective(value: value, standardError: descent.point.standardError)
  }

  /// lambda, from the batch's mean row curvature.
  private mutating func nextDamping(_ batch: Batch<Scalar>, at progress: Schedule.Progress) -> Double {
    let (layers, isQuadratic) = (objective.model.layerCount, objective.loss.isQuadratic)
    let curvature = descent.meanRowCurvature(seed: UInt64(state.damping.steps))
    return state.damping.next(
      options.damping, curvature: curvature, batch: batch.count, layers: layers,
      relative: StepBudget.damping(stepsPerEpoch: progress.stepsPerEpoch, layers: layers),
      restraint: isQuadratic ? 1 : StepBudget.restraint(at: progress, layers: layers))
  }

  private func projectedMomentum(at progress: Schedule.Progress) -> Double {
    switch options.momentum {
    case .automatic:
      StepBudget.momentum(stepsPerEpoch: progress.stepsPerEpoch, layers: objective.model.layerCount)
    case .projected(let factor): factor
    case .averaged: 0
    }
  }

  private var averaging: Double? {
    if case .averaged(let factor) = options.momentum { return factor }
    return nil
  }

  /// Whether the direction is formed apart from the parameters.
  private func keepsDirection(_ momentum: Double) -> Bool {
    momentum > 0 || objective.l2 > 0 || search.isTrying || averaging != nil
  }

  /// The centre d_0, from the last direction and L2: with c = lambda / (lambda + l2) it is
  /// c momentum d - l2 / (lambda + l2) theta on penalised parameters and momentum d on the others. Its margins cost one
  /// pushforward. An average of directions stays apart.
  private mutating func recenter(_ parameters: Parameters<Scalar>, damping: Double, momentum: Double) {
    let pull = objective.l2 / (damping + objective.l2)
    if averaging != nil {
      if state.memory.values.isEmpty {
        state.memory.values = [Scalar](repeating: 0, count: parameters.layout.trainableCount)
      }
      if DirectionMemory.center(&fresh, parameters, pull: pull) { descent.setCenter(fresh, scale: 1) }
    } else if state.memory.recenter(parameters, pull: pull, momentum: momentum) {
      descent.setCenter(state.memory.values, scale: state.memory.scale)
    }
  }

  /// Completes the direction that was solved for; what is stepped along is the result times the remembered values.
  private mutating func remember() -> Scalar {
    guard let averaging else {
      descent.addDirection(factor: 1 / state.memory.scale, beta: ParameterLayout.Factors(1), to: &state.memory.values)
      return state.memory.scale
    }
    descent.addDirection(factor: 1, beta: ParameterLayout.Factors(1), to: &fresh)
    return state.memory.average(fresh, beta: averaging)
  }

  /// Line search and gain ratio along `unit` times the remembered values. A step that does not lower the objective is
  /// rejected, and momentum forgotten.
  private mutating func tryStep(
    _ parameters: inout Parameters<Scalar>, _ batch: Batch<Scalar>, unit: Scalar, _ report: inout StepReport
  ) {
    let along = descent.along(state.memory.values)
    let start = parameters
    descent.release()
    var memory = state.search
    let found = search.along(
      from: report.objective, slope: along.slope * Double(unit),
      curvature: along.curvature * Double(unit) * Double(unit), &memory
    ) { length in
      var moved = start
      moved.move(by: Scalar(length) * unit, along: state.memory.values)
      return evaluate(moved, batch).value
    }
    state.search = memory
    descent.release()
    report.stepLength *= found.length
    report.gainRatio = found.measuredRatio
    state.damping.adapt(options.damping, ratio: found.gainRatio)
    guard found.isAccepted else { return state.memory.forget() }
    state.memory.move(&parameters, by: Scalar(found.length) * unit)
    report.outcome = .accepted
  }

  /// Takes the last step back if the objective on this batch says that it should: it is worse than the running mean
  /// beyond its standard error, and without the step it is better. A batch that is merely hard takes nothing back.
  private mutating func undoLastStep(
    _ parameters: inout Parameters<Scalar>, _ batch: Batch<Scalar>,
    _ objective: inout GaussNewtonOptions.TrustRegion.Objective
  ) -> Bool {
    guard state.memory.applied != 0, search.refuses(objective, state.search) else { return false }
    descent.release()
    let current = parameters
    state.memory.takeBack(&parameters)
    let earlier = evaluate(parameters, batch)
    guard earlier.value.isFinite, !(earlier.value >= objective.value) else {
      parameters = current
      if objective.value.isFinite { objective = evaluate(parameters, batch) }
      return false
    }
    state.search.trustRegion.shrink()
    state.memory.forget()
    objective = earlier
    return true
  }

  /// Up to here finite parameters stay finite: what momentum (at most 1e4 / (1 - mu), the least scale in it) makes of
  /// such directions is less than half the spacing of the largest numbers.
  private static func largestBound(_ momentum: Double) -> Double {
    Double(Scalar.greatestFiniteMagnitude.ulp) * 1e-5 * (1 - momentum)
  }
}

extension GaussNewtonOptimizer {
  public func check(batchRows rows: Int) throws(OptimizerError) {
    guard descent.curvature.isHessian, options.descent.solver.isExact else { return }
    let (outputs, budget) = (objective.model.outputWidth, options.descent.memoryBudget)
    if Descent.outputsFit(rows, objective.model, options.descent) { return }
    let needed = OutputGram<ModelType>.systemBytes(rows: rows, outputs: outputs)
    var fitting = rows
    while fitting > 1 && !Descent.outputsFit(fitting, objective.model, options.descent) {
      fitting -= max(1, fitting / 16)
    }
    let smaller =
      Descent.outputsFit(fitting, objective.model, options.descent) ? "a batch of at most \(fitting) rows, " : ""
    throw OptimizerError(
      "exact Gauss-Newton solves a system over all outputs: \(rows) rows x \(outputs) outputs = \(rows * outputs) "
        + "unknowns take \(Self.megabytes(needed)) MB and work areas, the budget is \(Self.megabytes(Double(budget))) MB: use "
        + "\(smaller)a larger memory-budget, conjugate gradient on the same matrix (curvature ggn, solver cg) or fgn")
  }

  private static func megabytes(_ bytes: Double) -> Int { Int((bytes / 1_048_576).rounded(.up)) }
}
