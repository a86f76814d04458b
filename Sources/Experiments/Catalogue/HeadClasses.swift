import Figures
import GaussNewton
import LinearAlgebra
import Models
import Optimization
import Training

/// Heads for the first classes of a data set alone: FGN against the GGN as classes are added.
enum HeadClasses {
  private static let counts = [10, 50, 150]

  static func cases(_ problems: [HeadProblem], in setting: ExperimentSetting) -> [Case] {
    let steps = setting.pick(full: 240, quick: 48)
    return problems.filter { ["letter", "clinc150", "own"].contains($0.name) }.flatMap { problem in
      let counts = Set(counts.map { min($0, problem.classes) }).sorted()
      return setting.seeds.flatMap { seed in
        counts.map { count in
          Case(
            "part=classes data=\(problem.name) classes=\(count) steps=\(steps)", seed: seed,
            data: problem.split.fingerprint
          ) {
            try rows(problem, count, steps, seed)
          }
        }
      }
    }
  }

  private static func rows(_ problem: HeadProblem, _ count: Int, _ steps: Int, _ seed: UInt64) throws -> [Row] {
    let own = HeadProblem(split: try problem.split.classes(first: count))
    let fits = own.batchSize * count <= HeadMethod.largestSystem
    let methods = [("FGN", "fgn"), ("GGN", "ggn:solver=dual")] + (fits ? [("EGN", "egn")] : [])
    let trained = try methods.flatMap { family, contestant in
      var runs = own.runs(part: "classes", family: family, passes: 1)
      runs.budget = .steps(steps)
      runs.labels = Row(["part": "classes", "family": .text(family), "classes": .number(Double(count))])
      return try runs.rows(contestant, seed: seed)
    }
    let row = Row(["part": "classes", "data": .text(own.name), "classes": .number(Double(count))])
    return trained + [row.merging(try measure(own, steps, seed).row)]
  }

  /// Directions on one batch where FGN has trained, with the damping that it has come to.
  private static func measure(_ problem: HeadProblem, _ steps: Int, _ seed: UInt64) throws -> DirectionMeasure {
    let (head, data) = (problem.model, problem.split.training)
    var optimizer = GaussNewtonOptimizer(HeadProblem.objective(of: head))
    var observer = SilentObserver()
    let epochs = max(1, steps / problem.stepsPerEpoch)
    let options = Trainer.Options(epochs: epochs, batchSize: problem.batchSize, seed: seed)
    let result = try Trainer(options: options).run(&optimizer, on: data, observer: &observer)
    var generator = SeededGenerator(seed: seed, .headClasses)
    let sample = try data.rows((0..<problem.batchSize).map { _ in Int32(generator.index(below: data.count)) })
    let double = LinearHead<Double>(features: head.inputWidth, classes: head.outputWidth)
    return DirectionMeasure(
      HeadProblem.objective(of: double),
      at: Parameters(layout: double.layout, values: result.parameters.values.map(Double.init)),
      batch: Batch(features: sample.features.dense.converted(), labels: sample.labels),
      damping: 12 * optimizer.state.damping.scale / Double(problem.batchSize))
  }
}
