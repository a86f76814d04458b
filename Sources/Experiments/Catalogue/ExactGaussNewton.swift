import Comparison
import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import Tasks

/// The options of the EGN paper one by one, and its direct solve against others.
struct ExactGaussNewton: Experiment {
  let name = "egn"
  let question = "What do EGN's line search, adaptive damping and momentum buy, and its direct solve?"

  /// What each option is added to: full steps at one damping.
  static let plain = "egn:schedule=constant:trust-region=inf"

  /// Contestants and names: every option alone, all of them as published, none, and the library's own policy.
  static func methods(damping: String) -> [(contestant: String, name: String)] {
    [
      ("\(plain):momentum=0:fixed-damping=\(damping)", "none"),
      ("\(plain):momentum=0:fixed-damping=\(damping):line-search=armijo", "line search"),
      ("\(plain):momentum=0:gain-ratio=\(damping)", "adaptive damping"),
      ("\(plain):averaging=0.9:fixed-damping=\(damping)", "momentum"),
      ("\(plain):averaging=0.9:gain-ratio=\(damping):line-search=armijo", "all three"),
      ("egn", "our policy"),
    ]
  }

  func cases(in setting: ExperimentSetting) throws -> [Case] {
    var cases: [Case] = []
    if let housing = try setting.data.housing() {
      let model = try Network<Float>(.mlp([13, 32, 64, 32, 1], activation: Activation(.relu)))
      var runs = TrainingRuns(
        housing, model: model, loss: SquaredLoss(), budget: .epochs(setting.pick(full: 8, quick: 2)))
      (runs.batchSize, runs.points) = (64, 8)
      cases += try runs.cases(Self.methods(damping: "1"), seeds: setting.seeds)
    }
    if let letter = try setting.data.letter() {
      let split = try letter.training(firstOfEachClass: setting.pick(full: 100, quick: 24))
      let model = try Network<Float>(.mlp([16, 32, 26], activation: Activation(.relu)))
      var runs = TrainingRuns(split, model: model, budget: .epochs(setting.pick(full: 4, quick: 2)))
      (runs.batchSize, runs.points) = (16, 8)
      cases += try runs.cases(Self.methods(damping: "1"), seeds: setting.seeds)
    }
    let fits = setting.pick(full: 300, quick: 100)
    for seed in setting.seeds {
      for plant in LinearPlant.examples {
        cases += Self.methods(damping: "1e-6").map { text, name in
          Case("\(name): \(text), LQR \(plant.name), \(fits) fits", seed: seed) {
            try Self.learn(plant, text, name, fits: fits, seed: seed)
          }
        }
      }
    }
    return cases + DirectSolves.cases(in: setting)
  }

  /// Errors of the gain of a linear plant after 1, 2, 3, 5, 10, ... fits.
  private static func learn(
    _ plant: LinearPlant, _ contestant: String, _ name: String, fits: Int, seed: UInt64
  ) throws -> [Row] {
    var task = GainLearning(plant: plant)
    task.iterations = fits
    let made = try Contestant(contestant).make(task.model, loss: SquaredLoss(), seed: seed)
    func run(_ optimizer: some Optimizer<Double>) -> GainLearning.Result {
      var optimizer = optimizer
      return task.run(&optimizer, seed: seed)
    }
    let result = run(made.optimizer)
    return [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300].filter { $0 <= fits }.map { fit in
      Row([
        "data": "LQR", "plant": .text(plant.name), "method": .text(name), "fits": .number(Double(fit)),
        "gainError": .number(result.errors[fit - 1]), "isLast": fit == fits ? 1 : 0,
      ])
    }
  }

  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    [options(rows), ours(rows), DirectSolves.agreement(rows), DirectSolves.cost(rows)]
  }
}
