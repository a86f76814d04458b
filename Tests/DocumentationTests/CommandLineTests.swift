import FastGaussNewton
import Foundation
import Testing

@testable import Training

/// docs/command-line.md against Sources/fgn.
@Suite struct CommandLineTests {
  /// Which section documents the options of which files.
  static let sections = [
    ("## Data", ["DataArguments", "TableArguments"]),
    (
      "## fgn train",
      [
        "TrainCommand", "TrainingRowArguments", "LossArguments", "MethodArguments", "ModelArguments",
        "OptimumArguments", "PathArguments",
      ]
    ),
    ("## fgn tune", ["TuneCommand"]), ("## fgn compare", ["CompareCommand"]), ("## fgn evaluate", ["EvaluateCommand"]),
    ("## fgn predict", ["PredictCommand"]), ("## fgn calibrate", ["CalibrateCommand"]),
    ("## fgn inspect", ["InspectCommand"]), ("## fgn task", ["TaskCommand"]),
    ("## fgn experiment", ["ExperimentCommand"]),
    ("## Model files", ["SavedModelArguments"]),
  ]

  /// Long names of the options and flags that a file in Sources/fgn declares.
  static func options(in file: String) throws -> [String] {
    let source = try Repository.text("Sources/fgn/\(file).swift").replacingOccurrences(of: "@Flag", with: "@Option")
    return try source.components(separatedBy: "@Option").dropFirst().filter { !$0.hasPrefix("Group") }.map { text in
      let name = try #require(try text.captures(#"\bvar (\w+)"#).first, "an option without a variable")
      let attribute = text.components(separatedBy: "var ")[0]
      #expect(!attribute.contains("name: "), "\(name) has a name of its own, which this test does not read")
      return kebab(name)
    }
  }

  static func kebab(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "-\($1.lowercased())" : String($1) }
  }

  @Test func everyOptionHasItsRow() throws {
    let page = try Repository.text("docs/command-line.md")
    for (heading, files) in Self.sections {
      let section = try #require(page.section(heading), "no section \(heading)")
      let documented = try section.captures(#"^\| `--([a-z0-9-]+)"#).sorted()
      let defined = try files.flatMap(Self.options).sorted()
      #expect(documented == defined, "\(heading)")
      #expect(!defined.isEmpty)
    }
  }

  @Test func noOtherOptionIsMentioned() throws {
    let files = Repository.files(in: "Sources/fgn", suffix: ".swift").map {
      $0.replacingOccurrences(of: "Sources/fgn/", with: "").replacingOccurrences(of: ".swift", with: "")
    }
    let defined = Set(try files.flatMap(Self.options))
    let listed = Set(try Self.sections.flatMap(\.1).flatMap(Self.options))
    #expect(defined == listed, "options in a file that no section stands for")
    for page in Repository.pages {
      // Options of other programs are not those of ours.
      let text = try Repository.text(page).components(separatedBy: "\n").filter { line in
        !["swift ", "git ", "pip ", "cmake ", "python "].contains(where: line.contains)
      }.joined(separator: "\n")
      let mentioned = Set(
        try text.captures(#"(?<![\w-])--([a-z][a-z0-9-]*)"#).map { name in
          name.hasPrefix("no-") && defined.contains(String(name.dropFirst(3))) ? String(name.dropFirst(3)) : name
        })
      #expect(mentioned.subtracting(defined).subtracting(["help", "version"]).isEmpty, "\(page)")
    }
  }

  @Test func kebabCase() {
    #expect(Self.kebab("noHeader") == "no-header")
    #expect(Self.kebab("l2") == "l2")
  }

  /// Keys that are printed or logged are in the tables.
  @Test func everyKeyIsDocumented() throws {
    let page = try Repository.text("docs/command-line.md")
    let head = LinearHead<Double>(features: 2, classes: 2)
    let data = try Dataset(
      features: Matrix<Double>(rows: 2, columns: 2, elements: [0, 1, 1, 0]), labels: [0, 1], classNames: ["no", "yes"])
    var optimizer = GaussNewtonOptimizer(Objective(head))
    var observer = SilentObserver()
    let result = try Trainer(options: Trainer.Options(epochs: 1)).run(
      &optimizer, on: data, observer: &observer)
    var evaluator = Evaluator(Objective(head))
    let evaluation = try evaluator.evaluate(result.parameters, data)
    let (inspection, _) = InspectJob.Result.run(
      Objective(head), at: result.parameters, batch: Batch(features: data.features, labels: data.labels), damping: 0.1,
      options: DescentOptions())
    func check(_ value: Any, _ heading: String) throws {
      let section = try #require(page.section(heading))
      for key in Mirror(reflecting: value).children.compactMap(\.label) {
        #expect(section.contains("`\(key)`"), "\(heading): \(key)")
      }
    }
    try check(result.epochs[0], "### The log")
    try check(evaluation, "## fgn evaluate")
    try check(evaluation.classes[0], "## fgn evaluate")
    try check(Evaluation.OutputFit(name: "y", rmse: 0), "## fgn evaluate")
    try check(inspection, "## fgn inspect")
    try check(inspection.fgn, "## fgn inspect")
    let summary = try Repository.text("Sources/fgn/TrainSummary.swift").components(separatedBy: "  init<")[0]
    let keys = try summary.captures(#"^  var (\w+):"#)
    #expect(keys.count > 10)
    for key in keys { #expect(try #require(page.section("## fgn train")).contains("`\(key)`"), "\(key)") }
  }

  /// A row for every layer, with every option.
  @Test func everyLayerIsDocumented() throws {
    let section = try #require(try Repository.text("docs/command-line.md").section("## Architecture files"))
    let rows = section.components(separatedBy: "\n").filter { $0.hasPrefix("| `") }
    for (type, options) in Architecture.layerOptions {
      let row = rows.first { $0.components(separatedBy: " | ")[0].contains("`\(type)`") }
      for option in options { #expect(row?.contains("`\(option)`") == true, "\(type): \(option)") }
      #expect(row != nil, "\(type)")
    }
  }

  @Test func exitCodesAreDocumented() throws {
    let section = try #require(try Repository.text("docs/command-line.md").section("## Exit codes"))
    let documented = try section.captures(#"^\| (\d+) \|"#)
    let help = try #require(try Repository.text("Sources/fgn/FGN.swift").components(separatedBy: "Exit codes:").last)
    let printed = try help.components(separatedBy: "\"\"\"")[0].captures(#"\b(\d+) "#)
    #expect(documented == printed)
  }
}
