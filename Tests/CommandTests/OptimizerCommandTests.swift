import FastGaussNewton
import Foundation
import Testing

/// `fgn train --optimizer`.
@Suite struct OptimizerCommandTests {
  let directory = TemporaryDirectory()

  func train(_ options: String...) async throws -> Command.Result {
    let path = try ToyData(rows: 60).npz(directory.file("t.npz"))
    return try await Command.run(
      ["train", path, "--output", directory.file("m.safetensors"), "--json"] + options)
  }

  @Test(arguments: TrainingMethod.Name.allCases) func everyMethodTrains(_ name: TrainingMethod.Name) async throws {
    let result = try await train(
      "--optimizer", name.rawValue, "--epochs", "1", "--batch-size", "12", "--log", directory.file("log.jsonl"))
    #expect(result.status == 0, "\(result.errors)")
    let summary = try result.json()
    #expect(summary["steps"] as? Int == 5 && summary["outcome"] as? String == "finished")
    #expect(try #require(summary["loss"] as? Double) < log(3.0), "\(name)")
    #expect(result.errors.contains("  \(name) ") && result.errors.contains("\(name): steps by "))
    let line = try directory.text("log.jsonl").split(separator: "\n")[0]
    #expect(line.contains("\"optimizer\":\"\(name)\"") && line.contains("\"method\":{"))
    #expect(try ModelFile<Float>(reading: directory.file("m.safetensors")).classNames.count == 3)
  }

  /// A system of outputs that exceeds the budget is refused before a step, with its size and a way out.
  @Test func exactSystemsBeyondTheBudgetAreRefused() async throws {
    let path = try ToyData(rows: 400).npz(directory.file("large.npz"))
    let model = directory.file("m.safetensors")
    func run(_ batchSize: String) async throws -> Command.Result {
      try await Command.run(
        ["train", path, "--output", model, "--optimizer", "egn:memory-budget=1", "--epochs", "1"]
          + ["--batch-size", batchSize])
    }
    let refused = try await run("400")
    #expect(refused.status == 64)
    let expected = "400 rows x 3 outputs = 1200 unknowns take 6 MB"
    #expect(refused.errors.contains(expected) && refused.errors.contains("the budget is 1 MB"), "\(refused.errors)")
    let taken = try await run("20")
    #expect(taken.status == 0, "\(taken.errors)")
  }

  /// Options of their own and those in the optimizer's text are the same.
  @Test func optionsInBothPlaces() async throws {
    var models: [Data] = []
    for options in [
      ["--optimizer", "sgd:lr=0.3:momentum=0.5:schedule=linear:warm-up=0.2:clipping=1:weight-decay=0.1"],
      [
        "--optimizer", "sgd", "--learning-rate", "0.3", "--momentum", "0.5", "--schedule", "linear", "--warm-up", "0.2",
        "--clipping", "1", "--weight-decay", "0.1",
      ], ["--optimizer", "sgd"], ["--optimizer", "sgd", "--gradient-agreement=-1", "--batch-size", "20"],
      ["--optimizer", "sgd", "--gradient-agreement", "0.9", "--batch-size", "20"],
    ] {
      let path = try ToyData(rows: 60).npz(directory.file("t.npz"))
      let result = try await Command.run(["train", path, "--output", directory.file("m.safetensors")] + options)
      #expect(result.status == 0, "\(result.errors)")
      models.append(try directory.bytes("m.safetensors"))
    }
    #expect(models[0] == models[1] && models[0] != models[2])
    #expect(models[3] != models[4], "agreement leaves examples out")
  }

  @Test func fullBatchesOfLBFGS() async throws {
    let summary = try await train("--optimizer", "lbfgs", "--epochs", "4").json()
    #expect(summary["steps"] as? Int == 4, "one batch of all rows")
  }

  @Test func divergenceIsStopped() async throws {
    let values = try directory.write(
      "x,y\n" + (0..<40).map { "\(Double($0) - 19.5),\(2.5 * Double($0) + 0.25)\n" }.joined(), "line.csv")
    let result = try await Command.run(
      "train", values, "--loss", "squared", "--label-column", "y", "--optimizer", "sgd", "--learning-rate", "1e3",
      "--batch-size", "4", "--epochs", "50", "--output", directory.file("m.safetensors"))
    expectFailure(
      result, 2, "warning: sgd diverged", "lower the learning rate, add warm-up or clipping", "nothing was saved")
    #expect(!directory.names.contains("m.safetensors"))
    #expect(!result.errors.contains("epoch 4/"), "it was stopped")
  }
}

/// `fgn compare`.
@Suite struct CompareTests {
  let directory = TemporaryDirectory()
  var output: String { directory.file("out") }

  func arguments(_ options: [String]) throws -> [String] {
    let path = try ToyData(rows: 60).npz(directory.file("t.npz"))
    return ["compare", path, "--output", output, "--optimizers", "fgn", "sgd,adam:lr=0.01"] + options
  }

  @Test func filesAndTable() async throws {
    let options = ["--epochs", "2", "--batch-size", "12", "--seeds", "2", "--points", "4", "--grid", "2"]
    let result = try await Command.run(try arguments(options))
    #expect(result.status == 0, "\(result.errors)")
    for part in ["2 epochs for each of 3 contestants, 2 seeds", "fgn", "sgd:learning-rate=", "best validation loss"] {
      #expect(result.output.contains(part), "\(part)\n\(result.output)")
    }
    #expect(result.errors.contains("48 training, 12 validation examples, 4 features, 3 classes"))
    let files = try FileManager.default.contentsOfDirectory(atPath: output).sorted()
    #expect(files == ["curves.svg", "rows.csv", "rows.jsonl"])
    let rows = try directory.text("out/rows.jsonl").split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    // 2 of the grid, one of which is run with the second seed too, and 2 of each other: 7 runs of 6 rows.
    #expect(
      rows.count == 42 && rows.allSatisfy { $0["validationLoss"] is Double && $0["version"] as? String == "0.1.0" })
    #expect(try directory.text("out/curves.svg").contains("CPU time of steps (s)"))

    let again = try await Command.run(try arguments(options + ["--json"]))
    #expect(again.errors.components(separatedBy: "(from before)").count - 1 == 8, "\(again.errors)")
    let summary = try again.json()
    #expect((summary["entries"] as? [[String: Any]])?.count == 3 && summary["target"] is Double)
    #expect(try #require(summary["winners"] as? [[String: Any]]).first?["contestant"] is String)
  }

  @Test func testRowsRank() async throws {
    let unseen = try ToyData(rows: 60).rows(0..<30).npz(directory.file("u.npz"))
    let result = try await Command.run(
      try arguments(["--steps", "3", "--seeds", "1", "--test", unseen, "--grid", "1"]))
    #expect(result.status == 0 && result.output.contains("best test loss after 3 steps"), "\(result.errors)")
    #expect(try directory.text("out/rows.csv").split(separator: "\n")[1].contains(",finished,") == false)
  }

  @Test(.timeLimit(.minutes(5))) func controlCAndOn() async throws {
    let options = ["--seeds", "2", "--batch-size", "12", "--grid", "1", "--epochs"]
    let run = try Command.start(try arguments(options + ["4000"]))
    #expect(try await run.says("run 1/"))
    run.interrupt()
    let result = try await run.result()
    #expect(result.status == 130, "\(result.errors)")
    #expect(result.errors.contains("interrupted; finished runs are in"))
    let rows = try directory.text("out/rows.jsonl").split(separator: "\n").count
    // The start, 1, 2, 4, ..., 512, and 20 points.
    #expect(rows >= 31 && rows % 31 == 0, "whole runs: \(rows)")
  }

  @Test func badOutputs() async throws {
    _ = try directory.write("x", "out")
    expectFailure(try await Command.run(try arguments(["--steps", "1"])), 73, "out")
    let nowhere = try await Command.run("compare", "t.npz", "--optimizers", "fgn", "--output", output + "2/out")
    expectFailure(nowhere, 73, "out2/out: cannot create the directory")
  }

  /// What is refused before there is a run leaves no directory behind.
  @Test func refusedRunsLeaveNothing() async throws {
    let broken = try directory.write("label,a\n0,1\n1,x\n", "broken.csv")
    let narrow = try ToyData(features: 3).npz(directory.file("n.npz"))
    for (options, code, part) in [
      (["--points", "0"], 64 as Int32, "--points must be at least 1"), (["--grid-factor", "1e99"], 64, "100 digits"),
      (["--validation", broken], 65, "broken.csv"), (["--test", directory.file("none.npz")], 66, "none.npz"),
      (["--validation", narrow], 65, "n.npz"), (["--initial", directory.file("m.safetensors")], 66, "m.safetensors"),
      (["--model", "5-3"], 65, "takes 5 features"), (["--batch-size", "0"], 64, "--batch-size must be at least 1"),
    ] {
      expectFailure(try await Command.run(try arguments(options)), code, part)
      #expect(!directory.names.contains("out"), "\(options)")
    }
    #expect(try await Command.run(try arguments(["--steps", "1", "--seeds", "1", "--grid", "1"])).status == 0)
    #expect(directory.names.contains("out"))
  }
}
