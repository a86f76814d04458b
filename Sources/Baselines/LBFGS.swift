import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `LBFGS`.
package struct LBFGSOptions: Sendable, Codable, Equatable {
  /// Pairs of steps and gradient changes that are remembered, at least 1; each is 2 P numbers.
  package var history: Int
  /// How far along the direction.
  package var lineSearch: StrongWolfe
  /// A pair with y . s at most this is not remembered.
  package var minimumCurvature: Double
  /// What the pairs are put into.
  package var metric = Metric.scaled

  /// The inverse curvature before any pair is put in.
  package enum Metric: String, Sendable, Codable, CaseIterable {
    /// A multiple of the identity, y . s / y . y of the last pair: the source's.
    case scaled
    /// Kronecker factors of the full Gauss-Newton matrix, taken anew after 1, 2, 4, 8, ... steps.
    case kronecker
  }

  package init(
    history: Int = 10, lineSearch: StrongWolfe = StrongWolfe(), minimumCurvature: Double = 1e-10
  ) {
    precondition(history >= 1 && minimumCurvature >= 0, "a history holds pairs, and curvatures are at least 0")
    self.history = history
    self.lineSearch = lineSearch
    self.minimumCurvature = minimumCurvature
  }
}

/// Limited-memory BFGS with a strong Wolfe line search (Liu & Nocedal 1989; Nocedal & Wright 2006, chapter 7).
///
/// A step is one iteration: direction -H g from the remembered pairs s (step) and y (change of the gradient), first
/// trial 1, or min(1, 1 / |g|_1) while nothing is remembered. Its use is the whole data set as one batch; there the
/// iterates are those of `torch.optim.LBFGS` with `strong_wolfe`. On mini-batches both gradients of a pair are of the
/// same batch, and pairs without curvature are skipped, so that the direction is always one of descent.
///
/// With `Metric.kronecker` the pairs correct Kronecker factors of the curvature in place of a multiple of the identity:
/// far fewer steps where features are of unequal scale or correlated.
///
/// Cost: a forward pass and a pullback for the start and for each trial, about two a step; 2 history P numbers. Where
/// objective or gradient are not finite the step is rejected; where no trial is better the parameters stay, the step
/// length is 0 and what was remembered is forgotten: so it is at the minimum.
///
/// ```swift
/// var lbfgs = LBFGS(Objective(head, l2: 1e-3))
/// for step in 0..<20 { _ = lbfgs.step(&parameters, on: data.batch, at: Schedule.Progress(step: step, total: 20)) }
/// ```
package struct LBFGS<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar

  package struct State: Codable, Sendable {
    var memory = CurvaturePairs<Scalar>()
    var metric = KroneckerMetric<Scalar>()
    /// Accepted steps so far.
    package var steps = 0
  }

  package let options: LBFGSOptions
  package var state = State()
  private var point: ObjectivePoint<ModelType>
  private var loop: LBFGSLoop<Scalar>
  /// Parameters [P] at the start of the step.
  private var origin: [Scalar] = []
  /// A product with the metric [P].
  private var image: [Scalar] = []
  private var work = KroneckerFactors<Scalar>.Workspace()

  package init(_ objective: Objective<ModelType>, options: LBFGSOptions = LBFGSOptions()) {
    self.options = options
    point = ObjectivePoint(objective)
    loop = Self.loop(options)
  }

  private static func loop(_ options: LBFGSOptions) -> LBFGSLoop<Scalar> {
    LBFGSLoop(
      history: options.history, lineSearch: options.lineSearch, minimumCurvature: options.minimumCurvature)
  }

  package var objective: Objective<ModelType> { point.objective }

  package var explanation: String { "L-BFGS of \(state.memory.pairs.count) pairs" }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    point.counts = PassCounts()
    var loop = exchange(&self.loop, with: Self.loop(options))
    defer { self.loop = loop }
    let isDue = LBFGSLoop<Scalar>.renewsMetric(after: state.steps) || state.metric.isEmpty
    let value = evaluate(
      parameters, batch, into: &loop.gradient, updatesMetric: options.metric == .kronecker && isDue)
    var report = StepReport(outcome: .rejected, objective: value, stepLength: 0, path: "wolfe")
    if value.isFinite, loop.gradient.norm.isFinite {
      state.steps += 1
      report.outcome = .accepted
      move(&parameters, &loop, batch, &report)
    }
    report.modelPasses = point.counts.passes
    return report
  }

  /// Moves to the best point along the direction.
  private mutating func move(
    _ parameters: inout Parameters<Scalar>, _ loop: inout LBFGSLoop<Scalar>, _ batch: Batch<Scalar>,
    _ report: inout StepReport
  ) {
    origin.resize(to: loop.gradient.count)
    origin.combine(1, parameters.values, range: 0..<origin.count, beta: 0)
    var memory = exchange(&state.memory, with: CurvaturePairs())
    var norm: Double?
    let step = loop.step(from: report.objective, with: &memory, hasMetric: !state.metric.isEmpty) { vector, scale in
      if state.metric.isEmpty { return vector.scale(by: Scalar(scale)) }
      state.metric.apply(vector, scale: Scalar(scale), into: &image, using: &work)
      swap(&vector, &image)
    } evaluate: { length, direction, gradient in
      let size = norm ?? Double(direction.norm)
      norm = size
      guard GradientStep<ModelType>.isSafe(length * size) else { return nil }
      parameters.values.combine(1, origin, range: 0..<origin.count, beta: 0)
      parameters.move(by: Scalar(length), along: direction)
      return evaluate(parameters, batch, into: &gradient)
    }
    state.memory = memory
    report.stepLength = step.length
    guard let search = step.search else { return }
    report.solve = SolveReport(
      outcome: search.isAccepted ? .converged : .iterationLimit, iterations: search.trials)
    if step.length == 0 { parameters.values.combine(1, origin, range: 0..<origin.count, beta: 0) }
  }

  /// The objective, and its gradient, which is left alone if the objective is not finite; and on demand the metric
  /// there.
  private mutating func evaluate(
    _ parameters: Parameters<Scalar>, _ batch: Batch<Scalar>, into gradient: inout [Scalar],
    updatesMetric: Bool = false
  ) -> Double {
    defer { point.release() }
    let value = point.evaluate(at: parameters, batch: batch)
    guard value.isFinite else { return value }
    point.gradient(into: &gradient)
    if updatesMetric, gradient.norm.isFinite { state.metric.update(&point, using: &work) }
    return value
  }
}
