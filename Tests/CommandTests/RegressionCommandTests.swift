import FastGaussNewton
import Foundation
import Testing

/// Numbers to predict, from files to predictions.
@Suite struct RegressionCommandTests {
  let directory = TemporaryDirectory()
  var model: String { directory.file("m.safetensors") }

  /// Trains with the squared loss and returns the summary.
  func train(_ source: [String], _ options: String...) async throws -> [String: Any] {
    let result = try await Command.run(["train"] + source + ["--output", model, "--json"] + options)
    #expect(result.status == 0, "\(options): \(result.errors)")
    return try result.json()
  }

  static let keys: Set = [
    "outcome", "epochs", "bestEpoch", "steps", "objective", "loss", "rmse", "r2", "damping", "solver", "undone",
    "rejected", "wallSeconds", "cpuSeconds", "model",
  ]

  @Test func everyFormatGivesTheSameModel() async throws {
    let toy = ToyMeasurements()
    try toy.npy(features: directory.file("X.npy"), labels: directory.file("y.npy"))
    let sources = [
      [try toy.npz(directory.file("t.npz"))],
      ["--features", directory.file("X.npy"), "--labels", directory.file("y.npy")],
      [try directory.write(toy.csv, "t.csv")], [directory.file("t.csv"), "--label-column", "0"],
      [try directory.write(toy.libsvm, "t.svm")],
    ]
    var parameters: [[Float]] = []
    for source in sources {
      let summary = try await train(source, "--loss", "squared", "--epochs", "4", "--batch-size", "30")
      #expect(Set(summary.keys) == Self.keys)
      let file = try ModelFile<Float>(reading: model)
      #expect(file.loss is SquaredLoss && file.targetNames == ["y"] && file.classNames.isEmpty)
      #expect(file.targetStandardization == Standardization(fitting: toy.values))
      let rmse = try #require(summary["rmse"] as? Double)
      #expect(rmse < 4 && (summary["r2"] as? Double).map { $0 > 0.8 } ?? false, "\(summary)")
      parameters.append(file.parameters.values)
      // The same numbers from `evaluate`, which standardises by itself.
      let evaluated = try await Command.run(["evaluate", model] + source + ["--json"])
      #expect(evaluated.status == 0, "\(evaluated.errors)")
      let json = try evaluated.json()
      #expect(isSame(json["rmse"], rmse) && isSame(json["loss"], summary["loss"] as? Double))
      #expect((json["classes"] as? [Any])?.isEmpty == true && json["accuracy"] == nil && json["top5"] == nil)
      let outputs = try #require(json["outputs"] as? [[String: Any]])
      #expect(outputs.map { $0["name"] as? String } == ["y"] && isSame(outputs[0]["rmse"], rmse))
    }
    #expect(parameters.allSatisfy { $0 == parameters[0] })
  }

  @Test func predictionsAgreeWithTheLibrary() async throws {
    let toy = ToyMeasurements(targets: 2)
    let csv = try directory.write(toy.csv, "t.csv")
    let summary = try await train(
      [csv, "--label-column", "y1,y0"], "--loss", "squared", "--standardize", "--model", "4-6-2")
    let file = try ModelFile<Float>(reading: model)
    #expect(file.targetNames == ["y1", "y0"])
    var features = toy.features
    try #require(file.standardization).apply(to: &features)
    var expected: [Float] = []
    try file.forEachBlock(.dense(features)) { outputs, _ in
      file.predict(&outputs)
      expected += outputs.elements
    }
    let output = directory.file("p.npy")
    try NPY.write(toy.features, to: directory.file("X.npy"))
    let bare = try directory.write(
      (0..<90).map { toy.features.row($0).map { "\($0)" }.joined(separator: ",") + "\n" }.joined(), "bare.csv")
    for source in [[csv], ["--features", directory.file("X.npy")], [bare, "--no-header"]] {
      let result = try await Command.run(["predict", model, "--output", output, "--json"] + source)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try NPY.matrix(output, as: Float.self) == Matrix(rows: 90, columns: 2, elements: expected))
      let json = try result.json()
      #expect(json["rows"] as? Int == 90 && json["targets"] as? [String] == ["y1", "y0"])
      #expect(json["classes"] == nil && json["counts"] == nil)
    }
    // The error of the predictions is the one reported.
    let squares = (0..<90).flatMap { i in
      [1, 0].enumerated().map { j, k in
        (Double(expected[2 * i + j]) - Double(toy.values[i, k]))
          * (Double(expected[2 * i + j]) - Double(toy.values[i, k]))
      }
    }
    let rmse = (squares.reduce(0, +) / 180).squareRoot()
    #expect(try abs(rmse - #require(summary["rmse"] as? Double)) < 1e-4 * rmse)
    let refused = try await Command.run("predict", model, csv, "--output", output, "--probabilities")
    expectFailure(refused, 65, "m.safetensors: --probabilities is for classes; this model predicts numbers")
    let inspected = try await Command.run("inspect", model, csv, "--damping", "1")
    expectFailure(inspected, 65, "m.safetensors: only classifiers are inspected; the loss of this model is squared")
  }

  @Test func oneTargetIsAVector() async throws {
    let toy = ToyMeasurements()
    let path = try toy.npz(directory.file("t.npz"))
    _ = try await train([path], "--loss", "huber", "--huber-delta", "0.5")
    #expect((try ModelFile<Float>(reading: model).loss as? HuberLoss)?.delta == 0.5)
    let bytes = try directory.bytes("m.safetensors")
    _ = try await train([path], "--loss", "huber:delta=0.5", "--log", directory.file("l"))
    #expect(try directory.bytes("m.safetensors") == bytes, "the same in the loss's text")
    #expect(try directory.text("l").split(separator: "\n")[0].contains("\"huberDelta\":0.5,"))
    #expect(try await Command.run("predict", model, path, "--output", directory.file("p.npy")).status == 0)
    let values = try NPY.vector(directory.file("p.npy"), as: Float.self)
    #expect(values.count == 90 && zip(values, toy.values.elements).allSatisfy { abs($0 - $1) < 20 })
  }

  @Test func textForPeople() async throws {
    let path = try ToyMeasurements(targets: 2).npz(directory.file("t.npz"))
    let curve = directory.file("c.svg")
    let result = try await Command.run(
      "train", path, "--loss", "squared", "--output", model, "--validation", path, "--curve", curve, "--log",
      directory.file("log"))
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 3 && lines[0].contains("  RMSE ") && lines[0].contains("  R^2 0."))
    #expect(
      lines[1].hasPrefix("validation loss ") && lines[1].contains("  RMSE ") && !result.output.contains("accuracy"))
    #expect(result.errors.contains("90 examples, 4 features, 2 targets, squared loss; seed 0"))
    #expect(result.errors.contains("  RMSE ") && result.errors.contains("  validation loss "))
    let drawing = try directory.text("c.svg")
    #expect(drawing.contains("Root mean squared error") && drawing.contains("Mean squared loss"))
    #expect(!drawing.contains("Accuracy") && !drawing.contains("cross-entropy"))
    let log = try directory.text("log").split(separator: "\n")
    #expect(log[0].contains("\"loss\":\"squared\"") && log[0].contains("\"targetStandardization\":{"))
    #expect(log[1].contains("\"rmse\":") && log[1].contains("\"validationR2\":") && !log[1].contains("accuracy"))
    let evaluated = try await Command.run("evaluate", model, path)
    let rows = evaluated.output.split(separator: "\n")
    #expect(rows.count == 8 && rows[3].hasPrefix("RMSE       ") && rows[4].hasPrefix("R^2        0."))
    #expect(rows[5] == "target  RMSE  R^2" && rows[6].hasPrefix("y0  ") && rows[7].hasPrefix("y1  "))
  }

  @Test func targetsAreStandardisedUnlessToldOtherwise() async throws {
    let path = try ToyMeasurements().npz(directory.file("t.npz"))
    _ = try await train([path], "--loss", "squared", "--no-standardize-targets")
    #expect(try ModelFile<Float>(reading: model).targetStandardization == nil)
    _ = try await train([path], "--loss", "poisson")
    #expect(try ModelFile<Float>(reading: model).targetStandardization == nil)
    _ = try await train([path], "--loss", "huber")
    #expect(try ModelFile<Float>(reading: model).targetStandardization != nil)
  }

  @Test func countsForPoisson() async throws {
    // Counts around exp(1 + x / 2).
    var generator = SeededGenerator(seed: 2)
    let x = (0..<300).map { _ in Float(generator.normal()) }
    let counts = x.map { Int(max(0, exp(1 + Double($0) / 2) + generator.normal()).rounded()) }
    let (features, labels) = (directory.file("X.npy"), directory.file("y.npy"))
    try NPY.write(Matrix(rows: 300, columns: 1, elements: x), to: features)
    try NPY.write(counts, to: labels)
    let source = ["--features", features, "--labels", labels]
    let summary = try await train(source, "--loss", "poisson", "--epochs", "20")
    #expect(try #require(summary["rmse"] as? Double) < 1.3)
    #expect(
      try await Command.run("predict", model, "--features", features, "--output", directory.file("p.npy")).status == 0)
    let rates = try NPY.vector(directory.file("p.npy"), as: Float.self)
    #expect(zip(rates, x).allSatisfy { abs($0 / exp(1 + $1 / 2) - 1) < 0.3 })
  }

  @Test func startsFromARegression() async throws {
    let path = try ToyMeasurements().npz(directory.file("t.npz"))
    let first = try await train([path], "--loss", "squared", "--model", "4-8-1", "--epochs", "20")
    let before = try ModelFile<Float>(reading: model)
    // The loss and the units are those of the file.
    let other = directory.file("n.safetensors")
    let half = try directory.write(ToyMeasurements(rows: 30).csv, "half.csv")
    let result = try await Command.run("train", half, "--initial", model, "--output", other, "--epochs", "1", "--json")
    #expect(result.status == 0, "\(result.errors)")
    let after = try ModelFile<Float>(reading: other)
    #expect(after.loss is SquaredLoss && after.targetStandardization == before.targetStandardization)
    let rmse = try #require(first["rmse"] as? Double)
    #expect(try #require(result.json()["rmse"] as? Double) < 2 * rmse)
    let crossed = try await Command.run(
      "train", half, "--initial", model, "--output", other, "--loss", "cross-entropy")
    expectFailure(crossed, 65, "m.safetensors: expected 2 outputs or more for cross-entropy, got 1")
  }

  @Test func sampleWeightsWeigh() async throws {
    let toy = ToyMeasurements()
    let path = try toy.npz(directory.file("t.npz"))
    try NPY.write((0..<90).map { $0 < 45 ? Float(1) : 0 }, to: directory.file("W.npy"))
    let summary = try await train([path], "--loss", "squared", "--sample-weights", directory.file("W.npy"))
    let file = try ModelFile<Float>(reading: model)
    var half = try Dataset(
      features: toy.features, values: toy.values, targetNames: ["y"], weights: (0..<90).map { $0 < 45 ? 1 : 0 })
    try file.standardize(&half)
    #expect(try isSame(summary["rmse"], file.evaluate(half).rmse) && file.targetStandardization != nil)
  }
}

extension BadInput {
  static func regression(
    _ name: String, _ options: [String], _ part: String, values: [Double]? = nil, labels: [Int]? = nil
  ) -> BadInput {
    BadInput(name, part) { directory in
      try NPY.write(Matrix<Double>(rows: 3, columns: 1, elements: [1, 2, 3]), to: directory.file("X.npy"))
      if let values { try NPY.write(values, to: directory.file("y.npy")) }
      if let labels { try NPY.write(labels, to: directory.file("y.npy")) }
      return ["--features", directory.file("X.npy"), "--labels", directory.file("y.npy")] + options
    }
  }

  static func table(_ name: String, _ text: String, _ options: [String], _ part: String) -> BadInput {
    BadInput(name, part) { [try $0.write(text, "t.csv")] + options }
  }

  static let regressions: [BadInput] = [
    regression(
      "squared loss with integer labels", ["--loss", "squared"],
      "y.npy: expected real targets, got an array of int64, as class numbers are: for classes use --loss "
        + "cross-entropy; for numbers to predict convert it to float, or say --integer-targets", labels: [0, 1, 2]),
    regression(
      "huber loss with integer labels", ["--loss", "huber"], "y.npy: expected real targets", labels: [0, 1, 2]),
    regression(
      "cross-entropy with real labels", [],
      "y.npy: element 0: expected a whole number, got 0.5 (for numbers to predict say --loss squared)",
      values: [0.5, 1, 2]),
    regression(
      "NaN target", ["--loss", "squared"], "y.npy: row 1, target \"y\": expected a finite number, got nan",
      values: [0.5, .nan, 2]),
    regression(
      "negative count", ["--loss", "poisson"], "y.npy: row 2: column 0: expected a count of at least 0, got -2.0",
      labels: [0, 1, -2]),
    regression(
      "one target too few", ["--loss", "squared"], "y.npy: expected targets for each of the 3 feature rows, got 2 rows",
      values: [0.5, 1]),
    regression(
      "a network of other width", ["--loss", "squared", "--model", "1-4-2"],
      "X.npy: the model has 2 outputs, the data have 1 targets", values: [0.5, 1, 2]),
    table(
      "class numbers in a table", "a,y\n1,0\n2,1\n", ["--loss", "squared"],
      "t.csv: expected real targets, got 2 different whole numbers (0, 1), as class numbers are"),
    table(
      "real labels in a table", "a,y\n1,0.5\n2,1\n", [],
      "t.csv: expected classes, got numbers such as 0.5: for numbers to predict say --loss squared"),
    table(
      "no target column", "a,b\n1,0.5\n2,1\n", ["--loss", "squared"],
      "t.csv: cannot tell which column holds the targets: none is named label, class, target or y; name one of \"a\","),
    table(
      "target column missing", "a,b\n1,0.5\n2,1\n", ["--loss", "squared", "--label-column", "b,c"],
      "t.csv: expected one column named \"c\", got none; the columns are \"a\", \"b\""),
    table(
      "text for a target", "a,y\n1,0.5\n2,low\n", ["--loss", "squared"],
      "t.csv: line 3, column \"y\": expected a finite number, got \"low\""),
    BadInput("class numbers in LIBSVM", "t.svm: expected real targets, got 2 different whole numbers (-1, 1)") {
      [try $0.write("1 1:1\n-1 2:1\n", "t.svm"), "--loss", "squared"]
    },
    BadInput("real labels in LIBSVM", "expected classes, got numbers such as 0.5: for numbers to predict") {
      [try $0.write("0.5 1:1\n", "t.svm")]
    },
  ]
}
