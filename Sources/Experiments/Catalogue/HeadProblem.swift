import Comparison
import LinearAlgebra
import Models
import Optimization
import Training

/// A data set that heads are trained on: features, batch size and penalty, the same for every method.
struct HeadProblem: Sendable {
  var split: Split<Float>
  var batchSize = 128
  /// Chosen on clinc150, where larger ones cost held-out accuracy.
  static let l2 = 1e-6

  /// What a head is trained for.
  static func objective<S: RealScalar>(of head: LinearHead<S>) -> Objective<LinearHead<S>> { Objective(head, l2: l2) }

  var name: String { split.name }
  var classes: Int { split.training.classCount }
  var stepsPerEpoch: Int { (split.training.count + batchSize - 1) / batchSize }
  var model: LinearHead<Float> { LinearHead(features: split.training.featureCount, classes: classes) }

  /// Letter as it is, with random features, and ten classes of it where EGN fits; clinc150 and the user's, if there.
  static func all(in setting: ExperimentSetting) throws -> [HeadProblem] {
    func cut(_ split: Split<Float>, _ each: Int) throws -> Split<Float> {
      setting.isQuick ? try split.training(firstOfEachClass: each) : split
    }
    var problems: [HeadProblem] = []
    if let whole = try setting.data.letter() {
      let letter = try cut(whole, 80)
      let random = RandomFeatures<Float>(inputs: letter.training.featureCount, count: 512, bandwidth: 4, seed: 0)
      problems.append(HeadProblem(split: letter))
      problems.append(
        HeadProblem(
          split: try letter.mapFeatures(name: "letter-rff") { inputs in
            var features = random.features(of: inputs)
            features.scale(by: 16)  // the cosines themselves
            return features
          }))
      problems.append(HeadProblem(split: try letter.classes(first: 10).named("letter-10"), batchSize: 64))
    }
    if let clinc = try setting.data.clinc150() { problems.append(HeadProblem(split: try cut(clinc, 15))) }
    if let own = try setting.data.own() { problems.append(HeadProblem(split: own)) }
    return problems
  }

  /// Training for so many passes over the data, its last row; L-BFGS takes a step a pass.
  func runs(part: String, family: String, passes: Double) -> TrainingRuns<LinearHead<Float>> {
    let each = family == HeadMethod.lbfgs ? 1 : stepsPerEpoch
    var runs = TrainingRuns(split, model: model, budget: .steps(max(1, Int(passes * Double(each)))))
    (runs.batchSize, runs.l2, runs.points, runs.keepsLastOnly) = (batchSize, Self.l2, 1, true)
    runs.labels = Row(["part": .text(part), "family": .text(family), "passes": .number(passes)])
    return runs
  }

  /// One case for several settings of a method, each with several budgets.
  func bundle(part: String, _ method: HeadMethod, passes: [Double], seed: UInt64) -> Case {
    let name = "part=\(part) data=\(name) batchSize=\(batchSize) l2=\(Self.l2) \(method.contestants) passes=\(passes)"
    return Case(name, seed: seed, data: split.fingerprint) {
      try passes.flatMap { passes in
        try method.contestants.flatMap {
          try runs(part: part, family: method.family, passes: passes).rows($0, seed: seed)
        }
      }
    }
  }
}

/// A method with the settings that it may choose from.
struct HeadMethod: Sendable {
  /// For people.
  var family: String
  var contestants: [String]

  static let fgn = "FGN"
  static let lbfgs = "L-BFGS"
  /// B C up to which a step of EGN is worth waiting for: it factors a matrix of that order.
  static let largestSystem = 1300

  /// Those of the comparison; `isQuick` takes every other rate.
  static func all(for problem: HeadProblem, isQuick: Bool) -> [HeadMethod] {
    func rates(_ name: String, _ all: [Double]) -> [String] {
      stride(from: 0, to: all.count, by: isQuick ? 2 : 1).map { "\(name):lr=\(all[$0])" }
    }
    let fits = problem.batchSize * problem.classes <= largestSystem
    return [
      HeadMethod(family: fgn, contestants: ["fgn"]),
      HeadMethod(family: "GGN (parameters)", contestants: ["ggn:solver=cg"]),
      HeadMethod(family: "GGN (dual)", contestants: ["ggn:solver=dual"]),
    ] + (fits ? [HeadMethod(family: "EGN", contestants: ["egn"])] : []) + [
      HeadMethod(family: "empirical Fisher", contestants: ["fisher"]),
      HeadMethod(family: "SGD", contestants: rates("sgd", [1, 3, 10, 30, 100, 300, 1000])),
      HeadMethod(family: "Adam", contestants: rates("adam", [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3])),
      HeadMethod(family: "K-FAC", contestants: rates("kfac", [0.03, 0.1, 0.3])),
      HeadMethod(family: lbfgs, contestants: ["lbfgs"]),
    ]
  }
}

extension Split {
  /// The same under another name.
  func named(_ name: String) -> Split { Split(name: name, training: training, validation: validation) }
}
