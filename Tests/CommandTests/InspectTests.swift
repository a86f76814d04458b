import FastGaussNewton
import Foundation
import Testing

@Suite struct InspectTests {
  let directory = TemporaryDirectory()
  static let damping = 0.05
  static let l2 = 0.01

  static let keys: Set = [
    "examples", "damping", "l2", "loss", "objective", "gradientNorm", "traceFGN", "traceGGN", "keptShare",
    "effectiveCompetitors", "cosine", "relativeError", "fgn", "ggn",
  ]
  static let directionKeys: Set = [
    "solver", "reason", "outcome", "iterations", "residual", "norm", "slope", "lossAfter", "objectiveAfter",
  ]

  /// The JSON object and the direction of one run.
  func inspect(_ toy: ToyModel, _ options: String...) async throws -> (json: [String: Any], direction: [Double]) {
    let path = directory.file("D.safetensors")
    let result = try await Command.run(
      ["inspect", toy.path, toy.dataPath, "--damping", "\(Self.damping)", "--l2", "\(Self.l2)", "--json"]
        + ["--direction", path] + options)
    #expect(result.status == 0 && result.errors.isEmpty, "\(options): \(result.errors)")
    let file = try SafeTensors.read(path)
    #expect(file.shape("weight") == [3, 4] && file.shape("bias") == [3])
    return (try result.json(), try file.values("weight") + file.values("bias"))
  }

  static func distance(_ a: [Double], _ b: [Double]) -> Double {
    let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  @Test(arguments: [Curvature.fgn, .ggn]) func theDirectionIsTheLibrarys(_ curvature: Curvature) async throws {
    let toy = try ToyModel()
    let file = try ModelFile<Double>(reading: toy.path)
    let data = try toy.data.data
    let batch = Batch<Double>(features: data.features.dense.converted(), labels: data.labels)
    var descent = Descent(
      Objective(try #require(file.model as? LinearHead<Double>), l2: Self.l2),
      options: DescentOptions(
        curvature: curvature, solver: curvature == .fgn ? .gram : .cg, tolerance: 1e-13, maximumIterations: 2000))
    let (expected, _) = descent.direction(at: file.parameters, batch: batch, damping: Self.damping)
    for solver in DescentOptions.Solver.available(for: curvature) {
      for (precision, limit) in [("double", 1e-10), ("float", 1e-4)] {
        let (json, direction) = try await inspect(
          toy, "--curvature", curvature.name, "--solver", solver.rawValue, "--precision", precision)
        #expect(Self.distance(direction, expected) < limit, "\(curvature) \(solver) \(precision)")
        let own = try #require(json[curvature.name] as? [String: Any])
        #expect(solver == .automatic || own["solver"] as? String == solver.rawValue)
        let norm = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(try abs(#require(own["norm"] as? Double) - norm) < limit * norm)
      }
    }
  }

  @Test func theObject() async throws {
    let toy = try ToyModel(standardize: true)
    let (json, _) = try await inspect(toy, "--precision", "double")
    #expect(Set(json.keys) == Self.keys)
    #expect(json["examples"] as? Int == 90 && isSame(json["damping"], Self.damping) && isSame(json["l2"], Self.l2))
    func number(_ object: [String: Any], _ key: String) throws -> Double { try #require(object[key] as? Double) }
    let evaluation = try await Command.run(
      "evaluate", toy.path, toy.dataPath, "--json", "--l2", "\(Self.l2)", "--precision", "double"
    ).json()
    for key in ["loss", "objective"] {
      #expect(try abs(number(json, key) - number(evaluation, key)) < 1e-12)
    }
    let share = try number(json, "traceFGN") / number(json, "traceGGN")
    #expect(try abs(number(json, "keptShare") - share) < 1e-12 && share > 0.5 && share <= 1)
    let competitors = try #require(json["effectiveCompetitors"] as? [Double])
    #expect(competitors.count == 7 && competitors == competitors.sorted())
    #expect(competitors[0] >= 1 && competitors[6] <= 2 + 1e-12, "three classes have two competitors")
    for curvature in ["fgn", "ggn"] {
      let direction = try #require(json[curvature] as? [String: Any])
      #expect(Set(direction.keys) == Self.directionKeys)
      #expect(try number(direction, "residual") < 1e-8 && number(direction, "slope") < 0)
      #expect(try number(direction, "objectiveAfter") < number(json, "objective"))
      #expect(direction["outcome"] as? String == "converged")
    }
    #expect(try number(json, "cosine") > 0.9 && number(json, "relativeError") < 0.6)
  }

  @Test func text() async throws {
    let toy = try ToyModel()
    let result = try await Command.run("inspect", toy.path, toy.dataPath, "--damping", "0.1")
    #expect(result.status == 0 && result.errors.isEmpty)
    for part in [
      "examples                90\n", "kept share ", "effective competitors   1.", "FGN against GGN         cosine 0.9",
      "FGN unit step           loss 0.", "GGN solve               ", ": converged\n",
      "FGN stands in for the full GGN here: the directions nearly agree\n",
    ] {
      #expect(result.output.contains(part), "\(result.output) lacks \(part)")
    }
  }

  @Test func hardLabelsAreNeeded() async throws {
    let toy = try ToyModel()
    let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
    try toy.data.npy(features: x, labels: y)
    let pair = ["inspect", toy.path, "--features", x, "--damping", "1"]
    expectFailure(try await Command.run(pair), 65, "X.npy: expected labels for these features, got none")
    try NPY.write(Matrix<Float>(rows: 90, columns: 3), to: y)
    expectFailure(
      try await Command.run(pair + ["--labels", y]), 65, "y.npy: shape: expected one hard integer label per example",
      "soft", "got shape (90, 3)")
  }
}
