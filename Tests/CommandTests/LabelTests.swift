import FastGaussNewton
import Foundation
import Testing

/// Labels of every kind, from the file to the answer.
@Suite struct LabelTests {
  let directory = TemporaryDirectory()
  var model: String { directory.file("m.safetensors") }
  var features: String { directory.file("X.npy") }
  private let data = ToyData()

  init() throws { try NPY.write(data.features, to: features) }

  private func run(_ arguments: String...) async throws -> Command.Result {
    let result = try await Command.run(arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return result
  }

  /// The labels, each by its name, as a file of this kind.
  private func write(_ names: [String], _ file: String) throws -> String {
    let labels = data.labels.map { names[$0] }
    let text =
      file.hasSuffix(".json")
      ? String(decoding: try JSONEncoder().encode(labels), as: UTF8.self)
      : labels.joined(separator: "\r\n") + "\r\n"
    return try directory.write(text, file)
  }

  private func model(_ path: String) throws -> ModelFile<Float> { try ModelFile<Float>(reading: path) }

  /// One rule for all formats: the same classes, the same bytes.
  @Test func labelsOfEveryKind() async throws {
    try NPY.write(data.labels, to: directory.file("y.npy"))
    _ = try await run("train", "--features", features, "--labels", directory.file("y.npy"), "--output", model)
    let bytes = try directory.bytes("m.safetensors")
    for (names, file) in [
      (["0", "1", "2"], "y.txt"), (["0.0", "1.0", "2.0"], "y.csv"), (["+0", "1e0", "2"], "y.json"),
    ] {
      _ = try await run("train", "--features", features, "--labels", write(names, file), "--output", model)
      #expect(try directory.bytes("m.safetensors") == bytes, "\(file)")
    }
    _ = try await run("train", "--features", features, "--labels", write(["c", "a", "b"], "y.txt"), "--output", model)
    #expect(try model(model).classNames == ["a", "b", "c"])
    let header = try directory.write("label\n" + data.labels.map { "k\($0)" }.joined(separator: "\n"), "h.csv")
    let result = try await run("train", "--features", features, "--labels", header, "--output", model)
    #expect(result.errors.contains("\"label\", is no label but a header"))
    #expect(try model(model).classNames == ["k0", "k1", "k2"])
  }

  /// Numbers are classes by value, and are what is answered.
  @Test func sparseNumbers() async throws {
    let ids = [-5, 7, 200_000]
    try NPY.write(data.labels.map { ids[$0] }, to: directory.file("y.npy"))
    let result = try await run("train", "--features", features, "--labels", directory.file("y.npy"), "--output", model)
    #expect(result.errors.contains("labels are 3 classes by value: -5, 7, 200000"))
    _ = try await run("predict", model, "--features", features, "--output", directory.file("p.npy"))
    let answers = try NPY.integers(directory.file("p.npy"))
    #expect(Set(answers).isSubset(of: Set(ids)) && zip(answers, data.labels).count { $0 == ids[$1] } > 45)
    // The same model, as files before kinds were kept have it, answers numbers of classes.
    var file = try model(model)
    file = ModelFile(
      model: LinearHead<Float>(features: 4, classes: 3), parameters: file.parameters, classNames: file.classNames)
    try file.write(to: model)
    _ = try await run("predict", model, "--features", features, "--output", directory.file("q.npy"))
    #expect(try NPY.integers(directory.file("q.npy")).map { ids[$0] } == answers)
  }

  @Test func namesOfClasses() async throws {
    try NPY.write(data.labels, to: directory.file("y.npy"))
    let names = try directory.write("cat\ndog\nbird\nfish\n", "names.txt")
    let labels = ["--features", features, "--labels", directory.file("y.npy")]
    let result = try await Command.run(["train"] + labels + ["--class-names", names, "--output", model])
    #expect(result.status == 0 && result.errors.contains("no example of class fish"), "\(result.errors)")
    #expect(try model(model).classNames == ["cat", "dog", "bird", "fish"])
    let evaluated = try await Command.run(["evaluate", model] + labels + ["--json"])
    #expect(evaluated.errors.contains("taken for the numbers of the classes cat, dog, bird, fish"))
    #expect(try #require(evaluated.json()["accuracy"] as? Double) > 0.5)
    let few = try directory.write("[\"cat\", \"dog\"]", "few.json")
    let refused = try await Command.run(["train"] + labels + ["--class-names", few, "--output", model])
    #expect(
      refused.status == 65 && refused.errors.contains("expected a label among the 2 classes (cat, dog), got \"2\""))
  }

  @Test func pricesAreNoClasses() async throws {
    try NPY.write((0..<90).map { 100 + 7 * $0 }, to: directory.file("y.npy"))
    let arguments = ["train", "--features", features, "--labels", directory.file("y.npy"), "--output", model]
    let refused = try await Command.run(arguments)
    #expect(refused.status == 65 && refused.errors.contains("90 different whole numbers in 90 rows"))
    #expect(refused.errors.contains("--loss squared") && refused.errors.contains("--loss cross-entropy"))
    #expect(try await Command.run(arguments + ["--loss", "cross-entropy"]).status == 0)
  }

  /// Labels that training did not have count as wrong, and are said.
  @Test func unknownLabels() async throws {
    let known = try write(["a", "b", "c"], "y.txt")
    _ = try await run("train", "--features", features, "--labels", known, "--output", model)
    let whole = try await run("evaluate", model, "--features", features, "--labels", known, "--json").json()
    let other = try write(["a", "b", "x"], "z.txt")
    let result = try await run("evaluate", model, "--features", features, "--labels", other, "--json")
    #expect(result.errors.contains("30 of 90 examples have labels that are no classes of the model: \"x\" (30)"))
    let json = try result.json()
    #expect(json["unknownLabels"] as? [String: Int] == ["x": 30] && json["examples"] as? Int == 60)
    let counts = try #require(whole["classes"] as? [[String: Any]]).prefix(2).compactMap { $0["correct"] as? Int }
    let accuracy = try #require(json["accuracy"] as? Double)
    #expect(abs(accuracy - Double(counts.reduce(0, +)) / 90) < 1e-12)
    let none = try await Command.run([
      "evaluate", model, "--features", features, "--labels", try write(["x", "y", "z"], "none.txt"),
    ])
    #expect(none.status == 65 && none.errors.contains("expected a label among the 3 classes (a, b, c)"))
  }

  /// Classes of a model to go on from are the same by name.
  @Test(arguments: [[], ["--model", "4-5-3"]]) func goesOnByName(_ options: [String]) async throws {
    let arguments = ["train", "--features", features, "--output"]
    let start = directory.file("start.safetensors")
    let first = try await Command.run(arguments + [start, "--labels", try write(["a", "c", "d"], "y.txt")] + options)
    #expect(first.status == 0, "\(first.errors)")
    // Other labels for the same rows, of which b is new and d does not occur.
    let added = try await Command.run(
      arguments + [model, "--labels", try write(["c", "b", "a"], "z.txt"), "--initial", start, "--epochs", "1"])
    #expect(added.status == 0, "\(added.errors)")
    #expect(added.errors.contains("class b is added to the model's (a, c, d); new weights start at zero"))
    #expect(added.errors.contains("no example of class d"))
    #expect(try model(model).classNames == ["a", "b", "c", "d"])
    // Trained for no time at all, the rows of old classes are what they were.
    let file = try model(start)
    let wider = try file.withClasses(["a", "b", "c", "d"])
    let width = options.isEmpty ? 4 : 5
    let (old, new) = (file.parameters, wider.parameters)
    let (weight, wide) = (
      old.layout.slices[old.layout.slices.count - 2], new.layout.slices[new.layout.slices.count - 2]
    )
    let rows = (0..<4).map { Array(new[wide][$0 * width..<($0 + 1) * width]) }
    #expect(rows[1].allSatisfy { $0 == 0 } && rows[0] + rows[2] + rows[3] == Array(old[weight]))
  }

  /// What a run starts from is kept where no epoch ends better.
  @Test func neverSavesAWorseModel() async throws {
    let labels = ["--features", features, "--labels", try write(["a", "b", "c"], "y.txt"), "--l2", "1e-3", "--json"]
    let start = directory.file("start.safetensors")
    _ = try await Command.run(["train"] + labels + ["--to-optimum", "--tolerance", "1e-9", "--output", start])
    let result = try await Command.run(
      ["train"] + labels + [
        "--initial", start, "--optimizer", "sgd:learning-rate=30", "--batch-size", "10", "--epochs", "2", "--output",
        model,
      ])
    let json = try result.json()
    #expect(json["bestEpoch"] as? Int == 0 && json["startValue"] as? Double == json["objective"] as? Double)
    #expect(try model(model).parameters.values == model(start).parameters.values)
    let few = try await Command.run(
      ["train"] + labels + ["--initial", start, "--to-optimum", "--max-iterations", "1", "--output", model])
    let before = try #require(try model(start).objective)
    let after = try #require(few.json()["objective"] as? Double)
    #expect(after <= before * (1 + 1e-14), "\(after) after \(before)")
  }

  @Test func weightsOfClasses() async throws {
    let labels = ["--features", features, "--labels", try write(["a", "b, c", "d"], "y.txt")]
    var models: [Data] = []
    for weight in [
      try directory.write("{\"a\": 2, \"b, c\": 0.5}", "w.json"),
      try directory.write("class,weight\r\na,2\r\n\"b, c\",0.5\r\n", "w.csv"),
    ] {
      let result = try await Command.run(["train"] + labels + ["--class-weight", weight, "--output", model])
      #expect(result.status == 0, "\(result.errors)")
      models.append(try directory.bytes("m.safetensors"))
    }
    let weights = data.labels.map { [2, 0.5, 1][$0] as Float }
    try NPY.write(weights, to: directory.file("w.npy"))
    _ = try await Command.run(["train"] + labels + ["--sample-weights", directory.file("w.npy"), "--output", model])
    models.append(try directory.bytes("m.safetensors"))
    #expect(models[0] == models[1] && models[0] == models[2])
    let unknown = try await Command.run(["train"] + labels + ["--class-weight", "x=2", "--output", model])
    #expect(unknown.status == 65 && unknown.errors.contains("got one of \"x\""))
    let none = try await Command.run(["train"] + labels + ["--class-weight", "heavy", "--output", model])
    #expect(none.status == 64 && none.errors.contains("--class-weight must be balanced"))
  }

  /// A fraction is held out of each class, with the weights of its rows.
  @Test func validationFractionWithWeights() async throws {
    try NPY.write(data.labels.map { Float($0 + 1) }, to: directory.file("w.npy"))
    let result = try await run(
      "train", "--features", features, "--labels", write(["a", "b", "c"], "y.txt"), "--sample-weights",
      directory.file("w.npy"), "--validation-fraction", "0.2", "--output", model, "--json")
    #expect(try result.json()["validationLoss"] is Double)
    #expect(result.errors.contains("72 examples"))
  }
}
