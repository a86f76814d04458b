import FastGaussNewton
import Foundation
import Testing

@Suite struct PredictTests {
  let directory = TemporaryDirectory()
  var output: String { directory.file("P.npy") }

  @Test func classesAreTheMostProbable() async throws {
    let toy = try ToyModel(ToyData(classes: 5), standardize: true)
    let result = try await Command.run("predict", toy.path, toy.dataPath, "--output", output)
    #expect(result.status == 0 && result.errors.isEmpty)
    #expect(result.output == "90 rows predicted, saved to \(output)\n")
    let classes = try NPY.integers(output)
    let expected = try await Command.run("evaluate", toy.path, toy.dataPath, "--json").json()
    let correct = zip(classes, toy.data.labels).count { $0 == $1 }
    #expect(isSame(expected["accuracy"], Double(correct) / 90) && Set(classes).count == 5)
    for (precision, limit) in [("float", 1e-6), ("double", 1e-14)] {
      let probabilities = directory.file("probabilities.npy")
      let again = try await Command.run(
        "predict", toy.path, toy.dataPath, "--output", probabilities, "--probabilities", "--precision", precision)
      #expect(again.status == 0)
      let table = try NPY.matrix(probabilities, as: Double.self)
      #expect((table.rows, table.columns) == (90, 5))
      for i in 0..<90 {
        let row = Array(table.row(i))
        #expect(abs(row.reduce(0, +) - 1) < limit && row.allSatisfy { $0 >= 0 && $0 <= 1 })
        #expect(row.firstIndex(of: row.max()!) == classes[i])
      }
      let text = String(decoding: try directory.bytes("probabilities.npy").prefix(128), as: UTF8.self)
      #expect(text.contains(precision == "float" ? "'<f4'" : "'<f8'"))
    }
  }

  @Test func probabilitiesAreTheSoftmaxOfTheModel() async throws {
    let toy = try ToyModel()
    let file = try ModelFile<Double>(reading: toy.path)
    let result = try await Command.run(
      "predict", toy.path, toy.dataPath, "--output", output, "--probabilities", "--precision", "double")
    #expect(result.status == 0)
    let table = try NPY.matrix(output, as: Double.self)
    for i in 0..<90 {
      let logits = (0..<3).map { c in
        (0..<4).reduce(file.parameters.values[12 + c]) {
          $0 + file.parameters.values[4 * c + $1] * Double(toy.data.features[i, $1])
        }
      }
      let total = logits.reduce(0) { $0 + exp($1) }
      for c in 0..<3 { #expect(abs(table[i, c] - exp(logits[c]) / total) < 1e-12) }
    }
  }

  @Test func json() async throws {
    let toy = try ToyModel(names: ["a", "b", "c"])
    let json = try await Command.run("predict", toy.path, toy.dataPath, "--output", output, "--json").json()
    #expect(Set(json.keys) == ["rows", "classes", "counts", "output"])
    let classes = try NPY.integers(output)
    #expect(json["counts"] as? [Int] == (0..<3).map { c in classes.count { $0 == c } })
    #expect(json["rows"] as? Int == 90 && json["classes"] as? [String] == ["a", "b", "c"])
    #expect(json["output"] as? String == output)
  }

  @Test func everyFormatWithAndWithoutLabels() async throws {
    let toy = try ToyModel()
    let data = toy.data
    try data.npy(features: directory.file("X.npy"), labels: directory.file("y.npy"))
    let unlabelled = data.csv(label: 4).split(separator: "\n").map { $0.split(separator: ",").dropLast() }
    let table = unlabelled.map { $0.joined(separator: ",") + "\n" }.joined()
    let sources = [
      [toy.dataPath], ["--features", directory.file("X.npy")],
      ["--features", directory.file("X.npy"), "--labels", directory.file("y.npy")],
      [try directory.write(table, "bare.csv")], [try directory.write(data.csv(names: ["x", "y", "z"]), "text.csv")],
      [try directory.write(data.csv(label: 1), "numbers.csv"), "--label-column", "Letter"],
      [try directory.write(data.libsvm(firstIndex: 0), "zero.svm")],
      [try directory.write(data.libsvm(firstIndex: 1), "one.svm")],
    ]
    var predictions: [[Int]] = []
    for source in sources {
      let result = try await Command.run(["predict", toy.path] + source + ["--output", output])
      #expect(result.status == 0, "\(source): \(result.errors)")
      predictions.append(try NPY.integers(output))
    }
    #expect(predictions.allSatisfy { $0 == predictions[0] })
  }

  @Test func valuesThatOverflow() async throws {
    let model = directory.file("steep.safetensors")
    let weight = SafeTensors.Tensor(name: "weight", shape: [2, 4], values: [Float](repeating: 10, count: 8))
    try SafeTensors.write([weight], to: model)
    let kept = try directory.write("kept", "P.npy")
    for (value, precision, part) in [
      (Double.nan, "double", "row 1, column 2: expected a finite number, got nan"),
      (1e300, "float", "row 1, column 2: expected a finite number, got inf"),
      (3e38, "float", "row 1: the logits overflow float32; use --precision double"),
    ] {
      let path = directory.file("X.npy")
      try NPY.write(Matrix<Double>(rows: 2, columns: 4, elements: [1, 1, 1, 1, 1, 1, value, 1]), to: path)
      let result = try await Command.run(
        "predict", model, "--features", path, "--output", kept, "--probabilities", "--precision", precision)
      expectFailure(result, 65, "X.npy: ", part)
      #expect(try directory.text("P.npy") == "kept")
    }
  }
}
