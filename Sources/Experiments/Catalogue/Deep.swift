import Comparison
import Models

/// FGN, the GGN, Adam and K-FAC on a perceptron and a convolutional net, by epoch and by second.
struct Deep: Experiment {
  let name = "deep"
  let question = "Does FGN train networks in fewer epochs than Adam, and is it level per second?"

  static let adam = ["adam:lr=0.003", "adam:lr=0.01", "adam:lr=0.03"]
  static let kfac = ["kfac:lr=0.003", "kfac:lr=0.01", "kfac:lr=0.03"]

  /// Epochs of whole runs, each with a schedule of its own.
  static func budgets(_ setting: ExperimentSetting) -> [Int] { setting.pick(full: [2, 4, 8, 16], quick: [1, 2, 4]) }

  func cases(in setting: ExperimentSetting) throws -> [Case] {
    var cases: [Case] = []
    if let letter = try setting.data.letter() {
      let model = try Network<Float>(.mlp([16, 128, 64, 26], activation: Activation(.relu)))
      cases += try Self.cases(setting.isQuick ? letter.training(firstOfEachClass: 100) : letter, model, 128, setting)
    }
    if let digits = try setting.data.digits() {
      cases += try Self.cases(
        setting.isQuick ? digits.training(firstOfEachClass: 40) : digits, Self.convolutional(), 64, setting)
    }
    return cases
  }

  /// As in benchmarks/: two 3 x 3 convolutions, max pooling, a dense layer.
  private static func convolutional() throws -> Network<Float> {
    try Network(
      Architecture(
        input: [1, 8, 8],
        layers: [
          Conv2D(channels: 16, kernel: 3, padding: 1), Activation(.relu), Conv2D(channels: 32, kernel: 3, padding: 1),
          Activation(.relu), MaxPool2D(kernel: 2), Flatten(), Dense(10),
        ]))
  }

  private static func cases(
    _ split: Split<Float>, _ model: Network<Float>, _ batchSize: Int, _ setting: ExperimentSetting
  ) throws -> [Case] {
    let budgets = budgets(setting)
    return try (budgets + [2 * (budgets.last ?? 1)]).flatMap { epochs in
      var runs = TrainingRuns(split, model: model, budget: .epochs(epochs))
      (runs.batchSize, runs.points, runs.keepsLastOnly) = (batchSize, 1, true)
      // A step of Adam is the cheapest: twice the epochs bring it to the others' seconds.
      let methods = budgets.contains(epochs) ? ["fgn", "ggn"] + adam + kfac : adam
      return try runs.cases(methods, seeds: setting.seeds)
    }
  }

  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    let best = rows.best("method", by: "validationLoss", within: ["data", "optimizer", "budget"])
    return [epochs(rows, best), seconds(rows, best), others(rows, best)]
  }
}
