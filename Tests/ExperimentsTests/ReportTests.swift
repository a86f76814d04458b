import Experiments
import Figures
import Foundation
import TensorFiles
import TestSupport
import Testing
import Training

/// Reports against their rows.
@Suite struct ReportTests {
  static let committed = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "docs/experiments")

  /// The committed reports: every number follows from the committed rows, and nothing else is claimed.
  @Test(arguments: Catalogue.all.map(\.name)) func committedReports(_ name: String) throws {
    let directory = Self.committed.appending(path: name)
    let report = try WrittenReport(directory: directory)
    let (mistakes, numbers) = report.check()
    let gallery = try String(contentsOf: Self.committed.appending(path: "README.md"), encoding: .utf8)
    let figures = report.text.matches(of: /\]\(([a-z0-9-]+\.svg)\)/).map { String($0.1) }
    #expect(!figures.isEmpty)
    for figure in figures {
      #expect(FileManager.default.fileExists(atPath: directory.appending(path: figure).path), "\(name)/\(figure)")
      #expect(gallery.contains("(\(name)/\(figure))"), "\(name)/\(figure)")
    }
    #expect(mistakes.isEmpty, "\(mistakes.joined(separator: "\n"))")
    #expect(numbers > 5, "\(name) states \(numbers) numbers")
  }

  /// The check finds what it is for: a number that was changed, and one that no row stands behind.
  @Test func wrongNumbersAreFound() throws {
    let files = TemporaryDirectory()
    var run = try ExperimentRun(
      Growth(), in: ExperimentSetting(seeds: [0, 1, 2], data: ExperimentData()), directory: files.path,
      stamp: Stamp(version: "test"))
    let sections = try #require(try run.run())
    #expect(sections[0].verdict.title == "holds")
    #expect(try WrittenReport(directory: files.url).check().mistakes == [])
    #expect(try WrittenReport(directory: files.url).check().numbers == 22)
    let page = files.url.appending(path: "REPORT.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    for (old, new) in [
      ("are 2.0[", "are 2.1["), ("| 34.0", "| 34.1"), ("at most", "at most 7"), ("+- 1.00", "+- 1.01"),
    ] {
      #expect(text.contains(old), "\(text)")
      try text.replacing(old, with: new).write(to: page, atomically: true, encoding: .utf8)
      #expect(try WrittenReport(directory: files.url).check().mistakes.count >= 1, "\(new)")
    }
  }

  /// Interrupted after some cases, what is done stays, and the end is the same as without.
  @Test func resumes() throws {
    let (whole, parts) = (TemporaryDirectory(), TemporaryDirectory())
    let setting = ExperimentSetting(seeds: [0, 1, 2], data: ExperimentData())
    let stamp = Stamp(version: "test")
    func make(_ files: TemporaryDirectory) throws -> ExperimentRun {
      try ExperimentRun(Growth(), in: setting, directory: files.path, stamp: stamp)
    }
    var uninterrupted = try make(whole)
    _ = try uninterrupted.run()
    var (asked, interrupted) = (0, try make(parts))
    struct Stop: RunObserver {
      let asked: () -> Bool
      var wantsToStop: Bool { asked() }
    }
    var stop = Stop {
      asked += 1
      return asked > 4
    }
    let nothing = try interrupted.run(observer: &stop)
    #expect(nothing == nil)
    #expect(!FileManager.default.fileExists(atPath: parts.path + "/REPORT.md"))
    var (reused, again) = (0, try make(parts))
    var observer = RecordObserver<CaseProgress> { reused += $0.isReused ? 1 : 0 }
    _ = try again.run(observer: &observer)
    #expect(reused == 4)
    for file in ["rows.csv", "REPORT.md", "growth.svg"] {
      #expect(
        try Data(contentsOf: parts.url.appending(path: file)) == Data(contentsOf: whole.url.appending(path: file)))
    }
  }

  /// Every experiment, quick and with one seed, gives the same rows twice but for its seconds.
  @Test(arguments: ["decomposition"]) func repeats(_ name: String) throws {
    let experiment = try #require(Catalogue.named(name))
    let setting = ExperimentSetting(seeds: [3], isQuick: true, data: ExperimentData())
    func rows() throws -> [Row] {
      try experiment.cases(in: setting).prefix(3).flatMap { try $0.run() }.map { row in
        Row(row.cells.filter { !Row.isTiming($0.key) })
      }
    }
    let first = try rows()
    #expect(!first.isEmpty)
    #expect(try rows() == first)
  }

  @Test func galleryShowsEveryFigure() throws {
    let files = TemporaryDirectory()
    let section = Growth().report(
      on: Rows([Row(["x": 1, "y": 2, "method": "a", "seed": 0])]), in: .init(data: .init()))[0]
    try Gallery([Gallery.Entry(Growth(), [section])], stamp: Stamp(version: "test")).write(to: files.path)
    let page = try String(contentsOf: files.url.appending(path: "README.md"), encoding: .utf8)
    #expect(page.contains("(growth/growth.svg)") && page.contains("fgn experiment growth"))
    #expect(page.contains("**fails:**"))
    try Gallery.check(files.path, replacesOthers: false)
    try Gallery.check(files.file("nowhere"), replacesOthers: false)
    for other in ["", "# Experiments\n\nOf mine.\n", "\u{0}"] {
      _ = try files.write(other, "README.md")
      #expect(throws: FileError.self) { try Gallery.check(files.path, replacesOthers: false) }
      try Gallery.check(files.path, replacesOthers: true)
    }
  }
}

/// y = x^2 and y = 2 x^2 with a deviation over the seeds.
private struct Growth: Experiment {
  let name = "growth"
  let question = "How does it grow?"

  func cases(in setting: ExperimentSetting) -> [Case] {
    [1, 2, 3, 4].flatMap { x in
      setting.seeds.map { seed in
        Case("x=\(x)", seed: seed) {
          ["a", "b"].map { method in
            let y = (Double(x * x) + Double(seed) - 1) * (method == "a" ? 1 : 2)
            return Row(["x": .number(Double(x)), "method": .text(method), "y": .number(y)])
          }
        }
      }
    }
  }

  func report(on rows: Rows, in setting: ExperimentSetting) -> [Section] {
    let ratio = rows.number("mean of y where x=4, method=b over method=a")
    let most = rows.number("maximum of y", as: .percent(0))
    return [
      Section(
        "Growth", claim: "b is twice a.", method: "`4` numbers.",
        figures: [
          ReportFigure(
            "growth", "Growth, at most \(most).",
            Figure(panels: [Panel(x: Axis("x"), y: Axis("y"), marks: rows.lines("y", against: "x", by: "method"))]))
        ],
        tables: [
          ReportTable("Both.", by: "x", ["a": "mean of y where method=a", "b": "maximum of y where method=b"]),
          ReportTable("Each.", by: "x", columns: "method", of: rows, "mean of y", where: "x>2"),
        ],
        verdict: ratio.value == 2 ? .holds("They are \(ratio) to one.") : .fails("They are \(ratio)."))
    ]
  }
}
