import LinearAlgebra
import Losses
import Models
import Optimization

/// Stochastic Gauss-Newton: one damped direction a batch, kept inside a trust region, with projected momentum.
///
/// A step, top to bottom: linearise (one forward pass, one fused pass over the logits); damping from the row Gram's
/// diagonal; centre from the last direction and L2 (one product with the rows); solve the B x B system; shorten; one
/// back-projection; update. A step after which the next batch's objective is worse beyond its standard error is
/// undone (see `TrustRegion`).
///
/// Cost for a linear head: three products of 2 B C D flops and the solver's own (see `Solver`); one vector of P numbers
/// beyond the parameters. Errors: none are thrown; a step that fails is `rejected` in its report. Source: arXiv
/// 2605.06081 for the curvature; the rest in docs/mathematics.md.
///
/// ```swift
/// let head = LinearHead<Float>(features: 2, classes: 3)
/// var parameters = Parameters<Float>(layout: head.layout)
/// var optimizer = GaussNewtonOptimizer(model: head)
/// let batch = Batch<Float>(features: Matrix(rows: 2, columns: 2, elements: [1, 0, 0, 1]), labels: [0, 2])
/// let report = optimizer.step(&parameters, on: batch, at: Progress(step: 0, total: 10))
/// ```
public struct GaussNewtonOptimizer<ModelType: Model>: Optimizer {
  public typealias Scalar = ModelType.Scalar

  /// What it remembers from step to step.
  public struct State: Codable, Sendable {
    /// The last direction, as `scale * direction`; empty at the start. Momentum shrinks the scale, not the buffer.
    public var direction: [Scalar] = []
    public var scale: Scalar = 1
    /// Factor with which `direction` went into the parameters last; 0 when there is nothing to undo.
    public var applied: Scalar = 0
    /// Directions in the average, for `Momentum.averaged`.
    public var averaged = 0
    public var lineSearch = LineSearch.State()
    /// Conjugate gradient iterations of the last such solve, for the choice of the next.
    public var observedIterations: Int?
    public var damping = Damping.State()
    public var trustRegion = TrustRegion.State()
  }

  public let options: GaussNewtonOptions
  public var state = State()
  var descent: Descent<ModelType>
  /// The direction of this batch, where it is averaged with earlier ones.
  private var fresh: [Scalar] = []

  public init(
    model: ModelType, loss: any Loss = CrossEntropy(), options: GaussNewtonOptions = GaussNewtonOptions()
  ) {
    self.options = options
    descent = Descent(model: model, loss: loss, options: options.descent)
  }

  public var explanation: String { descent.lastChoice.map { "\($0.solver.rawValue): \($0.reason)" } ?? "no step yet" }

  public mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Progress
  ) -> StepReport {
    defer { descent.release() }
    descent.modelPasses = 0
    descent.observedIterations = state.observedIterations
    var objective = evaluate(parameters, batch)
    let isUndone = undoLastStep(&parameters, batch, &objective)
    var report = StepReport(outcome: .rejected, objective: objective.value)
    if objective.value.isFinite {
      state.trustRegion.record(objective)
      takeStep(&parameters, batch, at: progress, &report)
      if isUndone && report.outcome == .accepted { report.outcome = .undone }
    }
    state.observedIterations = descent.observedIterations
    report.modelPasses = descent.modelPasses
    return report
  }

  /// Damping, direction and update on the batch that was evaluated; leaves `report` rejected where there is no step.
  private mutating func takeStep(
    _ parameters: inout Parameters<Scalar>, _ batch: Batch<Scalar>, at progress: Progress, _ report: inout StepReport
  ) {
    if descent.curvature != .ggn { descent.backpropagate() }
    let solver = descent.choice.solver
    let layers = descent.model.layerCount
    let momentum = projectedMomentum(at: progress)
    let damping = state.damping.next(
      options.damping, curvature: descent.meanRowCurvature(solver: solver, seed: UInt64(state.damping.steps)),
      batch: batch.count, layers: layers,
      relative: StepBudget.damping(stepsPerEpoch: progress.stepsPerEpoch, layers: layers),
      restraint: descent.loss.isQuadratic ? 1 : StepBudget.restraint(at: progress, layers: layers))
    guard damping.isFinite, damping > 0 else { return }
    if keepsDirection(momentum) { recenter(parameters, damping: damping, momentum: momentum) }
    let solution = descent.solve(damping: damping, l2: options.l2)
    (report.damping, report.path, report.solve) = (damping, solver.rawValue, solution.solve)
    report.shortening = options.trustRegion.shortening(solution.quadratic, at: progress, state: state.trustRegion)
    report.stepLength = options.schedule.factor(at: progress)
    let isSolved = solution.solve.outcome == .converged || solution.solve.outcome == .iterationLimit
    guard isSolved && solution.bound <= Self.largestBound(momentum) else {
      state.damping.raise()
      forget()
      return
    }
    let factor = Scalar(report.stepLength * report.shortening)
    guard keepsDirection(momentum) else {
      descent.addDirection(factor: factor, beta: SliceFactors(1), to: &parameters.values)
      report.outcome = .accepted
      return
    }
    let unit = remember()
    if isSearching {
      search(&parameters, batch, unit: factor * unit, &report)
    } else {
      descent.release()
      move(&parameters, by: factor * unit)
      report.outcome = .accepted
    }
    if averaging == nil { state.scale *= Scalar(report.shortening) }
  }

  private func projectedMomentum(at progress: Progress) -> Double {
    switch options.momentum {
    case .automatic:
      StepBudget.momentum(stepsPerEpoch: progress.stepsPerEpoch, layers: descent.model.layerCount)
    case .projected(let factor): factor
    case .averaged: 0
    }
  }

  private var isSearching: Bool {
    if case .gainRatio = options.damping { return true }
    return options.lineSearch != nil
  }

  private var averaging: Double? {
    if case .averaged(let factor) = options.momentum { return factor }
    return nil
  }

  /// Whether the direction is formed apart from the parameters.
  private func keepsDirection(_ momentum: Double) -> Bool {
    momentum > 0 || options.l2 > 0 || isSearching || averaging != nil
  }

  /// Completes the direction that was solved for; what is stepped along is the result times `state.direction`.
  private mutating func remember() -> Scalar {
    guard let averaging else {
      descent.addDirection(factor: 1 / state.scale, beta: SliceFactors(1), to: &state.direction)
      return state.scale
    }
    descent.addDirection(factor: 1, beta: SliceFactors(1), to: &fresh)
    state.direction.combine(Scalar(1 - averaging), fresh, beta: Scalar(averaging))
    state.averaged += 1
    return Scalar(1 / (1 - power(averaging, state.averaged)))
  }

  /// Moves along `state.direction`, so that it can be taken back.
  private mutating func move(_ parameters: inout Parameters<Scalar>, by factor: Scalar) {
    state.applied = factor
    parameters.move(by: factor, along: state.direction)
  }

  /// Line search and gain ratio along `unit` times `state.direction`: up to `trials` forward passes on the batch. A
  /// step that does not lower the objective is rejected, and momentum forgotten.
  private mutating func search(
    _ parameters: inout Parameters<Scalar>, _ batch: Batch<Scalar>, unit: Scalar, _ report: inout StepReport
  ) {
    let along = descent.along(state.direction, at: parameters, l2: options.l2)
    let (slope, curvature) = (along.slope * Double(unit), along.curvature * Double(unit) * Double(unit))
    let start = parameters
    descent.release()
    func objective(_ length: Double) -> Double {
      var moved = start
      moved.move(by: Scalar(length) * unit, along: state.direction)
      return evaluate(moved, batch).value
    }
    // Without a line search its whole length is tried, once.
    var memory = options.lineSearch == nil ? LineSearch.State() : state.lineSearch
    let found = (options.lineSearch ?? LineSearch(sufficientDecrease: 0, trials: 1)).search(
      from: report.objective, slope: slope, state: &memory, objective: objective)
    state.lineSearch = memory
    descent.release()
    let predicted = -(found.length * slope + 0.5 * found.length * found.length * curvature)
    let ratio = (report.objective - found.objective) / predicted
    report.stepLength *= found.length
    report.gainRatio = ratio
    let isGood = found.objective.isFinite && found.isAccepted
    state.damping.adapt(options.damping, ratio: isGood ? ratio : -1)
    guard isGood else { return forget() }
    move(&parameters, by: Scalar(found.length) * unit)
    report.outcome = .accepted
  }

  /// Takes the last step back if the objective on this batch says that it should: it is worse than the running mean
  /// beyond its standard error, and without the step it is better. A batch that is merely hard takes nothing back.
  private mutating func undoLastStep(
    _ parameters: inout Parameters<Scalar>, _ batch: Batch<Scalar>, _ objective: inout TrustRegion.Objective
  ) -> Bool {
    guard state.applied != 0, state.trustRegion.refuses(objective, deviations: options.trustRegion.deviations) else {
      return false
    }
    descent.release()
    let current = parameters
    parameters.move(by: -state.applied, along: state.direction)
    let earlier = evaluate(parameters, batch)
    guard earlier.value.isFinite, !(earlier.value >= objective.value) else {
      parameters = current
      if objective.value.isFinite { objective = evaluate(parameters, batch) }
      return false
    }
    state.trustRegion.shrink()
    forget()
    objective = earlier
    return true
  }

  private mutating func evaluate(_ parameters: Parameters<Scalar>, _ batch: Batch<Scalar>) -> TrustRegion.Objective {
    descent.linearize(at: parameters, batch: batch)
    return TrustRegion.Objective(
      value: descent.objective(at: parameters, l2: options.l2), standardError: descent.rows.lossStandardError)
  }

  /// Turns the remembered direction into the centre d_0 = c mu d_prev - l2 / (lambda + l2) theta on penalised parameters,
  /// c = lambda / (lambda + l2), and mu d_prev on the others; its margins cost one pushforward. An average of directions
  /// stays apart.
  private mutating func recenter(_ parameters: Parameters<Scalar>, damping: Double, momentum: Double) {
    let isFirst = state.direction.isEmpty
    if isFirst { state.direction = [Scalar](repeating: 0, count: parameters.layout.trainableCount) }
    let pull = options.l2 / (damping + options.l2)
    if averaging != nil {
      fresh.resize(to: state.direction.count)
      fresh.fill(with: 0)
      guard options.l2 > 0 else { return }
      pullTowardZero(&fresh, parameters, pull, memory: 0)
      return descent.setCenter(fresh, scale: 1)
    }
    let memory = Scalar(momentum) * state.scale
    if options.l2 == 0 && memory > Scalar(1e-4) {
      state.scale = memory
      if isFirst { return }
    } else {
      pullTowardZero(&state.direction, parameters, pull, memory: memory)
      state.scale = 1
      if options.l2 == 0 && memory == 0 { return }
    }
    descent.setCenter(state.direction, scale: state.scale)
  }

  /// direction = memory (1 - pull) direction - pull theta on penalised parameters, memory direction on the others.
  private func pullTowardZero(
    _ direction: inout [Scalar], _ parameters: Parameters<Scalar>, _ pull: Double, memory: Scalar
  ) {
    for slice in parameters.layout.trainable {
      if slice.isPenalised && options.l2 > 0 {
        direction.combine(Scalar(-pull), parameters.values, range: slice.range, beta: memory * Scalar(1 - pull))
      } else {
        direction.scale(by: memory, range: slice.range)
      }
    }
  }

  /// Up to here finite parameters stay finite: what momentum (at most 1e4 / (1 - mu), the least scale in it) makes of
  /// such directions is less than half the spacing of the largest numbers.
  private static func largestBound(_ momentum: Double) -> Double {
    Double(Scalar.greatestFiniteMagnitude.ulp) * 1e-5 * (1 - momentum)
  }

  private mutating func forget() {
    state.direction.fill(with: 0)
    state.applied = 0
    state.scale = 1
    state.averaged = 0
  }

  private func power(_ base: Double, _ exponent: Int) -> Double {
    (0..<exponent).reduce(1) { value, _ in value < 1e-20 ? 0 : value * base }
  }
}

extension GaussNewtonOptimizer {
  public func check(batchRows rows: Int) throws(OptimizerError) {
    guard descent.curvature == .ggn, options.descent.solver.isExact else { return }
    let (outputs, budget) = (descent.model.outputWidth, options.descent.memoryBudget)
    if Descent.outputsFit(rows, descent.model, options.descent) { return }
    let needed = OutputGram<ModelType>.systemBytes(rows: rows, outputs: outputs)
    var fitting = rows
    while fitting > 1 && !Descent.outputsFit(fitting, descent.model, options.descent) {
      fitting -= max(1, fitting / 16)
    }
    let smaller =
      Descent.outputsFit(fitting, descent.model, options.descent) ? "a batch of at most \(fitting) rows, " : ""
    throw OptimizerError(
      "exact Gauss-Newton solves a system over all outputs: \(rows) rows x \(outputs) outputs = \(rows * outputs) "
        + "unknowns take \(Self.megabytes(needed)) MB and work areas, the budget is \(Self.megabytes(Double(budget))) MB: use "
        + "\(smaller)a larger memory-budget, conjugate gradient on the same matrix (curvature ggn, solver cg) or fgn")
  }

  private static func megabytes(_ bytes: Double) -> Int { Int((bytes / 1_048_576).rounded(.up)) }
}
