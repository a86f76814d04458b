import LinearAlgebra
import TensorFiles
import Testing

@Suite struct SafeTensorsTests {
  let directory = TemporaryDirectory()

  @Test func readsTheReferenceImplementation() throws {
    let file = try SafeTensors.read(fixture("reference.safetensors"))
    #expect(Set(file.names) == ["weight", "bias", "half", "count", "empty"])
    #expect(file.metadata == ["model": "linear", "quote": "a \"b\" \\ \n é 😀"])
    #expect(file.shape("weight") == [2, 3])
    #expect(file.type("weight") == .float32)
    #expect(file.shape("nothing") == nil)
    #expect(try file.matrix("weight", as: Float.self) == fixtureMatrix)
    #expect(try file.values("weight", shape: [2, 3], as: Double.self) == fixtureMatrix.elements.map { Double($0) })
    #expect(try file.values("bias", as: Float.self) == [0.5, -1])
    #expect(try file.values("half", as: Float.self) == [1, 0.5, 65504, 0x1p-24])
    #expect(try file.values("count", as: Float.self) == [3, -4])
    #expect(try file.values("empty", as: Float.self) == [])
    #expect(try SafeTensors.read(fixture("bfloat16.safetensors")).values("t", as: Float.self) == [1, -3])
  }

  @Test func roundTripsWithTheSameBytesInAnyOrder() throws {
    let tensors: [SafeTensors.Tensor<Float>] = [
      .init(name: "b", shape: [2], values: [1, 2]), .init(name: "a\"\\\n", shape: [1, 3], values: [3, 4, 5]),
      .init(name: "é", shape: [], values: [6]), .init(name: "none", shape: [0, 9], values: []),
    ]
    let metadata = ["z": "last \u{1}", "a": "first", "m": "é"]
    try SafeTensors.write(tensors, metadata: metadata, to: directory.file("1"))
    for seed in 0..<20 as Range<UInt64> {
      var generator = TestGenerator(seed)
      let shuffled = metadata.shuffled(using: &generator)
      try SafeTensors.write(
        tensors.shuffled(using: &generator), metadata: Dictionary(uniqueKeysWithValues: shuffled),
        to: directory.file("2"))
      #expect(try directory.read("1") == directory.read("2"))
    }
    let bytes = try directory.read("1")
    #expect(bytes[0] % 8 == 0)
    let file = try SafeTensors.read(directory.file("1"))
    #expect(file.metadata == metadata)
    for tensor in tensors {
      #expect(file.shape(tensor.name) == tensor.shape)
      #expect(try file.values(tensor.name, as: Float.self) == tensor.values)
    }
    try SafeTensors.write([SafeTensors.Tensor<Double>(name: "d", shape: [1], values: [0.1])], to: directory.file("3"))
    #expect(try SafeTensors.read(directory.file("3")).values("d", as: Double.self) == [0.1])
    #expect(try SafeTensors.read(directory.file("3")).type("d") == .float64)
  }

  @Test func writesTheseBytes() throws {
    try SafeTensors.write(
      [SafeTensors.Tensor<Float>(name: "w", shape: [1], values: [1])], metadata: ["k": "v"],
      to: directory.file("golden"))
    let header = #"{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(try directory.read("golden") == .little(padded.utf8.count, 8) + Array(padded.utf8) + [0, 0, 0x80, 0x3F])
  }

  @Test func staysReadableWhenReplaced() throws {
    let path = directory.file("live")
    try SafeTensors.write([SafeTensors.Tensor<Float>(name: "w", shape: [1], values: [1])], to: path)
    let old = try SafeTensors.read(path)
    try SafeTensors.write([SafeTensors.Tensor<Float>(name: "v", shape: [2], values: [2, 3])], to: path)
    #expect(try old.values("w", as: Float.self) == [1])
    #expect(try SafeTensors.read(path).values("v", as: Float.self) == [2, 3])
  }

  @Test func namesWhatIsAskedForInVain() throws {
    let file = try SafeTensors.read(fixture("reference.safetensors"))
    expectFileError(.badData, "named \"W\"", "\"weight\"") { () throws(FileError) in
      try file.values("W", as: Float.self)
    }
    expectFileError(.badData, "tensor \"weight\"", "expected shape [3, 2], got [2, 3]") {
      () throws(FileError) in try file.values("weight", shape: [3, 2], as: Float.self)
    }
    expectFileError(.badData, "two dimensions, got shape [2]") {
      () throws(FileError) in try file.matrix("bias", as: Float.self)
    }
  }

  private static let bad: [(header: String, data: Int, part: String)] = [
    ("", 0, "must start with"),
    ("[]", 0, "must start with"),
    (" {}", 0, "must start with"),
    ("{}x", 0, "expected the end, got \"x\""),
    ("{", 0, "got the end"),
    ("{}", 4, "describes 0 bytes of data, the file has 4"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8, "describes 4 bytes of data, the file has 8"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "describes 8 bytes of data, the file has 4"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "needs 8 bytes, its data_offsets span 4"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "ascending"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "hole or an overlap"),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
      4,
      "hole or an overlap"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      8,
      "\"a\" occurs twice"
    ),
    (#"{"__metadata__":{"k":"v","k":"w"}}"#, 0, "\"k\" occurs twice"),
    (#"{"__metadata__":{"k":1}}"#, 0, "expected"),
    (#"{"__metadata__":{},"__metadata__":{}}"#, 0, "occurs twice"),
    (#"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, 1, "not supported"),
    (#"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "\"dtype\" occurs twice"),
    (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, "needs a dtype"),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#, 4, "overflows"),
    (#"{"a":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,4]}}"#, 4, "overflows"),
    (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4, "that fit 64 bits"),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "whole numbers from 0"),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#, 4, "whole numbers"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, 4, "at most 2"),
    (#"{"a\uD800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "surrogate"),
    (#"{"a\x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "escape of JSON"),
    (#"{"a\u+123":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "hexadecimal"),
    ("{\"a\n\":{}}", 4, "control characters"),
    (#"{"a"#, 0, "end of a string"),
  ]

  @Test(arguments: bad.indices)
  func refusesBadHeaders(_ index: Int) throws {
    let (header, data, part) = SafeTensorsTests.bad[index]
    let bytes = .little(header.utf8.count, 8) + Array(header.utf8) + [UInt8](repeating: 0, count: data)
    let path = try directory.write(bytes, "bad.safetensors")
    expectFileError(.badData, "bad.safetensors", part) { () throws(FileError) in try SafeTensors.read(path).names }
  }

  @Test func refusesOversizedHeaders() throws {
    for (length, part) in [
      ([UInt8].little(1000, 8), "claims 1000 bytes; 2 are left"), (.little(.max, 8), "claims 9223372036854775807"),
      ([UInt8](repeating: 0xFF, count: 8), "claims"),
    ] {
      let path = try directory.write(length + Array("{}".utf8), "long.safetensors")
      expectFileError(.badData, part) { () throws(FileError) in try SafeTensors.read(path).names }
    }
  }

  @Test func everyTruncationFails() throws {
    let bytes = try fixtureBytes("reference.safetensors")
    for count in 0..<bytes.count {
      let path = try directory.write(Array(bytes[..<count]), "t.safetensors")
      expectFileError(.badData) { () throws(FileError) in try SafeTensors.read(path).names }
    }
  }
}
