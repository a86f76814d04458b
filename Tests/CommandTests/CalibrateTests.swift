import FastGaussNewton
import Foundation
import Testing

@Suite struct CalibrateTests {
  let directory = TemporaryDirectory()

  @Test func fitsSavesAndIsUsed() async throws {
    let toy = try ToyModel(names: ["a", "b", "c"])
    let csv = try directory.write(toy.data.csv(names: ["a", "b", "c"]), "toy.csv")
    let output = directory.file("calibrated.safetensors")
    let figure = directory.file("figure.svg")
    let json = try await Command.run(
      "calibrate", toy.path, csv, "--output", output, "--figure", figure, "--json", "--precision", "double"
    ).json()
    #expect(json["outcome"] as? String == "converged" && json["model"] as? String == output)
    let temperature = try #require(json["temperature"] as? Double)
    let file = try ModelFile<Double>(reading: output)
    #expect(abs((file.temperature ?? 0) - temperature) < 1e-12)
    #expect(try directory.text("figure.svg").contains("Confidence"))
    // The file stays in float32 and keeps all else.
    var plain = try ModelFile<Float>(reading: toy.path)
    plain.temperature = file.temperature
    try plain.write(to: directory.file("same.safetensors"))
    #expect(try directory.bytes("same.safetensors") == directory.bytes("calibrated.safetensors"))

    let evaluation = try await Command.run("evaluate", output, csv, "--precision", "double", "--json").json()
    let calibrated = try #require(evaluation["calibrated"] as? [String: Any])
    let after = try #require(json["after"] as? [String: Any])
    #expect(isSame(calibrated["loss"], after["loss"] as? Double))
    #expect(isSame(calibrated["calibrationError"], after["calibrationError"] as? Double))
    let before = try #require(json["before"] as? [String: Any])
    #expect(abs((evaluation["loss"] as? Double ?? 0) - (before["loss"] as? Double ?? 1)) < 1e-12)
    let text = try await Command.run("evaluate", output, csv)
    #expect(text.output.contains("calibrated, T = "))
    #expect(try await Command.run("calibrate", toy.path, csv, "--output", output).output.contains("saved to \(output)"))
  }

  @Test func refuses() async throws {
    let toy = try ToyModel(ToyData(spread: 40))
    let json = try await Command.run("calibrate", toy.path, toy.dataPath, "--in-place", "--json").json()
    #expect(json["outcome"] as? String == "separable" && json["model"] == nil)
    #expect(try ModelFile<Float>(reading: toy.path).temperature == nil)
    let text = try await Command.run("calibrate", toy.path, toy.dataPath, "--in-place")
    #expect(text.status == 0 && text.output.contains("not saved. No row is classified wrongly"))
  }

  /// The model is written over where that is asked for, and nowhere else.
  @Test func inPlace() async throws {
    let toy = try ToyModel()
    let before = try Data(contentsOf: URL(filePath: toy.path))
    func isUntouched() throws -> Bool { try Data(contentsOf: URL(filePath: toy.path)) == before }
    expectFailure(
      try await Command.run("calibrate", toy.path, toy.dataPath), 64,
      "--output FILE, or --in-place to replace MODEL; got neither.")
    expectFailure(
      try await Command.run(
        "calibrate", toy.path, toy.dataPath, "--in-place", "--output", directory.file("c.safetensors")), 64,
      "--output FILE, or --in-place to replace MODEL; got both.")
    expectFailure(
      try await Command.run("calibrate", toy.path, toy.dataPath, "--output", toy.path), 73,
      "the calibrated model would replace the model")
    expectFailure(try await Command.run("calibrate", toy.path, "--in-place"), 64, "Give either DATA or --features")
    #expect(try isUntouched() && directory.names.isEmpty)
    let result = try await Command.run("calibrate", toy.path, toy.dataPath, "--in-place", "--json")
    #expect(try result.json()["model"] as? String == toy.path)
    #expect(try !isUntouched() && ModelFile<Float>(reading: toy.path).temperature != nil)
  }
}
