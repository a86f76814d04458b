import FastGaussNewton
import Foundation
import Testing

/// What is said about networks that cannot be read, trained or used.
@Suite struct BadNetworkTests {
  let directory = TemporaryDirectory()

  static func json(_ layers: String, input: String = "[4]") -> String {
    "{\"schema_version\": 1, \"input\": \(input), \"layers\": [\(layers)]}"
  }

  static let dense = #"{"type": "dense", "width": 3}"#

  /// Architectures for `ToyData`, and what training says after the file's name.
  static let architectures: [(String, String)] = [
    ("{\"schema_version\": 1,", "net.json: line 1, column 22: expected a name in quotes, got the end"),
    (json(#"{"type": "dens", "width": 3}"#), "net.json: layers[0].type: expected one of dense, bias, relu, "),
    (
      json(#"{"type": "relu"}, {"type": "residual", "body": [{"type": "dense", "widht": 4}]}, \#(dense)"#),
      "net.json: layers[1].body[0]: unknown key \"widht\"; dense takes type, width, bias, initialization, frozen"
    ),
    (json(#"{"type": "dense"}"#), "net.json: layers[0]: missing key \"width\" of dense, an integer from 1 to 1048576"),
    (json(#"{"type": "dense", "width": "3"}"#), "net.json: layers[0].width: expected an integer from 1 to 1048576"),
    (json(#"{"type": "flatten"}, \#(dense)"#, input: "[5]"), "t.npz: the model takes 5 features, the data have 4"),
    (json(#"{"type": "dense", "width": 4}"#), "t.npz: the model has 4 classes, the data have 3"),
    (
      json(#"{"type": "max_pool2d", "kernel": 3}, \#(dense)"#, input: "[1, 2, 2]"),
      "net.json: layer 0 (max_pool2d): a kernel of 3 x 3 is larger than the padded input of 2 x 2"
    ),
    (
      json(#"{"type": "relu"}"#, input: "[1, 2, 2]"),
      "net.json: the network's output must be [classes], or [numbers to predict]"
    ),
    (json(#"{"type": "batch_norm"}, \#(dense)"#), "net.json: layer 0 (batch_norm): batch normalisation couples"),
    (json(#"{"type": "dense", "width": 3, "frozen": true}"#), "net.json: the network has no parameters to train"),
    (
      json(#"{"type": "embedding_bag", "vocabulary": 9, "width": 2}, \#(dense)"#),
      "t.npz: layer 0 (embedding_bag): row 0, column 0: expected a token number in 0..<9, got "
    ),
    (
      json(#"{"type": "positions"}, \#(dense)"#, input: "[2, 2]"),
      "t.npz: entry \"y.npy\", shape: expected whole numbers [rows, 2], got shape (90,)"
    ),
  ]

  @Test(arguments: architectures) func training(_ text: String, _ message: String) async throws {
    let data = try ToyData().npz(directory.file("t.npz"))
    let net = try directory.write(text, "net.json")
    let result = try await Command.run(
      "train", data, "--model", net, "--output", directory.file("m"), "--log", directory.file("log"))
    expectFailure(result, 65, message)
    #expect(directory.names == ["net.json", "t.npz"], "nothing is written")
  }

  @Test func filesAndData() async throws {
    let data = try ToyData().npz(directory.file("t.npz"))
    let train = ["train", data, "--output", directory.file("m")]
    expectFailure(
      try await Command.run(train + ["--model", directory.file("none.json")]), 66, "none.json: cannot open for reading")
    expectFailure(
      try await Command.run(train + ["--model", "4-8-4"]), 65, "t.npz: the model has 4 classes, the data have 3")
    expectFailure(
      try await Command.run(train + ["--model", "5-8-3"]), 65, "t.npz: the model takes 5 features, the data have 4")
    expectFailure(
      try await Command.run(train + ["--initial", directory.file("none")]), 66, "none: cannot open for reading")
    // A head is no start for a perceptron, and one of another shape is none for another.
    let toy = try ToyModel()
    expectFailure(
      try await Command.run(train + ["--model", "4-8-3", "--initial", toy.path]), 65,
      "toy.safetensors: expected a tensor \"0.weight\" of shape [8, 4], as the architecture has, got bias, weight")
    let other = try ToyData(features: 5).npz(directory.file("o.npz"))
    expectFailure(
      try await Command.run("train", other, "--output", directory.file("m"), "--initial", toy.path), 65,
      "o.npz: the model takes 4 features, the data have 5")
    let positions = try directory.write(
      Self.json(#"{"type":"positions"}, \#(Self.dense)"#, input: "[2, 2]"), "net.json")
    let table = try directory.write(ToyData().csv(), "t.csv")
    expectFailure(
      try await Command.run("train", table, "--model", positions, "--output", directory.file("m")), 65,
      "t.csv: the model classifies 2 positions of each example: expected a .npz file with labels y [N, 2]")
    let labels = Matrix<Float>(rows: 90, columns: 2, elements: (0..<180).map { Float($0 % 3) })
    try NPZ.write(to: directory.file("p.npz")) { archive throws(FileError) in
      try archive.add(ToyData().features, named: "X")
      try archive.add(labels, named: "y")
    }
    expectFailure(
      try await Command.run(
        "train", directory.file("p.npz"), "--model", positions, "--class-weight", "balanced", "--output",
        directory.file("m")), 65, "p.npz: classes are balanced by weights of examples, which have 2 labels here")
  }

  @Test func use() async throws {
    let data = try ToyData().npz(directory.file("t.npz"))
    let network = try Network<Float>(
      Architecture(input: [4], layers: [Layers.EmbeddingBag(vocabulary: 9, width: 2), Layers.Dense(3)]))
    let model = directory.file("m.safetensors")
    try ModelFile(model: network, parameters: Parameters(layout: network.layout), classNames: ["0", "1", "2"])
      .write(to: model)
    for command in [["evaluate"], ["predict", "--output", directory.file("p")], ["inspect", "--damping", "1"]] {
      let result = try await Command.run(command + [model, data])
      expectFailure(
        result, 65, "t.npz: layer 0 (embedding_bag): row 0, column 0: expected a token number in 0..<9, got ")
    }
    let net = try directory.write(Self.json(Self.dense), "net.json")
    expectFailure(
      try await Command.run("evaluate", model, data, "--architecture", net), 65,
      "m.safetensors: expected a tensor \"0.bias\" of shape [3], as the architecture has, got 0.weight, 1.bias, 1.weight"
    )
    expectFailure(
      try await Command.run("evaluate", model, data, "--architecture", directory.file("none")), 66, "cannot open")
    let normalised = try Network<Float>(Architecture(input: [4], layers: [Layers.BatchNorm(), Layers.Dense(3)]))
    var parameters = Parameters<Float>(layout: normalised.layout)
    let variance = try #require(normalised.layout["0.running_var"])
    for i in variance.range { parameters.values[i] = 1 }
    try ModelFile(model: normalised, parameters: parameters, classNames: ["0", "1", "2"]).write(to: model)
    #expect(try await Command.run("evaluate", model, data).status == 0, "it can be used, though not trained")
    expectFailure(
      try await Command.run("inspect", model, data, "--damping", "1"), 65,
      "m.safetensors: layer 0 (batch_norm): batch normalisation couples the examples of a batch")
  }

  /// A network's overflow names the example.
  @Test func overflow() async throws {
    let network = try Network<Float>(Architecture(input: [2, 1], layers: [Layers.Positions(), Layers.Dense(2)]))
    var parameters = Parameters<Float>(layout: network.layout)
    parameters.values.fill(with: 1e30)
    try ModelFile(model: network, parameters: parameters, classNames: ["0", "1"]).write(to: directory.file("m"))
    try NPY.write(Matrix<Float>(rows: 3, columns: 2, elements: [0, 0, 0, 1e30, 0, 0]), to: directory.file("X.npy"))
    let result = try await Command.run(
      "predict", directory.file("m"), "--features", directory.file("X.npy"), "--output", directory.file("p"))
    expectFailure(result, 65, "X.npy: row 1: the logits overflow float32; use --precision double")
  }
}
