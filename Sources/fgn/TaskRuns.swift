import FastGaussNewton
import Figures
import Tasks

/// A plant and a seed.
struct GainRun: TaskRun {
  var plant: String
  var seed: UInt64
  /// Largest absolute eigenvalue of the plant, and with the learned gain.
  var spectralRadius: Double
  var closedLoop: Double
  /// |K - K*| / |K*|, in the end and after each fit.
  var gainError: Double
  var errors: [Double]
  var rejected: Int
  var wallSeconds: Double
  var cpuSeconds: Double

  static let fifths = 5

  init(_ task: GainLearning, optimizer: TaskOptimizer, seed: UInt64) {
    var task = task
    task.updates = optimizer.updatesPerFit
    var method = optimizer.forGains(of: task)
    let clock = RunClock(limit: nil)
    let result = task.run(&method, seed: seed)
    (wallSeconds, cpuSeconds) = (clock.wallSeconds, clock.cpuSeconds)
    plant = task.plant.name
    self.seed = seed
    spectralRadius = task.plant.spectralRadius
    closedLoop = task.plant.spectralRadius(with: result.gain)
    errors = result.errors
    gainError = errors.last ?? .infinity
    rejected = result.rejected
  }

  func reaches(_ goal: Double) -> Bool { gainError <= goal }

  static func show(_ runs: [GainRun]) {
    for run in runs {
      let marks = [1, 10, 30, 100, 300].filter { $0 < run.errors.count } + [run.errors.count]
      let errors = marks.map { "\($0): \(NumberText.significant(run.errors[$0 - 1]))" }.joined(separator: "  ")
      print(
        "\(run.plant), seed \(run.seed): spectral radius \(NumberText.fixed(run.spectralRadius, 3)), closed loop "
          + "\(NumberText.fixed(run.closedLoop, 3)), \(NumberText.significant(run.wallSeconds)) s")
      print("  gain error by fits  \(errors)")
    }
  }

  /// Of the first seed.
  static func figure(_ runs: [GainRun]) -> String {
    let lines = runs.filter { $0.seed == runs[0].seed }.map { run in
      Mark.line(
        Line(run.plant, x: run.errors.indices.map { Double($0 + 1) }, y: run.errors, markers: .none))
    }
    let panel = Panel(x: Axis("Fits"), y: Axis("Relative error of the gain", scale: .log10), marks: lines)
    return Figure(panels: [panel]).svg()
  }
}

/// A seed of a task with actions.
struct ValueRun: TaskRun {
  var seed: UInt64
  /// Over 100 greedy episodes of the kept network.
  var meanReturn: Double
  /// Steps in the environment: to learn, and to evaluate on the way.
  var steps: Int
  var evaluationSteps: Int
  /// Optimizer steps.
  var updates: Int
  var rejected: Int
  /// Of learning, evaluations on the way included.
  var wallSeconds: Double
  var cpuSeconds: Double
  /// Mean returns on the way.
  var curve: [Point]

  struct Point: Encodable {
    var step: Int
    var meanReturn: Double
  }

  static let fifths = 4

  init<World: Environment>(
    _ environment: World, task: ValueTask, options: ValueLearningOptions, optimizer: TaskOptimizer, seed: UInt64,
    onEvaluation: (Point) -> Void
  ) throws {
    let model = try Network<Float>(
      .mlp([environment.observationWidth, 64, 64, environment.actionCount], activation: Layers.Activation(.relu)))
    let learning = ValueLearning(environment: environment, model: model, options: options)
    var method = optimizer.forValues(of: model, task, seed: seed)
    let clock = RunClock(limit: nil)
    let result = try learning.run(&method, seed: seed) { onEvaluation(Point(step: $0.step, meanReturn: $0.meanReturn)) }
    (wallSeconds, cpuSeconds) = (clock.wallSeconds, clock.cpuSeconds)
    self.seed = seed
    meanReturn = learning.test(result.parameters, episodes: 100, seed: seed).meanReturn
    (steps, evaluationSteps) = (result.steps, result.evaluationSteps)
    (updates, rejected) = (result.updates, result.rejected)
    curve = result.curve.map { Point(step: $0.step, meanReturn: $0.meanReturn) }
  }

  func reaches(_ goal: Double) -> Bool { meanReturn >= goal }

  func show() {
    print(
      "seed \(seed): mean return \(NumberText.fixed(meanReturn, 1)) after \(steps) steps (\(evaluationSteps) more to "
        + "evaluate), \(updates) updates, \(NumberText.significant(wallSeconds)) s "
        + "(\(NumberText.significant(cpuSeconds)) s of CPU)")
  }

  static func figure(_ runs: [ValueRun]) -> String {
    let lines = runs.map { run in
      Mark.line(
        Line("seed \(run.seed)", x: run.curve.map { Double($0.step) }, y: run.curve.map(\.meanReturn), markers: .none))
    }
    let panel = Panel(x: Axis("Steps in the environment"), y: Axis("Mean return"), marks: lines)
    return Figure(panels: [panel]).svg()
  }
}
