import FastGaussNewton
import Foundation
import Testing

/// Networks through the whole program.
@Suite struct NetworkCommandTests {
  let directory = TemporaryDirectory()
  var model: String { directory.file("m.safetensors") }

  /// Trains and returns the summary.
  func train(_ arguments: [String]) async throws -> [String: Any] {
    let result = try await Command.run(["train", "--output", model, "--json"] + arguments)
    #expect(result.status == 0, "\(arguments): \(result.errors)")
    return try result.json()
  }

  /// What evaluate, predict and inspect say about the trained model agrees with the library and with each other.
  func checkUse<S: RealScalar>(_ data: [String], _ type: S.Type, rows: Int, shape: [Int], options: [String] = [])
    async throws
  {
    let file = try ModelFile<S>(reading: model)
    let precision = ["--precision", S.self == Float.self ? "float" : "double"] + options
    let evaluation = try await Command.run(["evaluate", model, "--json"] + data + precision).json()
    #expect(evaluation["examples"] as? Int == rows)
    let output = directory.file("p.npy")
    let summary = try await Command.run(["predict", model, "--output", output, "--json"] + data + precision).json()
    #expect(summary["rows"] as? Int == shape.reduce(1, *))
    let classes = shape.count == 1 ? try NPY.integers(output) : try NPY.integers(output, columns: shape[1])
    #expect(classes.count == shape.reduce(1, *))
    let probabilities = directory.file("q.npy")
    let written = try await Command.run(
      ["predict", model, "--output", probabilities, "--probabilities"] + data + precision)
    #expect(written.status == 0, "\(written.errors)")
    let header = String(decoding: try directory.bytes("q.npy").prefix(128), as: UTF8.self)
    let dimensions = (shape + [file.model.outputWidth]).map(String.init).joined(separator: ", ")
    #expect(header.contains("(\(dimensions))"), "\(header)")
    let inspection = try await Command.run(
      ["inspect", model, "--damping", "0.1", "--json", "--direction", directory.file("d")] + data + precision)
    #expect(inspection.status == 0, "\(inspection.errors)")
    let seen = try inspection.json()
    #expect(seen["examples"] as? Int == rows)
    let (loss, same) = (try #require(seen["loss"] as? Double), try #require(evaluation["loss"] as? Double))
    #expect(abs(loss - same) < 1e-4 * same)
    let direction = try SafeTensors.read(directory.file("d"))
    #expect(Set(direction.names) == Set(file.model.layout.trainable.map(\.name)))
    for slice in file.model.layout.trainable { #expect(direction.shape(slice.name) == slice.shape) }
  }

  @Test func aPerceptron() async throws {
    let data = ToyData(rows: 120, spread: 2)
    let path = try data.npz(directory.file("t.npz"))
    let summary = try await train([path, "--model", "4-8-3", "--epochs", "5", "--batch-size", "30"])
    #expect(Set(summary.keys) == TrainTests.summaryKeys)
    #expect(try #require(summary["accuracy"] as? Double) > 0.85)
    let file = try ModelFile<Float>(reading: model)
    let network = try #require(file.model as? Network<Float>)
    #expect(network.layout.slices.map(\.name) == ["0.weight", "0.bias", "2.weight", "2.bias"])
    #expect(
      try network.architecture.json() == Architecture.mlp([4, 8, 3], activation: Layers.Activation(.relu)).json())
    #expect(try isSame(summary["objective"], file.evaluate(try data.data).objective))
    try await checkUse([path], Float.self, rows: 120, shape: [120])
  }

  @Test(arguments: ["relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu", "softplus"])
  func activations(_ name: String) async throws {
    let path = try ToyData(spread: 2).npz(directory.file("t.npz"))
    _ = try await train([path, "--model", "4-6-5-3", "--activation", name, "--precision", "double"])
    let file = try ModelFile<Double>(reading: model)
    let layers = try #require(file.model as? Network<Double>).architecture.layers
    #expect(layers.map(\.type) == ["dense", name, "dense", name, "dense"])
    let expected: Layers.Initializer.Name = name == "tanh" || name == "sigmoid" ? .glorotUniform : .heNormal
    #expect(layers.allSatisfy { ($0 as? Layers.Dense)?.initialization ?? expected == expected })
  }

  /// Images 6 x 6 with a bright row or a bright column, which a linear model cannot tell apart wherever it is.
  func images() throws -> String {
    var generator = SeededGenerator(seed: 5)
    var elements: [Float] = []
    let labels = (0..<120).map { $0 % 2 }
    for label in labels {
      let place = generator.index(below: 6)
      for y in 0..<6 {
        for x in 0..<6 { elements.append(Float((label == 0 ? y : x) == place ? 1 : 0) + Float(generator.normal()) / 8) }
      }
    }
    try NPZ.write(to: directory.file("images.npz")) { archive throws(FileError) in
      try archive.add(Matrix(rows: 120, columns: 36, elements: elements), named: "X")
      try archive.add(labels, named: "y")
    }
    return directory.file("images.npz")
  }

  static let convolutional = """
    {"schema_version": 1, "input": [1, 6, 6], "layers": [
      {"type": "conv2d", "channels": 4, "kernel": 3, "padding": 1}, {"type": "group_norm", "groups": 2},
      {"type": "relu"}, {"type": "max_pool2d", "kernel": 2},
      {"type": "residual", "body": [{"type": "conv2d", "channels": 4, "kernel": 3, "padding": 1}, {"type": "tanh"}]},
      {"type": "dropout", "rate": 0.1}, {"type": "flatten"}, {"type": "dense", "width": 2}]}
    """

  @Test func aConvolutionalNetwork() async throws {
    let path = try images()
    let architecture = try directory.write(Self.convolutional, "net.json")
    let summary = try await train([path, "--model", architecture, "--epochs", "8", "--batch-size", "20"])
    #expect(try #require(summary["accuracy"] as? Double) > 0.9)
    let names = try ModelFile<Float>(reading: model).model.layout.slices.map(\.name)
    #expect(names.starts(with: ["0.weight", "0.bias", "1.weight", "1.bias", "4.body.0.weight", "4.body.0.bias"]))
    try await checkUse([path], Float.self, rows: 120, shape: [120])
  }

  /// Sequences of five positions; the class of a position is which of its three numbers is greatest. Some have no
  /// label.
  func sequences() throws -> (path: String, labels: [Int]) {
    var generator = SeededGenerator(seed: 6)
    var (elements, labels): ([Float], [Int]) = ([], [])
    for position in 0..<60 * 5 {
      let numbers = (0..<3).map { _ in Float(generator.normal()) }
      elements += numbers
      labels.append(position % 7 == 0 ? -100 : numbers.firstIndex(of: numbers.max()!)!)
    }
    try NPZ.write(to: directory.file("s.npz")) { archive throws(FileError) in
      try archive.add(Matrix(rows: 60, columns: 15, elements: elements), named: "X")
      try archive.add(Matrix(rows: 60, columns: 5, elements: labels.map { Double($0) }), named: "y")
    }
    return (directory.file("s.npz"), labels)
  }

  @Test func classesOfPositions() async throws {
    let (path, labels) = try sequences()
    let architecture = try directory.write(
      #"{"schema_version": 1, "input": [5, 3], "layers": [{"type": "positions"}, {"type": "dense", "width": 8}, "#
        + #"{"type": "relu"}, {"type": "dense", "width": 3}]}"#, "net.json")
    let summary = try await train(
      [path, "--model", architecture, "--epochs", "6", "--batch-size", "10", "--validation-fraction", "0.2"])
    #expect(try #require(summary["accuracy"] as? Double) > 0.9)
    #expect(try #require(summary["validationAccuracy"] as? Double) > 0.85)
    try await checkUse([path], Float.self, rows: labels.count { $0 >= 0 }, shape: [60, 5])
    let predicted = try NPY.integers(directory.file("p.npy"), columns: 5)
    let right = zip(labels, predicted).count { $0.0 == $0.1 }
    #expect(right > labels.count * 3 / 4)
    // The same from .npy files, in double.
    let file: ModelFile<Double> = try ModelFile(reading: model)
    #expect(file.model.rowsPerExample == 5)
    try NPY.write(labels, shape: [60, 5], to: directory.file("y.npy"))
    try NPY.write(NPZ(path).matrix("X", as: Float.self), to: directory.file("X.npy"))
    let pair = ["--features", directory.file("X.npy"), "--labels", directory.file("y.npy")]
    try await checkUse(pair, Double.self, rows: labels.count { $0 >= 0 }, shape: [60, 5])
  }

  /// Sequences of six tokens of five. The class of a position is whether its token is the first one again.
  @Test func tokens() async throws {
    var generator = SeededGenerator(seed: 8)
    let rows = 80
    let tokens = (0..<rows * 6).map { _ in generator.index(below: 5) }
    let labels = tokens.indices.map { i in
      i % 6 == 0 ? -1 : tokens[i] == tokens[i - i % 6] ? 1 : 0
    }
    let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
    try NPY.write(tokens, shape: [rows, 6], to: x)
    try NPY.write(labels, shape: [rows, 6], to: y)
    let architecture = try directory.write(
      """
      {"schema_version": 1, "input": [6], "layers": [
        {"type": "embedding", "vocabulary": 5, "width": 8}, {"type": "positional_embedding"},
        {"type": "residual", "body": [{"type": "layer_norm"}, {"type": "self_attention", "heads": 2, "causal": true}]},
        {"type": "dense", "width": 16}, {"type": "gelu"}, {"type": "positions"}, {"type": "dense", "width": 2}]}
      """, "net.json")
    let summary = try await train(
      ["--features", x, "--labels", y, "--model", architecture, "--epochs", "20", "--batch-size", "16"])
    #expect(try #require(summary["accuracy"] as? Double) > 0.9, "four in five are of one class")
    try await checkUse(["--features", x, "--labels", y], Float.self, rows: rows * 5, shape: [rows, 6])
    // A class for the whole sequence, of the same numbers.
    try NPY.write((0..<rows).map { tokens[$0 * 6..<$0 * 6 + 6].contains(3) ? 1 : 0 }, to: y)
    let bag = try directory.write(
      #"{"schema_version": 1, "input": [6], "layers": [{"type": "embedding_bag", "vocabulary": 5, "width": 4}, "#
        + #"{"type": "relu"}, {"type": "dense", "width": 2}]}"#, "bag.json")
    let second = try await train(
      ["--features", x, "--labels", y, "--model", bag, "--epochs", "20", "--batch-size", "16"])
    #expect(try #require(second["accuracy"] as? Double) > 0.9)
    try await checkUse(["--features", x, "--labels", y], Float.self, rows: rows, shape: [rows])
  }

  @Test func sameBytesOnAnyNumberOfThreads() async throws {
    let toy = try ToyData(rows: 300, features: 20, classes: 5).npz(directory.file("t.npz"))
    let architecture = try directory.write(Self.convolutional, "net.json")
    let perceptron = [toy, "--model", "20-64-5", "--activation", "gelu", "--batch-size", "100"]
    for arguments in [perceptron, [try images(), "--model", architecture, "--batch-size", "60", "--l2", "1e-4"]] {
      var models: [Data] = []
      for threads in ["1", "2", "3", "1"] {
        _ = try await train(arguments + ["--threads", threads, "--seed", "3"])
        models.append(try directory.bytes("m.safetensors"))
      }
      #expect(models.allSatisfy { $0 == models[0] }, "\(arguments)")
      _ = try await train(arguments + ["--seed", "4"])
      #expect(try directory.bytes("m.safetensors") != models[0])
    }
  }

  /// A file that PyTorch's save_file could have made: tensors and no metadata of ours.
  func bare(_ file: ModelFile<Double>, _ name: String) throws -> String {
    try SafeTensors.write(
      file.model.layout.slices.map {
        SafeTensors.Tensor(name: $0.name, shape: $0.shape, values: file.parameters[$0])
      }, metadata: ["format": "pt"], to: directory.file(name))
    return directory.file(name)
  }

  @Test func tensorsFromElsewhere() async throws {
    let path = try ToyData().npz(directory.file("t.npz"))
    _ = try await train([path, "--model", "4-6-3", "--activation", "tanh", "--precision", "double"])
    let file = try ModelFile<Double>(reading: model)
    let tensors = try bare(file, "bare.safetensors")
    let json = try directory.write(try (file.model as? Network<Double>)!.architecture.json(), "net.json")
    let expected = try await Command.run("evaluate", model, path, "--json")
    let result = try await Command.run("evaluate", tensors, path, "--json", "--architecture", json)
    #expect(result.status == 0 && result.output == expected.output)
    for command in [["predict", "--output", directory.file("p.npy")], ["inspect", "--damping", "1"]] {
      let used = try await Command.run(command + [tensors, path, "--architecture", json])
      #expect(used.status == 0, "\(used.errors)")
    }
    let lost = try await Command.run("evaluate", tensors, path)
    expectFailure(lost, 65, "bare.safetensors: expected a tensor \"weight\", got 0.bias, 0.weight, 2.bias, 2.weight")
  }

  @Test func fromASavedModel() async throws {
    let path = try ToyData(spread: 2).npz(directory.file("t.npz"))
    _ = try await train([path, "--model", "4-6-3", "--standardize", "--precision", "double"])
    let first = try ModelFile<Double>(reading: model)
    let start = directory.file("start.safetensors")
    try first.write(to: start)
    // A trunk that stays as it is.
    var architecture = try #require(first.model as? Network<Double>).architecture
    architecture.layers[0] = Layers.Frozen(architecture.layers[0] as! Layers.Dense)
    let json = try directory.write(try architecture.json(), "net.json")
    _ = try await train([path, "--model", json, "--initial", start, "--precision", "double", "--epochs", "1"])
    let second = try ModelFile<Double>(reading: model)
    for name in ["0.weight", "0.bias", "2.weight"] {
      let (a, b) = (first.model.layout[name]!, second.model.layout[name]!)
      #expect((first.parameters[a] == second.parameters[b]) == (name != "2.weight"), "\(name)")
    }
    #expect(second.standardization == first.standardization, "features stay as the trunk knows them")
    // Without --model it is the file's own, network or head.
    let further = try await train([path, "--initial", start, "--precision", "double", "--epochs", "3"])
    #expect(try #require(further["objective"] as? Double) < #require(first.objective))
    _ = try await train([path, "--precision", "double"])
    let head = directory.file("head.safetensors")
    try ModelFile<Double>(reading: model).write(to: head)
    _ = try await train([path, "--initial", head, "--epochs", "1", "--precision", "double"])
    #expect(try ModelFile<Double>(reading: model).model is LinearHead<Double>)
  }

  @Test func theLogSaysWhatWasTrained() async throws {
    let path = try ToyData().npz(directory.file("t.npz"))
    _ = try await train([path, "--model", "4-5-3", "--log", directory.file("log")])
    let line = try #require(try directory.text("log").split(separator: "\n").first)
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: [String: Any]]
    let text = try #require(object?["run"]?["architecture"] as? String)
    #expect(try Architecture(json: text).layers.count == 3)
    _ = try await train([path, "--log", directory.file("log")])
    #expect(try !directory.text("log").contains("architecture"))
  }
}
