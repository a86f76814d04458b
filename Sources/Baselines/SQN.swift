import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `SQN`.
package struct SQNOptions: Sendable, Codable, Equatable {
  /// m, pairs that are remembered, at least 1.
  package var memory: Int
  /// lambda, above 0: what holds the estimate to a multiple of the identity; changes of the gradient have length 1.
  package var regularization: Double
  /// The search, anew in every step from its longest.
  package var lineSearch: LineSearch
  /// xi, above 0: the longest step is at most xi / k in step k, as in the source's convergence proof; nil for no such
  /// limit.
  package var stepDecay: Double?
  /// Factor of gamma after a step that took the longest length at once, at least 1.
  package var scaleGrowth = 1.5

  package init(
    memory: Int = 20, regularization: Double = 1e-2,
    lineSearch: LineSearch = LineSearch(sufficientDecrease: 0.1, backtracking: 0.5, trials: 11, growth: 1),
    stepDecay: Double? = nil
  ) {
    precondition(memory >= 1 && regularization > 0, "a memory of at least 1, regularisation above 0")
    precondition(stepDecay.map { $0 > 0 } ?? true, "a step decay is above 0")
    self.memory = memory
    self.regularization = regularization
    self.lineSearch = lineSearch
    self.stepDecay = stepDecay
  }
}

/// Stochastic quasi-Newton with line search: the inverse Hessian by regularised least squares over the last pairs.
///
/// A pair is a step s and the change y of the gradient over it on the same batch, both divided by |y|; those with
/// s^T y <= 1e-8 |s| |y| are left out. With S, Y [P, m] the direction is -H g for
///
///     H = argmin |H Y - S|^2 + lambda |H - gamma I|^2 = gamma I + (S - gamma Y) (lambda I + Y^T Y)^-1 Y^T
///
/// by a Cholesky factor of order m in double. H is not symmetric: where the slope -g^T H g is above -0.1 gamma |g|^2 the
/// direction is turned toward -g until it is that. gamma starts at min(1, 1 / |g|), grows by `scaleGrowth` after a step
/// whose longest length was taken and is multiplied with the length of any other. The length is by an Armijo search on
/// the same batch. A step costs two pullbacks, a forward pass and one more a trial, 4 m P flops, and 2 m + 4 vectors of
/// P numbers. Rejected, with parameters left alone: an objective, a gradient or a direction that is not finite, and a
/// search that finds no descent; after the last two the pairs are forgotten.
///
/// Sources: the line search of Wills & Schon 2019 (arXiv 1909.01238); the limited-memory least squares of Wills, Schon
/// & Jidling 2018 (arXiv 1810.01269), whose factor is updated where ours is computed anew. The constants of the turn
/// and of gamma are ours.
///
/// ```swift
/// var sqn = SQN(Objective(head), options: SQNOptions(memory: 5))
/// let report = sqn.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
package struct SQN<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar

  /// A step, the change of the gradient (length 1), and its products with those of the pairs before and itself.
  struct Pair: Codable, Sendable {
    var step: [Scalar]
    var change: [Scalar]
    var products: [Double]
  }

  package struct State: Codable, Sendable {
    /// The oldest first.
    var pairs: [Pair] = []
    /// gamma; nil before the first step.
    package var scale: Double?
    /// Steps that were taken.
    package var steps = 0
  }

  /// delta.
  private static var leastSlope: Double { 0.1 }

  package let options: SQNOptions
  package var state = State()
  private var gradient: GradientStep<ModelType>
  private var cholesky = Cholesky<Double>()
  private var direction: [Scalar] = []
  private var next: [Scalar] = []
  private var trial: Parameters<Scalar>

  package init(_ objective: Objective<ModelType>, options: SQNOptions = SQNOptions()) {
    self.options = options
    let rate = LearningRate(options.lineSearch.maximum)
    gradient = GradientStep(objective, options: GradientOptions(learningRate: rate))
    trial = Parameters(layout: objective.model.layout)
  }

  package var objective: Objective<ModelType> { gradient.objective }

  package var explanation: String { "least squares over \(options.memory) pairs, Armijo search" }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    var report = gradient.evaluate(at: parameters, on: batch, at: progress, path: "least squares", isReleased: false)
    defer { gradient.point.release() }
    guard report.outcome == .accepted else { return report }
    report.outcome = .rejected
    let norm = Double(gradient.values.norm)
    let scale = state.scale ?? min(1, 1 / max(norm, .leastNormalMagnitude))
    setDirection(scale: scale)
    var slope = Double(gradient.values.dot(direction))
    let wanted = -Self.leastSlope * scale * norm * norm
    if slope > wanted {
      direction.combine(Scalar(-(slope - wanted) / (norm * norm)), gradient.values)
      slope = wanted
      report.path = "least squares, turned"
    }
    guard GradientStep<ModelType>.isSafe(Double(direction.norm)) else {
      forget()
      return report
    }
    var (search, searchState) = (options.lineSearch, LineSearch.State())
    if let decay = options.stepDecay { search.maximum = min(search.maximum, decay / Double(state.steps + 1)) }
    let result = search.search(from: report.objective, slope: slope, state: &searchState) { length in
      gradient.value(at: length, along: direction, from: parameters, on: batch, trial: &trial)
    }
    report.stepLength = result.length
    let isBetter = result.isAccepted || result.objective <= report.objective
    if isBetter { gradient.point.gradient(into: &next) }
    report.modelPasses = gradient.point.counts.passes
    guard isBetter, next.isFinite else {
      forget()
      return report
    }
    gradient.point.release()
    swap(&parameters.values, &trial.values)
    state.steps += 1
    state.scale = scale * (result.trials == 1 ? options.scaleGrowth : result.length)
    remember(length: result.length)
    report.outcome = .accepted
    return report
  }

  /// d = -H g.
  private mutating func setDirection(scale: Double) {
    let g = gradient.values
    direction.resize(to: g.count)
    direction.combine(Scalar(-scale), g, beta: 0)
    let (pairs, regularization) = (state.pairs, options.regularization)
    guard !pairs.isEmpty else { return }
    let failure = cholesky.refactor(order: pairs.count) { matrix in
      for i in pairs.indices {
        for j in 0...i { matrix[i, j] = pairs[i].products[pairs[i].products.count - 1 - i + j] }
        matrix[i, i] += regularization
      }
    }
    guard failure == nil else { return }
    var coefficients = pairs.map { Double($0.change.dot(g)) }
    cholesky.solve(&coefficients)
    for (pair, coefficient) in zip(pairs, coefficients) {
      direction.combine(Scalar(-coefficient), pair.step)
      direction.combine(Scalar(coefficient * scale), pair.change)
    }
  }

  /// Adds the pair of the step that was taken; `next` is the gradient after it, on the same batch.
  private mutating func remember(length: Double) {
    var (step, change) = (direction, next)
    step.scale(by: Scalar(length))
    change.combine(-1, gradient.values)
    let (curvature, size) = (Double(step.dot(change)), Double(change.norm))
    guard curvature > 1e-8 * Double(step.norm) * size, size > 0, GradientStep<ModelType>.isSafe(1 / size) else {
      return
    }
    step.scale(by: Scalar(1 / size))
    change.scale(by: Scalar(1 / size))
    if state.pairs.count == options.memory { state.pairs.removeFirst() }
    let products = state.pairs.map { Double($0.change.dot(change)) } + [1]
    state.pairs.append(Pair(step: step, change: change, products: products))
  }

  private mutating func forget() {
    state.pairs = []
    state.scale = nil
  }
}
