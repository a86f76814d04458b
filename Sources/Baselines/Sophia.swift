import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `Sophia`: the source's defaults.
package struct SophiaOptions: Sendable, Codable, Equatable {
  /// Rate, penalties, clipping of the gradient's norm. The source's rates are about 6e-4, its weight decay 0.2.
  package var gradient: GradientOptions
  /// Decay of the mean of gradients, 0..<1.
  package var beta1: Double
  /// Decay of the mean of curvatures, 0..<1.
  package var beta2: Double
  /// gamma, above 0: a parameter moves by the whole rate where |m| is at least gamma h.
  package var gamma: Double
  /// k, at least 1: the curvature is estimated every k steps.
  package var interval: Int
  /// Of the targets that are drawn.
  package var seed: UInt64
  /// epsilon: the least that gamma h counts for.
  package var epsilon = 1e-12

  package init(
    gradient: GradientOptions = GradientOptions(learningRate: LearningRate(6e-4), weightDecay: 0.2),
    beta1: Double = 0.96, beta2: Double = 0.99, gamma: Double = 0.05, interval: Int = 10, seed: UInt64 = 0
  ) {
    precondition(
      beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && gamma > 0 && interval >= 1,
      "Sophia needs betas in 0..<1, gamma above 0 and an interval of at least 1")
    self.gradient = gradient
    self.beta1 = beta1
    self.beta2 = beta2
    self.gamma = gamma
    self.interval = interval
    self.seed = seed
  }
}

/// Sophia-G: clipped steps along a mean of gradients over a mean of curvatures, estimated by Gauss-Newton-Bartlett.
///
/// m <- beta1 m + (1 - beta1) g; in every k-th step, the first one included, h <- beta2 h + (1 - beta2) R u^2, u the
/// gradient of the batch's R rows with targets drawn from the model (for losses without a distribution: see
/// `LossRows.sampledDescent`); then x <- x - rate clip(m / max(gamma h, epsilon)) element by element, clip to -1...1,
/// after decay of the penalised parameters by rate * weightDecay. L2 is in g and not in h. One forward pass, one
/// pullback, another every k steps; state 2 P numbers. A step whose objective or gradient is not finite is rejected and
/// changes nothing. Source: Liu et al. 2023 (arXiv 2305.14342), algorithm 3.
///
/// ```swift
/// let decayed = GradientOptions(learningRate: LearningRate(1e-3, schedule: .cosine), weightDecay: 0.1)
/// var sophia = Sophia(Objective(head), options: SophiaOptions(gradient: decayed, seed: 7))
/// let report = sophia.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
package struct Sophia<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar

  package struct State: Codable, Sendable {
    /// m and h [P]; empty before the first step.
    package var mean: [Scalar] = []
    package var curvature: [Scalar] = []
    /// Steps that were accepted.
    package var steps = 0
  }

  package let options: SophiaOptions
  package var state = State()
  private var gradient: GradientStep<ModelType>
  private var sample = Matrix<Scalar>(rows: 0, columns: 0)
  private var sampled: [Scalar] = []

  package init(_ objective: Objective<ModelType>, options: SophiaOptions = SophiaOptions()) {
    self.options = options
    gradient = GradientStep(objective, options: options.gradient)
  }

  package var objective: Objective<ModelType> { gradient.objective }

  package var explanation: String { "clipped diagonal curvature, estimated every \(options.interval) steps" }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    var report = gradient.evaluate(at: parameters, on: batch, at: progress, path: "clipped", isReleased: false)
    defer { gradient.point.release() }
    guard report.outcome == .accepted else { return report }
    let count = gradient.values.count
    state.mean.resize(to: count)
    state.curvature.resize(to: count)
    if state.steps % options.interval == 0 {
      FisherEstimate.sampled.rows(
        of: gradient.point.rows, seed: options.seed, step: state.steps, into: &sample)
      gradient.point.pullback(sample, into: &sampled)
      report.modelPasses = gradient.point.counts.passes
      let rows = Double(batch.count)
      guard GradientStep<ModelType>.isSafe(rows * Double(sampled.dot(sampled))) else {
        report.outcome = .rejected
        return report
      }
      DiagonalCurvature.addSquares(
        sampled, alpha: Scalar((1 - options.beta2) * rows), beta: Scalar(options.beta2), to: &state.curvature,
        range: 0..<count)
    }
    state.mean.combine(Scalar(1 - options.beta1), gradient.values, beta: Scalar(options.beta1))
    gradient.point.release()
    gradient.decay(&parameters)
    DiagonalCurvature.moveClipped(
      &parameters.values, along: state.mean, curvature: state.curvature, gamma: Scalar(options.gamma),
      floor: Scalar(options.epsilon), rate: Scalar(gradient.rate))
    state.steps += 1
    return report
  }
}

extension GradientStep {
  /// Decay alone, for steps that are not along one direction.
  func decay(_ parameters: inout Parameters<Scalar>) {
    let factors = kept(rate: rate)
    guard factors.penalised != 1 else { return }
    for slice in parameters.layout.trainable where slice.isPenalised {
      parameters.values.scale(by: factors[slice], range: slice.range)
    }
  }
}
