import ArgumentParser
import FastGaussNewton

/// `fgn predict`: classes or probabilities, or predicted numbers, for examples without labels.
struct PredictCommand: DataCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Write predicted classes, probabilities or numbers, to a file or line by line.",
    discussion: """
      The name of --output says its form: .npy is int64 [N], each row's class: the whole number that it is, or \
      else its place in the model's class_names from 0; or with --probabilities [N, C] in the chosen precision; .npz has arrays classes and \
      probabilities, [N, K] each with --top-k; .csv has names. A model of positions gives [N, T] and [N, T, C]. A \
      regression gives numbers in the targets' own units: [N], or [N, K] of several targets. Labels in DATA are \
      passed over. Probabilities are softmax(z / T), with the temperature T that `fgn calibrate` left in the model.

      With - as DATA, rows are read from standard input, CSV or LIBSVM lines, and each is answered by a line on \
      standard output as soon as it has come.
      """)

  @OptionGroup var saved: SavedModelArguments
  @OptionGroup var arguments: DataArguments
  @Option(
    help: "Where predictions go: .npy, .npz or .csv, or - for lines on standard output. Required, but for DATA -.")
  var output: String?
  @Flag(help: "Write probabilities [N, C] in place of classes [N].")
  var probabilities = false
  @Option(help: "Write the K highest classes, the highest first, and their probabilities.")
  var topK: Int?
  @Flag(help: "Print one JSON object; for DATA -, one a line.")
  var json = false

  private var isStream: Bool { arguments.data == "-" }
  private var isStandardOutput: Bool { output == "-" }

  struct Summary: Encodable {
    var rows: Int
    var classes: [String]?
    var counts: [Int]?
    var targets: [String]?
    var output: String
  }

  private var job: PredictJob { PredictJob(topK.map { .top($0) } ?? (probabilities ? .probabilities : .classes)) }

  func validate() throws {
    try arguments.requireData()
    try require(
      isStream == (output == nil) || isStandardOutput,
      isStream
        ? "DATA - is answered on standard output; --output is for files."
        : "Missing expected argument '--output <output>'")
    try require(topK == nil || !probabilities, "Give --top-k or --probabilities, got both.")
    try requireOptions(job.check)
    try require(
      topK == nil || isStream || isStandardOutput || PredictJob.Prediction<Float>.canHoldTwo(output ?? ""),
      "--top-k writes classes and probabilities: --output must be .npz or .csv.")
  }

  func work<S: RealScalar>(_ type: S.Type) throws {
    var files = RunFiles(arguments, saved)
    if !isStandardOutput { files.writes(output, "the predictions", endings: [".npy", ".npz", ".csv"]) }
    try files.checkAll()
    let model = try saved.load(as: type)
    do { try job.check(model) } catch { throw DataError(saved.model, error.textWithFlags) }
    guard let output, !(isStream && isStandardOutput) else {
      OperatingSystem.ignoreBrokenPipes()
      return try job.answerLines(model, reading: arguments.files, isJSON: json, note: logger.info)
    }
    let prediction = try job.run(model, on: arguments.files, note: logger.info)
    if isStandardOutput {
      OperatingSystem.ignoreBrokenPipes()
      return try prediction.writeLines(toDescriptor: 1, isJSON: json)
    }
    try prediction.write(to: output)
    var summary = Summary(rows: prediction.rows, output: output)
    if let classes = prediction.classes {
      var counts = [Int](repeating: 0, count: prediction.names.count)
      for label in classes { counts[label] += 1 }
      (summary.classes, summary.counts) = (prediction.names, counts)
    } else {
      summary.targets = prediction.names
    }
    if json { return try printJSON(summary) }
    print("\(summary.rows) rows predicted, saved to \(output)")
  }
}
