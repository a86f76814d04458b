import LinearAlgebra
import Losses
import Models
import Optimization

/// Settings of `SGD`.
package struct SGDOptions: Sendable, Codable, Equatable {
  /// Rate, penalties, clipping. The rate has no default in the sources: 0.1 is a start.
  package var gradient: GradientOptions
  /// mu, 0..<1.
  package var momentum: Double
  /// Whether the step looks ahead along the momentum.
  package var nesterov: Bool

  package init(
    gradient: GradientOptions = GradientOptions(learningRate: LearningRate(0.1)), momentum: Double = 0,
    nesterov: Bool = false
  ) {
    precondition(momentum >= 0 && momentum < 1, "momentum must be in 0..<1, got \(momentum)")
    precondition(!nesterov || momentum > 0, "Nesterov's step needs momentum above 0")
    self.gradient = gradient
    self.momentum = momentum
    self.nesterov = nesterov
  }
}

/// Stochastic gradient descent with momentum, as PyTorch has it.
///
/// v <- mu v + g, v = 0 at the start; then x <- x - rate v, or by Nesterov x <- x - rate (g + mu v), after decay (see
/// `GradientOptions`). One forward pass, one pullback and one fused pass over P numbers; P numbers of state if mu > 0.
/// A step whose objective or gradient is not finite is rejected and leaves parameters and momentum alone. Sources:
/// Robbins & Monro 1951, Polyak 1964, Sutskever et al. 2013.
///
/// ```swift
/// let rate = LearningRate(0.05, schedule: .cosine)
/// var sgd = SGD(
///   Objective(head), options: SGDOptions(gradient: GradientOptions(learningRate: rate), momentum: 0.9, nesterov: true)
/// )
/// let report = sgd.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 10))
/// ```
package struct SGD<ModelType: Model>: Optimizer {
  package typealias Scalar = ModelType.Scalar

  package struct State: Codable, Sendable {
    /// v [P]; empty before the first step, and without momentum.
    package var velocity: [Scalar] = []
  }

  package let options: SGDOptions
  package var state = State()
  private var gradient: GradientStep<ModelType>

  package init(_ objective: Objective<ModelType>, options: SGDOptions = SGDOptions()) {
    self.options = options
    gradient = GradientStep(objective, options: options.gradient)
  }

  package var objective: Objective<ModelType> { gradient.objective }

  package var explanation: String {
    options.momentum == 0
      ? "gradient descent" : "\(options.nesterov ? "Nesterov's " : "")momentum \(options.momentum)"
  }

  package mutating func step(
    _ parameters: inout Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress
  ) -> StepReport {
    let report = gradient.evaluate(at: parameters, on: batch, at: progress, path: "gradient")
    guard report.outcome == .accepted else { return report }
    guard options.momentum > 0 else {
      _ = gradient.move(&parameters, along: gradient.values, isChecked: true)
      return report
    }
    state.velocity.resize(to: gradient.values.count)
    let (mu, rate) = (options.momentum, gradient.rate)
    let update = MomentumUpdate(
      momentum: mu, alongGradient: options.nesterov ? rate : 0, alongVelocity: options.nesterov ? rate * mu : rate)
    for part in gradient.parts(parameters.layout, rate: rate) {
      update.apply(
        to: &parameters.values, gradient: gradient.values, velocity: &state.velocity, range: part.range,
        kept: part.kept)
    }
    return report
  }
}
