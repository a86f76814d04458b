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
    let json = try await Command.run("calibrate", toy.path, toy.dataPath, "--json").json()
    #expect(json["outcome"] as? String == "separable" && json["model"] == nil)
    #expect(try ModelFile<Float>(reading: toy.path).temperature == nil)
    let text = try await Command.run("calibrate", toy.path, toy.dataPath)
    #expect(text.status == 0 && text.output.contains("not saved. No row is classified wrongly"))
  }
}
