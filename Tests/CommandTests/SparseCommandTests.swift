import FastGaussNewton
import Foundation
import Testing

/// The commands on sparse files with a linear head: the answers are those of the same features in full.
@Suite struct SparseCommandTests {
  let directory = TemporaryDirectory()
  let toy: ToyData
  let sparse: SparseMatrix<Float>

  /// Toy data of which 9 in 10 features are zero.
  init() {
    var data = ToyData(rows: 90, features: 40)
    for i in 0..<90 {
      for j in 0..<40 where (7 * i + 3 * j) % 10 != data.labels[i] { data.features[i, j] = 0 }
    }
    (toy, sparse) = (data, SparseMatrix(data.features))
  }

  /// As scipy.sparse.save_npz writes it, and `y` where it is asked for.
  func npz(_ name: String, labels: Bool) throws -> String {
    try NPZ.write(to: directory.file(name)) { archive throws(FileError) in
      try archive.add(sparse.values, named: "data")
      try archive.add(sparse.columnIndices.map(Int.init), named: "indices")
      try archive.add(sparse.rowStarts, named: "indptr")
      try archive.add([sparse.rows, sparse.columns], named: "shape")
      if labels { try archive.add(toy.labels, named: "y") }
    }
    return directory.file(name)
  }

  /// The same examples in every sparse form.
  func sources() throws -> [[String]] {
    try NPY.write(toy.labels, to: directory.file("y.npy"))
    return [
      [try npz("d.npz", labels: true)],
      ["--features", try npz("x.npz", labels: false), "--labels", directory.file("y.npy")],
      [try directory.write(toy.libsvm(firstIndex: 1), "t.svm")],
    ]
  }

  private func train(_ source: [String], _ name: String, _ options: String...) async throws -> ModelFile<Double> {
    let result = try await Command.run(
      ["train"] + source + ["--output", directory.file(name), "--precision", "double", "--epochs", "3"] + options)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("sparse features") == (source != [directory.file("dense.npz")]), "\(result.errors)")
    return try ModelFile(reading: directory.file(name))
  }

  private func isClose(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-9 }
  }

  @Test func trainingAgreesWithDenseFeatures() async throws {
    let dense = try toy.npz(directory.file("dense.npz"))
    let options = ["--l2", "1e-3", "--batch-size", "32"]
    func run(_ source: [String], _ name: String) async throws -> [Double] {
      try await train(source + options, name).parameters.values
    }
    let result = try await Command.run(
      ["train", dense, "--output", directory.file("d.safetensors"), "--precision", "double", "--epochs", "3"] + options)
    #expect(result.status == 0 && !result.errors.contains("sparse features"))
    let expected = try ModelFile<Double>(reading: directory.file("d.safetensors")).parameters.values
    for (number, source) in try sources().enumerated() {
      #expect(isClose(try await run(source, "s\(number).safetensors"), expected), "\(source)")
    }
  }

  @Test func everyCommandTakesSparseFiles() async throws {
    let dense = try toy.npz(directory.file("dense.npz"))
    let sources = try sources()
    let file = try await train(sources[0], "m.safetensors")
    let model = directory.file("m.safetensors")
    let evaluation = try file.evaluate(
      Dataset<Double>(features: toy.features.converted(), labels: toy.data.labels, classNames: toy.data.classNames))
    let whole = try await Command.run(
      "predict", model, dense, "--precision", "double", "--probabilities", "--output", directory.file("p.npy"))
    #expect(whole.status == 0, "\(whole.errors)")
    let expected = try NPY.matrix(directory.file("p.npy"), as: Double.self).elements
    for source in sources {
      let evaluated = try await Command.run(["evaluate", model, "--precision", "double", "--json"] + source)
      let loss = try #require(try evaluated.json()["loss"] as? Double)
      #expect(abs(loss - evaluation.loss) < 1e-12, "\(source) \(evaluated.errors)")
      let predicted = try await Command.run(
        ["predict", model, "--precision", "double", "--probabilities", "--output", directory.file("p.npy")] + source)
      #expect(predicted.status == 0, "\(predicted.errors)")
      #expect(isClose(try NPY.matrix(directory.file("p.npy"), as: Double.self).elements, expected), "\(source)")
      let inspected = try await Command.run(
        ["inspect", model, "--damping", "0.1", "--precision", "double", "--json"] + source)
      #expect(try inspected.json()["examples"] as? Int == 90, "\(inspected.errors)")
    }
    let compared = try await Command.run(
      ["compare", sources[2][0], "--optimizers", "fgn", "adam", "--epochs", "1", "--seeds", "1", "--grid", "1"]
        + ["--output", directory.file("c")])
    #expect(compared.status == 0 && compared.output.contains("adam"), "\(compared.errors)")
  }

  @Test func standardizationOnlyScales() async throws {
    let sources = try sources()
    let file = try await train(sources[0], "m.safetensors", "--standardize", "--validation-fraction", "0.2")
    #expect(try #require(file.standardization).isScaling)
    let again = try await train(
      sources[1], "n.safetensors", "--initial", directory.file("m.safetensors"), "--validation", sources[2][0])
    #expect(again.standardization == file.standardization)
    let result = try await Command.run(
      ["train"] + sources[0] + ["--standardize", "--output", directory.file("m.safetensors")])
    #expect(result.errors.contains("they are scaled, not centred, which would fill them"), "\(result.errors)")
    // A model of centred features takes a sparse file in full.
    let dense = try toy.npz(directory.file("dense.npz"))
    let model = directory.file("centred.safetensors")
    let trained = try await Command.run("train", dense, "--standardize", "--output", model)
    #expect(trained.status == 0, "\(trained.errors)")
    var losses: [Double] = []
    for source in [[dense]] + sources {
      let evaluated = try await Command.run(["evaluate", model, "--json"] + source)
      losses.append(try #require(try evaluated.json()["loss"] as? Double, "\(evaluated.errors)"))
    }
    #expect(losses.allSatisfy { $0 == losses[0] })
  }

  @Test func networksGetFeaturesInFull() async throws {
    for source in try sources() {
      let result = try await Command.run(
        ["train"] + source + ["--model", "40-5-3", "--output", directory.file("n.safetensors"), "--epochs", "1"])
      #expect(result.status == 0 && !result.errors.contains("sparse features"), "\(result.errors)")
    }
    let result = try await Command.run(
      "train", directory.file("d.npz"), "--model", "41-5-3", "--output", directory.file("n.safetensors"))
    expectFailure(result, 65, "d.npz: the model takes 41 features, the data have 40")
  }

  /// A matrix that would take 8.8 GB in full.
  @Test func featuresNeedNotFitInFull() async throws {
    let lines = (0..<2200).map { "\($0 % 2) \($0 % 2 + 1):1 \($0 + 10):1 1000000:1\n" }
    let path = try directory.write(lines.joined(), "wide.svm")
    let model = directory.file("w.safetensors")
    let result = try await Command.run(
      "train", path, "--output", model, "--optimizer", "sgd", "--learning-rate", "0.5", "--epochs", "2",
      "--batch-size", "1100", "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try result.json()["accuracy"] as? Double == 1)
    let refused = try await Command.run("train", path, "--model", "1000000-2", "--output", model)
    expectFailure(refused, 65, "wide.svm", "need more memory as a dense matrix than the limit of")
  }

  @Test func badSparseFilesAreNamed() async throws {
    _ = try sources()
    let model = directory.file("m.safetensors")
    try NPY.write([0, 1, 2], to: directory.file("short.npy"))
    let short = try await Command.run(
      "train", "--features", directory.file("x.npz"), "--labels", directory.file("short.npy"), "--output", model)
    expectFailure(short, 65, "short.npy: expected one label for each of the 90 feature rows, got 3 labels")
    let none = try await Command.run("train", directory.file("x.npz"), "--output", model)
    expectFailure(none, 65, "x.npz: expected an array named \"y\"")
    var bad = sparse
    bad.scaleColumns(by: (0..<40).map { $0 == 5 ? .infinity : 1 })
    try NPZ.write(to: directory.file("inf.npz")) { archive throws(FileError) in
      try archive.add(bad.values, named: "data")
      try archive.add(bad.columnIndices.map(Int.init), named: "indices")
      try archive.add(bad.rowStarts, named: "indptr")
      try archive.add([bad.rows, bad.columns], named: "shape")
      try archive.add(toy.labels, named: "y")
    }
    let infinite = try await Command.run("train", directory.file("inf.npz"), "--output", model)
    expectFailure(infinite, 65, "inf.npz: row ", "column 5: expected a finite number, got ")
  }
}
