import Contestants
import FastGaussNewton

// Short runs of FGN at its defaults over architectures, batch sizes, activations and scales of the features.
//
//   NoCollapse LETTER.csv FIRST COUNT [EPOCHS]
//
// Runs FIRST..<FIRST + COUNT of a fixed shuffled list of all combinations. Prints the BLAS, then a line for each run,
// tab-separated: number, architecture, activation, B, scale, seed, loss on the training set at the start, after the
// last epoch, largest after any epoch, steps undone, steps rejected, outcome, CPU seconds.

struct Configuration {
  var architecture: String
  var activation: ActivationFunction
  var batchSize: Int
  var scale: Float

  static let architectures = ["16-128-64-26", "16-256-26", "16-64-64-64-26", "layer norm", "convolutional"]

  /// Every combination, in an order drawn once.
  static let all: [Configuration] = {
    var list: [Configuration] = []
    for architecture in architectures {
      for activation in [ActivationFunction.relu, .tanh] {
        for batchSize in [16, 32, 64, 128, 256, 512, 1024] {
          for scale in [Float(0.1), 1, 10] {
            list.append(
              Configuration(architecture: architecture, activation: activation, batchSize: batchSize, scale: scale))
          }
        }
      }
    }
    var generator = SeededGenerator(seed: 1)
    return generator.permutation(of: list.count).map { list[Int($0)] }
  }()

  func model() throws -> Network<Float> {
    let activation = Layers.Activation(activation)
    switch architecture {
    case "layer norm":
      return try Network(
        Architecture(
          input: [16],
          layers: [
            Layers.Dense(128), Layers.LayerNorm(), activation, Layers.Dense(64), Layers.LayerNorm(), activation,
            Layers.Dense(26),
          ]))
    case "convolutional":
      return try Network(
        Architecture(
          input: [1, 4, 4],
          layers: [
            Layers.Conv2D(channels: 16, kernel: 3, padding: 1), activation,
            Layers.Conv2D(channels: 32, kernel: 3, padding: 1),
            activation, Layers.MaxPool2D(kernel: 2), Layers.Flatten(), Layers.Dense(26),
          ]))
    default:
      return try Network(.mlp(architecture.split(separator: "-").map { Int($0)! }, activation: activation))
    }
  }
}

func run(_ number: Int, on data: Dataset<Float>, epochs: Int) throws {
  let configuration = Configuration.all[number % Configuration.all.count]
  let model = try configuration.model()
  var features = data.features.dense
  features.scale(by: configuration.scale)
  let scaled = try Dataset(features: features, labels: data.labels, classNames: data.classNames)
  var generator = SeededGenerator(seed: UInt64(number), stream: 99)
  let start = model.initialParameters(using: &generator)
  var evaluator = Evaluator(Objective(model))
  let before = try evaluator.evaluate(start, scaled).loss
  var optimizer = GaussNewtonOptimizer(Objective(model))
  var observer = SilentObserver()
  var result: Trainer.Result<Float>?
  let seconds = try Timing.measure {
    result = try Trainer(
      options: Trainer.Options(epochs: epochs, batchSize: configuration.batchSize, seed: UInt64(number))
    ).run(&optimizer, from: start, on: scaled, observer: &observer)
  }
  guard let result, let last = result.epochs.last else { fatalError("no epoch") }
  let worst = result.epochs.map { $0.loss.isNaN ? .infinity : $0.loss }.max()!
  let undone = result.epochs.reduce(0) { $0 + $1.undone }
  let rejected = result.epochs.reduce(0) { $0 + $1.rejected }
  let words: [String] = [
    "\(number)", configuration.architecture, "\(configuration.activation)", "\(configuration.batchSize)",
    "\(configuration.scale)", "\(number)", "\(before)", "\(last.loss)", "\(worst)", "\(undone)", "\(rejected)",
    result.outcome.rawValue, "\(seconds.cpu)",
  ]
  print(words.joined(separator: "\t"))
  Timing.flush()
}

let words = CommandLine.arguments
guard words.count >= 4, let first = Int(words[2]), let count = Int(words[3]) else {
  fatalError("usage: NoCollapse LETTER.csv FIRST COUNT [EPOCHS]")
}
Partition.threads = 1
print(BLAS.description)
let (training, _) = try TrainingData.letter(words[1])
for number in first..<first + count { try run(number, on: training, epochs: words.count > 4 ? Int(words[4])! : 3) }
