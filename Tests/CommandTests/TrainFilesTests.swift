import FastGaussNewton
import Foundation
import Testing

/// Validation sets, logs and curves, and the bytes of the model.
@Suite struct TrainFilesTests {
  let directory = TemporaryDirectory()
  var model: String { directory.file("m.safetensors") }

  @Test(arguments: [[], ["--standardize"]]) func validationFile(_ options: [String]) async throws {
    var data = ToyData(rows: 120)
    data.features.mapColumns { (shift: -4, factor: Float($0 + 1)) }
    let held = data.rows(90..<120)
    let training = try data.rows(0..<90).npz(directory.file("t.npz"))
    let validation = try directory.write(held.csv(), "v.csv")
    let arguments =
      ["train", training, "--validation", validation, "--label-column", "Letter", "--output", model] + options
    let result = try await Command.run(arguments + ["--json"])
    #expect(result.status == 0, "\(result.errors)")
    let summary = try result.json()
    #expect(Set(summary.keys) == TrainTests.summaryKeys.union(["validationLoss", "validationAccuracy"]))
    let file = try ModelFile<Float>(reading: model)
    var expected = try held.data
    if let standardization = file.standardization { try expected.standardize(standardization) }
    #expect((file.standardization != nil) == (options == ["--standardize"]))
    #expect(try isSame(summary["validationLoss"], file.evaluate(expected).loss))
    let text = try await Command.run(arguments)
    #expect(text.output.contains("\nvalidation loss ") && text.errors.contains("  validation loss "))
  }

  @Test func validationOfAnotherWidthOrClass() async throws {
    let training = try ToyData().npz(directory.file("t.npz"))
    let validation = try ToyData(features: 5).npz(directory.file("v.npz"))
    let result = try await Command.run("train", training, "--validation", validation, "--output", model)
    expectFailure(result, 65, "v.npz: ", "takes 4 features, the data have 5")
    #expect(!directory.names.contains("m.safetensors"))
    let classes = try ToyData(classes: 4).npz(directory.file("v.npz"))
    let counted = try await Command.run("train", training, "--validation", classes, "--output", model)
    #expect(counted.status == 0 && counted.errors.contains("22 of 90 examples have labels that are no classes"))
  }

  @Test func validationFraction() async throws {
    let path = try ToyData().npz(directory.file("t.npz"))
    var models: [Data] = []
    for seed in ["1", "1", "2"] {
      let result = try await Command.run(
        "train", path, "--validation-fraction", "0.2", "--seed", seed, "--output", model, "--json")
      #expect(result.errors.contains("72 examples") && result.status == 0)
      #expect(try result.json()["validationAccuracy"] != nil)
      models.append(try directory.bytes("m.safetensors"))
    }
    #expect(models[0] == models[1] && models[0] != models[2])
    let result = try await Command.run("train", path, "--validation-fraction", "0.001", "--output", model)
    expectFailure(result, 65, "t.npz", "leaves rows on both sides of 90, got 0.001")
  }

  @Test func log() async throws {
    let path = try ToyData().npz(directory.file("t.npz"))
    let result = try await Command.run(
      "train", path, "--output", model, "--log", directory.file("log.jsonl"), "--epochs", "4", "--seed", "3",
      "--curve", directory.file("curve.svg"))
    #expect(result.status == 0, "\(result.errors)")
    let lines = try directory.text("log.jsonl").split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(lines.count == 5 && lines.dropFirst().map { $0["epoch"] as? Int } == [1, 2, 3, 4])
    let run = try #require(lines[0]["run"] as? [String: Any])
    #expect(Set(run.keys) == ["producer", "blas", "threads", "loss", "training", "optimizer", "method"])
    let training = try #require(run["training"] as? [String: Any])
    #expect(training["seed"] as? Int == 3 && training["epochs"] as? Int == 4)
    let curve = try directory.text("curve.svg")
    #expect(curve.contains("<svg") && curve.contains("Epoch") && curve.contains("</svg>"))
    #expect(directory.names == ["curve.svg", "log.jsonl", "m.safetensors", "t.npz"], "nothing temporary is left")
  }

  @Test func classNamesOfATable() async throws {
    let names = ["größe, \"x\"", "A", "10"]
    let quoted = names.map { "\"\($0.replacingOccurrences(of: "\"", with: "\"\""))\"" }
    let path = try directory.write(ToyData().csv(names: quoted), "t.csv")
    let result = try await Command.run("train", path, "--output", model)
    #expect(result.status == 0 && result.errors.contains("t.csv: labels are in column \"Letter\""))
    #expect(try ModelFile<Float>(reading: model).classNames == ["10", "A", "größe, \"x\""])
    let evaluation = try await Command.run("evaluate", model, path, "--json").json()
    let classes = try #require(evaluation["classes"] as? [[String: Any]])
    #expect(classes.map { $0["name"] as? String } == ["10", "A", "größe, \"x\""])
    #expect(classes.map { $0["examples"] as? Int } == [30, 30, 30])
  }

  /// Wide enough that work is spread over threads.
  @Test(arguments: ["gram", "cg"]) func sameSeedSameBytes(_ solver: String) async throws {
    let path = try ToyData(rows: 1000, features: 40, classes: 10, spread: 0.3).npz(directory.file("t.npz"))
    var models: [Data] = []
    for (threads, seed) in [("1", "5"), ("2", "5"), ("3", "5"), ("1", "5"), ("1", "6")] {
      let result = try await Command.run(
        "train", path, "--output", model, "--threads", threads, "--seed", seed, "--solver", solver, "--epochs", "1",
        "--batch-size", "400", "--standardize")
      #expect(result.status == 0 && result.errors.contains("seed \(seed), float32, \(threads) threads"))
      models.append(try directory.bytes("m.safetensors"))
    }
    #expect(models[1] == models[0] && models[2] == models[0] && models[3] == models[0])
    #expect(models[4] != models[0])
  }

  @Test func theCachedGramChangesNothing() async throws {
    let path = try ToyData(features: 30).npz(directory.file("t.npz"))
    var models: [ModelFile<Double>] = []
    for budget in ["0", "256"] {
      let result = try await Command.run(
        "train", path, "--output", model, "--gram-budget", budget, "--precision", "double", "--solver", "gram",
        "--epochs", "5")
      #expect(result.status == 0, "\(result.errors)")
      models.append(try ModelFile(reading: model))
    }
    let pairs = zip(models[0].parameters.values, models[1].parameters.values)
    #expect(pairs.allSatisfy { abs($0 - $1) < 1e-9 })
  }

  @Test func dataThatDefeatThePrecision() async throws {
    let path = directory.file("t.npz")
    try NPZ.write(to: path) { archive throws(FileError) in
      try archive.add(Matrix<Float>(rows: 4, columns: 1, elements: [1e30, -1e30, 2e30, -2e30]), named: "X")
      try archive.add([0, 1, 0, 1], named: "y")
    }
    let result = try await Command.run("train", path, "--output", model)
    #expect(result.status == 2)
    #expect(result.errors.contains("every step of an epoch refused: raise the damping, standardise"))
    #expect(try await Command.run("train", path, "--output", model, "--standardize").status == 0)
  }
}
