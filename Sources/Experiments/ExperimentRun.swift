import Comparison
import TensorFiles
import Training

/// One experiment in a directory: `rows.jsonl`, kept after each case and read back, `rows.csv`, a `.svg` for each
/// figure and `REPORT.md`.
///
/// ```swift
/// let setting = ExperimentSetting(seeds: [0], isQuick: true, data: ExperimentData())
/// let experiment = Catalogue.named("decomposition")!
/// var run = try ExperimentRun(experiment, in: setting, directory: path, stamp: Stamp(version: "1"))
/// let sections = try run.run()
/// ```
public struct ExperimentRun {
  public let experiment: any Experiment
  public let setting: ExperimentSetting
  public let directory: String
  let stamp: Stamp
  private var store: RunStore<KeptRow>

  /// - Parameter replacesOthers: whether files in the directory that are not of an experiment are replaced.
  /// - Throws: `FileError` if the directory cannot be made, holds rows that are none, or files of others.
  public init(
    _ experiment: any Experiment, in setting: ExperimentSetting, directory: String, stamp: Stamp,
    replacesOthers: Bool = false
  ) throws {
    self.experiment = experiment
    self.setting = setting
    self.directory = directory
    self.stamp = stamp
    store = try RunStore(directory: directory, files: ["REPORT.md"], replacesOthers: replacesOthers)
  }

  /// Runs the cases that are not there yet, writes the report, and tells nobody.
  public mutating func run() throws -> [Section]? {
    var observer = SilentObserver()
    return try run(observer: &observer)
  }

  /// Runs the cases that are not there yet, and writes the report.
  ///
  /// - Parameter observer: is told of each case (`CaseProgress`), and asked before each whether to stop.
  /// - Returns: the report's sections; nil if it was interrupted.
  /// - Throws: `FileError` or `DataError`, for data that cannot be used, or files that cannot be written; and what the
  ///   observer throws.
  public mutating func run(observer: inout some RunObserver) throws -> [Section]? {
    let cases = try experiment.cases(in: setting)
    try store.makeDirectory()
    var rows: [Row] = []
    for (index, one) in cases.enumerated() {
      if observer.wantsToStop { return nil }
      let key = key(of: one)
      let known = store.run(key)
      let found = try known ?? measure(one, key)
      rows += found.map(\.row)
      try observer.partEnded(
        CaseProgress(
          experiment: experiment.name, name: one.name, seed: one.seed, number: index + 1, count: cases.count,
          isReused: known != nil))
    }
    let sections = experiment.report(on: Rows(rows), in: setting)
    try write(sections, Rows(rows))
    return sections
  }

  private mutating func measure(_ one: Case, _ key: String) throws -> [KeptRow] {
    let head = Row(["experiment": .text(experiment.name), "case": .text(one.name), "seed": .number(Double(one.seed))])
    let rows = try one.run().map { KeptRow(key: key, row: head.merging($0).merging(stamp.row)) }
    try store.add(rows)
    return rows
  }

  private func write(_ sections: [Section], _ rows: Rows) throws {
    for figure in sections.flatMap(\.figures) {
      try AtomicFile.write(figure.figure.svg(), to: "\(directory)/\(figure.name).svg")
    }
    // In the order of the cases, however they came about, and without rows of other settings.
    var table = CSVTable()
    for row in rows.all { table.add(row.ordered) }
    try AtomicFile.write(table.text, to: directory + "/rows.csv")
    try AtomicFile.write(report(sections, rows), to: directory + "/REPORT.md")
  }

  private func report(_ sections: [Section], _ rows: Rows) -> String {
    var page = Markdown(rows)
    page.paragraph("# \(experiment.name)")
    page.paragraph(experiment.question)
    let seeds = setting.seeds.map(String.init).joined(separator: ", ")
    func of(_ column: String) -> String {
      rows.values(of: column).map(\.text).filter { !$0.isEmpty }.map { "`\($0)`" }.joined(separator: ", ")
    }
    let note = of("note")
    page.paragraph(
      "`fgn experiment \(experiment.name)\(setting.isQuick ? " --quick" : "")`, seeds `\(seeds)`, on \(of("machine")), "
        + "\(of("threads")) threads, \(of("blas")), version \(of("version"))\(note.isEmpty ? "" : ", \(note)"). "
        + "Rows: [rows.csv](rows.csv).")
    for section in sections { page.add(section) }
    page.close()
    return page.text
  }

  /// Stands for everything that the rows of a case depend on, and what its seconds do.
  private func key(of one: Case) -> String {
    Fingerprint.key(
      "\(experiment.name) \(setting.isQuick) \(one.name) \(one.seed) \(one.data) \(stamp.version) \(stamp.blas) \(stamp.threads)"
    )
  }
}

/// A row as it is kept.
struct KeptRow: StoredRow {
  var key: String
  var row: Row

  static var kind: String { "experiment" }
  var cells: [(column: String, text: String)] { row.ordered }
}

/// What a `RunObserver` is told about a case of an experiment that is done.
public struct CaseProgress: RunRecord {
  public var experiment: String
  public var name: String
  public var seed: UInt64
  /// From 1.
  public var number: Int
  public var count: Int
  /// Whether it was there already.
  public var isReused: Bool
}
