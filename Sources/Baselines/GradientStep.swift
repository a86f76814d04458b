import LinearAlgebra
import Losses
import Models
import Optimization

/// What every method with a learning rate shares: the gradient of a batch, clipped; decay; and steps that are finite.
///
/// `evaluate` gives the gradient and a report that is `accepted` or, where something is not finite, `rejected`; `move`
/// takes the step. One pass over P numbers for the norm, one for the move; decay is part of the move.
///
/// ```swift
/// var gradient = GradientStep(Objective(head), options: GradientOptions(learningRate: LearningRate(0.1)))
/// let report = gradient.evaluate(
///   at: parameters, on: batch, at: Schedule.Progress(step: 0, total: 10), path: "descent")
/// let isTaken = report.outcome == .accepted && gradient.move(&parameters, along: gradient.values)
/// ```
package struct GradientStep<ModelType: Model>: Sendable {
  package typealias Scalar = ModelType.Scalar
  package let options: GradientOptions
  package var point: ObjectivePoint<ModelType>
  /// The gradient [P] of the objective with L2, clipped.
  package private(set) var values: [Scalar] = []
  /// The rate of the step at hand.
  package private(set) var rate = 0.0

  package init(_ objective: Objective<ModelType>, options: GradientOptions) {
    self.options = options
    point = ObjectivePoint(objective)
  }

  package var objective: Objective<ModelType> { point.objective }

  /// Objective, gradient and rate on a batch: one forward pass and one pullback. The report is `rejected` if the
  /// objective or the gradient's norm is not finite; its step length is the rate, its shortening what clipping did.
  ///
  /// - Parameters:
  ///   - isReleased: whether to let go of batch and parameters; false for methods that go on with curvature products,
  ///     which release the objective themselves before they move.
  package mutating func evaluate(
    at parameters: Parameters<Scalar>, on batch: Batch<Scalar>, at progress: Schedule.Progress, path: String,
    isReleased: Bool = true
  ) -> StepReport {
    defer { if isReleased { point.release() } }
    point.counts = PassCounts()
    rate = options.learningRate.value(at: progress)
    var report = StepReport(
      outcome: .rejected, objective: point.evaluate(at: parameters, batch: batch), stepLength: rate, path: path)
    report.modelPasses = point.counts.passes
    guard report.objective.isFinite else { return report }
    point.gradient(into: &values)
    report.modelPasses = point.counts.passes
    let norm = Double(values.norm)
    guard Self.isSafe(options.learningRate.base * norm) else { return report }
    if let clipping = options.clipping, norm > clipping {
      report.shortening = clipping / (norm + 1e-6)  // PyTorch's clip_grad_norm_
      values.scale(by: Scalar(report.shortening))
    }
    report.outcome = .accepted
    return report
  }

  /// Decay, then a step of -rate along `direction` [P]; by default at the rate of `evaluate`. Returns false and changes
  /// nothing if the direction is not finite: one pass more, which is spared for the gradient itself.
  package mutating func move(
    _ parameters: inout Parameters<Scalar>, along direction: [Scalar], rate: Double? = nil, isChecked: Bool = false
  ) -> Bool {
    let rate = rate ?? self.rate
    guard isChecked || Self.isSafe(rate * Double(direction.norm)) else { return false }
    for part in parts(parameters.layout, rate: rate) {
      parameters.values.combine(Scalar(-rate), direction, range: part.range, beta: part.kept)
    }
    return true
  }

  /// What decay leaves of each kind of parameter: 1 - rate weightDecay of the penalised ones, at least 0.
  package func kept(rate: Double) -> ParameterLayout.Factors<Scalar> {
    ParameterLayout.Factors(penalised: Scalar(max(0, 1 - rate * options.weightDecay)), free: 1)
  }

  /// The parameters in as few ranges as decay allows, and what it leaves of each: for updates of one pass.
  package func parts(_ layout: ParameterLayout, rate: Double) -> [(range: Range<Int>, kept: Scalar)] {
    let kept = kept(rate: rate)
    guard kept.penalised != 1 else { return [(0..<layout.trainableCount, 1)] }
    return layout.trainable.map { ($0.range, kept[$0]) }
  }

  /// Whether steps of this length, and a million of them, leave finite parameters finite: less than a millionth of the
  /// spacing of the largest numbers. False for NaN.
  package static func isSafe(_ length: Double) -> Bool {
    length <= Double(Scalar.greatestFiniteMagnitude.ulp) * 1e-6
  }
}
