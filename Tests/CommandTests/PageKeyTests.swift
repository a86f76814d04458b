import FastGaussNewton
import Foundation
import Testing

/// The keys in docs/command-line.md against those that real runs print. The runs of a command meet all conditions.
@Suite struct PageKeyTests {
  let directory = TemporaryDirectory()

  private func check(_ headings: String..., runs: [[String]]) async throws {
    var check = KeyCheck(.own, headings)
    for arguments in runs { check.add(try await Command.run(arguments + ["--json"]).json()) }
    #expect(check.differences.isEmpty, "\(headings[0]): \(check.differences.joined(separator: "; "))")
  }

  /// A table of classes, one of further rows, and one of numbers to predict.
  private func files() throws -> (classes: String, others: String, numbers: String) {
    let toy = ToyData(rows: 120)
    let numbers = (["f0,f1,y"] + (0..<60).map { "\($0 % 7),\($0 % 5),\(Double($0 % 7) * 0.5 + 0.25)" })
    return (
      try directory.write(toy.rows(0..<90).csv(names: ["a", "b", "c"]), "toy.csv"),
      try directory.write(toy.rows(90..<120).csv(names: ["a", "b", "c"]), "others.csv"),
      try directory.write(numbers.joined(separator: "\n"), "numbers.csv")
    )
  }

  private func model(_ name: String, _ arguments: String...) async throws -> String {
    let path = directory.file(name)
    let result = try await Command.run(["train"] + arguments + ["--output", path])
    #expect(result.status == 0, "\(result.errors)")
    return path
  }

  @Test func training() async throws {
    let data = try files()
    let output = ["--output", directory.file("m.safetensors"), "--log", directory.file("log.jsonl")]
    let start = try await model("start.safetensors", data.classes)
    let squared = ["train", data.numbers, "--loss", "squared", "--validation-fraction", "0.3"] + output
    let runs = [
      ["train", data.classes] + output, squared,
      ["train", data.classes, "--initial", start, "--validation", data.others] + output,
    ]
    try await check("### Results", runs: runs)
    var log = KeyCheck(.own, ["### The log"])
    for arguments in runs {
      #expect(try await Command.run(arguments).status == 0)
      for line in try directory.text("log.jsonl").split(separator: "\n").dropFirst() { log.add(try object(line)) }
    }
    #expect(log.differences.isEmpty, "\(log.differences)")
  }

  @Test func trainingToTheOptimum() async throws {
    let data = try files()
    let train = ["train", data.classes, "--to-optimum", "--output", directory.file("m.safetensors")]
    try await check(
      "### To the optimum", "#### Several penalties",
      runs: [
        train + ["--l2", "0.1"], train + ["--max-iterations", "2"],
        train + ["--l2-path", "0.1,0.01", "--validation-fraction", "0.3"],
      ])
  }

  @Test func tuning() async throws {
    let data = try files()
    let tune = ["tune", data.classes, "--folds", "2", "--l2", "0.1,0.01"]
    try await check(
      "## fgn tune",
      runs: [tune, tune + ["--validation", data.others, "--output", directory.file("m.safetensors")]])
  }

  @Test func comparison() async throws {
    let data = try files()
    func compare(_ name: String, _ options: String...) -> [String] {
      ["compare", data.classes, "--epochs", "1", "--points", "2", "--output", directory.file(name)] + options
    }
    try await check(
      "## fgn compare",
      runs: [
        compare("a", "--optimizers", "fgn,adam", "--grid", "2", "--seeds", "2", "--test", data.others),
        compare("b", "--optimizers", "fgn,ggn", "--seeds", "1", "--target", "1e-9"),
        compare("c", "--optimizers", "fgn", "--seeds", "1"),
      ])
    let table = CommandPage.own.tables(below: "## fgn compare").first { $0.head == "column" }
    let columns = try directory.text("a/rows.csv").components(separatedBy: "\n")[0].components(separatedBy: ",")
    #expect(table?.rows.flatMap(\.names).sorted() == columns.sorted())
  }

  @Test func evaluation() async throws {
    let data = try files()
    let classifier = try await model("m.safetensors", data.classes)
    let calibrated = directory.file("calibrated.safetensors")
    #expect(try await Command.run("calibrate", classifier, data.others, "--output", calibrated).status == 0)
    let other = try directory.write(
      try directory.text("others.csv").replacingOccurrences(of: "\nc,", with: "\nnobody,"), "unknown.csv")
    let many = try ToyData(rows: 60, classes: 6).npz(directory.file("many.npz"))
    let constant = try directory.write("f0,f1,y\n1,2,0.5\n3,4,0.5\n5,7,0.5\n", "constant.csv")
    let regression = try await model("r.safetensors", data.numbers, "--loss", "squared")
    try await check(
      "## fgn evaluate",
      runs: [
        ["evaluate", classifier, data.others], ["evaluate", calibrated, data.others], ["evaluate", classifier, other],
        ["evaluate", try await model("many.safetensors", many), many], ["evaluate", regression, data.numbers],
        ["evaluate", regression, constant],
      ])
    try await check(
      "## fgn predict",
      runs: [
        ["predict", classifier, data.others, "--output", directory.file("p.npz"), "--top-k", "2"],
        ["predict", regression, data.numbers, "--output", directory.file("p.npy")],
      ])
  }

  @Test func rowsFromStandardInput() async throws {
    let data = try files()
    let classifier = try await model("m.safetensors", data.classes)
    let regression = try await model("r.safetensors", data.numbers, "--loss", "squared")
    let rows = try directory.write("name,f0,f1,f2,f3\nfirst,1,2,3,4\nsecond,1,x,3,4\n", "rows.csv")
    let numbers = try directory.write("f0,f1\n1,2\n", "two.csv")
    var check = KeyCheck(.own, ["### Rows from standard input"])
    for (model, options, input) in [
      (classifier, "", rows), (classifier, "--top-k 2", rows), (classifier, "--probabilities", rows),
      (classifier, "--id-column name", rows), (regression, "", numbers),
    ] {
      let drop = options.isEmpty || model == regression ? "" : "--drop-columns name"
      let result = try await Command.shell(
        "\"$FGN\" predict '\(model)' - \(options) \(options.contains("id-column") ? "" : drop) --json < '\(input)'")
      for line in result.output.split(separator: "\n") { check.add(try object(line)) }
    }
    #expect(check.differences.isEmpty, "\(check.differences)")
  }

  @Test func calibrationAndInspection() async throws {
    let data = try files()
    let classifier = try await model("m.safetensors", data.classes)
    let easy = try ToyModel(ToyData(spread: 40))
    try await check(
      "## fgn calibrate",
      runs: [
        ["calibrate", classifier, data.others, "--output", directory.file("c.safetensors")],
        ["calibrate", easy.path, easy.dataPath, "--output", directory.file("c.safetensors")],
      ])
    try await check("## fgn inspect", runs: [["inspect", classifier, data.others, "--damping", "1"]])
  }

  @Test func tasks() async throws {
    try await check(
      "## fgn task", runs: [["task", "lqr", "--steps", "2"], ["task", "cartpole", "--steps", "1000"]])
  }

  @Test func experiments() async throws {
    try await check(
      "## fgn experiment",
      runs: [
        ["experiment", "decomposition", "--quick", "--seeds", "1", "--output", directory.file("experiments")]
      ])
  }

  private func object(_ line: some StringProtocol) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  /// A page and runs that differ in each way.
  @Test func differencesAreSeen() throws {
    let page = CommandPage(
      text: """
        ## Keys

        | key | type | meaning |
        |---|---|---|
        | `heat`, `time` | number | how hot; how long |
        | `lid` | string | absent where there is none |
        | `parts` | array | an object for each |
        | `times` | mean by part | how long |
        | `best` | object | `name` and `size` |
        | `worst` | object | as much |

        | key of `parts` | type | meaning |
        |---|---|---|
        | `name` | string | what it is called |

        | key of a mean | type | meaning |
        |---|---|---|
        | `mean` | number | |
        """)
    var check = KeyCheck(page, ["## Keys"])
    check.add([
      "heat": 1, "lid": "on", "parts": [["name": "a", "weight": 1]], "times": ["a": ["mean": 1, "count": 2]],
      "best": ["name": "a"],
    ])
    check.add(["best": ["name": "a"], "colour": 1])
    #expect(
      check.differences == [
        "no run prints size (in the row of best)", "no run prints time (key)", "no run prints worst (key)",
        "the page does not say when there is heat (key)", "the page does not say when there is parts (key)",
        "the page does not say when there is times (key)", "the page lacks colour (key)",
        "the page lacks count (key of a mean)", "the page lacks weight (key of `parts`)",
      ])
  }
}
