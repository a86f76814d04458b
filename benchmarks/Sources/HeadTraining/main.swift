import Contestants
import FastGaussNewton

// Trains heads with FGN at its defaults and with Adam at several rates: same data, starting point, batches, epochs.
//
//   HeadTraining letter FILE.csv | clinc150 FOLDER  [--epochs 3] [--batch-size 128] [--seeds 5] [--l2 1e-4]
//                [--threads 0] [--rates 1e-3,3e-3,1e-2,3e-2,1e-1] [--initial-dampings 1e-3,1]
//
// Prints the BLAS, then one line for each run, tab-separated: contestant, seed, objective on the training set, accuracy
// on the test set, wall and CPU seconds, steps undone or rejected. The contestants take turns within each seed.

/// What was asked for.
struct Arguments {
  let data: (training: Dataset<Float>, test: Dataset<Float>)
  var training = Trainer.Options()
  var l2 = 1e-4
  var seeds = 5
  var rates = [1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
  var initialDampings = [1e-3, 1]

  init(_ words: [String]) throws {
    guard words.count >= 3, words.count % 2 == 1 else { fatalError("see the first lines of this program") }
    switch words[1] {
    case "letter": data = try TrainingData.letter(words[2])
    case "clinc150": data = try TrainingData.clinc150(words[2])
    default: fatalError("unknown data set: \(words[1])")
    }
    for i in stride(from: 3, to: words.count, by: 2) {
      let numbers = words[i + 1].split(separator: ",").compactMap { Double($0) }
      switch (words[i], numbers.first) {
      case ("--epochs", let value?): training.epochs = Int(value)
      case ("--batch-size", let value?): training.batchSize = Int(value)
      case ("--seeds", let value?): seeds = Int(value)
      case ("--l2", let value?): l2 = value
      case ("--threads", let value?): Partition.threads = Int(value)
      case ("--rates", _): rates = numbers
      case ("--initial-dampings", _): initialDampings = numbers
      default: fatalError("unknown option: \(words[i]) \(words[i + 1])")
      }
    }
  }
}

struct Session {
  let arguments: Arguments
  let objective: Objective<LinearHead<Float>>

  init(_ arguments: Arguments) {
    self.arguments = arguments
    let (features, classes) = (arguments.data.training.featureCount, arguments.data.training.classCount)
    objective = Objective(LinearHead(features: features, classes: classes), l2: arguments.l2)
  }

  func run(_ name: String, _ optimizer: some Optimizer<LinearHead<Float>>, seed: Int) throws {
    var options = arguments.training
    options.seed = UInt64(seed)
    var (optimizer, observer, evaluator) = (optimizer, SilentObserver(), Evaluator(objective))
    let result = try Trainer(options: options)
      .run(&optimizer, on: arguments.data.training, observer: &observer)
    let last = result.epochs.last!
    let training = try evaluator.evaluate(result.parameters, arguments.data.training)
    let test = try evaluator.evaluate(result.parameters, arguments.data.test)
    let refused = result.epochs.reduce(0) { $0 + $1.undone + $1.rejected }
    print(
      "\(name)\t\(seed)\t\(training.objective)\t\(test.accuracy ?? .nan)\t\(last.wallSeconds)\t\(last.cpuSeconds)\t\(refused)"
    )
    Timing.flush()
  }

  func fgn(_ damping: GaussNewtonOptions.Damping) -> GaussNewtonOptimizer<LinearHead<Float>> {
    GaussNewtonOptimizer(objective, options: GaussNewtonOptions(damping: damping))
  }

  /// The first run also pays for loading the BLAS, whose own threads spin for a while: not counted.
  func warmUp() throws {
    var (optimizer, observer) = (fgn(.automatic()), SilentObserver())
    _ = try Trainer(options: arguments.training)
      .run(&optimizer, on: arguments.data.training, observer: &observer)
  }

  func runAll() throws {
    try warmUp()
    for seed in 0..<arguments.seeds {
      try run("FGN", fgn(.automatic()), seed: seed)
      for initial in arguments.initialDampings {
        try run("FGN, initial lambda \(initial)", fgn(.automatic(initial: initial)), seed: seed)
      }
      for rate in arguments.rates {
        try run("Adam \(rate)", Adam(objective, rate: rate), seed: seed)
      }
    }
  }
}

let session = Session(try Arguments(CommandLine.arguments))
print("\(BLAS.description); threads: \(Partition.threads)")
try session.runAll()
