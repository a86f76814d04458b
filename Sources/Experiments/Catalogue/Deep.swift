import Comparison
import Models

/// FGN, the GGN, Adam and K-FAC on a perceptron and a convolutional net, by epoch and by second.
struct Deep: Experiment {
  let name = "deep"
  let question = "Does FGN train networks in fewer epochs than Adam, and is it level per second?"

  static let adam = ["adam:lr=0.005", "adam:lr=0.015", "adam:lr=0.045"]
  static let kfac = ["kfac:lr=0.01", "kfac:lr=0.03", "kfac:lr=0.1"]

  func cases(in setting: ExperimentSetting) throws -> [Case] {
    var cases: [Case] = []
    if let letter = try setting.data.letter() {
      let model = try Network<Float>(.mlp([16, 128, 64, 26], activation: Layers.Activation(.relu)))
      let split = try setting.isQuick ? letter.training(firstOfEachClass: 100) : letter
      cases += try Self.cases(split, model, 128, setting.pick(full: [2, 4, 8, 16], quick: [1, 2, 4]), setting)
    }
    if let digits = try setting.data.digits() {
      let split = try setting.isQuick ? digits.training(firstOfEachClass: 40) : digits
      cases += try Self.cases(
        split, Self.convolutional(), 64, setting.pick(full: [2, 4, 8], quick: [1, 2, 4]), setting)
    }
    return cases
  }

  /// As in benchmarks/: two 3 x 3 convolutions, max pooling, a dense layer.
  private static func convolutional() throws -> Network<Float> {
    try Network(
      Architecture(
        input: [1, 8, 8],
        layers: [
          Layers.Conv2D(channels: 16, kernel: 3, padding: 1), Layers.Activation(.relu),
          Layers.Conv2D(channels: 32, kernel: 3, padding: 1),
          Layers.Activation(.relu), Layers.MaxPool2D(kernel: 2), Layers.Flatten(), Layers.Dense(10),
        ]))
  }

  private static func cases(
    _ split: Split<Float>, _ model: Network<Float>, _ batchSize: Int, _ budgets: [Int],
    _ setting: ExperimentSetting
  ) throws -> [Case] {
    // A step of Adam is the cheapest: more epochs bring it to the others' seconds.
    let most = budgets.max() ?? 1
    return try (budgets + [2 * most, 3 * most]).flatMap { epochs in
      var runs = TrainingRuns(split, model: model, budget: .epochs(epochs))
      (runs.batchSize, runs.points, runs.keepsLastOnly) = (batchSize, 1, true)
      let methods = budgets.contains(epochs) ? ["fgn", "ggn"] + adam + kfac : adam
      return try runs.cases(methods, seeds: setting.seeds)
    }
  }

  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    let best = rows.best("method", by: "validationLoss", within: ["data", "optimizer", "budget"])
    return [epochs(rows, best), seconds(rows, best), others(rows, best)]
  }
}
