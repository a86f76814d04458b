/// A learning rate over the run: `base`, after a linear warm-up, times a schedule.
///
/// ```swift
/// let rate = LearningRate(0.1, schedule: .cosine, warmUp: 0.05)
/// let first = rate.value(at: Schedule.Progress(step: 0, total: 100))  // 0.02: a fifth of the way up
/// ```
package struct LearningRate: Sendable, Codable, Equatable {
  /// Above 0.
  package var base: Double
  package var schedule: Schedule
  /// Fraction of the run in which the rate rises in a straight line, 0..<1.
  package var warmUp: Double

  package init(_ base: Double, schedule: Schedule = .constant, warmUp: Double = 0) {
    precondition(base > 0 && base.isFinite && warmUp >= 0 && warmUp < 1, "a learning rate is above 0, got \(base)")
    self.base = base
    self.schedule = schedule
    self.warmUp = warmUp
  }

  /// The rate of the step that `progress` is about to take.
  package func value(at progress: Schedule.Progress) -> Double {
    let steps = warmUp * Double(progress.total)
    let ramp = steps > 1 ? min(1, Double(progress.step + 1) / steps) : 1
    return base * ramp * schedule.factor(at: progress)
  }
}

/// What every method that needs a learning rate shares.
package struct GradientOptions: Sendable, Codable, Equatable {
  package var learningRate: LearningRate
  /// Decoupled weight decay (Loshchilov & Hutter 2019), at least 0: before a step the penalised parameters shrink by
  /// rate * weightDecay.
  package var weightDecay: Double
  /// Largest Euclidean norm of the gradient, above 0: a longer one is scaled down. Nil for no limit.
  package var clipping: Double?

  package init(learningRate: LearningRate, weightDecay: Double = 0, clipping: Double? = nil) {
    precondition(weightDecay >= 0 && clipping.map { $0 > 0 } ?? true, "decay is at least 0, clipping above 0")
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.clipping = clipping
  }
}
