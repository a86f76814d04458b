import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `GaussNewtonOptimizer`. The defaults are one policy for every problem; its evidence is in benchmarks/.
public struct GaussNewtonOptions: Sendable, Codable, Equatable {
  /// Curvature and solver.
  public var descent: DescentOptions
  /// Penalty (l2 / 2) |penalised parameters|^2 of the objective, at least 0.
  public var l2: Double
  /// How lambda is set.
  public var damping: Damping
  /// How far a step may go, and when it is taken back.
  public var trustRegion: TrustRegion
  /// mu of projected momentum, 0..<1: each direction is regularised toward mu times the last one, for one product with
  /// the rows. Nil leaves it to `StepBudget`.
  public var momentum: Double?
  /// Step length over the run.
  public var schedule: Schedule

  public init(
    descent: DescentOptions = .training(), l2: Double = 0, damping: Damping = .automatic(),
    trustRegion: TrustRegion = TrustRegion(), momentum: Double? = nil, schedule: Schedule = .cosine
  ) {
    precondition(momentum.map { $0 >= 0 && $0 < 1 } ?? true && l2 >= 0, "momentum must be in 0..<1 and l2 at least 0")
    self.descent = descent
    self.l2 = l2
    self.damping = damping
    self.trustRegion = trustRegion
    self.momentum = momentum
    self.schedule = schedule
  }
}

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
    /// Conjugate gradient iterations of the last such solve, for the choice of the next.
    public var observedIterations: Int?
    public var damping = Damping.State()
    public var trustRegion = TrustRegion.State()
  }

  public let options: GaussNewtonOptions
  public var state = State()
  var descent: Descent<ModelType>

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
      takeStep(&parameters, size: batch.count, at: progress, &report)
      if isUndone && report.outcome == .accepted { report.outcome = .undone }
    }
    state.observedIterations = descent.observedIterations
    report.modelPasses = descent.modelPasses
    return report
  }

  /// Damping, direction and update on the batch that was evaluated; leaves `report` rejected where there is no step.
  private mutating func takeStep(
    _ parameters: inout Parameters<Scalar>, size: Int, at progress: Progress, _ report: inout StepReport
  ) {
    if options.descent.curvature != .ggn { descent.backpropagate() }
    let solver = descent.choice.solver
    let layers = descent.model.layerCount
    let momentum =
      options.momentum ?? StepBudget.momentum(stepsPerEpoch: progress.stepsPerEpoch, layers: layers)
    let damping = state.damping.next(
      options.damping, curvature: descent.meanRowCurvature(solver: solver, seed: UInt64(state.damping.steps)),
      batch: size,
      layers: layers,
      relative: StepBudget.damping(stepsPerEpoch: progress.stepsPerEpoch, layers: layers))
    guard damping.isFinite, damping > 0 else { return }
    let keepsDirection = momentum > 0 || options.l2 > 0
    if keepsDirection { recenter(parameters, damping: damping, momentum: momentum) }
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
    if keepsDirection {
      descent.addDirection(factor: 1 / state.scale, beta: SliceFactors(1), to: &state.direction)
      state.applied = factor * state.scale
      descent.release()
      parameters.move(by: state.applied, along: state.direction)
      state.scale *= Scalar(report.shortening)
    } else {
      descent.addDirection(factor: factor, beta: SliceFactors(1), to: &parameters.values)
    }
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
  /// c = lambda / (lambda + l2), and mu d_prev on the others; its margins cost one pushforward.
  private mutating func recenter(_ parameters: Parameters<Scalar>, damping: Double, momentum: Double) {
    let isFirst = state.direction.isEmpty
    if isFirst { state.direction = [Scalar](repeating: 0, count: parameters.layout.trainableCount) }
    let memory = Scalar(momentum) * state.scale
    if options.l2 == 0 && memory > Scalar(1e-4) {
      state.scale = memory
      if isFirst { return }
    } else {
      let pull = options.l2 / (damping + options.l2)
      for slice in parameters.layout.trainable {
        if slice.isPenalised && options.l2 > 0 {
          state.direction.combine(
            Scalar(-pull), parameters.values, range: slice.range, beta: memory * Scalar(1 - pull))
        } else {
          state.direction.scale(by: memory, range: slice.range)
        }
      }
      state.scale = 1
    }
    descent.setCenter(state.direction, scale: state.scale)
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
  }
}
