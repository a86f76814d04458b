import FastGaussNewton
import Foundation
import Testing

/// Input that cannot be trained on, and what must be said about it.
struct BadInput: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var status: Int32 = 65
  /// All on standard error.
  var parts: [String]
  /// Writes the files and returns the arguments that name them.
  var arguments: @Sendable (TemporaryDirectory) throws -> [String]

  init(
    _ name: String, status: Int32 = 65, _ parts: String...,
    arguments: @escaping @Sendable (TemporaryDirectory) throws -> [String]
  ) {
    testDescription = name
    self.status = status
    self.parts = parts
    self.arguments = arguments
  }

  static func text(_ name: String, _ file: String, _ text: String, _ part: String) -> BadInput {
    BadInput(name, "\(file): \(part)") { [try $0.write(text, file)] }
  }

  /// A good pair of which one is replaced by `bytes`.
  static func pair(
    _ name: String, _ file: String, _ part: String, bytes: @escaping @Sendable (Data) -> Data
  ) -> BadInput {
    BadInput(name, "\(file): \(part)") { directory in
      let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
      try ToyData().npy(features: x, labels: y)
      _ = try directory.write(bytes(directory.bytes(file)), file)
      return ["--features", x, "--labels", y]
    }
  }

  static func labels(_ name: String, _ labels: [Int], _ part: String) -> BadInput {
    BadInput(name, part) { directory in
      var data = ToyData(rows: 4)
      data.labels = labels
      try data.npy(features: directory.file("X.npy"), labels: directory.file("y.npy"))
      return ["--features", directory.file("X.npy"), "--labels", directory.file("y.npy")]
    }
  }

  static func npyHeader(_ dictionary: String) -> Data {
    Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(dictionary.utf8.count), 0] + Array(dictionary.utf8))
  }

  static let tables: [BadInput] = [
    text("infinity", "t.csv", "label,width,height\n0,1,2\n1,3,inf\n", "line 3, column \"height\": expected a finite"),
    text(
      "NaN", "t.csv", "label,width,height\n0,nan,2\n1,3,4\n",
      "line 2, column \"width\": expected a number, got \"nan\" (--missing drop"),
    text(
      "one class only", "t.csv", "label,a\nq,1\nq,2\n",
      "expected examples of at least two classes, got one class only (q)"),
    text("ragged", "t.csv", "label,a,b\n0,1,2\n1,3\n", "line 3: expected 3 fields, got 2"),
    text("ragged the other way", "t.csv", "label,a,b\n0,1,2\n1,3,4,5\n", "line 3: expected 3 fields, got 4"),
    text(
      "text for a number", "t.csv", "label,a\n0,1\n1,wide\n",
      "line 3, column \"a\": expected a finite number, got \"wide\""),
    text("empty field", "t.csv", "label,a\n0,1\n1,\n", "line 3, column \"a\": expected a number, got an empty field"),
    text("empty table", "t.csv", "", "expected a table, got an empty file"),
    text("header only", "t.csv", "label,a\n", "expected examples below the header, got none"),
    text("no label column", "t.csv", "a,b\n1,2\n3,4\n", "cannot tell which column holds the labels"),
    BadInput(
      "label column missing", "t.csv: expected one column named \"klass\", got none; the columns are \"c\", \"a\""
    ) {
      [try $0.write("c,a\n0,1\n1,2\n", "t.csv"), "--label-column", "klass"]
    },
    BadInput("label column out of range", "t.csv: expected a label column below 2, got 7") {
      [try $0.write("c,a\n0,1\n1,2\n", "t.csv"), "--label-column", "7"]
    },
    text("index twice", "t.svm", "0 1:1 1:2\n1 1:1\n", "line 1, field 3: the index occurs twice, got \"1:2\""),
    text("indices descend", "t.svm", "0 1:1\n1 3:1 2:1\n", "line 2, field 3: expected an index above 3, got \"2:1\""),
    text("no value", "t.svm", "0 1:1\n1 2\n", "line 2, field 2: expected index:value, got \"2\""),
    text(
      "label of LIBSVM", "t.svm", "0.5 1:1\n",
      "expected classes, got numbers such as 0.5: for numbers to predict say --loss squared"),
    text("NaN in LIBSVM", "t.svm", "0 1:1\n1 2:nan\n", "row 1, column 1: expected a finite number, got nan"),
    text("empty LIBSVM", "t.libsvm", "", "expected at least one example, got none"),
    text("unknown format", "t.bin", "\u{0}\u{1}", "expected a .npz file, a table (.csv) or LIBSVM text (.svm)"),
    BadInput("missing", status: 66, "none.csv: cannot open for reading: No such file") { [$0.file("none.csv")] },
    BadInput("a directory", status: 66, "d.csv: expected a regular file, got a directory") {
      try FileManager.default.createDirectory(atPath: $0.file("d.csv"), withIntermediateDirectories: true)
      return [$0.file("d.csv")]
    },
  ]

  static let arrays: [BadInput] = [
    labels("one label too few", [0, 1, 0], "y.npy: expected one label for each of the 4 feature rows, got 3 labels"),
    labels("one class in an array", [2, 2, 2, 2], "at least two classes, got one class only (2)"),
    pair("truncated features", "X.npy", "byte 128: shape (90, 4) of float32 needs 1440 bytes, got 1430") {
      $0.dropLast(10)
    },
    pair("features too long", "X.npy", "byte 128: shape (90, 4) of float32 needs 1440 bytes, got 1441") { $0 + [0] },
    pair("truncated header", "y.npy", "byte 8: the header claims 118 bytes; 50 are left") { $0.prefix(60) },
    pair("no array at all", "X.npy", "byte 0: expected a NumPy array") { _ in Data("label,a\n1,2\n".utf8) },
    pair("empty array file", "X.npy", "byte 0: expected a NumPy array of at least 10 bytes, got 0 bytes") { _ in Data()
    },
    pair("objects", "y.npy", "npy header, byte ") { _ in
      npyHeader("{'descr': '|O', 'fortran_order': False, 'shape': (90,), }") + Data(repeating: 0, count: 720)
    },
    pair("complex numbers", "X.npy", "npy header, byte ") { _ in
      npyHeader("{'descr': '<c8', 'fortran_order': False, 'shape': (90, 4), }") + Data(repeating: 0, count: 2880)
    },
    pair(
      "one-dimensional features", "X.npy",
      "shape: expected a two-dimensional array [examples, features], got shape (360,)"
    ) {
      npyHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (360,), }") + $0.suffix(1440)
    },
    pair("soft labels", "y.npy", "shape: expected one hard integer label per example (soft or one-hot labels") { _ in
      npyHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (90, 3), }") + Data(repeating: 0, count: 1080)
    },
    pair("fractions for labels", "y.npy", "element 0: expected a whole number, got 0.747") { _ in
      npyHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (90,), }") + Data(repeating: 0x3F, count: 360)
    },
    BadInput("features missing", status: 66, "none.npy: cannot open") {
      try ToyData().npy(features: $0.file("X.npy"), labels: $0.file("y.npy"))
      return ["--features", $0.file("none.npy"), "--labels", $0.file("y.npy")]
    },
    BadInput("labels not given", "X.npy: expected labels for these features, got none") {
      try ToyData().npy(features: $0.file("X.npy"), labels: $0.file("y.npy"))
      return ["--features", $0.file("X.npy")]
    },
    BadInput("NaN in an array", "X.npy: row 3, column 1: expected a finite number, got nan") {
      var data = ToyData(rows: 4)
      data.features[3, 1] = .nan
      try data.npy(features: $0.file("X.npy"), labels: $0.file("y.npy"))
      return ["--features", $0.file("X.npy"), "--labels", $0.file("y.npy")]
    },
    BadInput("too large for the precision", "X.npy: row 0, column 1: expected a finite number, got inf") {
      try NPY.write(Matrix<Double>(rows: 2, columns: 2, elements: [1, 1e300, 1, 1]), to: $0.file("X.npy"))
      try NPY.write([0, 1], to: $0.file("y.npy"))
      return ["--features", $0.file("X.npy"), "--labels", $0.file("y.npy")]
    },
    BadInput("truncated archive", "t.npz: ") { directory in
      _ = try ToyData().npz(directory.file("t.npz"))
      return [try directory.write(directory.bytes("t.npz").dropLast(30), "t.npz")]
    },
    BadInput("empty archive", "t.npz: ") { [try $0.write("", "t.npz")] },
    BadInput("archive without labels", "t.npz: expected an array named \"y\", got \"X\"") { directory in
      try NPZ.write(to: directory.file("t.npz")) { archive throws(FileError) in
        try archive.add(ToyData().features, named: "X")
      }
      return [directory.file("t.npz")]
    },
    BadInput("soft labels in an archive", "t.npz: entry \"y.npy\", shape: expected one hard integer label") {
      directory in
      try NPZ.write(to: directory.file("t.npz")) { archive throws(FileError) in
        try archive.add(ToyData().features, named: "X")
        try archive.add(ToyData().features, named: "y")
      }
      return [directory.file("t.npz")]
    },
  ]

  static func weights(_ name: String, _ weights: [Float], _ part: String) -> BadInput {
    BadInput(name, "W.npy: \(part)") {
      try NPY.write(weights, to: $0.file("W.npy"))
      return [try ToyData(rows: 3).npz($0.file("t.npz")), "--sample-weights", $0.file("W.npy")]
    }
  }

  static let sampleWeights: [BadInput] = [
    weights("negative weight", [1, -1, 1], "row 1: expected a finite sample weight of at least 0, got -1"),
    weights("NaN weight", [1, 1, .nan], "row 2: expected a finite sample weight of at least 0, got nan"),
    weights("no weight", [0, 0, 0], "expected a sample weight above 0 somewhere, got only zeros"),
    weights("one weight too many", [1, 1, 1, 1], "expected one sample weight for each of 3 rows, got 4"),
    BadInput("weights missing", status: 66, "none.npy: cannot open") {
      [try ToyData(rows: 3).npz($0.file("t.npz")), "--sample-weights", $0.file("none.npy")]
    },
  ]
}

@Suite struct BadInputTests {
  @Test(arguments: BadInput.tables + BadInput.arrays + BadInput.sampleWeights + BadInput.regressions)
  func isRefused(_ input: BadInput) async throws {
    let directory = TemporaryDirectory()
    let output = try directory.write("an older model", "m.safetensors")
    let arguments = try input.arguments(directory)
    let before = directory.names
    let result = try await Command.run(["train", "--output", output, "--json"] + arguments)
    expectFailure(result, input.status)
    for part in input.parts {
      #expect(result.errors.contains(part), "\"\(result.errors)\" lacks \"\(part)\"")
    }
    #expect(!result.errors.contains("Error:"), "a message of its own")
    #expect(try directory.text("m.safetensors") == "an older model")
    #expect(directory.names == before, "nothing temporary is left")
  }

  @Test func objectsAreExplained() async throws {
    let directory = TemporaryDirectory()
    let y = try directory.write(
      BadInput.npyHeader("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }") + Data(count: 16), "y.npy")
    try NPY.write(Matrix<Float>(rows: 2, columns: 1), to: directory.file("X.npy"))
    let result = try await Command.run(
      "train", "--features", directory.file("X.npy"), "--labels", y, "--output", directory.file("m"))
    expectFailure(result, 65, "pickled objects (dtype object), which are never unpickled: save numbers instead")
  }
}
