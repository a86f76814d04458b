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

/// Times SGD, FGN and FGN with momentum in turn and prints one row.
func compare(_ shape: Shape, rounds: Int) {
  let batch = synthetic(shape)
  let head = LinearHead<Float>(features: shape.features, classes: shape.classes)
  var parameters = Parameters(layout: head.layout, values: (0..<head.layout.count).map { Float($0 % 17) * 1e-3 })
  let progress = Schedule.Progress(step: 50, total: 100)
  func fgn(_ momentum: Double) -> GaussNewtonOptimizer<LinearHead<Float>> {
    // Exact up to B = 256; beyond, the automatic choice, which says what it took.
    let solver = shape.batch <= 256 ? DescentOptions.Solver.gram : .automatic
    return GaussNewtonOptimizer(
      Objective(head),
      options: GaussNewtonOptions(
        descent: .training(solver: solver), momentum: .projected(momentum), schedule: .constant))
  }
  var (sgd, plain, momentum) = (PlainSGD(model: head, rate: 1e-4), fgn(0), fgn(0.85))
  let flops = 4.0 * Double(shape.batch * shape.features * shape.classes)
  let repeats = max(1, Int(2e8 / flops))
  var times: [[Seconds]] = [[], [], []]
  for round in 0..<rounds + 2 {
    let round3 = [
      Timing.measure { for _ in 0..<repeats { _ = sgd.step(&parameters, on: batch, at: progress) } },
      Timing.measure { for _ in 0..<repeats { _ = plain.step(&parameters, on: batch, at: progress) } },
      Timing.measure { for _ in 0..<repeats { _ = momentum.step(&parameters, on: batch, at: progress) } },
    ]
    if round >= 2 { for (i, time) in round3.enumerated() { times[i].append(time) } }
  }
  func ratio(_ contestant: Int, _ part: (Seconds) -> Double) -> String {
    NumberText.fixed(Timing.median(zip(times[contestant], times[0]).map { part($0) / part($1) }), 2)
  }
  let seconds = Timing.median(times[0].map(\.wall)) / Double(repeats)
  print(
    "| \(shape.batch) | \(shape.features) | \(shape.classes) | \(NumberText.fixed(seconds * 1e6, 0)) | "
      + "\(NumberText.fixed(flops / seconds * 1e-9, 0)) | \(ratio(1, \.wall)) | \(ratio(1, \.cpu)) | "
      + "\(ratio(2, \.wall)) | \(ratio(2, \.cpu)) | \(plain.explanation.prefix { $0 != ":" }) |")
}

if CommandLine.arguments.count > 1, let threads = Int(CommandLine.arguments[1]) { Partition.threads = threads }
print("BLAS: \(BLAS.description); threads: \(Partition.threads); Float")
print("")
print("| B | D | C | SGD us | SGD GF/s | FGN wall | FGN CPU | with momentum wall | CPU | solver |")
print("|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|")
for shape in [
  Shape(batch: 128, features: 512, classes: 1000), Shape(batch: 128, features: 2048, classes: 196),
  Shape(batch: 64, features: 384, classes: 150), Shape(batch: 256, features: 768, classes: 50000),
  Shape(batch: 4096, features: 512, classes: 10), Shape(batch: 128, features: 512, classes: 100),
  Shape(batch: 128, features: 512, classes: 10000), Shape(batch: 128, features: 512, classes: 50000),
] {
  compare(shape, rounds: shape.classes >= 10000 ? 5 : 15)
}
