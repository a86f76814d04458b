import Figures
import LinearAlgebra
import Models
import Training

/// The shape of the paper's own head, for cost only: nothing is learned from features that mean nothing.
enum HeadShape {
  private static let (features, classes, examples) = (2048, 196, 8144)
  private static let methods = [
    ("FGN", "fgn"), ("GGN (parameters)", "ggn:solver=cg"), ("GGN (dual)", "ggn:solver=dual"),
    ("SGD", "sgd:lr=0.1"), ("Adam", "adam:lr=0.001"),
  ]

  static func cases(in setting: ExperimentSetting) -> [Case] {
    let count = setting.pick(full: examples, quick: 1024)
    return setting.seeds.map { seed in
      Case("part=shape features=\(features) classes=\(classes) examples=\(count)", seed: seed) {
        let problem = HeadProblem(split: try synthetic(count, seed))
        return try methods.map { family, contestant in
          var runs = problem.runs(part: "shape", family: family, passes: 1)
          runs.measuresTraining = false
          let row = try runs.rows(contestant, seed: seed)[0]
          func step(_ column: String) -> Value {
            .number((row[column]?.number ?? .nan) / (row["step"]?.number ?? .nan))
          }
          return Row([
            "part": "shape", "family": .text(family), "method": .text(contestant),
            "features": .number(Double(features)), "classes": .number(Double(classes)),
            "examples": .number(Double(count)), "batchSize": 128, "step": row["step"] ?? 0,
            "cpuStepSeconds": step("cpuSeconds"), "wallStepSeconds": step("wallSeconds"),
          ])
        }
      }
    }
  }

  /// Normal features around a normal centre for each class.
  private static func synthetic(_ count: Int, _ seed: UInt64) throws -> Split<Float> {
    var generator = SeededGenerator(seed: seed, .shapedClasses)
    let centers = (0..<classes * features).map { _ in Float(generator.normal()) }
    func data(_ rows: Int) throws -> Dataset<Float> {
      // Examples take classes in turn.
      let values = (0..<rows * features).map { Float(generator.normal()) + centers[$0 % centers.count] }
      return try Dataset(
        features: Matrix(rows: rows, columns: features, elements: values),
        labels: (0..<rows).map { Int32($0 % classes) }, classNames: (0..<classes).map(String.init))
    }
    return Split(name: "synthetic", training: try data(count), validation: try data(classes))
  }
}
