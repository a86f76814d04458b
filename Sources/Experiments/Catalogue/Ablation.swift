import Comparison
import LinearAlgebra
import Losses
import Models
import Training

/// What each part of FGN is good for: row weights, the floor, damping, solvers, FGN as a preconditioner.
struct Ablation: Experiment {
  let name = "ablation"
  let question =
    "What do FGN's row weight, floor, damping policy and solver do, and is FGN a good preconditioner for the GGN?"

  /// Variants of one thing; in rows `study` and `method`.
  struct Study: Sendable {
    var name: String
    var variants: [(name: String, contestant: String, weight: Curvature)]

    static let all = [
      Study(name: "weight", variants: Curvature.rowWeights.map { ($0.name, "fgn", $0.curvature) }),
      Study(
        name: "floor",
        variants: ["1e-4", "0", "1e-6", "1e-2", "1e-1"].map { ("floor \($0)", "fgn:weight-floor=\($0)", .fgn) }),
      Study(
        name: "damping",
        variants: [
          ("automatic 12", "fgn", .fgn), ("automatic 3", "fgn:damping-factor=3", .fgn),
          ("automatic 48", "fgn:damping-factor=48", .fgn), ("fixed 0.01", "fgn:fixed-damping=0.01", .fgn),
          ("fixed 0.1", "fgn:fixed-damping=0.1", .fgn), ("gain ratio", "fgn:gain-ratio=1", .fgn),
        ]),
      Study(
        name: "solver", variants: ["auto", "gram", "cg", "gram-cg"].map { ($0, "fgn:solver=\($0)", .fgn) }),
    ]
  }

  func cases(in setting: ExperimentSetting) throws -> [Case] {
    let size = setting.pick(
      full: (examples: 8192, held: 2000, epochs: 4), quick: (examples: 1536, held: 500, epochs: 2))
    guard let letter = try setting.data.letter()?.sample(size.examples, held: size.held, seed: 0)
    else {
      return []
    }
    let head = LinearHead<Float>(features: letter.training.featureCount, classes: letter.training.classCount)
    let network = try Self.network(letter.training, as: Float.self)
    return try Self.trainings(letter, head, "head", size.epochs, setting)
      + Self.trainings(letter, network, "network", size.epochs, setting)
      + AblationPoints(letter: letter).cases(in: setting)
  }

  /// A small perceptron.
  static func network<S: RealScalar>(_ data: Dataset<Float>, as type: S.Type) throws -> Network<S> {
    try Network(.mlp([data.featureCount, 32, data.classCount], activation: Layers.Activation(.relu)))
  }

  private static func trainings<M: Model>(
    _ split: Split<Float>, _ model: M, _ name: String, _ epochs: Int, _ setting: ExperimentSetting
  ) throws -> [Case] where M.Scalar == Float {
    try Study.all.flatMap { study in
      try study.variants.flatMap { variant in
        var runs = TrainingRuns(
          split, model: model, loss: AdjustedCrossEntropy(weight: variant.weight), budget: .epochs(epochs))
        runs.points = 8
        runs.labels = Row(["study": .text(study.name), "model": .text(name)])
        return try runs.cases([(variant.contestant, variant.name)], seeds: setting.seeds)
      }
    }
  }
}
