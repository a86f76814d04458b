import Foundation
import Testing

@Suite struct ExperimentCommandTests {
  @Test func measuresOnceAndReportsAgain() async throws {
    let files = TemporaryDirectory()
    let output = files.file("experiments")
    let arguments = ["experiment", "decomposition", "--quick", "--seeds", "1", "--seed", "4", "--output", output]
    let first = try await Command.run(arguments + ["--note", "abc, \"def\""])
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("Two classes: holds") && first.errors.contains("decomposition 1/"))
    let report = try files.text("experiments/decomposition/REPORT.md")
    #expect(report.contains("seeds `4`") && report.contains("`abc, \"def\"`") && report.contains("(split.svg)"))
    let rows = try files.text("experiments/decomposition/rows.csv")
    #expect(rows.hasPrefix("experiment,case,seed,") && rows.contains("\"abc, \"\"def\"\"\""))
    let second = try await Command.run(arguments + ["--json"])
    #expect(second.errors.contains("from before)"))
    let experiments = try #require(try second.json()["experiments"] as? [[String: Any]])
    #expect(experiments.count == 1 && experiments[0]["experiment"] as? String == "decomposition")
    let claims = try #require(experiments[0]["claims"] as? [[String: Any]])
    #expect(claims.count == 4 && claims[0]["verdict"] as? String == "holds")
    #expect(claims[0]["figures"] as? [String] == ["split.svg"])
    #expect(try files.text("experiments/decomposition/rows.csv") == rows)
  }

  @Test func saysWhatThereIs() async throws {
    let result = try await Command.run("experiment", "dampin")
    #expect(result.status == 64)
    #expect(result.errors.contains("no experiment \"dampin\"") && result.errors.contains("decomposition"))
    #expect(try await Command.run("experiment").status == 64)
    let seeds = try await Command.run("experiment", "decomposition", "--seeds", "0")
    #expect(seeds.status == 64 && seeds.errors.contains("--seeds must be at least 1, got 0"))
  }

  /// Nothing is lost: rows that are none stop the run, and stay.
  @Test func keepsWhatIsThere() async throws {
    let files = TemporaryDirectory()
    let directory = files.file("experiments/decomposition")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try "not a row\n".write(toFile: directory + "/rows.jsonl", atomically: true, encoding: .utf8)
    let result = try await Command.run(
      "experiment", "decomposition", "--quick", "--seeds", "1", "--output", files.file("experiments"))
    #expect(result.status == 65)
    #expect(result.errors.contains("rows.jsonl") && result.errors.contains("line 1"))
    #expect(try files.text("experiments/decomposition/rows.jsonl") == "not a row\n")
    let blocked = try await Command.run("experiment", "decomposition", "--output", directory + "/rows.jsonl")
    #expect(blocked.status == 73, "\(blocked.errors)")
  }

  /// A page of somebody else's stays, and is seen before the work; a gallery of ours is written anew.
  @Test func replacesNoPageOfOthers() async throws {
    let files = TemporaryDirectory()
    let page = try files.write("# My project\n", "README.md")
    let arguments = ["experiment", "all", "--quick", "--seeds", "1", "--output", files.path, "--data", files.path]
    let result = try await Command.run(arguments)
    expectFailure(result, 73, "README.md: is not ours, as it is no gallery of experiments", "or say --force")
    #expect(try files.names == ["README.md"] && files.text("README.md") == "# My project\n")
    // Refused for another reason: the page is no longer one.
    let data = ["--features", files.file("none.npz")]
    expectFailure(try await Command.run(arguments + data + ["--force"]), 66, "none.npz")
    try FileManager.default.removeItem(atPath: page)
    _ = try files.write("# Experiments\n\nClaims, what the rows say to them, and every figure. Older.\n", "README.md")
    expectFailure(try await Command.run(arguments + data), 66, "none.npz")
    // A page is written by all alone.
    _ = try files.write("# My project\n", "README.md")
    let one = try await Command.run(["experiment", "head"] + arguments.dropFirst(2) + data)
    expectFailure(one, 66, "none.npz")
  }

  /// Data that are there and broken are named, with the line.
  @Test func saysWhatIsWrongWithTheData() async throws {
    let files = TemporaryDirectory()
    _ = try files.write(Data("label,x\nA,1\nB,two\n".utf8), "letter-recognition.csv")
    let result = try await Command.run(
      "experiment", "deep", "--quick", "--seeds", "1", "--data", files.path, "--output", files.file("out"))
    expectFailure(result, 65, "letter-recognition.csv", "line 3")
    let own = try await Command.run(
      "experiment", "head", "--quick", "--seeds", "1", "--features", files.file("none.npz"), "--output",
      files.file("out"))
    expectFailure(own, 66, "none.npz")
    let later = try await Command.run(
      "experiment", "decomposition", "head", "--quick", "--seeds", "1", "--features", files.file("none.npz"),
      "--output", files.file("out"))
    expectFailure(later, 66, "none.npz")
    #expect(files.names == ["letter-recognition.csv"], "a run that is refused leaves nothing")
  }
}
