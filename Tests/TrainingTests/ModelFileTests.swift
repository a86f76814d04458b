import FastGaussNewton
import Foundation
import Testing

@Suite struct ModelFileTests {
  let directory = TemporaryDirectory()
  static let names = ["a,b", "say \"hi\" \\ there", "größe 数 🦊", "line\nend\u{1}", ""]

  func model<S: RealScalar>(_ type: S.Type = S.self, intercept: Bool = true) -> ModelFile<S> {
    let head = LinearHead<S>(features: 3, classes: 5, intercept: intercept)
    return ModelFile(model: head, parameters: randomParameters(head), classNames: Self.names)
  }

  /// Tensors and metadata as given, then read as a model.
  func read<S: RealScalar>(
    _ tensors: [(String, [Int], [Double])], _ metadata: [String: String] = [:], as type: S.Type = S.self
  ) throws -> ModelFile<S> {
    let path = directory.file(UUID().uuidString)
    try SafeTensors.write(
      tensors.map { SafeTensors.Tensor(name: $0.0, shape: $0.1, values: $0.2) }, metadata: metadata, to: path)
    return try ModelFile<S>(reading: path)
  }

  static let weight = ("weight", [2, 3], [1.0, 2, 3, 4, 5, 6])
  static let bias = ("bias", [2], [-1.0, 0.5])

  func roundTrip<S: RealScalar>(_ type: S.Type, intercept: Bool) throws {
    var file = model(type, intercept: intercept)
    file.standardization = Standardization(mean: [0.1, -1e9, 0], scale: [1, 1e-5, 3])
    (file.l2, file.objective, file.seed, file.producer) = (1e-3, 0.1 + 0.2, .max, "tests \"1\"")
    let path = directory.file("model-\(S.precisionName)-\(intercept)")
    try file.write(to: path)
    let back = try ModelFile<S>(reading: path)
    #expect(back.parameters == file.parameters)
    let head = try #require(back.model as? LinearHead<S>)
    #expect(head.layout == file.model.layout && head.hasIntercept == intercept)
    #expect(back.classNames == Self.names && back.standardization == file.standardization)
    #expect((back.l2, back.objective, back.seed) == (file.l2, file.objective, file.seed))
    #expect(back.producer == file.producer)
  }

  @Test(arguments: [true, false]) func roundTrip(_ intercept: Bool) throws {
    try roundTrip(Float.self, intercept: intercept)
    try roundTrip(Double.self, intercept: intercept)
  }

  @Test func plainModelsStayPlain() throws {
    try model(Float.self).write(to: directory.file("m"))
    let file = try SafeTensors.read(directory.file("m"))
    #expect(Set(file.metadata.keys) == ["format", "schema_version", "class_names"])
    #expect(file.metadata["format"] == "fgn-linear-head" && file.metadata["schema_version"] == "1")
    #expect(Set(file.names) == ["weight", "bias"] && file.shape("weight") == [5, 3] && file.shape("bias") == [5])
    #expect(file.type("weight") == .float32)
    let back = try ModelFile<Float>(reading: directory.file("m"))
    #expect(back.standardization == nil && back.l2 == nil && back.seed == nil)
  }

  @Test func sameModelSameBytes() throws {
    for name in ["a", "b"] {
      var file = model(Float.self)
      file.standardization = Standardization(mean: [1, 2, 3], scale: [1, 2, 3])
      try file.write(to: directory.file(name))
    }
    #expect(try directory.bytes("a") == directory.bytes("b"))
  }

  @Test func precisionsConvert() throws {
    let file = model(Double.self)
    try file.write(to: directory.file("double"))
    let narrow = try ModelFile<Float>(reading: directory.file("double"))
    #expect(narrow.parameters.values == file.parameters.values.map { Float($0) })
    try model(Float.self).write(to: directory.file("float"))
    let wide = try ModelFile<Double>(reading: directory.file("float"))
    #expect(wide.parameters.values == model(Float.self).parameters.values.map { Double($0) })
  }

  @Test func bareTensorsAreAModel() throws {
    let file = try read([Self.weight, Self.bias], as: Double.self)
    #expect(file.classNames == ["0", "1"] && (file.model as? LinearHead<Double>)?.hasIntercept == true)
    #expect(file.parameters.values == [1, 2, 3, 4, 5, 6, -1, 0.5])
    let unbiased = try read([Self.weight], as: Float.self)
    #expect((unbiased.model as? LinearHead<Float>)?.hasIntercept == false)
    #expect(unbiased.parameters.values == [1, 2, 3, 4, 5, 6])
    #expect(try read([Self.weight, ("other", [1], [9])], as: Float.self).model.inputWidth == 3, "others are ignored")
  }

  @Test func shapesThatAreNoHead() {
    expectFailure(FileError.self, "expected a tensor \"weight\", got bias") { try read([Self.bias], as: Float.self) }
    expectFailure(FileError.self, "two classes or more, got [1, 3]") {
      try read([("weight", [1, 3], [1, 2, 3])], as: Float.self)
    }
    expectFailure(FileError.self, "got [2, 0]") { try read([("weight", [2, 0], [])], as: Float.self) }
    expectFailure(FileError.self, "\"weight\"", "expected two dimensions") {
      try read([("weight", [6], [1, 2, 3, 4, 5, 6])], as: Float.self)
    }
    expectFailure(FileError.self, "expected a tensor \"weight\", got none") { try read([], as: Float.self) }
    for (shape, values) in [([3], [1.0, 2, 3]), ([2, 1], [1, 2]), ([], [1])] {
      expectFailure(FileError.self, "expected a bias of shape [2], got \(shape)") {
        try read([Self.weight, ("bias", shape, values)], as: Float.self)
      }
    }
  }

  @Test func numbersThatAreNotFinite() throws {
    for bad in [Double.nan, .infinity] {
      expectFailure(FileError.self, "expected finite parameters") {
        try read([("weight", [2, 1], [1, bad])], as: Double.self)
      }
      expectFailure(FileError.self, "expected finite parameters") {
        try read([Self.weight, ("bias", [2], [bad, 0])], as: Float.self)
      }
      var file = model(Double.self)
      try file.write(to: directory.file("kept"))
      let before = try directory.bytes("kept")
      file.parameters.values[2] = bad
      expectFailure(DataError.self, "kept: refused to save parameters that are not finite") {
        try file.write(to: directory.file("kept"))
      }
      #expect(try directory.bytes("kept") == before)
    }
    // Finite in float64 only.
    expectFailure(FileError.self, "expected finite parameters") {
      try read([("weight", [2, 1], [1e300, 1])], as: Float.self)
    }
  }

  @Test(arguments: ["[\"a\"", "{}", "[1, 2]", "", "null"]) func classNamesThatAreNone(_ text: String) {
    expectFailure(FileError.self, "metadata \"class_names\": expected JSON of its type, got \"\(text)\"") {
      try read([Self.weight], ["class_names": text], as: Float.self)
    }
  }

  @Test func metadataThatDoesNotFit() {
    func expectBad(_ metadata: [String: String], _ part: String, sourceLocation: SourceLocation = #_sourceLocation) {
      expectFailure(FileError.self, part, sourceLocation: sourceLocation) {
        try read([Self.weight], metadata, as: Float.self)
      }
    }
    expectBad(["class_names": "[\"a\"]"], "expected 2 class_names, got 1")
    expectBad(["schema_version": "2"], "expected schema_version 1, got 2: written by a newer program")
    expectBad(["standardization": "{\"mean\": [0, 0, 0]}"], "metadata \"standardization\"")
    expectBad(["standardization": "{\"mean\":[0,0,0],\"scale\":[1,1]}"], "a standardization of 3")
    expectBad(["standardization": "{\"mean\":[0,0],\"scale\":[1,1]}"], "a standardization of 3")
    expectBad(["standardization": "{\"mean\":[0,0,0],\"scale\":[1,0,1]}"], "positive scales")
    expectBad(["standardization": "{\"mean\":[0,0,0],\"scale\":[1,-1,1]}"], "positive scales")
    expectBad(["standardization": "{\"mean\":[0,1e999,0],\"scale\":[1,1,1]}"], "standardization")
  }

  @Test func filesThatAreNone() throws {
    #expect(throws: FileError.self) { try ModelFile<Float>(reading: directory.file("missing")) }
    try model(Float.self).write(to: directory.file("m"))
    let bytes = try directory.bytes("m")
    for count in [0, 7, 8, 100, bytes.count - 1] {
      try bytes.prefix(count).write(to: URL(filePath: directory.file("cut")))
      expectFailure(FileError.self, "cut") { try ModelFile<Float>(reading: directory.file("cut")) }
    }
  }
}
