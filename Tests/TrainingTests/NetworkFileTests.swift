import FastGaussNewton
import Foundation
import Testing

/// Networks in model files.
@Suite struct NetworkFileTests {
  let directory = TemporaryDirectory()
  static let architecture = Architecture(
    input: [3], layers: [Layers.Frozen(Layers.Dense(4)), Layers.Activation(.tanh), Layers.Dense(2, bias: false)])

  static func model<S: RealScalar>(_ type: S.Type = S.self) throws -> ModelFile<S> {
    let network = try Network<S>(architecture)
    var generator = SeededGenerator(seed: 4)
    var parameters = network.initialParameters(using: &generator)
    for i in parameters.values.indices { parameters.values[i] += S(i) / 8 }
    return ModelFile(model: network, parameters: parameters, classNames: ["no", "yes"])
  }

  /// Tensors as PyTorch would save them, by name.
  typealias Tensors = [String: (shape: [Int], values: [Double])]
  static let tensors: Tensors = [
    "0.weight": ([4, 3], (0..<12).map { Double($0) }), "0.bias": ([4], [1, 2, 3, 4]),
    "2.weight": ([2, 4], (0..<8).map { -Double($0) }),
  ]

  func read(_ tensors: Tensors, _ metadata: [String: String] = [:], _ architecture: Architecture?) throws
    -> ModelFile<Double>
  {
    let path = directory.file("t")
    try SafeTensors.write(
      tensors.map { SafeTensors.Tensor(name: $0.key, shape: $0.value.shape, values: $0.value.values) },
      metadata: metadata, to: path)
    return try ModelFile<Double>(reading: path, architecture: architecture)
  }

  func roundTrip<S: RealScalar>(_ type: S.Type) throws {
    var file = try Self.model(type)
    file.standardization = Standardization(mean: [1, 2, 3], scale: [4, 5, 6])
    (file.l2, file.objective, file.seed, file.producer) = (0.5, 0.25, 7, "tests")
    try file.write(to: directory.file("m"))
    let back = try ModelFile<S>(reading: directory.file("m"))
    let network = try #require(back.model as? Network<S>)
    #expect(network.layout == file.model.layout && back.parameters == file.parameters)
    #expect(try network.architecture.json() == Self.architecture.json())
    #expect(back.classNames == ["no", "yes"] && back.standardization == file.standardization)
    #expect((back.l2, back.objective, back.seed, back.producer) == (0.5, 0.25, 7, "tests"))
    try back.write(to: directory.file("again"))
    #expect(try directory.bytes("again") == directory.bytes("m"))
  }

  @Test func roundTrip() throws {
    try roundTrip(Float.self)
    try roundTrip(Double.self)
  }

  @Test func whatIsInTheFile() throws {
    try Self.model(Float.self).write(to: directory.file("m"))
    let file = try SafeTensors.read(directory.file("m"))
    #expect(Set(file.names) == ["0.weight", "0.bias", "2.weight"] && file.shape("0.weight") == [4, 3])
    #expect(
      file.metadata == [
        "format": "fgn-network", "schema_version": "1", "class_names": "[\"no\",\"yes\"]",
        "architecture":
          #"{"input":[3],"layers":[{"frozen":true,"type":"dense","width":4},{"type":"tanh"},{"bias":false,"type":"dense","width":2}],"schema_version":1}"#,
      ])
    let wide = try ModelFile<Double>(reading: directory.file("m"))
    #expect(wide.parameters.values == (try Self.model(Float.self)).parameters.values.map { Double($0) })
  }

  @Test func tensorsWithAnArchitecture() throws {
    let file = try read(Self.tensors, ["format": "pt"], Self.architecture)
    #expect(file.classNames == ["0", "1"])
    let layout = file.model.layout
    for (name, tensor) in Self.tensors { #expect(file.parameters[try #require(layout[name])] == tensor.values) }
    // Counters of batch norm are no parameters.
    var counted = Self.tensors
    counted["1.num_batches_tracked"] = ([], [3])
    #expect(try read(counted, [:], Self.architecture).parameters == file.parameters)
  }

  @Test func theGivenArchitectureComesFirst() throws {
    try Self.model(Double.self).write(to: directory.file("m"))
    let other = Architecture(
      input: [3], layers: [Layers.Dense(4), Layers.Activation(.relu), Layers.Dense(2, bias: false)])
    let file = try ModelFile<Double>(reading: directory.file("m"), architecture: other)
    #expect(
      (file.model as? Network<Double>)?.architecture.layers[1].type == "relu" && file.classNames == ["no", "yes"])
    // Frozen parameters lie elsewhere in the buffer, not in the file.
    let (own, given) = (try Self.model(Double.self), file)
    for name in Self.tensors.keys {
      #expect(given.parameters[given.model.layout[name]!] == own.parameters[own.model.layout[name]!])
    }
  }

  @Test func tensorsThatDoNotFit() throws {
    func expectBad(
      _ change: (inout Tensors) -> Void, _ parts: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
      var tensors = Self.tensors
      change(&tensors)
      expectFailure(FileError.self, "t: ", parts, sourceLocation: sourceLocation) {
        try read(tensors, [:], Self.architecture)
      }
    }
    expectBad(
      { $0["2.weight"] = nil },
      "expected a tensor \"2.weight\" of shape [2, 4], as the architecture has, got 0.bias, 0.weight")
    expectBad({ $0 = [:] }, "expected a tensor \"0.weight\" of shape [4, 3], as the architecture has, got none")
    expectBad(
      { $0["2.bias"] = ([2], [0, 0]) }, "the architecture has no tensor \"2.bias\"; it has 0.weight, 0.bias, 2.weight")
    expectBad(
      { $0["0.weight"]!.shape = [3, 4] },
      "tensor \"0.weight\": expected shape [4, 3], as the architecture has, got [3, 4]")
    expectBad({ $0["0.bias"]!.values[2] = .infinity }, "tensor \"0.bias\": expected finite parameters")
    expectFailure(FileError.self, "expected a tensor \"weight\", got 0.bias, 0.weight, 2.weight (a network's tensors") {
      try read(Self.tensors, [:], nil)
    }
  }

  @Test func metadataThatDoNotFit() throws {
    let json = try Self.architecture.json()
    func expectBad(_ metadata: [String: String], _ part: String, sourceLocation: SourceLocation = #_sourceLocation) {
      expectFailure(FileError.self, "t: ", part, sourceLocation: sourceLocation) {
        try read(Self.tensors, metadata.merging(["format": "fgn-network"]) { $1 }, nil)
      }
    }
    expectBad([:], "expected metadata \"architecture\" for the format fgn-network, got none")
    expectBad(["architecture": "{"], "metadata \"architecture\": line 1, column 2: expected a name in quotes")
    expectBad(
      ["architecture": json.replacing("tanh", with: "tan")],
      "metadata \"architecture\": layers[1].type: expected one of")
    expectBad(
      ["architecture": json.replacing("\"width\":2", with: "\"width\":1")],
      "expected shape [1, ")
    expectBad(["architecture": json, "class_names": "[\"a\"]"], "expected 2 class_names, got 1")
    expectBad(["architecture": json, "schema_version": "2"], "expected schema_version 1, got 2")
    expectBad(
      ["architecture": json, "standardization": "{\"mean\":[0],\"scale\":[1]}"],
      "expected a standardization of 3 finite")
  }

  @Test func modelsWithoutAForm() throws {
    let other = Renamed(head: LinearHead<Double>(features: 2, classes: 2))
    let file = ModelFile(model: other, parameters: Parameters(layout: other.layout), classNames: ["a", "b"])
    expectFailure(DataError.self, "only linear heads and networks can be saved, got Renamed") {
      try file.write(to: directory.file("m"))
    }
    #expect(directory.names.isEmpty)
  }

  /// The bytes of a linear head's file, as the first version wrote them.
  @Test func headsStayAsTheyWere() throws {
    let head = LinearHead<Float>(features: 2, classes: 2)
    var file = ModelFile(
      model: head, parameters: Parameters(layout: head.layout, values: [1, -2, 0.5, 3, 0.25, -1]),
      classNames: ["no", "yes"])
    file.standardization = Standardization(mean: [0.5, 1], scale: [2, 1])
    (file.indexBase, file.l2, file.objective, file.seed) = (.one, 0.001, 0.25, 3)
    file.producer = "fast-gauss-newton 0.1.0"
    try file.write(to: directory.file("head"))
    let header =
      #"{"__metadata__":{"class_names":"[\"no\",\"yes\"]","format":"fgn-linear-head","l2":"0.001","#
      + #""libsvm_index_base":"1","objective":"0.25","producer":"fast-gauss-newton 0.1.0","schema_version":"1","#
      + #""seed":"3","standardization":"{\"mean\":[0.5,1],\"scale\":[2,1]}"},"#
      + #""bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""weight":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    var bytes = withUnsafeBytes(of: UInt64(padded.utf8.count).littleEndian) { Data($0) }
    bytes += Data(padded.utf8)
    for value: Float in [0.25, -1, 1, -2, 0.5, 3] {
      bytes += withUnsafeBytes(of: value.bitPattern.littleEndian) { Data($0) }
    }
    #expect(try directory.bytes("head") == bytes)
  }
}

/// A model of one's own.
private struct Renamed: Model {
  let head: LinearHead<Double>
  var layout: ParameterLayout { head.layout }
  var inputWidth: Int { head.inputWidth }
  var outputWidth: Int { head.outputWidth }
  func makeLinearization() -> Linearizations.OfHead<Double> { head.makeLinearization() }
}

/// Networks that PyTorch saved, and what they make of some inputs there: Fixtures/make_networks.py.
@Suite struct PyTorchTests {
  func check<S: RealScalar>(_ name: String, _ type: S.Type, limit: Double) throws {
    func path(_ suffix: String) throws -> String {
      try #require(Bundle.module.path(forResource: name, ofType: suffix, inDirectory: "Fixtures"))
    }
    let file = try ModelFile<S>(reading: path("safetensors"), architecture: Architecture(reading: path("json")))
    let archive = try NPZ(path("npz"))
    var values: [S] = []
    try file.forEachBlock(.dense(archive.matrix("X"))) { logits, _ in
      RowKernels.softmax(&logits)
      values += logits.elements
    }
    #expect(largestError(values, try archive.matrix("p").elements) < limit, "\(name) \(S.precisionName)")
  }

  @Test(arguments: ["images", "tokens"]) func probabilitiesAgree(_ name: String) throws {
    try check(name, Double.self, limit: 1e-14)
    try check(name, Float.self, limit: 1e-5)
  }
}
