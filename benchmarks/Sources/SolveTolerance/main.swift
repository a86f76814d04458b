import Contestants
import FastGaussNewton

// How exactly must a step be solved? Training with conjugate gradient stopped at several residuals, against exact
// directions by Cholesky: 3 epochs (6 at B = 4000), l2 1e-4, default policy, mean of three seeds.
//
//   SolveTolerance LETTER.csv CLINC150_FOLDER

struct Case {
  let curvature: Curvature
  let solver: DescentOptions.Solver
  let tolerance: Double
}

func train(_ data: Dataset<Float>, _ subject: Case, batchSize: Int, seed: UInt64) throws -> (Double, Double) {
  let head = LinearHead<Float>(features: data.featureCount, classes: data.classCount)
  var descent = DescentOptions.training(curvature: subject.curvature, solver: subject.solver)
  descent.tolerance = subject.tolerance
  var optimizer = GaussNewtonOptimizer(Objective(head, l2: 1e-4), options: GaussNewtonOptions(descent: descent))
  var observer = SilentObserver()
  let options = Trainer.Options(epochs: batchSize < 4000 ? 3 : 6, batchSize: batchSize, seed: seed)
  let epochs = try Trainer(options: options).run(&optimizer, on: data, observer: &observer).epochs
  let iterations = epochs.reduce(0) { $0 + $1.iterations }
  return (epochs.last!.objective, Double(iterations) / Double(epochs.last!.step))
}

func table(_ name: String, _ data: Dataset<Float>) throws {
  let cases =
    [Case(curvature: .fgn, solver: .gram, tolerance: 0)]
    + [Curvature.fgn, .ggn].flatMap { curvature in
      [1e-3, 1e-2, 0.1, 0.3].map { Case(curvature: curvature, solver: .cg, tolerance: $0) }
    }
  print(
    "\n## \(name)\n\n| B | curvature | solver | residual | objective | iterations a step |\n|--:|---|---|--:|--:|--:|")
  for batchSize in [128, 1024, 4000] {
    for subject in cases {
      let runs = try (0..<3).map { try train(data, subject, batchSize: batchSize, seed: $0) }
      let objective = runs.reduce(0) { $0 + $1.0 } / 3
      let iterations = runs.reduce(0) { $0 + $1.1 } / 3
      print(
        "| \(batchSize) | \(subject.curvature.name) | \(subject.solver.rawValue) | \(subject.tolerance) | "
          + "\(NumberText.fixed(objective, 5)) | \(NumberText.fixed(iterations, 1)) |")
    }
  }
}

guard CommandLine.arguments.count == 3 else { fatalError("usage: SolveTolerance LETTER.csv CLINC150_FOLDER") }
print("# How exactly must a step be solved?\n\n\(BLAS.description); threads: \(Partition.threads); Float")
print(
  "3 epochs (6 at B = 4000), l2 1e-4, default policy, mean of three seeds. Residual: of the system in parameter space.")
try table("letter", TrainingData.letter(CommandLine.arguments[1]).0)
try table("clinc150", TrainingData.clinc150(CommandLine.arguments[2]).0)
