import Contestants
import FastGaussNewton

// Trains a network with FGN at its defaults and with Adam at several rates: same data, starting points and batches.
//
//   NetworkTraining letter FILE.csv | clinc150 FOLDER | digits FILE.npz
//                   [--epochs 8] [--batch-size 64] [--seeds 5] [--threads 0] [--methods fgn,adam]
//                   [--rates 3e-4,1e-3,3e-3,1e-2,3e-2]
//                   [--on test | validation]  validation: a fifth of the training rows in place of the test set
//                   [--damping-factor F] [--radius R] [--warm-up W] [--momentum M] [--l2 L]  instead of the defaults
//
// Prints the BLAS, the parameters, then lines, tab-separated:
//
//   epoch METHOD SEED EPOCH    loss on the training set, accuracy on the test set, wall and CPU seconds of the steps
//   run METHOD SEED            the same for the parameters that training keeps, then steps undone, rejected, and
//                              seconds of the whole run
//
// Methods take turns within each seed.

struct Arguments {
  var problem: TrainingProblem
  var training = Trainer.Options(epochs: 8, batchSize: 64)
  var options = GaussNewtonOptions()
  var l2 = 0.0
  var seeds = 5
  var rates = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2]
  var methods = ["fgn", "adam"]

  init(_ words: [String]) throws {
    guard words.count >= 3, words.count % 2 == 1 else { fatalError("see the first lines of this program") }
    problem = try TrainingProblem(words[1], words[2])
    for i in stride(from: 3, to: words.count, by: 2) {
      let numbers = words[i + 1].split(separator: ",").compactMap { Double($0) }
      switch (words[i], numbers.first) {
      case ("--epochs", let value?): training.epochs = Int(value)
      case ("--batch-size", let value?): training.batchSize = Int(value)
      case ("--seeds", let value?): seeds = Int(value)
      case ("--threads", let value?): Partition.threads = Int(value)
      case ("--rates", _): rates = numbers
      case ("--on", _): if words[i + 1] == "validation" { try problem.holdOut(fraction: 0.2) }
      case ("--methods", _): methods = words[i + 1].split(separator: ",").map(String.init)
      case ("--damping-factor", let value?): options.damping = .automatic(factor: value)
      case ("--radius", let value?): options.trustRegion.radius = value
      case ("--warm-up", let value?): options.trustRegion.warmUp = value
      case ("--momentum", let value?): options.momentum = .projected(value)
      case ("--l2", let value?): l2 = value
      default: fatalError("unknown option: \(words[i]) \(words[i + 1])")
      }
    }
  }
}

struct Session {
  let arguments: Arguments
  var model: Network<Float> { arguments.problem.model }
  var objective: Objective<Network<Float>> { Objective(model, l2: arguments.l2) }

  func run(_ name: String, _ optimizer: some Optimizer<Network<Float>>, seed: Int) throws {
    var options = arguments.training
    options.seed = UInt64(seed)
    let data = arguments.problem.training
    var recorder = EpochRecorder(optimizer, stepsPerEpoch: (data.count - 1) / options.batchSize + 1)
    var observer = SilentObserver()
    let result = try Trainer(options: options).run(&recorder, on: data, observer: &observer)
    var evaluator = Evaluator(Objective(model))
    for (record, epoch) in zip(result.epochs, recorder.epochs) {
      let test = try evaluator.evaluate(epoch.parameters, arguments.problem.test)
      show(["epoch", name, "\(seed)", "\(record.epoch)"], record.loss, test.accuracy ?? .nan, epoch.seconds)
    }
    let training = try evaluator.evaluate(result.parameters, data)
    let test = try evaluator.evaluate(result.parameters, arguments.problem.test)
    let undone = result.epochs.reduce(0) { $0 + $1.undone }
    let rejected = result.epochs.reduce(0) { $0 + $1.rejected }
    let seconds = recorder.epochs.last?.seconds ?? Seconds(wall: .nan, cpu: .nan)
    let whole = result.epochs.last?.wallSeconds ?? .nan
    show(
      ["run", name, "\(seed)"], training.loss, test.accuracy ?? .nan, seconds, ["\(undone)", "\(rejected)", "\(whole)"])
  }

  private func show(
    _ head: [String], _ loss: Double, _ accuracy: Double, _ seconds: Seconds, _ more: [String] = []
  ) {
    let numbers = [loss, accuracy, seconds.wall, seconds.cpu].map { "\($0)" }
    print((head + numbers + more).joined(separator: "\t"))
    Timing.flush()
  }

  /// The first run also pays for loading the BLAS, whose own threads spin for a while: not counted.
  func warmUp() throws {
    let data = arguments.problem.training
    var optimizer = Adam(Objective(model), rate: 1e-3)
    var generator = SeededGenerator(seed: 0)
    var parameters = model.initialParameters(using: &generator)
    var batches = Batches(of: data, batchSize: arguments.training.batchSize, seed: 0)
    batches.shuffle()
    let batch = try batches.batch(0, of: data, featureGram: nil)
    _ = Timing.measure {
      for _ in 0..<3 { _ = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 1)) }
    }
  }

  func runAll() throws {
    print("\(BLAS.description); threads: \(Partition.threads)")
    print(model.layout.trainableCount)
    try warmUp()
    for seed in 0..<arguments.seeds {
      if arguments.methods.contains("fgn") {
        try run("FGN", GaussNewtonOptimizer(objective, options: arguments.options), seed: seed)
      }
      if arguments.methods.contains("adam") {
        for rate in arguments.rates {
          try run("Adam \(rate)", Adam(objective, rate: rate, schedule: .cosine), seed: seed)
        }
      }
    }
  }
}

try Session(arguments: try Arguments(CommandLine.arguments)).runAll()
