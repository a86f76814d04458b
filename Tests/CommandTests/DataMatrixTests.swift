import FastGaussNewton
import Foundation
import Testing

/// Every format, every command that reads data, labels and values of every sort: each cell is right, or refused with a
/// reason. What is right is known from the dense pair of arrays, and every command says how many rows it has seen.
@Suite struct DataMatrixTests {
  enum Format: String, CaseIterable {
    case table, tableWithoutHeader, tabs, gzip, utf16, libsvm, npz, sparse, arrays
  }

  enum Labels: String, CaseIterable {
    /// 0, 1 and 2; words; with one that the model does not have; none.
    case numbers, words, unknown, absent
  }

  enum Use: String, CaseIterable {
    case train, optimum, tune, compare, evaluate, calibrate, inspect, predict, goOn, validate
  }

  static let rows = 36
  private static let words = ["ant", "bee", "cow"]
  let directory = TemporaryDirectory()
  private let data = ToyData(rows: rows, features: 3)

  /// The labels; rows 3 and 20 have one that is in no model.
  private func labels(_ kind: Labels) -> [String]? {
    guard kind != .absent else { return nil }
    var names = data.labels.map { kind == .words ? Self.words[$0] : "\($0)" }
    if kind == .unknown { (names[3], names[20]) = ("7", "7") }
    return names
  }

  /// Writes the data, and gives the arguments that name them.
  private func write(_ format: Format, _ kind: Labels, _ name: String = "data") throws -> [String] {
    let labels = labels(kind)
    func text(_ delimiter: String, header: Bool) -> String {
      let head = ["a", "b", "c"] + (labels == nil ? [] : ["label"])
      let lines = (0..<Self.rows).map { i in data.features.row(i).map { "\($0)" } + (labels.map { [$0[i]] } ?? []) }
      return ((header ? [head] : []) + lines).map { $0.joined(separator: delimiter) + "\n" }.joined()
    }
    func npy(_ labels: [String]) -> [UInt8] {
      let header = "{'descr': '<U4', 'fortran_order': False, 'shape': (\(labels.count),), }"
      let padded = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
      var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
      for label in labels {
        for letter in Array(label.utf8) + [UInt8](repeating: 0, count: 4 - label.utf8.count) {
          bytes += [letter, 0, 0, 0]
        }
      }
      return bytes
    }
    let numbers = labels?.compactMap { Int($0) }
    switch format {
    case .table: return [try directory.write(text(",", header: true), "\(name).csv")]
    case .tableWithoutHeader:
      return [try directory.write(text(";", header: false), "\(name).csv")]
        + (kind == .absent ? [] : ["--label-column", "-1"])
    case .tabs: return [try directory.write(text("\t", header: true), "\(name).tsv")]
    case .gzip:
      let plain = try directory.write(text(",", header: true), "\(name).csv")
      return [plain + ".gz"]
    case .utf16:
      var bytes: [UInt8] = [0xFF, 0xFE]
      for unit in text(",", header: true).utf16 { bytes += [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
      return [try directory.write(bytes, "\(name).txt")]
    case .libsvm:
      let lines = (0..<Self.rows).map { i in
        let pairs = data.features.row(i).enumerated().map { "\($0 + 1):\($1)" }
        return ((labels.map { [$0[i]] } ?? []) + pairs).joined(separator: " ") + "\n"
      }
      return [try directory.write(lines.joined(), "\(name).svm")]
    case .npz, .sparse:
      let path = directory.file("\(name).npz")
      try NPZ.write(to: path) { archive throws(FileError) in
        if format == .npz {
          try archive.add(data.features, named: "X")
        } else {
          let entries = (0..<Self.rows).flatMap { i in (0..<3).filter { data.features[i, $0] != 0 }.map { (i, $0) } }
          try archive.add(entries.map { data.features[$0.0, $0.1] }, named: "data")
          try archive.add(entries.map(\.1), named: "indices")
          try archive.add((0...Self.rows).map { i in entries.count { $0.0 < i } }, named: "indptr")
          try archive.add([Self.rows, 3], named: "shape")
        }
        if let numbers, kind != .words { try archive.add(numbers, named: "y") }
      }
      // Words of an archive stand beside it, as of arrays.
      if kind == .words, format == .npz { return try write(.arrays, kind, name) }
      if kind == .words { return ["--features", path, "--labels", try directory.write(npy(labels!), "\(name)-y.npy")] }
      return [path]
    case .arrays:
      let (x, y) = (directory.file("\(name)-X.npy"), directory.file("\(name)-y.npy"))
      try NPY.write(data.features, to: x)
      guard let labels else { return ["--features", x] }
      if kind == .words {
        _ = try directory.write(npy(labels), "\(name)-y.npy")
      } else {
        try NPY.write(numbers!, to: y)
      }
      return ["--features", x, "--labels", y]
    }
  }

  private func arguments(_ format: Format, _ kind: Labels, _ name: String = "data") async throws -> [String] {
    let arguments = try write(format, kind, name)
    if format == .gzip { _ = try await Command.shell("gzip -f -k '\(directory.file("\(name).csv"))'") }
    return arguments
  }

  /// A model of the dense arrays, whose classes are numbers or words.
  private func model(_ kind: Labels) async throws -> String {
    let path = directory.file("model-\(kind).safetensors")
    let data = try await arguments(.arrays, kind, "model")
    let result = try await Command.run(
      ["train"] + data + ["--to-optimum", "--l2", "0.1", "--precision", "double", "--output", path])
    #expect(result.status == 0, "\(result.errors)")
    return path
  }

  private func run(_ use: Use, _ data: [String], _ model: String) async throws -> Command.Result {
    let output = directory.file("out-\(use).safetensors")
    let arguments: [String] =
      switch use {
      case .train: ["train"] + data + ["--epochs", "2", "--output", output, "--json"]
      case .optimum: ["train"] + data + ["--to-optimum", "--l2", "0.1", "--output", output, "--json"]
      case .tune: ["tune"] + data + ["--folds", "2", "--points", "2", "--output", output, "--json"]
      case .compare:
        ["compare"] + data
          + [
            "--optimizers", "fgn", "--epochs", "1", "--batch-size", "16", "--seeds", "1", "--output",
            directory.file("cmp"), "--force", "--json",
          ]
      case .evaluate: ["evaluate", model] + data + ["--json"]
      case .calibrate: ["calibrate", model] + data + ["--output", output, "--json"]
      case .inspect: ["inspect", model] + data + ["--damping", "1", "--json"]
      case .predict: ["predict", model] + data + ["--output", directory.file("p.csv"), "--json"]
      case .goOn: ["train"] + data + ["--initial", model, "--epochs", "1", "--output", output, "--json"]
      case .validate:
        ["train"] + data + ["--validation-fraction", "0.25", "--epochs", "1", "--output", output, "--json"]
      }
    return try await Command.run(arguments + (use == .train ? [] : ["--precision", "double"]))
  }

  @Test(arguments: Labels.allCases) func everyCellIsRightOrRefused(_ kind: Labels) async throws {
    let model = try await model(kind == .words ? .words : .numbers)
    let reference = try await arguments(.arrays, kind, "reference")
    for use in Use.allCases {
      let expected = try await run(use, reference, model)
      for format in Format.allCases {
        let cell = "\(format) x \(use) x \(kind)"
        let result = try await run(use, arguments(format, kind), model)
        if kind == .absent, use != .predict {
          #expect([64, 65].contains(result.status) && result.output.isEmpty, "\(cell): \(result.errors)")
          #expect(["label", "\"y\""].contains(where: result.errors.contains), "\(cell): \(result.errors)")
          continue
        }
        guard result.status == 0 else {
          Issue.record("\(cell): \(result.errors)")
          continue
        }
        if use == .predict {
          #expect(try directory.text("p.csv").split(separator: "\n").count == Self.rows + 1, "\(cell)")
        }
        if kind == .unknown, [.evaluate, .calibrate, .inspect].contains(use) {
          #expect(result.errors.contains("2 of \(Self.rows) examples have labels that are no classes"), "\(cell)")
        }
        try compare(result.json(), expected.json(), cell)
      }
    }
  }

  /// Numbers of two results that do not depend on the clock.
  private func compare(_ a: [String: Any], _ b: [String: Any], _ cell: String) throws {
    var compared = 0
    for key in ["examples", "rows", "objective", "loss", "accuracy", "bestL2", "temperature", "cosine"] {
      let (got, expected) = (a[key] as? Double, b[key] as? Double)
      #expect((got == nil) == (expected == nil), "\(cell): \(key)")
      guard let got, let expected else { continue }
      // A sparse sum has another order.
      #expect(abs(got - expected) <= 1e-5 * max(1, abs(expected)), "\(cell): \(key)")
      compared += 1
    }
    // Of a comparison, what its one contestant came to.
    if let entries = a["entries"] as? [[String: Any]], let others = b["entries"] as? [[String: Any]] {
      let losses = try [entries, others].map { entries in
        let end = try #require(entries.first?["atEnd"] as? [String: [String: Any]])
        return try #require(end["validationLoss"]?["mean"] as? Double)
      }
      #expect(abs(losses[0] - losses[1]) <= 1e-5, "\(cell)")
      compared += 1
    }
    #expect(compared > 0, "\(cell): nothing to compare in \(a.keys)")
  }

  @Test(arguments: Format.allCases) func optionsOfTables(_ format: Format) async throws {
    let data = try await arguments(format, .numbers)
    let isTable = [.table, .tabs, .gzip, .utf16].contains(format)
    let output = directory.file("o.safetensors")
    for option in [
      ["--id-column", "a"], ["--weight-column", "b"], ["--columns", "a,c"], ["--drop-columns", "b"],
      ["--missing", "drop"],
    ]
    where format != .tableWithoutHeader {
      let result = try await Command.run(
        ["train"] + data + option + ["--epochs", "1", "--output", output])
      if isTable {
        // Column b has values below 0.
        #expect(result.status == (option[0] == "--weight-column" ? 65 : 0), "\(format) \(option): \(result.errors)")
      } else {
        expectFailure(result, 64, "\(option[0]) is for tables, and", "is none")
      }
    }
  }

  /// A value that is missing: named, left out and counted, or filled; never a row less without a word.
  @Test(arguments: Format.allCases) func missingValues(_ format: Format) async throws {
    let model = try await model(.numbers)
    var data = try await arguments(format, .numbers)
    let output = directory.file("o.safetensors")
    switch format {
    case .table, .tableWithoutHeader, .tabs:
      var lines = try directory.text(URL(filePath: data[0]).lastPathComponent).split(separator: "\n").map(String.init)
      let delimiter: Character = format == .table ? "," : format == .tabs ? "\t" : ";"
      let place = format == .tableWithoutHeader ? 5 : 6
      var fields = lines[place].split(separator: delimiter).map(String.init)
      fields[1] = "NA"
      lines[place] = fields.joined(separator: String(delimiter))
      _ = try directory.write(lines.joined(separator: "\n") + "\n", URL(filePath: data[0]).lastPathComponent)
      for use in Use.allCases where use != .validate {
        let result = try await run(use, data, model)
        expectFailure(result, 65, "line \(place + 1), column", "expected a number, got \"NA\"")
        let dropped = try await run(use, data + ["--missing", "drop"], model)
        #expect(dropped.status == 0, "\(format) x \(use): \(dropped.errors)")
        if use == .predict {
          let answers = try directory.text("p.csv").split(separator: "\n", omittingEmptySubsequences: false)
          #expect(
            answers.count == Self.rows + 2 && answers.count(where: \.isEmpty) == 2, "an empty answer, and the end")
        } else {
          #expect(dropped.errors.contains("1 example left out, as a value is missing"), "\(format) x \(use)")
        }
        if [.evaluate, .calibrate, .inspect].contains(use) {
          #expect(try dropped.json()["examples"] as? Int == Self.rows - 1, "\(format) x \(use)")
        }
      }
      let filled = try await Command.run(["train"] + data + ["--missing", "mean", "--epochs", "1", "--output", output])
      #expect(filled.status == 0 && filled.errors.contains("1 missing value filled"), "\(filled.errors)")
      let later = try await Command.run(["evaluate", output] + data + ["--json"])
      #expect(try later.json()["examples"] as? Int == Self.rows)
    case .gzip, .utf16: break  // the same reader
    case .libsvm:
      var text = try directory.text("data.svm")
      text.replace(" 2:", with: " 2:nan", maxReplacements: 1)
      data = [try directory.write(text.replacing("2:nan-", with: "2:nan "), "data.svm")]
      for use in Use.allCases where use != .validate {
        #expect(try await run(use, data, model).status == 65, "\(use)")
      }
    case .npz, .sparse, .arrays:
      var values = self.data.features.elements
      values[16] = .nan
      let x = directory.file("nan.npy")
      try NPY.write(Matrix(rows: Self.rows, columns: 3, elements: values), to: x)
      try NPY.write(self.data.labels, to: directory.file("y.npy"))
      for use in Use.allCases where use != .validate {
        let result = try await run(use, ["--features", x, "--labels", directory.file("y.npy")], model)
        expectFailure(result, 65, "nan.npy: row 5, column 1: expected a finite number, got nan")
      }
    }
  }

  /// Weights as a column or as an array are the same weights.
  @Test func weights() async throws {
    let weights = (0..<Self.rows).map { Float($0 % 3 + 1) }
    try NPY.write(weights, to: directory.file("w.npy"))
    var text = "a,b,c,w,label\n"
    for i in 0..<Self.rows {
      text +=
        (data.features.row(i).map { "\($0)" } + ["\(weights[i])", "\(data.labels[i])"]).joined(separator: ",") + "\n"
    }
    let table = try directory.write(text, "w.csv")
    for more in [["--to-optimum", "--l2", "0.1"], ["--epochs", "2"]] {
      var objectives: [Double] = []
      for format in [Format.arrays, .npz, .libsvm, .tabs] {
        let arguments = try await arguments(format, .numbers) + ["--sample-weights", directory.file("w.npy")] + more
        let result = try await Command.run(
          ["train"] + arguments + ["--output", directory.file("o.safetensors"), "--json"])
        objectives.append(try #require(result.json()["objective"] as? Double))
      }
      let column = try await Command.run(
        ["train", table, "--weight-column", "w", "--output", directory.file("o.safetensors"), "--json"] + more)
      objectives.append(try #require(column.json()["objective"] as? Double))
      #expect(objectives.allSatisfy { abs($0 - objectives[0]) < 1e-6 }, "\(objectives)")
      let both = try await Command.run(
        [
          "train", table, "--weight-column", "w", "--sample-weights", directory.file("w.npy"), "--output",
          directory.file("o.safetensors"),
        ])
      expectFailure(both, 64, "--sample-weights or a column of weights, not both")
    }
    // The model has the column, and evaluates with it.
    let evaluated = try await Command.run("evaluate", directory.file("o.safetensors"), table, "--json")
    #expect(evaluated.errors.contains("column \"w\" weighs the examples, as in training"), "\(evaluated.errors)")
  }

  /// Ids come back beside their answers, from files and pipes.
  @Test func ids() async throws {
    let model = try await model(.numbers)
    let lines = (0..<Self.rows).map { i in (["row \(i)"] + data.features.row(i).map { "\($0)" }).joined(separator: ",")
    }
    let table = try directory.write((["key,a,b,c"] + lines).joined(separator: "\n") + "\n", "ids.csv")
    let file = try await Command.run(
      "predict", model, table, "--id-column", "key", "--output", directory.file("p.csv"))
    #expect(file.status == 0, "\(file.errors)")
    let answers = try directory.text("p.csv").split(separator: "\n").dropFirst()
    let pipe = try await Command.shell("\"$FGN\" predict '\(model)' - --id-column key < '\(table)'")
    #expect(pipe.output.split(separator: "\n").map(String.init) == answers.map(String.init), "\(pipe.errors)")
    for (i, answer) in answers.enumerated() { #expect(answer.hasPrefix("row \(i),"), "\(answer)") }
  }

  /// What is no text in UTF-8 is told on a pipe, before anything is answered.
  @Test func pipesOfOtherBytes() async throws {
    let model = try await model(.numbers)
    _ = try await arguments(.gzip, .absent, "pipe")
    _ = try write(.utf16, .absent, "wide")
    let gzip = try await Command.shell("\"$FGN\" predict '\(model)' - < '\(directory.file("pipe.csv.gz"))'")
    expectFailure(gzip, 65, "compressed by gzip: gunzip -c in front of it unpacks it")
    let wide = try await Command.shell("\"$FGN\" predict '\(model)' - < '\(directory.file("wide.txt"))'")
    expectFailure(wide, 65, "UTF-16: iconv -f UTF-16 -t UTF-8 in front of it converts it")
  }
}
