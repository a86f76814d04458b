import LinearAlgebra
import Losses
import Models
import Optimization
import RealModule

/// Settings of `Adam`: the source's defaults.
package struct AdamOptions: Sendable, Codable, Equatable {
  /// Rate, penalties, clipping. With a weight decay above 0 this is AdamW.
  package var gradient: GradientOptions
  /// Decay of the mean of gradients, 0..<1.
  package var beta1: Double
  /// Decay of the mean of squared gradients, 0..<1.
  package var beta2: Double
  /// Above 0.
  package var epsilon: Double

  package init(
    gradient: GradientOptions = GradientOptions(learningRate: LearningRate(1e-3)), beta1: Double = 0.9,
    beta2: Double = 0.999, epsilon: Double = 1e-8
  ) {
    precondition(
      beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0,
      "Adam needs betas in 0..<1 and epsilon above 0, got \(beta1), \(beta2), \(epsilon)")
    self.gradient = gradient
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }
}

/// Adam (Kingma & Ba 2015), and AdamW (Loshchilov & Hutter 2019) where there is weight decay.
///
/// m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2; after t steps x <- x - rate m' / (sqrt(v') + epsilon),
/// m' = m / (1 - beta1^t), v' = v / (1 - beta2^t), after decay of the penalised parameters by rate * weightDecay. L2 is
/// in g. One forward pass, one pullback, one fused pass over P numbers; state 2 P. A step whose objective or gradient
/// is not finite is rejected: it changes nothing and does not count in t.
///
/// ```swift
/// let gentle = GradientOptions(learningRate: LearningRate(1e-3, schedule: .cosine, warmUp: 0.05), weightDecay: 0.01)
/// var adamW = Adam(Objective(head), options: AdamOptions(gradient: gentle))
/// let report = adamW.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
package struct Adam<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar

  package struct State: Codable, Sendable {
    /// m and v [P]; empty before the first step.
    package var first: [Scalar] = []
    package var second: [Scalar] = []
    /// t, steps that were accepted.
    package var steps = 0
  }

  package let options: AdamOptions
  package var state = State()
  private var gradient: GradientStep<ModelType>

  package init(_ objective: Objective<ModelType>, options: AdamOptions = AdamOptions()) {
    self.options = options
    gradient = GradientStep(objective, options: options.gradient)
  }

  package var objective: Objective<ModelType> { gradient.objective }

  package var explanation: String { options.gradient.weightDecay > 0 ? "AdamW" : "Adam" }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    let report = gradient.evaluate(at: parameters, on: batch, at: progress, path: "gradient")
    guard report.outcome == .accepted else { return report }
    state.first.resize(to: gradient.values.count)
    state.second.resize(to: gradient.values.count)
    state.steps += 1
    let update = AdamUpdate(
      beta1: options.beta1, beta2: options.beta2, epsilon: options.epsilon,
      rate: gradient.rate / (1 - Double.pow(options.beta1, Double(state.steps))),
      root: 1 / (1 - Double.pow(options.beta2, Double(state.steps))).squareRoot())
    for part in gradient.parts(parameters.layout, rate: gradient.rate) {
      update.apply(
        to: &parameters.values, gradient: gradient.values, first: &state.first, second: &state.second,
        range: part.range, kept: part.kept)
    }
    return report
  }
}
