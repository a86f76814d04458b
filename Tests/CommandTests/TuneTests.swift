import FastGaussNewton
import Foundation
import Testing

/// `fgn tune` and `fgn train --to-optimum --l2-path`.
@Suite struct TuneTests {
  let directory = TemporaryDirectory()

  private func data(_ toy: ToyData = ToyData()) throws -> String { try toy.npz(directory.file("toy.npz")) }

  @Test func tunesSavesAndDraws() async throws {
    let model = directory.file("model.safetensors")
    let arguments = [
      "tune", try data(), "--folds", "3", "--l2", "1,0.1", "0.01", "--seed", "4", "--curve", directory.file("c.svg"),
      "--output", model,
    ]
    let result = try await Command.run(arguments)
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.components(separatedBy: "\n")
    #expect(lines[0].hasPrefix("l2") && lines[0].contains("validation loss"))
    #expect(lines[1].hasPrefix("1.00 ") && lines[2].hasPrefix("0.100") && lines[3].hasPrefix("0.0100"))
    #expect(lines[1...3].count { $0.contains("best") } == 1)
    #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
    #expect(try directory.text("c.svg").contains("one standard error"))
    let evaluated = try await Command.run("evaluate", model, directory.file("toy.npz"))
    #expect(evaluated.status == 0)

    let json = try await Command.run(arguments + ["--json"]).json()
    let points = try #require(json["points"] as? [[String: Any]])
    #expect(points.map { $0["l2"] as? Double } == [1, 0.1, 0.01])
    let losses = points.compactMap { $0["loss"] as? Double }
    let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
    #expect(isSame(json["l2"], points[best]["l2"] as? Double) && isSame(json["bestL2"], points[best]["l2"] as? Double))
    #expect(json["outcome"] as? String == "converged" && json["model"] as? String == model)
    let file = try ModelFile<Float>(reading: model)
    #expect(file.l2 == points[best]["l2"] as? Double)
    // The same as the library's.
    var options = SoftmaxRegression.CrossValidationOptions()
    (options.folds, options.seed, options.path.values) = (3, 4, [1, 0.1, 0.01])
    options.path.optimum.seed = 4
    let own = try SoftmaxRegression.CrossValidation(ToyData().data, options: options).run()
    #expect(own.fit?.values == file.parameters.values)
  }

  @Test func pathKeepsTheBestOnValidation() async throws {
    let (model, log) = (directory.file("model.safetensors"), directory.file("path.jsonl"))
    let arguments = [
      "train", try data(), "--to-optimum", "--l2-path", "1,0.1,0.01", "--validation-fraction", "0.3", "--output", model,
      "--log", log, "--curve", directory.file("c.svg"),
    ]
    let result = try await Command.run(arguments)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("l2") && result.output.contains("best"))
    #expect(try directory.text("path.jsonl").split(separator: "\n").count == 3)
    #expect(try directory.text("c.svg").contains("validation"))
    let json = try await Command.run(arguments + ["--json"]).json()
    let path = try #require(json["path"] as? [[String: Any]])
    let losses = path.compactMap { ($0["validation"] as? [String: Any])?["loss"] as? Double }
    let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
    #expect(losses.count == 3 && isSame(json["l2"], path[best]["l2"] as? Double))
    #expect(abs((json["validationLoss"] as? Double ?? 0) - losses[best]) < 1e-6)
    #expect(try ModelFile<Float>(reading: model).l2 == path[best]["l2"] as? Double)
  }

  @Test func usage() async throws {
    let file = try data()
    let output = directory.file("m.safetensors")
    func train(_ more: String...) async throws -> Command.Result {
      try await Command.run(["train", file, "--output", output] + more)
    }
    expectFailure(try await train("--l2-path", "5"), 64, "--l2-path goes with --to-optimum")
    expectFailure(try await train("--to-optimum", "--l2-path", "5"), 64, "--validation")
    expectFailure(
      try await train("--to-optimum", "--l2-path", "5", "--l2", "1", "--validation-fraction", "0.2"), 64, "not both")
    for bad in ["1", "0.1,0", "0.1,x", "-1,2", "0.1,"] {
      expectFailure(
        try await train("--to-optimum", "--l2-path=\(bad)", "--validation-fraction", "0.2"), 64, "--l2-path must be")
    }
    expectFailure(try await Command.run("tune", file, "--folds", "1"), 64, "--folds must be at least 2, got 1")
    expectFailure(try await Command.run("tune", file, "--l2", "0.1", "0"), 64, "--l2 must be values above 0, got 0.1 0")
    expectFailure(try await Command.run("tune", file, "--points", "1"), 64, "--points")
    expectFailure(try await Command.run("tune", file, "--model", "4-8-3"), 64, "Unknown option '--model'")
    expectFailure(try await Command.run("tune", file, "--integer-targets"), 64, "for classes")
    expectFailure(try await Command.run("tune", file, "--loss", "squared"), 64, "for classes")
  }

  @Test func badData() async throws {
    let few = try ToyData(rows: 4, classes: 2).npz(directory.file("few.npz"))
    expectFailure(try await Command.run("tune", few), 65, "few.npz", "one row for each of 5 folds, got 4")
    var toy = ToyData(rows: 12, classes: 2)
    toy.labels = toy.labels.map { _ in 1 }
    let one = try toy.npz(directory.file("one.npz"))
    expectFailure(try await Command.run("tune", one), 65, "one.npz", "at least two classes, got one class only")
    let network = directory.file("none.safetensors")
    expectFailure(try await Command.run("tune", few, "--output", network + "/x/y"), 73)
  }
}
