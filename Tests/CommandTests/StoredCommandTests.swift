import FastGaussNewton
import Foundation
import Testing

/// `--memory-limit`: where the features are changes no byte of what comes out.
@Suite struct StoredCommandTests {
  let directory = TemporaryDirectory()

  private func expectSame(_ data: [String], _ more: [String] = []) async throws {
    var files: [[Data]] = []
    for limit in ["1G", "0"] {
      let (model, output) = (directory.file("model"), directory.file("P.npy"))
      let memory = ["--memory-limit", limit]
      let options = ["--batch-size", "16", "--gram-budget", "0", "--validation-fraction", "0.2"]
      let trained = try await Command.run(["train"] + data + memory + options + more + ["--output", model])
      #expect(trained.status == 0, "\(trained.errors)")
      #expect(trained.errors.contains("features stay in their file") == (limit == "0"))
      var contents = [try directory.bytes("model")]
      for predictions in [[], ["--probabilities"]] {
        let result = try await Command.run(["predict", model] + data + memory + predictions + ["--output", output])
        #expect(result.status == 0, "\(result.errors)")
        contents.append(try directory.bytes("P.npy"))
      }
      let evaluated = try await Command.run(["evaluate", model] + data + memory)
      #expect(evaluated.status == 0, "\(evaluated.errors)")
      files.append(contents + [Data(evaluated.output.utf8)])
    }
    #expect(files[0] == files[1])
  }

  @Test func archives() async throws {
    let path = try ToyData().npz(directory.file("data.npz"))
    try await expectSame([path])
    try await expectSame([path], ["--standardize", "--model", "4-8-3"])
  }

  @Test func pairs() async throws {
    try ToyData().npy(features: directory.file("X.npy"), labels: directory.file("y.npy"))
    let data = ["--features", directory.file("X.npy"), "--labels", directory.file("y.npy")]
    try await expectSame(data, ["--standardize", "--class-weight", "balanced"])
    try await expectSame(data + ["--precision", "double"])
  }

  @Test func sparseArchives() async throws {
    var toy = ToyData(features: 40)
    toy.features = Matrix(
      rows: 90, columns: 40, elements: toy.features.elements.enumerated().map { $0 % 11 == 0 ? $1 : 0 })
    let (path, matrix) = (directory.file("X.npz"), SparseMatrix(toy.features))
    try NPZ.write(to: path) { file throws(FileError) in
      try file.add(matrix.columnIndices.map { Int($0) }, named: "indices")
      try file.add(matrix.rowStarts, named: "indptr")
      try file.add([90, 40], named: "shape")
      try file.add(matrix.values, named: "data")
      try file.add(toy.labels, named: "y")
    }
    try await expectSame([path], ["--standardize"])
    try await expectSame([path], ["--model", "40-8-3"])
  }

  @Test func refusals() async throws {
    let path = try ToyData().npz(directory.file("data.npz"))
    expectFailure(try await Command.run("train", path, "--output", "m", "--memory-limit", "much"), 64, "500M")
    let toy = try ToyModel()
    let inspected = try await Command.run(
      "inspect", toy.path, toy.dataPath, "--damping", "1", "--memory-limit", "100")
    expectFailure(inspected, 65, "more than --memory-limit")
  }
}
