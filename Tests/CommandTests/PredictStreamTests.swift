import FastGaussNewton
import Foundation
import Testing

/// `fgn predict MODEL -` and `--top-k`, through the program itself.
@Suite struct PredictStreamTests {
  let directory = TemporaryDirectory()

  private func stream(_ toy: ToyModel, _ text: String, _ options: String = "") async throws -> Command.Result {
    let input = try directory.write(text, "input")
    return try await Command.shell("$FGN predict '\(toy.path)' - \(options) < '\(input)'")
  }

  @Test func answersAsFilesAre() async throws {
    let toy = try ToyModel(names: ["a", "b, c", "d"], standardize: true)
    let output = directory.file("P.csv")
    for options in ["", "--top-k 2", "--probabilities", "--precision double --top-k 3"] {
      let words = options.split(separator: " ").map(String.init)
      #expect(try await Command.run(["predict", toy.path, toy.dataPath, "--output", output] + words).status == 0)
      let expected = try directory.text("P.csv").drop { $0 != "\n" }.dropFirst()
      for (text, more) in [
        (toy.data.csv(names: ["a", "b", "d"]), ""), (toy.data.csv(label: 4), " --label-column Letter"),
        (toy.data.libsvm(firstIndex: 1), ""),
      ] {
        let result = try await stream(toy, text, options + more)
        #expect(result.status == 0 && result.output == expected, "\(options): \(result.errors)")
      }
    }
  }

  @Test func json() async throws {
    let toy = try ToyModel(names: ["a", "\"b\"", "c"])
    let text = toy.data.libsvm(firstIndex: 1)
    func objects(_ options: String) async throws -> [[String: Any]] {
      try await stream(toy, text, "--json " + options).output.split(separator: "\n").map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
    }
    let classes = try await objects("").map { try #require($0["class"] as? String) }
    #expect(classes.count == 90 && Set(classes) == ["a", "\"b\"", "c"])
    let top = try await objects("--top-k 2").map { try #require($0["top"] as? [[String: Any]]) }
    #expect(top.map { $0[0]["class"] as? String } == classes)
    #expect(top.allSatisfy { $0.count == 2 && ($0[0]["probability"] as? Double ?? 0) > 0.3 })
    let tables = try await objects("--probabilities").map { try #require($0["probabilities"] as? [Double]) }
    #expect(tables.allSatisfy { $0.count == 3 && abs($0.reduce(0, +) - 1) < 1e-5 })
  }

  @Test func badLineAfterGoodOnes() async throws {
    let toy = try ToyModel()
    let result = try await stream(toy, "1,2,3,4\n0,1,0,1\n1,2,3\n1,1,1,1\n")
    let answers = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(result.status == 65 && answers.count == 5 && answers[2].isEmpty && !answers[3].isEmpty, "\(answers)")
    #expect(result.errors.contains("standard input: line 3: expected 4 fields, got 3"))
    #expect(result.errors.contains("line 3: 1 row has no answer, the first of them: expected 4 fields, got 3"))
    let objects = try await stream(toy, "1,2,3,4\n0,x,0,1\n1,1,1,1\n", "--json")
    let lines = objects.output.split(separator: "\n")
    #expect(objects.status == 65 && lines.count == 3 && lines[1].hasPrefix("{\"error\":\"standard input: line 2"))
  }

  @Test func closedPipe() async throws {
    let toy = try ToyModel()
    let lines = try directory.write(String(repeating: "1,2,3,4\n", count: 200_000), "many.csv")
    let result = try await Command.shell(
      "{ $FGN predict '\(toy.path)' - < '\(lines)'; echo status $? >&2; } | head -1")
    #expect(result.output.count == 2 && result.errors == "status 0\n", "\(result.errors)")
  }

  @Test func interactively() async throws {
    let toy = try ToyModel()
    let result = try await Command.shell(
      """
      mkfifo '\(directory.path)/in'
      $FGN predict '\(toy.path)' - < '\(directory.path)/in' > '\(directory.path)/answers' &
      exec 3> '\(directory.path)/in'
      echo 1,2,3,4 >&3
      for i in $(seq 200); do test -s '\(directory.path)/answers' && break; sleep 0.05; done
      wc -l < '\(directory.path)/answers'
      exec 3>&-
      wait
      """)
    #expect(result.output.trimmingCharacters(in: .whitespacesAndNewlines) == "1", "\(result.errors)")
  }

  @Test func topToFiles() async throws {
    let toy = try ToyModel()
    let output = directory.file("top.npz")
    let json = try await Command.run("predict", toy.path, toy.dataPath, "--top-k", "2", "--output", output, "--json")
      .json()
    #expect(json["rows"] as? Int == 90)
    let archive = try NPZ(output)
    let table: Matrix<Double> = try archive.matrix("probabilities")
    let classes: Matrix<Double> = try archive.matrix("classes")
    #expect(table.columns == 2 && (0..<90).allSatisfy { table[$0, 0] >= table[$0, 1] && table[$0, 1] > 0 })
    let single = directory.file("classes.npz")
    #expect(try await Command.run("predict", toy.path, toy.dataPath, "--output", single).status == 0)
    #expect(try NPZ(single).integers("classes") == (0..<90).map { Int(classes[$0, 0]) })
  }

  @Test func refuses() async throws {
    let toy = try ToyModel()
    let output = directory.file("P.npy")
    func fails(_ arguments: [String], _ status: Int32, _ message: String) async throws {
      expectFailure(try await Command.run(["predict", toy.path] + arguments), status, message)
    }
    try await fails([toy.dataPath, "--output", output, "--top-k", "2"], 64, "--output must be .npz or .csv")
    try await fails([toy.dataPath, "--output", output + ".npz", "--top-k", "4"], 65, "at most the model's 3 classes")
    try await fails(["-", "--output", output], 64, "DATA - is answered on standard output")
    try await fails(["-", "--top-k", "0"], 64, "--top-k must be 1 or more, got 0")
    try await fails([toy.dataPath], 64, "--output")
  }
}
