import Contestants
import FastGaussNewton

// The price of an exact FGN step over our own plain SGD step: same batch, precision, threads and BLAS kernel, the
// contestants in turn, medians of several runs. Float.

struct Shape {
  let batch: Int
  let features: Int
  let classes: Int
}

func synthetic(_ shape: Shape) -> Batch<Float> {
  var generator = SeededGenerator(seed: 1)
  let elements = (0..<shape.batch * shape.features).map { _ in Float(generator.uniform() - 0.5) }
  return Batch(
    features: Matrix(rows: shape.batch, columns: shape.features, elements: elements),
    labels: (0..<shape.batch).map { _ in Int32(generator.index(below: shape.classes)) })
}

func wall(_ body: () -> Void) -> Double { Timing.measure(body).wall }

func compare(_ shape: Shape, rounds: Int) {
  let batch = synthetic(shape)
  let head = LinearHead<Float>(features: shape.features, classes: shape.classes)
  var parameters = Parameters(layout: head.layout, values: (0..<head.layout.count).map { Float($0 % 17) * 1e-3 })
  var sgd = SGD(model: head, rate: 1e-4)
  func fgn(_ momentum: Double, _ solver: Solver) -> GaussNewtonOptimizer<LinearHead<Float>> {
    GaussNewtonOptimizer(
      model: head,
      options: GaussNewtonOptions(
        descent: DescentOptions(solver: solver, weightFloor: 1e-4), momentum: momentum, schedule: .constant))
  }
  var plain = fgn(0, .automatic)
  var momentum = fgn(0.9, .automatic)
  let progress = Progress(step: 50, total: 100)
  let flops = 4.0 * Double(shape.batch * shape.features * shape.classes)
  let repeats = max(1, Int(2e8 / flops))
  var times: [[Double]] = [[], [], []]
  for round in 0..<rounds + 2 {
    let t0 = wall { for _ in 0..<repeats { _ = sgd.step(&parameters, on: batch, at: progress) } }
    let t1 = wall { for _ in 0..<repeats { _ = plain.step(&parameters, on: batch, at: progress) } }
    let t2 = wall { for _ in 0..<repeats { _ = momentum.step(&parameters, on: batch, at: progress) } }
    if round >= 2 { for (i, t) in [t0, t1, t2].enumerated() { times[i].append(t / Double(repeats)) } }
  }
  let ratios = times.map { contestant in Timing.median(zip(contestant, times[0]).map { $0 / $1 }) }
  func round2(_ x: Double) -> Double { (x * 100).rounded() / 100 }
  print(
    "| \(shape.batch) | \(shape.features) | \(shape.classes) | \(round2(Timing.median(times[0]) * 1e6)) | "
      + "\(round2(flops / Timing.median(times[0]) * 1e-9)) | \(round2(ratios[1])) | \(round2(ratios[2])) | \(plain.explanation) |"
  )
}

let only = CommandLine.arguments.count > 2 ? Int(CommandLine.arguments[2]) : nil
if CommandLine.arguments.count > 1, let threads = Int(CommandLine.arguments[1]) { Partition.threads = threads }
print("BLAS: \(BLAS.description); threads: \(Partition.threads); Float")
print("| B | D | C | SGD us | SGD GF/s | FGN / SGD | FGN with momentum / SGD | solver |")
print("|--:|--:|--:|--:|--:|--:|--:|---|")
for shape in [
  Shape(batch: 128, features: 512, classes: 1000), Shape(batch: 128, features: 2048, classes: 196),
  Shape(batch: 64, features: 384, classes: 150), Shape(batch: 256, features: 768, classes: 50000),
  Shape(batch: 4096, features: 512, classes: 10), Shape(batch: 128, features: 512, classes: 100),
  Shape(batch: 128, features: 512, classes: 10000), Shape(batch: 128, features: 512, classes: 50000),
] where only == nil || only == shape.classes {
  compare(shape, rounds: shape.classes >= 10000 ? 5 : 15)
}
