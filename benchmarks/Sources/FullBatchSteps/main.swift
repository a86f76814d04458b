import Contestants
import FastGaussNewton

// Our side of benchmarks/full-batch-step: full-batch FGN steps, one for each line that asks for one.
//
//   FullBatchSteps FOLDER THREADS
//
// FOLDER holds X.npy [N, D] float32, y.npy [N] and starting points as flat vectors, weight [C, D] and then bias [C].
// Commands on standard input, one answer each:
//
//   describe                        the BLAS kernel and the threads
//   gram                            seconds of the clock for X X^T, made for contestant "cached"
//   start FILE DAMPING              loads a starting point
//   step CONTESTANT                 wall CPU solver iterations residual, for one step from the starting point
//   direction CONTESTANT FILE       the same step, and its change of the parameters into a file

/// One way to compute a step. Each has an optimizer of its own, which learns how many iterations it needs.
final class Contestant {
  var optimizer: GaussNewtonOptimizer<LinearHead<Float>>
  let batch: Batch<Float>

  init(
    _ head: LinearHead<Float>, _ descent: DescentOptions, damping: Double, batch: Batch<Float>,
    radius: Double = .infinity
  ) {
    optimizer = GaussNewtonOptimizer(
      Objective(head),
      options: GaussNewtonOptions(
        descent: descent, damping: .fixed(damping),
        trustRegion: GaussNewtonOptions.TrustRegion(radius: radius, warmUp: 0), momentum: 0,
        schedule: .constant))
    self.batch = batch
  }

  /// A unit step from `start`: parameters in, parameters out.
  func step(from start: Parameters<Float>) -> (parameters: Parameters<Float>, answer: String) {
    var parameters = start
    var report = StepReport(outcome: .rejected, objective: 0)
    let time = Timing.measure {
      report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 1))
    }
    precondition(report.outcome == .accepted, "the step was refused")
    let solve = report.solve
    return (parameters, "\(time.wall) \(time.cpu) \(report.path) \(solve.iterations) \(solve.residual)")
  }
}

/// Both sides' data, and our contestants.
struct Side {
  let head: LinearHead<Float>
  let features: Matrix<Float>
  let labels: [Int32]
  var gram: Matrix<Float>?

  init(folder: String) throws {
    features = try NPY.matrix(folder + "/X.npy")
    labels = try NPY.integers(folder + "/y.npy").map { Int32($0) }
    head = LinearHead(features: features.columns, classes: Int(labels.max() ?? 0) + 1)
  }

  /// X X^T, and the seconds that it took.
  mutating func cacheGram() -> Double {
    let time = Timing.measure {
      gram = FeatureGram.make(.dense(features), budget: 256 << 20, batchSize: features.rows, epochs: 2)
    }
    precondition(gram != nil, "the feature Gram does not fit the budget")
    return time.wall
  }

  /// Made anew for each starting point, so that nothing is known from the last one.
  func contestants(damping: Double) -> [String: Contestant] {
    let batch = Batch(features: features, labels: labels)
    let cached = Batch(inputs: Inputs(features, gram: gram), labels: labels)
    let tenIterations = DescentOptions(solver: .cg, weightFloor: 1e-4, tolerance: 0, maximumIterations: 10)
    let byDefault = GaussNewtonOptions().descent
    return [
      "cg10": Contestant(head, tenIterations, damping: damping, batch: batch),
      "automatic": Contestant(head, byDefault, damping: damping, batch: batch),
      "cached": Contestant(head, byDefault, damping: damping, batch: cached),
      "limited": Contestant(
        head, byDefault, damping: damping, batch: batch, radius: GaussNewtonOptions().trustRegion.radius),
    ]
  }
}

func serve(_ arguments: [String]) throws {
  guard arguments.count == 3, let threads = Int(arguments[2]) else {
    fatalError("usage: FullBatchSteps FOLDER THREADS")
  }
  Partition.threads = threads
  var side = try Side(folder: arguments[1])
  var start = Parameters<Float>(layout: side.head.layout)
  var contestants: [String: Contestant] = [:]
  while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("describe", 1): print("\(BLAS.description); threads \(Partition.threads)")
    case ("gram", 1): print(side.cacheGram())
    case ("start", 3):
      start = Parameters(layout: side.head.layout, values: try NPY.vector(words[1]))
      contestants = side.contestants(damping: Double(words[2])!)
      print("ready")
    case ("step", 2): print(contestants[words[1]]!.step(from: start).answer)
    case ("direction", 3):
      let (end, answer) = contestants[words[1]]!.step(from: start)
      try NPY.write(zip(end.values, start.values).map { $0 - $1 }, to: words[2])
      print(answer)
    default: fatalError("unknown command: \(line)")
    }
    Timing.flush()
  }
}

try serve(CommandLine.arguments)
