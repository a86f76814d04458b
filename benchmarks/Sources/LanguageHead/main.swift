import Contestants
import FastGaussNewton

// FGN steps at the defaults on a head as of a language model, and the memory that they take.
//
//   LanguageHead head | network [STEPS]        512 rows, D = 768, C = 50,000
//
// head is a LinearHead on 512 examples; network has 16 examples of 64 positions, of which 512 have a label. Prints the
// BLAS, then lines "part megabytes", tab-separated: what is known to be there, and the largest resident size so far
// after each stage (10^6 bytes). Linux only.

let (rows, width, classes) = (512, 768, 50_000)

func show(_ part: String, _ bytes: Double?) {
  guard let bytes else { fatalError("this system does not count a process's memory in /proc") }
  print("\(part)\t\(bytes / 1e6)")
  Timing.flush()
}

func train(_ model: some Model<Float>, _ batch: Batch<Float>, steps: Int) throws {
  let unit = 4.0
  show("features", Double(batch.inputs.dense.elements.count) * unit)
  show("logits", Double(batch.count * model.outputWidth) * unit)
  show("parameters", Double(model.layout.count) * unit)
  show("peak: with the batch", Memory.peak)
  var generator = SeededGenerator(seed: 1)
  var parameters = model.initialParameters(using: &generator)
  show("peak: with the parameters", Memory.peak)
  var optimizer = GaussNewtonOptimizer(Objective(model))
  for step in 0..<steps {
    var report = StepReport(outcome: .rejected, objective: 0)
    let seconds = Timing.measure {
      report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: 100))
    }
    precondition(report.outcome == .accepted, "the step was refused")
    show(
      "peak: step \(step + 1) (\(report.path), \(NumberText.fixed(seconds.wall, 2)) s, loss "
        + "\(NumberText.fixed(report.objective, 3)))", Memory.peak)
  }
}

func run(_ words: [String]) throws {
  guard words.count >= 2 else { fatalError("usage: LanguageHead head | network [STEPS]") }
  let steps = words.count > 2 ? Int(words[2])! : 4
  print("\(BLAS.description); threads: \(Partition.threads)")
  var generator = SeededGenerator(seed: 2)
  let labels = (0..<rows).map { _ in Int32(generator.index(below: classes)) }
  func features(_ count: Int, _ width: Int) -> Matrix<Float> {
    Matrix(rows: count, columns: width, elements: (0..<count * width).map { _ in Float(generator.uniform() * 2 - 1) })
  }
  switch words[1] {
  case "head":
    try train(
      LinearHead<Float>(features: width, classes: classes), Batch(features: features(rows, width), labels: labels),
      steps: steps)
  case "network":
    let model = try Network<Float>(
      Architecture(input: [64, width], layers: [Layers.Positions(), Layers.Dense(classes)]))
    var inputs = Inputs(features(16, 64 * width))
    inputs.rows = (0..<Int32(rows)).map { $0 * 2 }
    try train(model, Batch(inputs: inputs, labels: labels), steps: steps)
  default: fatalError("head or network, got \(words[1])")
  }
}

try run(CommandLine.arguments)
