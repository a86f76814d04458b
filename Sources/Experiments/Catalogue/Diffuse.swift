import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import Training

/// Training where competitor mass is kept diffuse on purpose.
struct Diffuse: Experiment {
  let name = "diffuse"
  let question =
    "Does it hurt training that FGN drops the within-competitor covariance where competitor mass is diffuse?"

  /// Ways to keep it so, with levels from concentrated to diffuse.
  enum Regime: String, CaseIterable {
    case separation, classes, noise, temperature

    var levels: [Double] {
      switch self {
      case .separation: [4, 2, 1]
      case .classes: [10, 50, 300]
      case .noise: [0, 0.2, 0.4]
      case .temperature: [1, 4, 16]
      }
    }
  }

  private struct Size {
    /// Synthetic ones to train on, and steps on batches of them.
    var examples: Int
    var steps: Int
    var points: Int
    /// Training rows of runs that take all of them in each step, and their steps.
    var rows: Int
    var bareSteps: Int

    var text: String { "points=\(points) examples=\(examples) steps=\(steps) rows=\(rows) bareSteps=\(bareSteps)" }
  }

  private struct Contestants {
    var policy: String
    var methods: [(method: String, text: String)]

    /// With the policies of training, and Adam at several rates.
    static let standard = Contestants(
      policy: "default",
      methods: ["fgn", "ggn", "fisher"].map { ($0, $0) } + [
        ("fgnSearched", "fgn:line-search=armijo"), ("fgnDamped", "fgn:damping-factor=120"),
      ]
        + ["0.01", "0.03", "0.1", "0.3"].map { ("adam", "adam:lr=\($0)") })

    /// Every step on all rows, with a fixed damping, its whole length and nothing else; or with a line search.
    static func bare(damping: Double, isSearching: Bool) -> Contestants {
      let settings = "fixed-damping=\(damping):trust-region=inf:momentum=0:schedule=constant"
      let search = isSearching ? ":line-search=armijo" : ""
      return Contestants(
        policy: isSearching ? "searched" : "bare",
        methods: ["fgn", "ggn", "fisher"].map { ($0, "\($0):\(settings)\(search)") })
    }
  }

  func cases(in setting: ExperimentSetting) throws -> [Case] {
    let letter = try setting.data.letter()
    let size = setting.pick(
      full: Size(examples: 6400, steps: 300, points: 10, rows: 1536, bareSteps: 32),
      quick: Size(examples: 1536, steps: 40, points: 4, rows: 384, bareSteps: 12))
    return Regime.allCases.flatMap { regime in
      let isReal = regime == .noise || regime == .temperature
      if isReal && letter == nil { return [Case]() }
      let levels = regime.levels
      return setting.pick(full: levels, quick: [levels[0], levels[2]]).flatMap { level in
        setting.seeds.map { seed in
          Case(
            "\(regime.rawValue)=\(level) \(size.text)", seed: seed,
            data: isReal ? letter!.fingerprint : 0
          ) {
            let split = try Self.split(regime, level, letter, examples: size.examples, seed: seed)
            return try Self.run(regime, level, split, size, seed: seed)
          }
        }
      }
    }
  }

  private static func split(
    _ regime: Regime, _ level: Double, _ letter: Split<Float>?, examples: Int, seed: UInt64
  ) throws -> Split<Float> {
    func synthetic(_ classes: Int, _ separation: Double) throws -> Split<Float> {
      try SyntheticClasses(classes: classes, features: 32, separation: separation)
        .split(training: examples, held: 500, seed: seed)
    }
    switch regime {
    case .separation: return try synthetic(100, level)
    case .classes: return try synthetic(Int(level), 1)
    case .noise: return try letter!.sample(examples, held: 500, seed: seed).noisyLabels(level, seed: seed)
    case .temperature:
      return try letter!.sample(examples, held: 500, seed: seed).mapFeatures { features in
        var cold = features
        cold.scale(by: Float(1 / level))
        return cold
      }
    }
  }

  private static func run(
    _ regime: Regime, _ level: Double, _ split: Split<Float>, _ size: Size, seed: UInt64
  ) throws -> [Row] {
    // A temperature shrinks every curvature by its square. The penalty keeps the head from growing out of it.
    let isCold = regime == .temperature
    let damping = 1e-2 / (isCold ? level * level : 1)
    let rows = Array(0..<Int32(size.rows))
    let part = try split.sample(size.rows, held: split.validation.count, seed: seed)
    func train(
      _ contestants: Contestants, _ split: Split<Float>, steps: Int, points: Int, batch: Int
    ) throws -> [Row] {
      let head = LinearHead<Float>(features: split.training.featureCount, classes: split.training.classCount)
      var runs = TrainingRuns(split, model: head, budget: .steps(steps))
      (runs.batchSize, runs.l2, runs.points) = (batch, isCold ? 1e-4 : 0, points)
      runs.labels = Row([
        "regime": .text(regime.rawValue), "level": .number(level), "policy": .text(contestants.policy),
        "problem": .text("\(regime.rawValue) \(Value.number(level).text)"),
      ])
      let sample = try split.training.rows(Array(rows.prefix(128)))
      let measure = DiffuseMeasure(
        head: head, batch: Batch(features: sample.features, labels: sample.labels), l2: runs.l2)
      let found = try contestants.methods.map { method, text in
        let hasDirections = text == "fgn"
        runs.observe = { hasDirections ? measure.state($0).merging(measure.deviation($0)) : measure.state($0) }
        return try runs.rows(text, as: method, seed: seed)
      }
      return DiffuseMeasure.compared(found)
    }
    return try train(.standard, split, steps: size.steps, points: size.points, batch: 256)
      + [false, true].flatMap {
        try train(
          .bare(damping: damping, isSearching: $0), part, steps: size.bareSteps, points: size.bareSteps / 2,
          batch: size.rows)
      }
  }
}
