import Contestants
import FastGaussNewton

// Our side of benchmarks/network-steps: steps of a multilayer perceptron with ReLU, on one batch.
//
//   NetworkSteps FOLDER THREADS WIDTHS      for example 784,512,256,10
//
// FOLDER holds X.npy [B, D] float32, y.npy [B] and start.npy, the starting parameters as a flat vector: for each layer
// weight [out, in], then bias. Commands on standard input, one answer each:
//
//   describe              the BLAS kernel and the threads
//   time NAME SECONDS     wall and CPU seconds of a step: the mean of the steps from the start that fit into SECONDS,
//                         four at least, 64 at most; NAME is sgd, fgn or momentum
//   loss NAME COUNT       objective before the last of COUNT steps
//   solver                how the last system was solved
//   peak                  GF/s of a large sgemm on every thread
//   parts                 lines "name flops seconds", then an empty one

let rate: Float = 1e-2

struct Side {
  let model: Network<Float>
  let batch: Batch<Float>
  let start: Parameters<Float>
  var solver = ""

  init(folder: String, widths: [Int]) throws {
    model = try Network(.mlp(widths, activation: Layers.Activation(.relu)))
    batch = Batch(
      features: try NPY.matrix(folder + "/X.npy"), labels: try NPY.integers(folder + "/y.npy").map { Int32($0) })
    start = Parameters(layout: model.layout, values: try NPY.vector(folder + "/start.npy"))
  }

  /// The exact step as training takes it; nil is the default momentum.
  private func fgn(_ momentum: Double?) -> GaussNewtonOptimizer<Network<Float>> {
    GaussNewtonOptimizer(
      Objective(model),
      options: GaussNewtonOptions(
        descent: .training(solver: .gram), momentum: momentum.map { .projected($0) } ?? .automatic, schedule: .constant)
    )
  }

  mutating func steps(_ name: String, atMost most: Int, within limit: Double) -> Steps {
    switch name {
    case "sgd": return steps(NetworkSGD(model: model, rate: rate), most, limit)
    case "fgn": return steps(fgn(0), most, limit)
    case "momentum": return steps(fgn(nil), most, limit)
    default: fatalError("unknown contestant: \(name)")
    }
  }

  struct Steps {
    var count = 0
    var seconds = Seconds(wall: 0, cpu: 0)
    var objective = 0.0
  }

  /// Two steps first, for work areas.
  private mutating func steps(_ method: some Optimizer<Network<Float>>, _ most: Int, _ limit: Double) -> Steps {
    var (optimizer, parameters, result) = (method, start, Steps())
    let progress = Schedule.Progress(step: 50, total: 100)
    func step() {
      let report = optimizer.step(&parameters, on: batch, at: progress)
      precondition(report.outcome == .accepted, "a step was refused")
      result.objective = report.objective
    }
    for _ in 0..<2 { step() }
    parameters = start
    parameters.values[0] = start.values[0]  // a buffer of its own, before the clock runs
    let clock = ContinuousClock()
    let end = clock.now + .seconds(limit)
    result.seconds = Timing.measure {
      repeat {
        step()
        result.count += 1
      } while result.count < most && (result.count < 4 || clock.now < end)
    }
    solver = optimizer.explanation
    return result
  }

  /// What a step is made of. Flops of the row Gram are those of a lower triangle.
  func parts() -> [(name: String, flops: Double, seconds: Double)] {
    let size = batch.count
    var linearization = model.makeLinearization()
    var rows = Matrix<Float>(rows: 0, columns: 0)
    let count = Double(size)
    linearization.linearize(at: start, inputs: batch.inputs, outputs: &rows)
    let costs = linearization.costs
    let forward = Rate.measure(costs.forward) {
      linearization.linearize(at: start, inputs: batch.inputs, outputs: &rows)
    }
    let cotangents = MarginRows(logits: rows, labels: batch.labels).rows
    let backpropagation = Rate.measure(costs.backpropagation) { linearization.backpropagate(cotangents) }
    var gram = Linearizations.RowGram<Float>()
    let rowGram = Rate.measure(costs.rowGram) { linearization.rowGram(into: &gram) }
    var cholesky = Cholesky<Float>()
    let whitened = [Float](repeating: 1, count: size)
    let shift = Float(gram.penalised.diagonal.reduce(0, +))
    let factorization = Rate.measure(count * count * count / 3) {
      let failure = cholesky.refactor(order: size) {
        Gram.whiten(gram.penalised, by: whitened, shift: shift, into: &$0)
      }
      precondition(failure == nil, "not positive definite")
    }
    var direction = [Float](repeating: 0, count: model.layout.trainableCount)
    let weights = [Float](repeating: 1e-3, count: size)
    let pullback = Rate.measure(costs.rowPullback) {
      linearization.pullback(
        rowWeights: weights, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), into: &direction)
    }
    var products = weights
    let rowProducts = Rate.measure(costs.rowProducts) { linearization.rowProducts(direction, into: &products) }
    linearization.release()
    var parameters = start
    let update = Rate.measure(2 * Double(direction.count)) { parameters.move(by: 1e-9, along: direction) }
    return [
      ("forward pass", costs.forward, forward.seconds),
      ("backpropagation", costs.backpropagation, backpropagation.seconds),
      ("weighted pullback (weight gradients)", costs.rowPullback, pullback.seconds),
      ("row Gram", costs.rowGram, rowGram.seconds), ("Cholesky", count * count * count / 3, factorization.seconds),
      ("row products (momentum)", costs.rowProducts, rowProducts.seconds),
      ("update (momentum)", 2 * Double(direction.count), update.seconds),
    ]
  }
}

func serve(_ arguments: [String]) throws {
  guard arguments.count == 4, let threads = Int(arguments[2]) else {
    fatalError("usage: NetworkSteps FOLDER THREADS WIDTHS")
  }
  Partition.threads = threads
  var side = try Side(folder: arguments[1], widths: arguments[3].split(separator: ",").map { Int($0)! })
  while let line = readLine() {
    let words = line.split(separator: " ").map(String.init)
    switch (words.first, words.count) {
    case ("describe", 1): print("\(BLAS.description); threads \(Partition.threads)")
    case ("time", 3):
      let steps = side.steps(words[1], atMost: 64, within: Double(words[2])!)
      print(steps.seconds.wall / Double(steps.count), steps.seconds.cpu / Double(steps.count))
    case ("loss", 3): print(side.steps(words[1], atMost: Int(words[2])!, within: 1e6).objective)
    case ("solver", 1): print(side.solver)
    case ("peak", 1): print(Rate.peak(threads: threads).gigaflops)
    case ("parts", 1):
      for part in side.parts() { print("\(part.name)\t\(part.flops)\t\(part.seconds)") }
      print("")
    default: fatalError("unknown command: \(line)")
    }
    Timing.flush()
  }
}

try serve(CommandLine.arguments)
