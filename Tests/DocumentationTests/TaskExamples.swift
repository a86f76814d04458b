import FastGaussNewton
import Tasks
import Testing

/// The blocks of docs/tasks.md.
@Suite struct TaskExamples {
  /// Seven places in a row; the last one pays.
  struct Corridor: Environment {
    var place = 0
    let observationWidth = 7
    let actionCount = 2
    let stepLimit = 30

    mutating func reset(using generator: inout SeededGenerator) -> [Double] {
      place = generator.index(below: 6)
      return observation
    }

    mutating func step(_ action: Int) -> EnvironmentStep {
      place = max(0, place + (action == 1 ? 1 : -1))
      return EnvironmentStep(observation: observation, reward: place == 6 ? 1 : 0, isTerminal: place == 6)
    }

    var observation: [Double] { (0..<7).map { $0 == place ? 1 : 0 } }
  }

  @Test func corridor() throws {
    var options = ValueLearningOptions()
    (options.steps, options.warmUp, options.batchSize, options.targetInterval) = (1_000, 200, 32, 10)
    (options.discount, options.finalExploration, options.evaluationInterval) = (0.9, 0.5, 500)
    let model = LinearHead<Double>(features: 7, classes: 2, intercept: false)
    let task = ValueLearning(environment: Corridor(), model: model, options: options)
    var optimizer = GaussNewtonOptimizer(
      Objective(model, loss: SelectedSquaredLoss()),
      options: GaussNewtonOptions(
        descent: DescentOptions(curvature: .ggn, solver: .gram), damping: .fixed(1e-6),
        trustRegion: GaussNewtonOptions.TrustRegion(radius: 10, warmUp: 0), momentum: 0, schedule: .constant))
    let result = try task.run(&optimizer, seed: 1)
    var values = ActionValues(model: model)
    let action = values.bestAction([1, 0, 0, 0, 0, 0, 0], at: result.parameters)  // 1: to the right
    let episodes = task.test(result.parameters, episodes: 10, seed: 1)
    print(episodes.meanReturn)  // 1.0

    #expect(action == 1)
    #expect(episodes.meanReturn == 1)
    #expect(abs(values.values[0, 1] - 0.59049) < 1e-3, "0.9^5, five steps before the one that pays")
  }

  @Test func gain() {
    var task = GainLearning(plant: .unstable)
    task.iterations = 50
    var optimizer = GaussNewtonOptimizer(
      Objective(task.model, loss: SquaredLoss()),
      options: GaussNewtonOptions(
        descent: DescentOptions(curvature: .ggn, solver: .gram), damping: .fixed(1e-6),
        trustRegion: GaussNewtonOptions.TrustRegion(radius: .infinity, warmUp: 0), momentum: 0, schedule: .constant))
    let result = task.run(&optimizer, seed: 1)
    print(result.errors.last!)  // below 1e-12
    print(task.plant.spectralRadius, task.plant.spectralRadius(with: result.gain))  // 1.3, 0.62

    #expect(result.errors.last! < 1e-12)
    #expect(task.plant.spectralRadius(with: result.gain) < 0.63)
  }
}
