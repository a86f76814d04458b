import ArgumentParser
import Experiments
import FastGaussNewton

/// `fgn experiment`: the papers' claims, tested.
struct ExperimentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Test a claim about the methods: rows, figures and a report with a verdict.",
    discussion: Catalogue.all.map { "\($0.name): \($0.question)" }.joined(separator: "\n") + """


      The directory gets for each experiment rows.jsonl, rows.csv, figures as .svg and REPORT.md; with all, also \
      README.md, a gallery of them. The same command goes on where it was interrupted.
      """)

  @Argument(help: "An experiment, several, or all.")
  var names: [String]
  @Option(help: "Runs of everything that is random; error bands are over them.")
  var seeds: Int = 5
  @Option(help: "The first seed.")
  var seed: UInt64 = 0
  @Flag(help: "Smaller grids and shorter runs, with every table and figure.")
  var quick = false
  @Option(help: "Where directories of the experiments' names go, and with all a README.md; made if it is not there.")
  var output = "experiments"
  @Option(
    help: "A directory that holds letter-recognition.csv, digits.npz, clinc150/ and housing/, or some of them.")
  var data = "Examples"
  @Option(help: "Features and labels of your own for the experiment head: .npz (X, y), .csv, .svm or .libsvm.")
  var features: String?
  @Option(help: "Threads, 0 for one a processor. Rows do not depend on it but for their seconds.")
  var threads: Int = 0
  @Option(help: "A line for the reports, such as the commit.")
  var note = ""
  @Flag(help: "Replace files in the directories that are not of an experiment.")
  var force = false
  @Flag(help: "Print the verdicts as one JSON object.")
  var json = false

  func validate() throws {
    guard seeds >= 1 else { throw ValidationError("--seeds must be at least 1, got \(seeds).") }
    try requireAtMost(seeds, 10_000, "--seeds")
    guard seed <= 1 << 53 - UInt64(seeds) else {
      throw ValidationError("--seed must be below 2^53 for \(seeds) seeds, got \(seed).")
    }
    guard threads >= 0 else { throw ValidationError("--threads must be 0 or more, got \(threads).") }
    _ = try chosen()
  }

  private func chosen() throws -> [any Experiment] {
    if names.contains("all") { return Catalogue.all }
    return try names.map { name in
      if let experiment = Catalogue.named(name) { return experiment }
      let known = Catalogue.all.map(\.name).joined(separator: ", ")
      throw ValidationError("There is no experiment \"\(name)\": expected all, or some of \(known).")
    }
  }

  func run() throws {
    Partition.threads = threads
    try reportingFailures {
      try OperatingSystem.checkCanMakeDirectory(output)
      if names.contains("all") { try Gallery.check(output, replacesOthers: force) }
      Interrupt.watch()
      let stamp = Stamp(version: Producer.version, note: note)
      let setting = ExperimentSetting(
        seeds: (0..<UInt64(seeds)).map { seed + $0 }, isQuick: quick,
        data: ExperimentData(directory: data, features: features))
      logger.info(
        "seeds \(seed) to \(seed + UInt64(seeds) - 1), \(stamp.machine), \(stamp.threads) threads, \(stamp.blas)")
      // What is wrong with the data or the directories is said before anything is made or measured.
      for experiment in try chosen() { _ = try experiment.cases(in: setting) }
      try OperatingSystem.makeDirectory(output)
      let runs = try chosen().map { experiment in
        try ExperimentRun(
          experiment, in: setting, directory: "\(output)/\(experiment.name)", stamp: stamp, replacesOthers: force)
      }
      let entries = try runs.map { Gallery.Entry($0.experiment, try sections(of: $0)) }
      if names.contains("all") { try Gallery(entries, stamp: stamp).write(to: output) }
      try show(entries)
    }
  }

  private func sections(of run: ExperimentRun) throws -> [Experiments.Section] {
    var run = run
    let clock = RunClock(limit: nil)
    var display = CaseDisplay()
    var observers = Observers([InterruptObserver(), RecordObserver<CaseProgress> { display.show($0) }])
    let sections = try run.run(observer: &observers)
    display.end()
    guard let sections else {
      logger.warning("interrupted; finished cases are in \(output): the same command goes on from there")
      throw ExitCode(130)
    }
    logger.info("\(run.experiment.name): \(NumberText.fixed(clock.wallSeconds, 1)) s")
    return sections
  }

  private func show(_ entries: [Gallery.Entry]) throws {
    if json { return try printJSON(["experiments": entries.map(ExperimentSummary.init)]) }
    for entry in entries {
      print(entry.experiment.name)
      for section in entry.sections {
        print("  \(section.title): \(section.verdict.title). \(section.verdict.statement.text)")
      }
      print("  report in \(output)/\(entry.experiment.name)/REPORT.md")
    }
  }
}

/// What `fgn experiment --json` prints of one.
struct ExperimentSummary: Encodable {
  struct Claim: Encodable {
    var title: String
    var claim: String
    var verdict: String
    var statement: String
    var figures: [String]
  }

  var experiment: String
  var claims: [Claim]

  init(_ entry: Gallery.Entry) {
    experiment = entry.experiment.name
    claims = entry.sections.map { section in
      Claim(
        title: section.title, claim: section.claim, verdict: section.verdict.title,
        statement: section.verdict.statement.text, figures: section.figures.map { $0.name + ".svg" })
    }
  }
}
