import FastGaussNewton
import Foundation
import Testing

/// Validation and test examples in one file or two.
@Suite struct ExampleFileTests {
  let directory = TemporaryDirectory()
  let data = ToyData(rows: 120)
  var model: String { directory.file("m.safetensors") }

  /// Arrays of the last thirty rows, and the same in one file; the first ninety to train on.
  private func write() throws -> (training: String, x: String, y: String, one: String) {
    let held = data.rows(90..<120)
    let (x, y) = (directory.file("Xv.npy"), directory.file("yv.npy"))
    try held.npy(features: x, labels: y)
    return (try data.rows(0..<90).npz(directory.file("t.npz")), x, y, try held.npz(directory.file("v.npz")))
  }

  @Test(arguments: [["train"], ["train", "--to-optimum", "--l2", "0.01"], ["tune"]])
  func aPairIsAsGoodAsOneFile(_ command: [String]) async throws {
    let (training, x, y, one) = try write()
    var losses: [Double?] = []
    for files in [[one], [x, y]] {
      let result = try await Command.run(
        command + [training, "--validation"] + files + ["--output", model, "--json"])
      #expect(result.status == 0, "\(result.errors)")
      losses.append(try result.json()["validationLoss"] as? Double)
    }
    #expect(losses[0] != nil && losses[0] == losses[1])
  }

  /// Whatever the training set is: labels may be text, and a class unknown.
  @Test func labelsAsText() async throws {
    let (_, x, _, _) = try write()
    let names = ["ant", "bee", "cow"]
    let table = try directory.write(data.rows(0..<90).csv(names: names), "t.csv")
    let labels = try directory.write(
      data.rows(90..<120).labels.map { names[$0] + "\n" }.joined(), "labels.txt")
    let arguments = ["train", table, "--label-column", "Letter", "--output", model, "--json", "--validation", x]
    let result = try await Command.run(arguments + [labels])
    #expect(try result.json()["validationAccuracy"] != nil, "\(result.errors)")
    let unknown = try directory.write("dog\n" + String(repeating: "ant\n", count: 29), "other.txt")
    let counted = try await Command.run(arguments + [unknown])
    #expect(counted.status == 0 && counted.errors.contains("Xv.npy: 1 of 30 examples have labels that are no classes"))
    let few = try directory.write("ant\n", "few.txt")
    expectFailure(
      try await Command.run(arguments + [few]), 65, "few.txt: expected one label for each of the 30 feature")
    expectFailure(
      try await Command.run(arguments), 65,
      "Xv.npy: expected labels for these features: a second file, which holds them")
    expectFailure(try await Command.run(arguments + [directory.file("none.npy")]), 66, "none.npy")
  }

  @Test func numbersToPredict() async throws {
    let x = directory.file("X.npy")
    try NPY.write(data.features, to: x)
    let y = directory.file("y.npy")
    try NPY.write((0..<120).map { Float(data.labels[$0]) + 0.5 }, shape: [120], to: y)
    let result = try await Command.run(
      "train", "--features", x, "--labels", y, "--validation", x, y, "--loss", "squared", "--output", model, "--json")
    let json = try result.json()
    #expect(json["validationRMSE"] != nil && isSame(json["validationRMSE"], json["rmse"] as? Double))
  }

  @Test func comparisonsTestOnAPair() async throws {
    let (training, x, y, one) = try write()
    var summaries: [String] = []
    for (number, files) in [[one], [x, y]].enumerated() {
      let result = try await Command.run(
        ["compare", training, "--optimizers", "fgn", "--seeds", "1", "--epochs", "1", "--validation"] + files
          + ["--test"] + files + ["--output", directory.file("c\(number)")])
      #expect(result.status == 0 && result.errors.contains("90 training, 30 validation, 30 test examples"))
      let rows = try directory.text("c\(number)/rows.csv").split(separator: "\n")
      let columns = rows[0].split(separator: ",", omittingEmptySubsequences: false)
      let place = try #require(columns.firstIndex(of: "testLoss"))
      let last = try #require(rows.last).split(separator: ",", omittingEmptySubsequences: false)
      summaries.append(String(last[place]))
    }
    #expect(summaries[0] == summaries[1] && Double(summaries[0]) != nil)
  }

  /// What follows the files may be DATA, as it always could.
  @Test func dataBehindTheFiles() async throws {
    let (training, x, y, one) = try write()
    for files in [[one, training], [x, y, training]] {
      let result = try await Command.run(["train", "--output", model, "--validation"] + files)
      #expect(result.status == 0 && result.errors.contains("90 examples"), "\(result.errors)")
    }
    let result = try await Command.run(
      "compare", "--optimizers", "fgn", "--seeds", "1", "--epochs", "1", "--output", directory.file("c"),
      "--validation", x, y, "--test", one, training)
    #expect(result.status == 0 && result.errors.contains("90 training, 30 validation, 30 test"), "\(result.errors)")
  }

  @Test func tooMany() async throws {
    for (command, option) in [("train", "--validation"), ("tune", "--validation"), ("compare", "--test")] {
      let result = try await Command.run(
        [command, "t.npz", option, "a.npy", "b.npy", "c.npy", "--output", "o"]
          + (command == "compare" ? ["--optimizers", "fgn"] : []))
      expectFailure(
        result, 64,
        "\(option) takes one file, or two, features and their labels; got 3: a.npy b.npy c.npy.")
    }
    expectFailure(
      try await Command.run("train", "--validation", "a.npy", "b.npy", "--output", "m"), 64,
      "Give either DATA or --features, got neither.")
  }

  /// No output may be the second file either.
  @Test func labelsAreInputs() async throws {
    let (training, x, y, _) = try write()
    let before = try directory.bytes("yv.npy")
    let link = directory.file("link.svg")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: y)
    expectFailure(
      try await Command.run("train", training, "--validation", x, y, "--output", model, "--curve", link), 73,
      "the curve would replace the labels of the validation data", "yv.npy")
    expectFailure(
      try await Command.run("train", training, "--validation", x, y, "--output", model, "--log", y), 73,
      "the log would replace the labels of the validation data", "yv.npy")
    try FileManager.default.createDirectory(atPath: directory.file("c"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: directory.file("c/rows.csv"), withDestinationPath: y)
    expectFailure(
      try await Command.run(
        "compare", training, "--optimizers", "fgn", "--force", "--test", x, y, "--output", directory.file("c")), 73,
      "rows.csv would replace the labels of the test data", "yv.npy")
    #expect(try directory.bytes("yv.npy") == before)
  }

  // MARK: Features alone

  @Test func predictionsOfFeaturesAlone() async throws {
    let toy = try ToyModel()
    let (x, y) = (directory.file("X.npy"), directory.file("y.npy"))
    try toy.data.npy(features: x, labels: y)
    let other = try directory.write(directory.bytes("X.npy"), "rows")
    let gzip = try await Command.shell("gzip -c '\(x)' > '\(directory.file("Z.npy.gz"))'")
    #expect(gzip.status == 0)
    let single = directory.file("single.npz")
    try NPZ.write(to: single) { archive throws(FileError) in try archive.add(toy.data.features, named: "arr_0") }
    let named = directory.file("named.npz")
    try NPZ.write(to: named) { archive throws(FileError) in
      try archive.add(toy.data.features, named: "X")
      try archive.add(toy.data.labels, named: "other")
    }
    let lines = (0..<90).map { i in toy.data.features.row(i).map { "\($0)" } }
    let table = try directory.write(
      "f0,f1,f2,f3\n" + lines.map { $0.joined(separator: ",") + "\n" }.joined(), "t.csv")
    let svm = try directory.write(
      lines.map { $0.enumerated().map { "\($0.offset + 1):\($0.element)" }.joined(separator: " ") + "\n" }.joined(),
      "t.svm")
    let output = directory.file("p.csv")
    var answers: [String] = []
    for source in [["--features", x], [x], [other], [directory.file("Z.npy.gz")], [single], [named], [table], [svm]] {
      let result = try await Command.run(["predict", toy.path] + source + ["--output", output])
      #expect(result.status == 0, "\(source) \(result.errors)")
      answers.append(try directory.text("p.csv"))
      try FileManager.default.removeItem(atPath: output)
    }
    #expect(answers[0].split(separator: "\n").count == 91 && Set(answers).count == 1)
    let stored = try await Command.run("predict", toy.path, x, "--output", output, "--memory-limit", "100")
    #expect(try stored.status == 0 && directory.text("p.csv") == answers[0])
  }

  @Test func featuresAloneWhereLabelsAreWanted() async throws {
    let toy = try ToyModel()
    let x = directory.file("X.npy")
    try toy.data.npy(features: x, labels: directory.file("y.npy"))
    for command in [
      ["evaluate", toy.path, x], ["calibrate", toy.path, x, "--output", model],
      ["inspect", toy.path, x, "--damping", "1"], ["train", x, "--output", model],
      ["train", x, "--loss", "squared", "--output", model],
    ] {
      expectFailure(
        try await Command.run(command), 65,
        "X.npy: expected labels for these features: a file of both, or --features and --labels")
    }
    expectFailure(
      try await Command.run("predict", toy.path, x, "--id-column", "a", "--output", model + ".csv"), 64,
      "--id-column is for tables", "X.npy")
    let narrow = directory.file("narrow.npy")
    try NPY.write(Matrix<Float>(rows: 2, columns: 3), to: narrow)
    expectFailure(
      try await Command.run("predict", toy.path, narrow, "--output", directory.file("p.csv")), 65,
      "narrow.npy: expected 4 features, as the model has, got 3")
    let many = directory.file("many.npz")
    try NPZ.write(to: many) { archive throws(FileError) in
      try archive.add(toy.data.features, named: "a")
      try archive.add(toy.data.features, named: "b")
    }
    expectFailure(
      try await Command.run("predict", toy.path, many, "--output", directory.file("p.csv")), 65,
      "many.npz: expected an array named \"X\"")
  }
}
