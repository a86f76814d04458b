import ArgumentParser
import FastGaussNewton

/// `fgn predict`: classes or probabilities, or predicted numbers, for examples without labels.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Write predicted classes, probabilities or numbers, to a file or line by line.",
    discussion: """
      The name of --output says its form: .npy is int64 [N], each row's class number (its name is in the model's \
      class_names), or with --probabilities [N, C] in the chosen precision; .npz has arrays classes and \
      probabilities, [N, K] each with --top-k; .csv has names. A model of positions gives [N, T] and [N, T, C]. A \
      regression gives numbers in the targets' own units: [N], or [N, K] of several targets. Labels in DATA are \
      passed over. Probabilities are softmax(z / T), with the temperature T that `fgn calibrate` left in the model.

      With - as DATA, rows are read from standard input, CSV or LIBSVM lines, and each is answered by a line on \
      standard output as soon as it has come.
      """)

  @OptionGroup var saved: SavedModelArguments
  @OptionGroup var arguments: DataArguments
  @Option(help: "Where predictions go: .npy, .npz or .csv. Required, but for DATA -, which goes to standard output.")
  var output: String?
  @Flag(help: "Write probabilities [N, C] in place of classes [N].")
  var probabilities = false
  @Option(help: "Write the K highest classes, the highest first, and their probabilities.")
  var topK: Int?
  @Flag(help: "Print one JSON object; for DATA -, one a line.")
  var json = false

  private var isStream: Bool { arguments.data == "-" }

  struct Summary: Encodable {
    var rows: Int
    var classes: [String]?
    var counts: [Int]?
    var targets: [String]?
    var output: String
  }

  func validate() throws {
    guard isStream == (output == nil) else {
      throw ValidationError(
        isStream
          ? "DATA - is answered on standard output; --output is for files."
          : "Missing expected argument '--output <output>'")
    }
    guard topK == nil || !probabilities else { throw ValidationError("Give --top-k or --probabilities, got both.") }
    guard topK ?? 1 >= 1 else { throw ValidationError("--top-k must be 1 or more, got \(topK ?? 0).") }
    guard topK == nil || isStream || PredictionFile.canHoldTwo(output ?? "") else {
      throw ValidationError("--top-k writes classes and probabilities: --output must be .npz or .csv.")
    }
  }

  func run() throws {
    Partition.threads = arguments.threads
    try reportingFailures {
      switch arguments.precision {
      case .float: try predict(Float.self)
      case .double: try predict(Double.self)
      }
    }
  }

  private func predict<S: RealScalar>(_ type: S.Type) throws {
    if let output { try checkCanCreate(output) }
    let file = try saved.load(as: type)
    let isRegression = !(file.loss is CrossEntropy)
    guard !(isRegression && (probabilities || topK != nil)) else {
      throw DataError(
        saved.model, "\(topK == nil ? "--probabilities" : "--top-k") is for classes; this model predicts numbers")
    }
    let classes = file.model.outputWidth
    if let topK, topK > classes {
      throw DataError(saved.model, "--top-k must be at most the model's \(classes) classes, got \(topK)")
    }
    let data = arguments.files(for: file)
    if isStream {
      let form: PredictionStream<S>.Form = probabilities ? .probabilities : topK.map { .top($0) } ?? .classes
      return try PredictionStream(file, form, json: json).run(data)
    }
    let features: Features<S> = try data.loadFeatures(
      width: file.model.inputWidth, standardization: file.standardization)
    func check(_ model: some Model<S>) throws(DataError) { try Dataset.checkFit(features, model, data.name) }
    try check(file.model)
    let output = PredictionFile(path: output ?? "")
    if isRegression {
      let values = try file.predictNumbers(features, data.name)
      let width = file.model.outputWidth
      try output.write(
        values, shape: width == 1 ? [features.rows] : [features.rows, width], names: file.targetNames)
      return try report(Summary(rows: features.rows, targets: file.targetNames, output: output.path))
    }
    try predictClasses(file, features, data.name, output)
  }

  private func report(_ summary: Summary) throws {
    if json { return try printJSON(summary) }
    print("\(summary.rows) rows predicted, saved to \(summary.output)")
  }

  private func predictClasses<S>(
    _ file: ModelFile<S>, _ features: Features<S>, _ source: String, _ output: PredictionFile
  ) throws {
    let (positions, width) = (file.model.rowsPerExample, file.model.outputWidth)
    var ready = file
    ready.standardization = nil  // was applied in reading
    var predictor = Predictor(ready)
    predictor.source = source
    let shape = positions == 1 ? [features.rows] : [features.rows, positions]
    let predicted: [Int]
    if let topK {
      let top = try predictor.top(topK, of: features)
      try output.write(top, shape: shape + [topK], names: file.classNames)
      predicted = stride(from: 0, to: top.classes.count, by: topK).map { Int(top.classes[$0]) }
    } else if probabilities {
      let table = try predictor.probabilities(of: features)
      predicted = RowKernels.argmax(table).map(Int.init)
      try output.write(
        table.elements, shape: shape + [width], classes: predicted, classShape: shape, names: file.classNames)
    } else {
      predicted = try predictor.classes(of: features).map(Int.init)
      try output.write(predicted, shape: shape, names: file.classNames)
    }
    var counts = [Int](repeating: 0, count: file.classNames.count)
    for label in predicted { counts[label] += 1 }
    try report(Summary(rows: predicted.count, classes: file.classNames, counts: counts, output: output.path))
  }
}

extension ModelFile {
  /// The predictions [N K] of a regression, in the targets' own units.
  func predictNumbers(_ features: Features<Scalar>, _ source: String, firstRow: Int = 0) throws -> [Scalar] {
    var all: [Scalar] = []
    try forEachBlock(features) { outputs, start in
      predict(&outputs)
      if !outputs.elements.isFinite {
        let row = firstRow + start + (outputs.elements.firstIndex { !$0.isFinite } ?? 0) / outputs.columns
        throw DataError(
          source, "row \(row): the predictions overflow \(Scalar.precisionName); use --precision double")
      }
      all += outputs.elements
    }
    return all
  }
}
