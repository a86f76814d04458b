import Comparison
import GaussNewton
import LinearAlgebra
import Losses
import Methods
import Models
import Optimization
import RealModule
import Tasks

/// The options of the EGN paper one by one, and its direct solve against others.
struct ExactGaussNewton: Experiment {
  let name = "egn"
  /// What the measure of a lost run counts as.
  static let lost = 100.0

  let question = "What do EGN's line search, adaptive damping and momentum buy, and its direct solve?"

  /// What each option is added to: full steps at one damping.
  static let plain = "egn:schedule=constant:trust-region=inf"

  /// Contestants and names: every option alone, all of them as published, none, and the library's own policy.
  static func methods(damping: String) -> [(contestant: String, name: String)] {
    [
      ("\(plain):momentum=0:fixed-damping=\(damping)", "no option"),
      ("\(plain):momentum=0:fixed-damping=\(damping):line-search=armijo", "line search"),
      ("\(plain):momentum=0:gain-ratio=\(damping)", "adaptive damping"),
      ("\(plain):averaging=0.9:fixed-damping=\(damping)", "momentum"),
      ("\(plain):averaging=0.9:gain-ratio=\(damping):line-search=armijo", "all three"),
      ("egn", "our policy"),
    ]
  }

  func cases(in setting: ExperimentSetting) throws -> [Case] {
    var cases: [Case] = []
    for damping in ["1", "0.01"] {
      if let housing = try setting.data.housing() {
        cases += try Self.cases(
          housing, .mlp([13, 32, 64, 32, 1], activation: Layers.Activation(.relu)), SquaredLoss(), damping,
          .epochs(setting.pick(full: 8, quick: 2)), setting)
      }
      if let letter = try setting.data.letter() {
        let split = try letter.classes(first: 10).training(firstOfEachClass: setting.pick(full: 200, quick: 60))
        cases += try Self.cases(
          split, .mlp([16, 32, 10], activation: Layers.Activation(.relu)), CrossEntropy(), damping,
          .epochs(setting.pick(full: 8, quick: 4)), setting)
      }
    }
    let fits = setting.pick(full: 300, quick: 100)
    for seed in setting.seeds {
      for plant in LinearPlant.examples {
        for damping in ["1", "1e-6"] {
          let one = Case("LQR \(plant.name), damping \(damping), \(fits) fits", seed: seed) {
            try Self.methods(damping: damping).flatMap { text, name in
              let labels = Row(["method": .text(name), "startDamping": Value(parsing: damping)])
              return try Self.learn(plant, text, fits: fits, seed: seed).map { $0.merging(labels) }
            }
          }
          cases.append(one)
        }
      }
    }
    return cases + DirectSolves.cases(in: setting)
  }

  private static func cases(
    _ split: Split<Float>, _ architecture: Architecture, _ loss: any Loss, _ damping: String, _ budget: Budget,
    _ setting: ExperimentSetting
  ) throws -> [Case] {
    var runs = TrainingRuns(split, model: try Network<Float>(architecture), loss: loss, budget: budget)
    (runs.batchSize, runs.points) = (32, 8)
    runs.labels["startDamping"] = Value(parsing: damping)
    return try runs.cases(methods(damping: damping), seeds: setting.seeds).map { one in
      Case(one.name, seed: one.seed, data: one.data) { try one.run().map { ended($0, $0["trainingLoss"]) } }
    }
  }

  /// With `end`, the measure at the end of a run, and its decimal logarithm; what is lost counts as `lost`.
  private static func ended(_ row: Row, _ measure: Value?) -> Row {
    guard row["isLast"] == 1, let value = measure?.number else { return row }
    let end = value < lost ? max(value, 1e-15) : lost
    return row.merging(Row(["end": .number(end), "endDecades": .number(Double.log10(end))]))
  }

  /// Errors of the gain of a linear plant after 1, 2, 3, 5, 10, ... fits.
  private static func learn(_ plant: LinearPlant, _ contestant: String, fits: Int, seed: UInt64) throws -> [Row] {
    var task = GainLearning(plant: plant)
    task.iterations = fits
    func run(_ optimizer: some Optimizer<LinearHead<Double>>) -> GainLearning.Result {
      var optimizer = optimizer
      return task.run(&optimizer, seed: seed)
    }
    let result = run(try TrainingMethod(contestant).make(task.objective, seed: seed).optimizer)
    return [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300].filter { $0 <= fits }.map { fit in
      let row = Row([
        "data": "LQR", "plant": .text(plant.name), "fits": .number(Double(fit)),
        "gainError": .number(result.errors[fit - 1]), "isLast": fit == fits ? 1 : 0,
      ])
      return ended(row, row["gainError"])
    }
  }

  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    [options(rows), ours(rows), DirectSolves.agreement(rows), DirectSolves.cost(rows)]
  }
}
