import ArgumentParser
import FastGaussNewton
import Tasks

/// The methods that `fgn task` offers, with their settings for each task.
enum TaskOptimizer: String, ExpressibleByArgument, CaseIterable {
  case egn, adam

  /// For a linear model that fits its batches exactly: hardly any damping, full steps.
  func forGains(of task: GainLearning) -> any Optimizer<Double> {
    switch self {
    case .egn:
      let options = GaussNewtonOptions(
        descent: DescentOptions(curvature: .ggn, solver: .gram), damping: .fixed(1e-6),
        trustRegion: TrustRegion(radius: .infinity, warmUp: 0), momentum: 0, schedule: .constant)
      return GaussNewtonOptimizer(model: task.model, loss: SquaredLoss(), options: options)
    case .adam: return Adam(model: task.model, loss: SquaredLoss(), options: Self.adam(1e-2, schedule: .linear))
    }
  }

  /// Steps of a fit for `GainLearning`.
  var updatesPerFit: Int { self == .egn ? 2 : 100 }

  /// For a network whose targets move: no momentum, nothing taken back, and a trust region in the units of values.
  func forValues(of model: Network<Float>, _ task: ValueTask) -> any Optimizer<Float> {
    switch self {
    case .egn:
      let options = GaussNewtonOptions(
        descent: DescentOptions(curvature: .ggn, solver: .gram), damping: .automatic(factor: task.damping),
        trustRegion: TrustRegion(radius: task.radius, warmUp: 0), momentum: 0, schedule: .constant)
      return GaussNewtonOptimizer(model: model, loss: SelectedSquaredLoss(), options: options)
    case .adam: return Adam(model: model, loss: SelectedSquaredLoss(), options: Self.adam(task.learningRate))
    }
  }

  private static func adam(_ rate: Double, schedule: Schedule = .constant) -> AdamOptions {
    AdamOptions(gradient: GradientOptions(learningRate: LearningRate(rate, schedule: schedule)))
  }
}

/// A task with actions: its settings, and what counts as learned.
struct ValueTask {
  /// Mean return of 100 greedy episodes.
  var goal: Double
  var options: ValueLearningOptions
  /// Factor of EGN's automatic damping, and the largest mean squared change of values in a step.
  var damping: Double
  var radius: Double
  /// Adam's.
  var learningRate: Double

  static var cartPole: ValueTask {
    ValueTask(goal: 475, options: .cartPole, damping: 1, radius: 10, learningRate: 1e-2)
  }

  static var acrobot: ValueTask {
    ValueTask(goal: -100, options: .acrobot, damping: 0.3, radius: 0.1, learningRate: 3e-3)
  }
}
