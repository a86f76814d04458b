import Contestants
import FastGaussNewton
import Figures
import Foundation

// What a step of exact Gauss-Newton costs, in steps of SGD, as the number of output rows B C grows; and where conjugate
// gradient on the same matrix becomes cheaper.
//
//   ExactSteps FIGURE.svg [--threads 1] [--rounds 7]
//
// Prints Markdown and draws the figure. Contestants take turns; a ratio is the median over rounds of a round's seconds
// over SGD's in the same round.

struct Arguments {
  var figure: String
  var threads = 1
  var rounds = 7

  init(_ words: [String]) {
    guard words.count >= 2, words.count % 2 == 0 else { fatalError("usage: ExactSteps FIGURE.svg [--threads T]") }
    figure = words[1]
    for i in stride(from: 2, to: words.count, by: 2) {
      guard let value = Int(words[i + 1]) else { fatalError("expected a number, got \(words[i + 1])") }
      switch words[i] {
      case "--threads": threads = value
      case "--rounds": rounds = value
      default: fatalError("unknown option: \(words[i])")
      }
    }
  }
}

/// One shape: a perceptron, a batch of B and C outputs; squared loss for one output, cross-entropy for more.
struct Problem {
  let model: Network<Float>
  let loss: any Loss
  let batch: Batch<Float>
  let start: Parameters<Float>
  var rows: Int { batch.count * model.outputWidth }

  init(trunk: [Int], batch count: Int, outputs: Int) throws {
    model = try Network(.mlp(trunk + [outputs], activation: Layers.Activation(.relu)))
    var generator = SeededGenerator(seed: 1)
    start = model.initialParameters(using: &generator)
    func normal(_ rows: Int, _ columns: Int) -> Matrix<Float> {
      Matrix(rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in Float(generator.normal()) })
    }
    let features = normal(count, trunk[0])
    if outputs == 1 {
      loss = SquaredLoss()
      batch = Batch(features: features, values: normal(count, 1))
    } else {
      loss = CrossEntropy()
      batch = Batch(features: features, labels: (0..<count).map { _ in Int32(generator.index(below: outputs)) })
    }
  }

  func descent(_ solver: DescentOptions.Solver, iterations: Int? = nil) -> GaussNewtonOptimizer<Network<Float>> {
    var options = GaussNewtonOptions(
      descent: .training(curvature: .ggn, solver: solver), momentum: 0, schedule: .constant)
    if let iterations { (options.descent.tolerance, options.descent.maximumIterations) = (1e-30, iterations) }
    return GaussNewtonOptimizer(Objective(model, loss: loss), options: options)
  }
}

/// Steps of one optimizer, timed in series of about 30 ms.
struct Contestant {
  let name: String
  private var optimizer: any Optimizer<Network<Float>>
  private let problem: Problem
  private var repeats = 1
  var runs: [Seconds] = []
  private(set) var explanation = ""

  init(_ name: String, _ optimizer: some Optimizer<Network<Float>>, _ problem: Problem) {
    (self.name, self.optimizer, self.problem) = (name, optimizer, problem)
    _ = series()
    repeats = max(1, min(200, Int(0.03 / series().wall)))
  }

  mutating func series() -> Seconds {
    var parameters = problem.start
    parameters.values[0] += 0
    let progress = Schedule.Progress(step: 50, total: 100)
    let time = Timing.measure {
      for _ in 0..<repeats {
        let report = optimizer.step(&parameters, on: problem.batch, at: progress)
        precondition(report.outcome == .accepted, "\(name): a step was \(report.outcome)")
      }
    }
    explanation = optimizer.explanation
    return Seconds(wall: time.wall / Double(repeats), cpu: time.cpu / Double(repeats))
  }
}

func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

struct Row {
  var batch: Int
  var outputs: Int
  var sgd: Double
  /// Wall and CPU ratios by contestant.
  var ratios: [(name: String, wall: Double, cpu: Double)]
  var automatic: String
}

func measure(_ problem: Problem, rounds: Int) -> Row {
  var all = [
    Contestant("SGD", NetworkSGD(model: problem.model, loss: problem.loss, rate: 1e-4), problem),
    Contestant("EGN, symmetric", problem.descent(.gram), problem),
    Contestant("EGN, Duncan-Guttman", problem.descent(.duncanGuttman), problem),
    Contestant("EGN, Woodbury", problem.descent(.woodbury), problem),
    Contestant("GGN, 3 CG", problem.descent(.cg, iterations: 3), problem),
    Contestant("GGN, 10 CG", problem.descent(.cg, iterations: 10), problem),
  ]
  for _ in 0..<rounds {
    for i in all.indices { all[i].runs.append(all[i].series()) }
  }
  let sgd = all[0].runs
  let automatic = Contestant("auto", problem.descent(.automatic), problem).explanation
  return Row(
    batch: problem.batch.count, outputs: problem.model.outputWidth, sgd: median(sgd.map(\.wall)),
    ratios: all.dropFirst().map { contestant in
      (
        contestant.name, median(zip(contestant.runs, sgd).map { $0.wall / $1.wall }),
        median(zip(contestant.runs, sgd).map { $0.cpu / $1.cpu })
      )
    }, automatic: String(automatic.prefix { $0 != ":" }))
}

/// B C where the first line crosses the second, by a straight line between the logarithms of neighbours; nil if it does
/// not.
func crossover(_ rows: [Row], _ first: Int, _ second: Int) -> Double? {
  for (a, b) in zip(rows, rows.dropFirst()) {
    let (before, after) = (
      log(a.ratios[first].wall / a.ratios[second].wall), log(b.ratios[first].wall / b.ratios[second].wall)
    )
    guard before < 0, after >= 0 else { continue }
    let (from, to) = (log(Double(a.batch * a.outputs)), log(Double(b.batch * b.outputs)))
    return exp(from + (to - from) * before / (before - after))
  }
  return nil
}

let arguments = Arguments(CommandLine.arguments)
Partition.threads = arguments.threads
_ = Rate.peak(threads: 1)
print("\(BLAS.description); \(arguments.threads) thread\(arguments.threads == 1 ? "" : "s")\n")
let shapes: [(trunk: [Int], batch: Int, outputs: [Int])] = [
  ([13, 32, 64, 32], 64, [1, 4, 16, 32, 64]), ([256, 512, 256], 64, [1, 4, 16, 32, 64]),
  ([256, 512, 256], 16, [1, 4, 16, 64, 256]),
]
var panels: [Panel] = []
for shape in shapes {
  let name = shape.trunk.map(String.init).joined(separator: "-") + "-C, B = \(shape.batch)"
  let rows = try shape.outputs.map { outputs in
    measure(
      try Problem(trunk: shape.trunk, batch: shape.batch, outputs: outputs), rounds: arguments.rounds)
  }
  print("### \(name)\n")
  let names = rows[0].ratios.map(\.name)
  print("| B C | C | SGD us | " + names.flatMap { ["\($0)", "CPU"] }.joined(separator: " | ") + " | auto takes |")
  print("|--:|--:|--:|" + String(repeating: "--:|", count: 2 * names.count) + "---|")
  for row in rows {
    let ratios = row.ratios.flatMap { [NumberText.fixed($0.wall, 2), NumberText.fixed($0.cpu, 2)] }
    print(
      "| \(row.batch * row.outputs) | \(row.outputs) | \(Int(row.sgd * 1e6)) | \(ratios.joined(separator: " | ")) | \(row.automatic) |"
    )
  }
  print("")
  for (number, solver) in [(3, "3"), (4, "10")] {
    let place = crossover(rows, 0, number).map { "at B C = \(Int($0.rounded()))" } ?? "nowhere in this range"
    print("Conjugate gradient with \(solver) iterations becomes cheaper than the symmetric form \(place).\n")
  }
  panels.append(
    Panel(
      name, x: Axis("Output rows B C", scale: .log10), y: Axis("Step time / SGD step time", scale: .log10),
      marks: names.enumerated().map { number, name in
        .line(
          Line(
            name, x: rows.map { Double($0.batch * $0.outputs) }, y: rows.map { $0.ratios[number].wall }))
      }))
  Timing.flush()
}
let figure = Figure(
  "Exact Gauss-Newton: price of a step", panels: panels, columns: 2,
  options: Figure.Options(panelWidth: 520, panelHeight: 360))
try AtomicFile.write(figure.svg(), to: arguments.figure)
