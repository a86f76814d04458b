import FastGaussNewton
import Foundation
import Testing

/// Output that cannot be written, and runs that are interrupted.
@Suite struct OutputTests {
  let directory = TemporaryDirectory()

  /// Each option that names an output, with the rest of its command.
  func commands() throws -> [(option: String, rest: [String])] {
    let toy = try ToyModel()
    let model = try directory.write(toy.directory.bytes("toy.safetensors"), "toy.safetensors")
    let data = try directory.write(toy.directory.bytes("toy.npz"), "toy.npz")
    let train = ["train", data, "--epochs", "2"]
    return [
      ("--output", train), ("--log", train + ["--output", directory.file("m")]),
      ("--curve", train + ["--output", directory.file("m")]), ("--output", ["predict", model, data]),
      ("--direction", ["inspect", model, data, "--damping", "1"]),
    ]
  }

  @Test func placesWhereNothingCanBeCreated() async throws {
    for (option, rest) in try commands() {
      let missing = try await Command.run(rest + [option, directory.file("missing/out")])
      expectFailure(missing, 73, "missing/out: cannot create a file in its directory: No such file or directory")
      let occupied = try await Command.run(rest + [option, directory.path])
      expectFailure(occupied, 73, "\(directory.path): cannot write: it is a directory")
      #expect(!missing.errors.contains("epoch") && !occupied.errors.contains("epoch"), "before the work")
    }
    #expect(directory.names == ["toy.npz", "toy.safetensors"])
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func fullDevice() async throws {
    for (option, rest) in try commands() {
      let result = try await Command.run(rest + [option, "/dev/full"])
      #expect(result.status == 74, "\(option) \(rest[0]): \(result.errors)")
      #expect(result.errors.contains("fgn: /dev/full: cannot write: No space left on device"))
    }
    for (_, rest) in try commands() where rest[0] == "inspect" {
      let result = try await Command.shell("\"$FGN\" \(rest.joined(separator: " ")) --json > /dev/full")
      expectFailure(result, 74, "fgn: standard output: cannot write: No space left on device")
    }
  }

  /// The model of an optimum is saved before its log and its curve, which may fail.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func optimumOutlivesItsLog() async throws {
    let data = try ToyData(rows: 60).npz(directory.file("t.npz"))
    for option in ["--log", "--curve"] {
      let output = directory.file("optimum\(option).safetensors")
      let result = try await Command.run([
        "train", data, "--to-optimum", "--l2", "0.1", "--output", output, option, "/dev/full",
      ])
      expectFailure(result, 74, "fgn: /dev/full: cannot write: No space left on device")
      #expect(FileManager.default.fileExists(atPath: output), "\(option)")
    }
  }

  /// So is the model that a cross-validation chose.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func tuningOutlivesItsCurve() async throws {
    let data = try ToyData(rows: 60).npz(directory.file("t.npz"))
    let output = directory.file("tuned.safetensors")
    let result = try await Command.run(
      "tune", data, "--folds", "2", "--points", "3", "--output", output, "--curve", "/dev/full")
    expectFailure(result, 74, "fgn: /dev/full: cannot write: No space left on device")
    #expect(try ModelFile<Float>(reading: output).l2 != nil)
  }

  @Test(arguments: ["", "trap '' XFSZ; "]) func theFileSizeLimit(_ prefix: String) async throws {
    // A model of 9 kB does not fit sixteen blocks of 512 bytes; messages do.
    let data = try ToyData(rows: 60, features: 110, classes: 20).npz(directory.file("t.npz"))
    let output = try directory.write("an older model", "m.safetensors")
    let result = try await Command.shell(
      prefix + "ulimit -f 16; exec \"$FGN\" train '\(data)' --output '\(output)' --epochs 1")
    expectFailure(result, 74, "m.safetensors: cannot write: File too large")
    #expect(try directory.text("m.safetensors") == "an older model")
    #expect(directory.names == ["m.safetensors", "t.npz"], "nothing temporary is left")
  }

  /// A log that outgrows the limit ends with the lines that were written; the model is saved all the same.
  @Test func aFullLogDoesNotCostTheModel() async throws {
    let data = try ToyData().npz(directory.file("t.npz"))
    let (model, log) = (directory.file("m.safetensors"), directory.file("log.jsonl"))
    let result = try await Command.shell(
      "trap '' XFSZ; ulimit -f 16; exec \"$FGN\" train '\(data)' --output '\(model)' --log '\(log)' --epochs 60")
    #expect(result.status == 74 && result.errors.contains("log.jsonl: cannot write: File too large"), "\(result)")
    #expect(try ModelFile<Float>(reading: model).objective?.isFinite == true)
    let lines = try directory.text("log.jsonl").split(separator: "\n")
    #expect(lines.count > 2 && lines.count < 61 && lines.allSatisfy { $0.hasSuffix("}") })
  }

  @Test func anOlderModelIsReplacedWhole() async throws {
    let data = try ToyData().npz(directory.file("t.npz"))
    for name in ["new", "old"] {
      if name == "old" { _ = try directory.write(String(repeating: "x", count: 100_000), "old") }
      #expect(try await Command.run("train", data, "--output", directory.file(name)).status == 0)
    }
    #expect(try directory.bytes("new") == directory.bytes("old"))
  }
}

@Suite struct InterruptTests {
  let directory = TemporaryDirectory()

  func start(_ options: String...) throws -> Command.Running {
    let data = try ToyData(rows: 300).npz(directory.file("t.npz"))
    return try Command.start(
      ["train", data, "--output", directory.file("m.safetensors"), "--epochs", "100000000"] + options)
  }

  @Test(.timeLimit(.minutes(5))) func controlCSavesTheModel() async throws {
    let run = try start("--json", "--log", directory.file("log.jsonl"), "--batch-size", "32")
    #expect(try await run.says("epoch 3/"))
    run.interrupt()
    let result = try await run.result()
    #expect(result.status == 130, "\(result.errors.suffix(300))")
    #expect(result.errors.contains("warning: interrupted; the best parameters so far are kept"))
    let summary = try result.json()
    #expect(summary["outcome"] as? String == "interrupted")
    #expect(try #require(summary["steps"] as? Int) >= 30 && #require(summary["epochs"] as? Int) < 100_000_000)
    let file = try ModelFile<Float>(reading: directory.file("m.safetensors"))
    let evaluation = try file.evaluate(try ToyData(rows: 300).data)
    #expect(isSame(summary["objective"], evaluation.objective) && evaluation.accuracy ?? 0 > 0.7)
    let lines = try directory.text("log.jsonl").split(separator: "\n")
    #expect(lines.count == (try #require(summary["epochs"] as? Int)) + 1)
    #expect(directory.names == ["log.jsonl", "m.safetensors", "t.npz"], "nothing temporary is left")
  }

  @Test(.timeLimit(.minutes(5))) func theSecondControlCEndsAtOnce() async throws {
    // One step factors a matrix of order 4000: a good part of a second.
    let data = try ToyData(rows: 4000, features: 300, classes: 30).npz(directory.file("slow.npz"))
    let run = try Command.start(
      [
        "train", data, "--output", directory.file("m.safetensors"), "--batch-size", "4000", "--solver", "gram",
        "--precision", "double",
      ])
    #expect(try await run.says("4000 examples"))
    while run.isRunning {
      run.interrupt()
      try await Task.sleep(for: .milliseconds(50))
    }
    let result = try await run.result()
    #expect(result.status == 130 && result.output.isEmpty, "\(result)")
    #expect(!directory.names.contains("m.safetensors"))
  }

  @Test(.timeLimit(.minutes(5))) func anOlderModelSurvivesAKill() async throws {
    let old = try directory.write("an older model", "m.safetensors")
    do {
      let run = try start()
      #expect(try await run.says("epoch 2/"))
      // Ended by SIGKILL when it is let go.
    }
    #expect(try String(contentsOfFile: old, encoding: .utf8) == "an older model")
  }
}
