import LinearAlgebra
import Losses
import Models
import Optimization
import RealModule

/// Settings of `SGN`: those of the authors' program.
package struct SGNOptions: Sendable, Codable, Equatable {
  /// rho, at least 0: the multiple of the identity that is added to the curvature.
  package var damping: Double
  /// Conjugate gradient iterations a step, at least 1.
  package var iterations: Int
  /// Conjugate gradient stops at this residual, relative to the gradient.
  package var tolerance: Double
  /// alpha and its search, anew in every step; without one the step is always 1. A search that runs out of trials
  /// leaves its last step, as in the source.
  package var lineSearch: LineSearch?
  /// beta, 0..<1: the right-hand side is a mean of gradients, its bias corrected.
  package var momentum = 0.0
  /// Whether rho follows the gain ratio of the full step: times 3/2 below 1/4, times 2/3 above 3/4.
  package var adaptsDamping = false

  package init(
    damping: Double = 1e-3, iterations: Int = 10, tolerance: Double = 1e-6,
    lineSearch: LineSearch? = LineSearch(sufficientDecrease: 1e-4, backtracking: 0.5, trials: 11, growth: 1)
  ) {
    precondition(damping >= 0, "damping is at least 0, got \(damping)")
    precondition(iterations >= 1 && tolerance >= 0, "at least one iteration, and a tolerance of at least 0")
    self.damping = damping
    self.iterations = iterations
    self.tolerance = tolerance
    self.lineSearch = lineSearch
  }
}

/// Stochastic Gauss-Newton: a few iterations of conjugate gradient on the batch's own system in parameter space.
///
/// (GGN + l2 + rho) d = -m, started from zero; x <- x + alpha d with alpha by an Armijo search on the same batch. A
/// step costs a forward pass, a pullback, a pushforward and a pullback an iteration, and a forward pass a trial; seven
/// vectors of P numbers. Rejected, with parameters left alone: an objective, a direction or a last trial that is not
/// finite. Source: Gargiani et al. 2020 (arXiv 2006.02409); the defaults are those of its program.
///
/// ```swift
/// var sgn = SGN(Objective(head), options: SGNOptions(damping: 1e-2, iterations: 5))
/// let report = sgn.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
package struct SGN<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar

  package struct State: Codable, Sendable {
    /// Running mean of gradients [P]; empty without momentum.
    package var mean: [Scalar] = []
    /// Steps that `mean` has seen.
    package var steps = 0
    /// rho; nil before the first step.
    package var damping: Double?
  }

  package let options: SGNOptions
  package var state = State()
  private var gradient: GradientStep<ModelType>
  private var solver = ConjugateGradient<Scalar>()
  private var right: [Scalar] = []
  private var direction: [Scalar] = []
  private var trial: Parameters<Scalar>

  package init(_ objective: Objective<ModelType>, options: SGNOptions = SGNOptions()) {
    self.options = options
    let rate = LearningRate(options.lineSearch?.maximum ?? 1)
    gradient = GradientStep(objective, options: GradientOptions(learningRate: rate))
    trial = Parameters(layout: objective.model.layout)
  }

  package var objective: Objective<ModelType> { gradient.objective }

  package var explanation: String { "conjugate gradient in parameter space, \(options.iterations) iterations" }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    var report = gradient.evaluate(
      at: parameters, on: batch, at: progress, path: "conjugate gradient", isReleased: false)
    defer { gradient.point.release() }
    guard report.outcome == .accepted else { return report }
    report.outcome = .rejected
    report.damping = state.damping ?? options.damping
    report.solve = solve(damping: report.damping)
    report.modelPasses = gradient.point.counts.passes
    guard report.solve.outcome != .notFinite, GradientStep<ModelType>.isSafe(Double(direction.norm)) else {
      return report
    }
    // The source adds half of d^T r, r the residual: conjugate gradient leaves the two orthogonal.
    let predicted = 0.5 * Double(gradient.values.dot(direction))
    let slope = -Double(right.dot(direction))
    let (length, value, full) = search(from: parameters, on: batch, value: report.objective, slope: slope)
    report.stepLength = length
    report.modelPasses = gradient.point.counts.passes
    if options.adaptsDamping { adaptDamping(ratio: (full - report.objective) / predicted) }
    guard value.isFinite else { return report }
    gradient.point.release()
    swap(&parameters.values, &trial.values)
    report.outcome = .accepted
    return report
  }

  /// The direction of the system, by conjugate gradient from zero.
  private mutating func solve(damping: Double) -> SolveReport {
    let count = gradient.values.count
    right.resize(to: count)
    if options.momentum > 0 {
      state.mean.resize(to: count)
      state.steps += 1
      state.mean.combine(Scalar(1 - options.momentum), gradient.values, beta: Scalar(options.momentum))
      right.combine(Scalar(-1 / (1 - Double.pow(options.momentum, Double(state.steps)))), state.mean, beta: 0)
    } else {
      right.combine(-1, gradient.values, beta: 0)
    }
    direction.resize(to: count)
    direction.fill(with: 0)
    return solver.solve(
      &gradient.point, shift: Scalar(damping), right, adding: &direction,
      options: .init(tolerance: options.tolerance, maximumIterations: options.iterations))
  }

  /// Leaves x + length d in `trial`; the objective there, and at the full step.
  private mutating func search(
    from parameters: Parameters<Scalar>, on batch: Batch<Scalar>, value: Double, slope: Double
  ) -> (length: Double, value: Double, full: Double) {
    guard let lineSearch = options.lineSearch else {
      let value = gradient.value(at: 1, along: direction, from: parameters, on: batch, trial: &trial)
      return (1, value, value)
    }
    var (state, full) = (LineSearch.State(), Double.nan)
    let result = lineSearch.search(from: value, slope: slope, state: &state) { length in
      let value = gradient.value(
        at: length, along: direction, from: parameters, on: batch, trial: &trial)
      if full.isNaN { full = value }
      return value
    }
    return (result.length, result.objective, full)
  }

  /// - Parameter ratio: what the full step gained over what the system predicted.
  private mutating func adaptDamping(ratio: Double) {
    let damping = state.damping ?? options.damping
    if !(ratio >= 0.25) {
      state.damping = damping * 3 / 2
    } else if ratio > 0.75 {
      state.damping = damping * 2 / 3
    }
  }
}

extension GradientStep {
  /// The objective at parameters + length * direction, which is left in `trial`: one forward pass.
  mutating func value(
    at length: Double, along direction: [Scalar], from parameters: Parameters<Scalar>, on batch: Batch<Scalar>,
    trial: inout Parameters<Scalar>
  ) -> Double {
    point.release()
    trial.values.combine(1, parameters.values, beta: 0)
    trial.move(by: Scalar(length), along: direction)
    return point.evaluate(at: trial, batch: batch)
  }
}
