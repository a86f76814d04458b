import FastGaussNewton
import Foundation
import Testing

/// A layer that no architecture file knows.
private struct Halving: Layer {
  var type: String { "halving" }
  func makeLinearization<Scalar: RealScalar>(
    at site: Layers.Site, as type: Scalar.Type
  ) -> any LayerLinearization<Scalar> { fatalError("not used") }
}

@Suite struct ArchitectureFileTests {
  static func json(_ layers: String, input: String = "[4]") -> String {
    "{\"schema_version\": 1, \"input\": \(input), \"layers\": [\(layers)]}"
  }

  /// Layers as they are written again, which is what is read but for defaults and order.
  static func again(_ layers: String, input: String = "[4]") throws -> String {
    try Architecture(json: json(layers, input: input)).json()
  }

  /// Input, layers as they are given, and as they are written.
  static let layers: [(input: String, given: String, written: String)] = [
    ("[4]", #"{"type": "dense", "width": 3}"#, #"{"type":"dense","width":3}"#),
    (
      "[4]", #"{"width": 3, "type": "dense", "bias": true, "initialization": "he_normal", "frozen": false}"#,
      #"{"type":"dense","width":3}"#
    ),
    (
      "[4]", #"{"type": "dense", "width": 3, "bias": false, "initialization": "glorot_uniform", "frozen": true}"#,
      #"{"bias":false,"frozen":true,"initialization":"glorot_uniform","type":"dense","width":3}"#
    ),
    ("[2,3]", #"{"type": "relu"}, {"type": "tanh"}"#, #"{"type":"relu"},{"type":"tanh"}"#),
    ("[2,3]", #"{"type": "sigmoid"}, {"type": "positions"}"#, #"{"type":"sigmoid"},{"type":"positions"}"#),
    (
      "[2,3]", #"{"type": "gelu"}, {"type": "silu"}, {"type": "softplus"}"#,
      #"{"type":"gelu"},{"type":"silu"},{"type":"softplus"}"#
    ),
    (
      "[4]", #"{"type": "leaky_relu", "slope": 0.01}, {"type": "leaky_relu", "slope": 1}"#,
      #"{"type":"leaky_relu"},{"slope":1.0,"type":"leaky_relu"}"#
    ),
    (
      "[4]", #"{"type": "bias"}, {"type": "flatten"}, {"type": "dropout", "rate": 0.25}"#,
      #"{"type":"bias"},{"type":"flatten"},{"rate":0.25,"type":"dropout"}"#
    ),
    (
      "[4]", #"{"type": "layer_norm"}, {"type": "layer_norm", "epsilon": 1e-6, "affine": false}"#,
      #"{"type":"layer_norm"},{"affine":false,"epsilon":1e-06,"type":"layer_norm"}"#
    ),
    (
      "[4]",
      #"{"type": "group_norm", "groups": 2}, {"type": "group_norm", "groups": 4, "epsilon": 1, "affine": false}"#,
      #"{"groups":2,"type":"group_norm"},{"affine":false,"epsilon":1.0,"groups":4,"type":"group_norm"}"#
    ),
    (
      "[4]", #"{"type": "batch_norm"}, {"type":"batch_norm","affine":false,"epsilon":0.5,"statistics":"frozen"}"#,
      #"{"type":"batch_norm"},{"affine":false,"epsilon":0.5,"statistics":"frozen","type":"batch_norm"}"#
    ),
    ("[1,8,8]", #"{"type": "conv2d", "channels": 2, "kernel": 3}"#, #"{"channels":2,"kernel":3,"type":"conv2d"}"#),
    (
      "[2,16,16]",
      #"{"type": "conv2d", "channels": 4, "kernel": [3, 1], "stride": [2, 2], "padding": [1, 0], "dilation": [2, 1], "#
        + #""groups": 2, "bias": false, "initialization": "he_uniform"}"#,
      #"{"bias":false,"channels":4,"dilation":[2,1],"groups":2,"initialization":"he_uniform","kernel":[3,1],"#
        + #""padding":[1,0],"stride":2,"type":"conv2d"}"#
    ),
    (
      "[1,8,8]", #"{"type": "max_pool2d", "kernel": 2, "stride": 2}, {"type": "avg_pool2d", "kernel": [2, 1]}"#,
      #"{"kernel":2,"type":"max_pool2d"},{"kernel":[2,1],"type":"avg_pool2d"}"#
    ),
    (
      "[1,8,8]",
      #"{"type": "max_pool2d", "kernel": 3, "stride": 1, "padding": 1}, {"type": "avg_pool2d", "kernel": 3, "#
        + #""stride": [2, 1], "padding": 1}, {"type": "global_avg_pool"}"#,
      #"{"kernel":3,"padding":1,"stride":1,"type":"max_pool2d"},{"kernel":3,"padding":1,"stride":[2,1],"#
        + #""type":"avg_pool2d"},{"type":"global_avg_pool"}"#
    ),
    (
      "[4]", #"{"type": "residual", "body": [{"type": "dense", "width": 4}, {"type": "relu"}], "shortcut": []}"#,
      #"{"body":[{"type":"dense","width":4},{"type":"relu"}],"type":"residual"}"#
    ),
    (
      "[4]",
      #"{"type": "residual", "frozen": true, "body": [{"type": "dense", "width": 2}, {"type": "residual", "body": "#
        + #"[{"type": "tanh"}]}], "shortcut": [{"type": "dense", "width": 2, "frozen": true}]}"#,
      #"{"body":[{"type":"dense","width":2},{"body":[{"type":"tanh"}],"type":"residual"}],"frozen":true,"#
        + #""shortcut":[{"frozen":true,"type":"dense","width":2}],"type":"residual"}"#
    ),
    (
      "[5]", #"{"type": "embedding", "vocabulary": 9, "width": 2, "padding": 0}, {"type": "positional_embedding"}"#,
      #"{"padding":0,"type":"embedding","vocabulary":9,"width":2},{"type":"positional_embedding"}"#
    ),
    (
      "[5]", #"{"type": "embedding", "vocabulary": 9, "width": 2}, {"type": "mean_positions"}"#,
      #"{"type":"embedding","vocabulary":9,"width":2},{"type":"mean_positions"}"#
    ),
    (
      "[5]", #"{"type": "embedding_bag", "vocabulary": 9, "width": 2, "padding": 8}"#,
      #"{"padding":8,"type":"embedding_bag","vocabulary":9,"width":2}"#
    ),
    (
      "[5,4]", #"{"type":"self_attention","heads":2}, {"type":"self_attention","heads":1,"causal":true,"bias":false}"#,
      #"{"heads":2,"type":"self_attention"},{"bias":false,"causal":true,"heads":1,"type":"self_attention"}"#
    ),
  ]

  @Test(arguments: layers) func layersAreReadAndWritten(_ input: String, _ given: String, _ written: String) throws {
    let expected = #"{"input":\#(input),"layers":[\#(written)],"schema_version":1}"#
    #expect(try Self.again(given, input: input) == expected)
    #expect(try Architecture(json: expected).json() == expected)
  }

  @Test func everyTypeIsTested() {
    let text = Self.layers.map(\.given).joined()
    for (type, options) in Architecture.layerOptions {
      for name in [type] + options { #expect(text.contains("\"\(name)\""), "\(type): \(name)") }
    }
  }

  @Test func theArchitectureIsWhatTheTextSays() throws {
    let read = try Architecture(
      json: Self.json(#"{"type": "dense", "width": 5, "bias": false}, {"type": "tanh", "frozen": true}"#))
    #expect(read.input == [4] && read.layers.count == 2)
    let dense = try #require(read.layers[0] as? Layers.Dense)
    #expect(dense.width == 5 && !dense.hasBias && dense.initialization == .heNormal)
    #expect((read.layers[1] as? Layers.Frozen)?.layer.type == "tanh")
    let network = try Network<Float>(read)
    #expect(network.layout.slices.map(\.name) == ["0.weight"] && network.outputWidth == 5)
  }

  /// Text, and what is said about it after "net.json: ".
  static let refused: [(text: String, message: String)] = [
    ("", "line 1, column 1: expected a value, got the end"),
    ("{\"input\": [1],\n }", "line 2, column 2: expected a name in quotes, got \"}\""),
    ("{\"input\" [1]}", "line 1, column 10: expected \":\", got \"[1]}\""),
    ("{\"input\": [1,]}", "line 1, column 14: expected a value, got \"]}\""),
    ("{\"input\": [1] \"layers\": []}", "line 1, column 15: expected \",\" or \"}\""),
    ("{\"input\": [1 2]}", "expected \",\" or \"]\", got \"2]}\""),
    ("{\"input\": 1, \"input\": 2}", "line 1, column 14: \"input\" occurs twice"),
    ("{\"input\": 01}", "expected a finite number, got 01"), ("{\"input\": 1.}", "expected a finite number, got 1."),
    ("{\"input\": 1e999}", "expected a finite number, got 1e999"), ("{\"input\": -}", "a finite number, got -"),
    ("{} {}", "line 1, column 4: expected the end, got \"{}\""), ("nul", "expected a value, got \"nul\""),
    ("{\"a", "expected the end of a string"), ("{\"a\n\"", "expected no control characters in a string"),
    ("\"\\x\"", "expected an escape of JSON"), ("\"\\u12g4\"", "expected four hexadecimal digits"),
    ("\"\\ud800\"", "got half a surrogate pair"),
    (String(repeating: "[", count: 200), "expected at most 100 levels"),
    ("[]", "expected an object with schema_version, input and layers, got []"),
    ("{\"input\": [4], \"layers\": []}", "missing key \"schema_version\", 1"),
    ("{\"schema_version\": 1, \"layers\": []}", "missing key \"input\", a shape such as [16]"),
    ("{\"schema_version\": 1, \"input\": [4]}", "missing key \"layers\", an array of layers"),
    ("{\"schema_version\": 2, \"input\": [4], \"layers\": []}", "schema_version: expected 1, got 2"),
    (
      "{\"schema_version\": 1, \"input\": [4], \"layers\": []}",
      "layers: expected an array of at least one layer, got []"
    ),
    (
      json("", input: "[4], \"output\": 3"),
      "unknown key \"output\"; the architecture takes schema_version, input, layers"
    ),
    (json(#"{"type": "relu"}"#, input: "4"), "input: expected [n], [positions, n] or [channels, height, width] of"),
    (json(#"{"type": "relu"}"#, input: "[]"), "got []"), (json(#"{"type": "relu"}"#, input: "[0]"), "got [0]"),
    (json(#"{"type": "relu"}"#, input: "[1.5]"), "got [1.5]"),
    (json(#"{"type": "relu"}"#, input: "[1048577]"), "got [1048577]"),
    (json(#"{"type": "relu"}"#, input: "[1,2,3,4]"), "got [1,2,3,4]"),
    (json(#"{"type": "relu"}"#, input: "[1048576,1048576]"), "got [1048576,1048576]"),
    (json("\"relu\""), "layers[0]: expected an object such as {\"type\": \"relu\"}, got \"relu\""),
    (json(#"{"type": "relu"}, {"width": 3}"#), "layers[1]: missing key \"type\", one of dense, "),
    (json(#"{"type": "convd2"}"#), "layers[0].type: expected one of dense, "),
    (json(#"{"type": "convd2"}"#), "got \"convd2\""),
    (json(#"{"type": 3}"#), "layers[0].type: expected one of dense, "),
    (json(#"{"type": "dense"}"#), "layers[0]: missing key \"width\" of dense, an integer from 1 to 1048576"),
    (
      json(#"{"type": "dense", "widht": 3}"#),
      "layers[0]: unknown key \"widht\"; dense takes type, width, bias, initialization, frozen"
    ),
    (json(#"{"type": "relu", "slope": 3}"#), "layers[0]: unknown key \"slope\"; relu takes type, frozen"),
    (json(#"{"type": "dense", "width": 0}"#), "layers[0].width: expected an integer from 1 to 1048576, got 0"),
    (json(#"{"type": "dense", "width": 1048577}"#), "got 1048577"),
    (json(#"{"type": "dense", "width": 99999999999999999999}"#), "got 1e+20"),
    (json(#"{"type": "dense", "width": 2.5}"#), "got 2.5"), (json(#"{"type": "dense", "width": "2"}"#), "got \"2\""),
    (json(#"{"type": "dense", "width": true}"#), "got true"), (json(#"{"type": "dense", "width": null}"#), "got null"),
    (json(#"{"type": "dense", "width": 2, "bias": 1}"#), "layers[0].bias: expected true or false, got 1"),
    (
      json(#"{"type": "dense", "width": 2, "initialization": "xavier"}"#),
      "layers[0].initialization: expected one of \"he_normal\", \"he_uniform\", \"glorot_normal\", \"glorot_uniform\", \"zeros\""
    ),
    (json(#"{"type": "dropout", "rate": 1}"#), "layers[0].rate: expected a number from 0 and below 1, got 1"),
    (json(#"{"type": "layer_norm", "epsilon": 0}"#), "layers[0].epsilon: expected a positive number, got 0"),
    (json(#"{"type": "leaky_relu", "slope": "0.1"}"#), "layers[0].slope: expected a number, got \"0.1\""),
    (
      json(#"{"type": "batch_norm", "statistics": "running"}"#),
      "layers[0].statistics: expected one of \"batch\", \"frozen\", got \"running\""
    ),
    (
      json(#"{"type": "conv2d", "channels": 2, "kernel": [3]}"#, input: "[1,8,8]"),
      "layers[0].kernel: expected an integer from 1 to 4096, or two of them, [height, width], got [3]"
    ),
    (json(#"{"type": "conv2d", "channels": 2, "kernel": [3, 0]}"#, input: "[1,8,8]"), "got [3,0]"),
    (
      json(#"{"type": "conv2d", "channels": 2, "kernel": 3, "padding": -1}"#, input: "[1,8,8]"),
      "layers[0].padding: expected an integer from 0 to 4096"
    ),
    (
      json(#"{"type": "conv2d", "channels": 2, "kernel": 9}"#, input: "[1,8,8]"),
      "layer 0 (conv2d): a kernel of 9 x 9 is larger than the padded input of 8 x 8"
    ),
    (
      json(#"{"type": "embedding", "vocabulary": 9, "width": 2, "padding": 9}"#),
      "layer 0 (embedding): expected a padding token in 0..<9, got 9"
    ),
    (
      json(#"{"type": "embedding", "vocabulary": 9, "width": 2, "padding": -1}"#),
      "layers[0].padding: expected an integer from 0 to 1048575, got -1"
    ),
    (
      json(#"{"type": "embedding", "vocabulary": 9, "width": 2, "padding": null}"#), "layers[0].padding: expected"
    ),
    (
      json(#"{"type": "self_attention", "heads": 3}"#, input: "[5,4]"),
      "layer 0 (self_attention): expected a number of heads that divides the width 4, got 3"
    ),
    (json(#"{"type": "residual"}"#), "layers[0]: missing key \"body\" of residual, an array of layers"),
    (json(#"{"type": "residual", "body": 3}"#), "layers[0].body: expected an array of layers, got 3"),
    (
      json(#"{"type": "relu"}, {"type": "residual", "body": [{"type": "conv2d", "chanels": 3}]}"#),
      "layers[1].body[0]: unknown key \"chanels\"; conv2d takes type, channels, kernel, stride, padding"
    ),
    (
      json(#"{"type": "residual", "body": [{"type": "relu"}], "shortcut": [{"type": "dense", "width": -1}]}"#),
      "layers[0].shortcut[0].width: expected an integer from 1"
    ),
    (
      json(#"{"type": "residual", "body": [{"type": "dense", "width": 3}]}"#),
      "layer 0 (residual): expected the same shape from the body and the input, got [3] and [4]"
    ),
    (
      json(#"{"type": "residual", "body": [{"type": "positions"}]}"#, input: "[2,3]"),
      "layer 0.body.0 (positions): expected it at the top level of the network"
    ),
    (json(#"{"type": "relu", "frozen": "yes"}"#), "layers[0].frozen: expected true or false, got \"yes\""),
    (json(#"{"type": "dense", "width": 2}"#, input: "[1,2,3]"), "layer 0 (dense): expected [n] or [positions, n]"),
    (json(#"{"type": "relu"}, {"type": "positions"}"#), "layer 1 (positions): expected [positions, n], got [4]"),
    (
      json(#"{"type": "dense", "width": 1048576}, {"type": "dense", "width": 1048576}"#),
      "layer 1 (dense): expected at most 2^32 parameters"
    ),
  ]

  @Test(arguments: refused) func isRefused(_ text: String, _ message: String) {
    expectFailure(FileError.self, "net.json: ", message) { try Architecture(json: text, source: "net.json") }
  }

  @Test func escapesAreRead() {
    // Escaped, the same key and type.
    #expect(throws: Never.self) {
      try Architecture(json: Self.json(#"{"\u0074ype": "rel\u0075"}, {"type":"dense","width":2}"#))
    }
    expectFailure(FileError.self, "unknown key \"é🦊\"") {
      try Architecture(json: Self.json(#"{"type": "relu", "\u00e9\ud83e\udd8a": 1}"#))
    }
  }

  @Test func files() throws {
    let directory = TemporaryDirectory()
    let path = try directory.write(Self.json(#"{"type": "dense", "width": 2}"#), "net.json")
    #expect(try Architecture(reading: path).layers.count == 1)
    expectFailure(FileError.self, "none.json: cannot open for reading") {
      try Architecture(reading: directory.file("none.json"))
    }
    try Data([0x22, 0xFF, 0x22]).write(to: URL(filePath: path))
    expectFailure(FileError.self, "net.json: expected UTF-8") { try Architecture(reading: path) }
  }

  @Test func layersWithoutAForm() {
    expectFailure(Layers.Failure.self, "layers[1]: a layer of type \"halving\" has no form in architecture files") {
      try Architecture(input: [2], layers: [Layers.Dense(2), Halving()]).json()
    }
    expectFailure(Layers.Failure.self, "layers[0].width: expected an integer from 1 to 1048576, got 0") {
      try Architecture(input: [2], layers: [Layers.Dense(0)]).json()
    }
  }
}
