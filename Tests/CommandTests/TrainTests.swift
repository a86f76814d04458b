import FastGaussNewton
import Foundation
import Testing

/// Formats, options and what they do to the model.
@Suite struct TrainTests {
  let directory = TemporaryDirectory()
  var model: String { directory.file("m.safetensors") }

  /// Trains on an npz file of `data` and returns the summary.
  func train(_ data: ToyData = ToyData(), _ options: String...) async throws -> [String: Any] {
    let path = try data.npz(directory.file("data.npz"))
    let result = try await Command.run(["train", path, "--output", model, "--json"] + options)
    #expect(result.status == 0, "\(options): \(result.errors)")
    return try result.json()
  }

  static let summaryKeys: Set = [
    "outcome", "epochs", "bestEpoch", "steps", "objective", "loss", "accuracy", "damping", "solver", "undone",
    "rejected", "wallSeconds", "cpuSeconds", "model",
  ]

  @Test func everyFormatGivesTheSameBytes() async throws {
    let data = ToyData()
    try data.npy(features: directory.file("X.npy"), labels: directory.file("y.npy"))
    let sources = [
      [try data.npz(directory.file("data.npz"))],
      ["--features", directory.file("X.npy"), "--labels", directory.file("y.npy")],
      [try directory.write(data.csv(), "first.csv"), "--label-column", "Letter"],
      [try directory.write(data.csv(label: 2), "middle.csv"), "--label-column", "2"],
      [try directory.write("\u{FEFF}" + data.csv(lineEnd: "\r\n"), "bom.csv"), "--label-column", "Letter"],
      [try directory.write(data.csv(label: 4, header: false), "bare.csv"), "--label-column", "4", "--no-header"],
      [try directory.write(data.libsvm(firstIndex: 0), "zero.svm")],
      [try directory.write(data.libsvm(firstIndex: 1), "one.libsvm")],
    ]
    for options in [["--epochs", "2", "--batch-size", "32"], ["--precision", "double", "--standardize"]] {
      var models: [Data] = []
      for source in sources {
        let result = try await Command.run(["train"] + source + ["--output", model] + options)
        #expect(result.status == 0, "\(source): \(result.errors)")
        // A model also remembers where the indices of its LIBSVM file start, and the columns of its table; nothing else
        // may differ.
        var file = try ModelFile<Double>(reading: model)
        let base = source[0].hasSuffix("zero.svm") ? LIBSVM.IndexBase.zero : .one
        #expect(file.indexBase == (source[0].hasSuffix("svm") ? base : nil))
        file.indexBase = nil
        #expect((file.table?.featureNames.count ?? 4) == 4 && (file.table == nil) == !source[0].hasSuffix("csv"))
        file.table = nil
        try file.write(to: directory.file("plain.safetensors"))
        models.append(try directory.bytes("plain.safetensors"))
      }
      #expect(models.allSatisfy { $0 == models[0] }, "\(models.map { $0 == models[0] })")
    }
  }

  @Test func resultsAndProgressAreApart() async throws {
    let path = try ToyData().npz(directory.file("data.npz"))
    let result = try await Command.run("train", path, "--output", model, "--epochs", "2")
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2 && lines[0].hasPrefix("objective 0.") && lines[0].contains("  accuracy "))
    #expect(lines[1].hasSuffix("of 2 kept, saved to \(model)") && lines[1].hasPrefix("2 steps in "))
    for part in [
      "90 examples, 4 features, 3 classes; seed 0, float32", "epoch 1/2  objective", "epoch 2/2", "steps by ",
    ] {
      #expect(result.errors.contains(part), "\(result.errors)")
    }
    #expect(!result.errors.contains("\u{1B}"), "no terminal codes in a file")
  }

  @Test func theSummary() async throws {
    let summary = try await train(ToyData(), "--epochs", "4", "--batch-size", "40")
    #expect(Set(summary.keys) == Self.summaryKeys)
    #expect(summary["outcome"] as? String == "finished" && summary["model"] as? String == model)
    #expect(summary["epochs"] as? Int == 4 && summary["steps"] as? Int == 12)
    let file = try ModelFile<Float>(reading: model)
    let expected = try file.evaluate(try ToyData().data)
    #expect(isSame(summary["objective"], expected.objective) && isSame(summary["accuracy"], expected.accuracy))
    #expect(file.objective == expected.objective && file.seed == 0 && file.l2 == 0)
    #expect(file.producer?.hasPrefix("fast-gauss-newton ") == true)
  }

  static let methods = [
    ("fgn", ["auto", "gram", "cg", "gram-cg"]), ("ggn", ["auto", "cg", "dual"]),
    ("fisher", ["auto", "gram", "cg", "gram-cg"]),
  ]

  @Test(arguments: methods) func everyMethod(_ curvature: String, _ solvers: [String]) async throws {
    for solver in solvers {
      for precision in ["float", "double"] {
        let summary = try await train(
          ToyData(), "--curvature", curvature, "--solver", solver, "--precision", precision)
        let used = try #require(summary["solver"] as? String)
        #expect(solver == "auto" ? solvers.contains(used) : used == solver)
        #expect(try #require(summary["accuracy"] as? Double) > 0.7, "\(curvature) \(solver) \(precision)")
        #expect(try SafeTensors.read(model).type("weight") == (precision == "float" ? .float32 : .float64))
      }
    }
  }

  @Test func damping() async throws {
    #expect(try await train(ToyData(), "--fixed-damping", "0.5")["damping"] as? Double == 0.5)
    let automatic = try #require(try await train(ToyData(), "--damping", "auto", "--epochs", "1")["damping"] as? Double)
    let started = try #require(try await train(ToyData(), "--damping", "1000", "--epochs", "1")["damping"] as? Double)
    #expect(started > 10 * automatic)
  }

  @Test func l2() async throws {
    let plain = try await train(ToyData(), "--epochs", "20")
    let summary = try await train(ToyData(), "--l2", "0.1", "--epochs", "20")
    let (objective, loss) = (summary["objective"] as? Double, summary["loss"] as? Double)
    let file = try ModelFile<Float>(reading: model)
    #expect(file.l2 == 0.1)
    #expect(try abs(#require(objective) - #require(loss) - 0.05 * Double(file.parameters.penalisedSquaredNorm)) < 1e-7)
    #expect(try #require(loss) > #require(plain["loss"] as? Double))
    #expect(plain["objective"] as? Double == plain["loss"] as? Double)
  }

  @Test func intercept() async throws {
    _ = try await train()
    #expect(try SafeTensors.read(model).names.contains("bias"))
    _ = try await train(ToyData(), "--no-intercept")
    #expect(try SafeTensors.read(model).names == ["weight"])
  }

  @Test func standardize() async throws {
    let data = ToyData()
    var shifted = data
    shifted.features.mapColumns { _ in (shift: -1000, factor: 32) }
    let plain = try await train(data, "--standardize")
    let file = try ModelFile<Float>(reading: model)
    #expect(file.standardization == Standardization(fitting: data.features))
    // The model of rescaled features is the same one up to rounding, as is its accuracy.
    let summary = try await train(shifted, "--standardize")
    let other = try ModelFile<Float>(reading: model)
    #expect(try abs(#require(summary["loss"] as? Double) - #require(plain["loss"] as? Double)) < 1e-4)
    #expect(zip(file.parameters.values, other.parameters.values).allSatisfy { abs($0 - $1) < 1e-3 })
    let result = try await Command.run("evaluate", model, directory.file("data.npz"), "--json")
    #expect(try abs(#require(result.json()["loss"] as? Double) - #require(summary["loss"] as? Double)) < 1e-6)
  }

  @Test func sampleWeights() async throws {
    let data = ToyData(spread: 0.3)
    let weights = directory.file("W.npy")
    let plain = try await train(data)
    let unweighted = try directory.bytes("m.safetensors")
    try NPY.write([Float](repeating: 2, count: 90), to: weights)
    let even = try await train(data, "--sample-weights", weights)
    #expect(try abs(#require(even["loss"] as? Double) - #require(plain["loss"] as? Double)) < 1e-4)
    try NPY.write(data.labels.map { $0 == 2 ? Float(50) : 1 }, to: weights)
    _ = try await train(data, "--sample-weights", weights)
    #expect(try directory.bytes("m.safetensors") != unweighted)
    let evaluation = try await Command.run("evaluate", model, directory.file("data.npz"), "--json").json()
    let classes = try #require(evaluation["classes"] as? [[String: Any]])
    #expect(try #require(classes[2]["correct"] as? Int) >= 29, "\(classes)")
  }

  @Test func fewRowsWithWeight() async throws {
    let weights = directory.file("W.npy")
    try NPY.write((0..<90).map { $0 < 3 ? Float(1) : 0 }, to: weights)
    let summary = try await train(ToyData(), "--sample-weights", weights, "--batch-size", "2", "--epochs", "4")
    #expect(summary["steps"] as? Int == 8)
  }

  @Test func balancedClasses() async throws {
    var data = ToyData(rows: 300, classes: 2, spread: 0.2)
    // One example in ten is of class 1.
    let kept = data.labels.indices.filter { data.labels[$0] == 0 || $0 % 20 == 1 }
    data = ToyData.joined(kept.map { data.rows($0..<$0 + 1) })
    func recall(_ options: String...) async throws -> Int {
      let path = try data.npz(directory.file("data.npz"))
      #expect(try await Command.run(["train", path, "--output", model] + options).status == 0)
      let json = try await Command.run("evaluate", model, path, "--json").json()
      return try #require((json["classes"] as? [[String: Any]])?[1]["correct"] as? Int)
    }
    let (plain, balanced) = (try await recall(), try await recall("--class-weight", "balanced"))
    #expect(balanced > plain + 3, "\(plain) \(balanced)")
  }

  @Test(.timeLimit(.minutes(5))) func timeLimitAndPatience() async throws {
    let limited = try await train(ToyData(), "--time-limit", "0.000001", "--epochs", "1000000000")
    #expect(limited["outcome"] as? String == "timeLimit" && limited["steps"] as? Int == 1)
    #expect(try ModelFile<Float>(reading: model).classNames == ["0", "1", "2"])
    let path = try ToyData(seed: 5).rows(0..<20).npz(directory.file("v.npz"))
    let patient = try await train(
      ToyData(spread: 0.2), "--validation", path, "--patience", "1", "--epochs", "200", "--batch-size", "16")
    #expect(patient["outcome"] as? String == "stoppedEarly")
    #expect(patient["epochs"] as? Int == (try #require(patient["bestEpoch"] as? Int)) + 1)
  }

  @Test(.timeLimit(.minutes(5))) func largestNumbers() async throws {
    let summary = try await train(
      ToyData(), "--epochs", "\(Int.max)", "--batch-size", "\(Int.max)", "--seed", "\(UInt64.max)", "--time-limit",
      "0.01")
    #expect(summary["outcome"] as? String == "timeLimit")
    #expect(try ModelFile<Float>(reading: model).seed == .max)
  }
}

extension ToyData {
  static func joined(_ parts: [ToyData]) -> ToyData {
    var all = parts[0]
    all.labels = parts.flatMap(\.labels)
    all.features = Matrix(
      rows: all.labels.count, columns: all.features.columns, elements: parts.flatMap(\.features.elements))
    return all
  }
}
