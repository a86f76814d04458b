import FastGaussNewton
import Tasks

/// Any method, with settings for the task where none are given.
struct TaskOptimizer {
  let method: TrainingMethod

  init(_ text: String) throws(TrainingMethod.Failure) { method = try TrainingMethod(text) }

  private var isGaussNewton: Bool { method.name.options.contains(.dampingFactor) }

  /// For a linear model that fits its batches exactly: hardly any damping, full steps.
  func forGains(of task: GainLearning) -> any Optimizer<LinearHead<Double>> {
    if let options = gaussNewton(damping: .fixed(1e-6), radius: .infinity) {
      return GaussNewtonOptimizer(task.objective, options: options)
    }
    return completed(learningRate: 1e-2, schedule: .linear).make(task.objective).optimizer
  }

  /// Steps of a fit for `GainLearning`.
  var updatesPerFit: Int { isGaussNewton ? 2 : 100 }

  /// For a network whose targets move: no momentum, nothing taken back, and a trust region in the units of values.
  func forValues(of model: Network<Float>, _ task: ValueTask, seed: UInt64) -> any Optimizer<Network<Float>> {
    let objective = Objective(model, loss: SelectedSquaredLoss())
    if let options = gaussNewton(damping: .automatic(factor: task.damping), radius: task.radius) {
      return GaussNewtonOptimizer(objective, options: options)
    }
    return completed(learningRate: task.learningRate, schedule: .constant).make(objective, seed: seed).optimizer
  }

  /// Where only the name of the method is given. With one selected output EGN is FGN.
  private func gaussNewton(damping: GaussNewtonOptions.Damping, radius: Double) -> GaussNewtonOptions? {
    guard method == TrainingMethod(.egn) || method == TrainingMethod(.fgn) else { return nil }
    return GaussNewtonOptions(
      descent: DescentOptions(curvature: .ggn, solver: .gram), damping: damping,
      trustRegion: GaussNewtonOptions.TrustRegion(radius: radius, warmUp: 0), momentum: 0, schedule: .constant)
  }

  /// With Adam's learning rate, a schedule, and no momentum for Gauss-Newton where they are not given.
  private func completed(learningRate: Double, schedule: Schedule) -> TrainingMethod {
    var result = method
    if method.name.options.contains(.schedule), result.settings[.schedule] == nil {
      result.settings[.schedule] = .word(schedule.rawValue)
    }
    if [.adam, .adamw].contains(method.name), result.settings[.learningRate] == nil {
      result.settings[.learningRate] = .number(learningRate)
    }
    if isGaussNewton, result.settings[.momentum] == nil, result.settings[.averaging] == nil {
      result.settings[.momentum] = 0
    }
    return result
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
