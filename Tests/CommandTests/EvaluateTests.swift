import FastGaussNewton
import Foundation
import Testing

@Suite struct EvaluateTests {
  let directory = TemporaryDirectory()

  @Test(arguments: [6, 3], [false, true]) func agreesWithTheLibrary(_ classes: Int, _ standardize: Bool) async throws {
    let toy = try ToyModel(ToyData(classes: classes), standardize: standardize)
    var file = try ModelFile<Double>(reading: toy.path)
    let exact = try toy.data.data
    var data = try Dataset<Double>(
      features: exact.features.dense.converted(), labels: exact.labels, classNames: exact.classNames)
    if let standardization = file.standardization { try data.standardize(standardization) }
    file.l2 = 0.5
    let expected = try file.evaluate(data)
    for (precision, limit) in [("float", 1e-5), ("double", 1e-14)] {
      let result = try await Command.run(
        "evaluate", toy.path, toy.dataPath, "--json", "--l2", "0.5", "--precision", precision)
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      let json = try result.json()
      let keys: Set = ["objective", "loss", "accuracy", "examples", "classes"]
      #expect(Set(json.keys) == (classes > 5 ? keys.union(["top5"]) : keys))
      for (key, value) in [("objective", expected.objective), ("loss", expected.loss)] {
        #expect(try abs(#require(json[key] as? Double) - value) <= limit * value, "\(key) \(precision)")
      }
      #expect(isSame(json["accuracy"], expected.accuracy) && json["examples"] as? Int == 90)
      if let top5 = expected.top5 { #expect(isSame(json["top5"], top5)) }
      let counts = try #require(json["classes"] as? [[String: Any]])
      #expect(counts.map { $0["name"] as? String } == expected.classes.map(\.name))
      #expect(counts.map { $0["correct"] as? Int } == expected.classes.map(\.correct))
      #expect(counts.map { $0["examples"] as? Int } == expected.classes.map(\.examples))
    }
  }

  @Test func text() async throws {
    let toy = try ToyModel(ToyData(classes: 6))
    let result = try await Command.run("evaluate", toy.path, toy.dataPath)
    #expect(result.status == 0 && result.errors.isEmpty)
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.count == 12 && lines[0] == "examples   90" && lines[4].hasPrefix("top-5      "))
    #expect(lines[5] == "class  examples  correct" && lines[11].hasPrefix("5  15  "))
  }

  @Test func aLabelThatTheModelDoesNotKnow() async throws {
    let toy = try ToyModel(names: ["A", "B", "C"])
    let csv = try directory.write(ToyData(rows: 5).csv(names: ["A", "B", "Z"]), "t.csv")
    let result = try await Command.run("evaluate", toy.path, csv)
    #expect(result.status == 0 && result.output.hasPrefix("examples   4, and 1 of unknown classes\n"))
    #expect(result.errors.contains("t.csv: 1 of 5 examples have labels that are no classes of the model: \"Z\" (1)"))
    let svm = try directory.write("7 1:1\n", "t.svm")
    let plain = try ToyModel()
    expectFailure(try await Command.run("evaluate", plain.path, svm), 65, "t.svm", "(0, 1, 2), got \"7\"")
  }

  @Test func anotherWidth() async throws {
    let toy = try ToyModel()
    for width in [3, 5] {
      let path = try ToyData(features: width).npz(directory.file("t.npz"))
      for command in [["evaluate"], ["inspect", "--damping", "1"], ["predict", "--output", directory.file("p.npy")]] {
        let result = try await Command.run(command + [toy.path, path])
        expectFailure(result, 65, "t.npz: expected 4 features, as the model has, got \(width)")
      }
    }
    #expect(directory.names == ["t.npz"])
  }

  @Test func lastColumnsOfZeros() async throws {
    let toy = try ToyModel()
    var data = toy.data
    for i in 0..<90 { (data.features[i, 2], data.features[i, 3]) = (0, 0) }
    let dense = try data.npz(directory.file("dense.npz"))
    let expected = try await Command.run("evaluate", toy.path, dense, "--json")
    for firstIndex in [0, 1] {
      let sparse = try directory.write(data.libsvm(firstIndex: firstIndex), "sparse.svm")
      let result = try await Command.run("evaluate", toy.path, sparse, "--json")
      #expect(result.status == 0 && result.output == expected.output, "\(firstIndex): \(result.errors)")
    }
    let wide = try directory.write("0 5:1\n", "wide.svm")
    expectFailure(
      try await Command.run("evaluate", toy.path, wide), 65, "wide.svm: line 1, field 2", "index of at most 4", "5:1")
  }

  /// A file from whose indices alone the base cannot be seen is read as the model's training file was.
  @Test func theIndexBaseOfTheModel() async throws {
    let data = ToyData()
    let model = directory.file("m.safetensors")
    let dense = try data.npz(directory.file("t.npz"))
    for firstIndex in [0, 1] {
      let training = try directory.write(data.libsvm(firstIndex: firstIndex), "t.svm")
      #expect(try await Command.run("train", training, "--output", model).status == 0)
      var later = data
      for i in 0..<90 { later.features[i, 0] = 0 }
      let expected = try await Command.run("evaluate", model, later.npz(dense), "--json")
      let sparse = try directory.write(later.libsvm(firstIndex: firstIndex), "later.svm")
      let result = try await Command.run("evaluate", model, sparse, "--json")
      #expect(result.status == 0 && result.output == expected.output, "\(firstIndex): \(result.errors)")
    }
  }

  @Test func tensorsAloneAreAModel() async throws {
    let toy = try ToyModel()
    let file = try ModelFile<Double>(reading: toy.path)
    let bare = directory.file("bare.safetensors")
    try SafeTensors.write(
      file.model.layout.slices.map {
        SafeTensors.Tensor(name: $0.name, shape: $0.shape, values: file.parameters[$0])
      }, to: bare)
    let expected = try await Command.run("evaluate", toy.path, toy.dataPath, "--json")
    let result = try await Command.run("evaluate", bare, toy.dataPath, "--json")
    #expect(result.status == 0 && result.output == expected.output)
  }

  @Test func modelsThatAreNone() async throws {
    let toy = try ToyModel()
    let whole = try toy.directory.bytes("toy.safetensors")
    for count in [0, 20, whole.count - 4] {
      let path = try directory.write(whole.prefix(count), "cut.safetensors")
      expectFailure(try await Command.run("evaluate", path, toy.dataPath), 65, "cut.safetensors: ")
    }
    expectFailure(try await Command.run("evaluate", toy.dataPath, toy.dataPath), 65, "toy.npz: ")
    expectFailure(
      try await Command.run("evaluate", directory.file("none.safetensors"), toy.dataPath), 66,
      "none.safetensors: cannot open for reading: No such file")
    for (key, text, part) in [
      ("schema_version", "2", "expected schema_version 1, got 2: written by a newer program"),
      ("class_names", "[0", "metadata \"class_names\": expected JSON"),
      ("class_names", "[\"a\"]", "expected 2 class_names, got 1"),
    ] {
      let path = directory.file("meta.safetensors")
      let weight = SafeTensors.Tensor(name: "weight", shape: [2, 4], values: [Float](repeating: 1, count: 8))
      try SafeTensors.write([weight], metadata: [key: text], to: path)
      expectFailure(try await Command.run("evaluate", path, toy.dataPath), 65, "meta.safetensors: ", part)
    }
  }
}
