import ArgumentParser
import FastGaussNewton

/// `fgn predict`: classes or probabilities, or predicted numbers, for examples without labels.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Write predicted classes, or probabilities, or numbers, as .npy.",
    discussion: """
      Without --probabilities the output is int64 [N], each row's class number (its name is in the model's class_names). \
      With it, [N, C] in the chosen precision. A model of positions gives [N, T] and [N, T, C]. A regression \
      gives numbers in the targets' own units: [N], or [N, K] of several targets. Labels in DATA are passed over.
      """)

  @OptionGroup var saved: SavedModelArguments
  @OptionGroup var arguments: DataArguments
  @Option(help: "Where predictions go, .npy.")
  var output: String
  @Flag(help: "Write probabilities [N, C] in place of classes [N].")
  var probabilities = false
  @Flag(help: "Print one JSON object.")
  var json = false

  struct Summary: Encodable {
    var rows: Int
    var classes: [String]?
    var counts: [Int]?
    var targets: [String]?
    var output: String
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
    try checkCanCreate(output)
    let file = try saved.load(as: type)
    let isRegression = !(file.loss is CrossEntropy)
    guard !(isRegression && probabilities) else {
      throw DataError(saved.model, "--probabilities is for classes; this model predicts numbers")
    }
    let data = arguments.files(for: file)
    let features: Features<S> = try data.loadFeatures(
      width: file.model.inputWidth, standardization: file.standardization)
    func check(_ model: some Model<S>) throws(DataError) { try Dataset.checkFit(features, model, data.name) }
    try check(file.model)
    if isRegression {
      try predictNumbers(file, features, data.name)
    } else {
      try predictClasses(file, features, data.name)
    }
  }

  private func checkFinite<S>(
    _ outputs: Matrix<S>, first row: Int, positions: Int = 1, kind: String, _ source: String
  ) throws(DataError) {
    guard !outputs.elements.isFinite else { return }
    let row = (row + (outputs.elements.firstIndex { !$0.isFinite } ?? 0) / outputs.columns) / positions
    throw DataError(source, "row \(row): the \(kind) overflow \(S.precisionName); use --precision double")
  }

  private func predictNumbers<S>(_ file: ModelFile<S>, _ features: Features<S>, _ source: String) throws {
    let width = file.model.outputWidth
    let shape = width == 1 ? [features.rows] : [features.rows, width]
    try NPY.write(as: S.self, shape: shape, to: output) { writer in
      try file.forEachBlock(features) { outputs, start in
        file.predict(&outputs)
        try checkFinite(outputs, first: start, kind: "predictions", source)
        try writer.append(outputs.elements)
      }
    }
    try report(Summary(rows: features.rows, targets: file.targetNames, output: output))
  }

  private func report(_ summary: Summary) throws {
    if json { return try printJSON(summary) }
    print("\(summary.rows) rows predicted, saved to \(summary.output)")
  }

  private func predictClasses<S>(_ file: ModelFile<S>, _ features: Features<S>, _ source: String) throws {
    let positions = file.model.rowsPerExample
    let shape = positions == 1 ? [features.rows] : [features.rows, positions]
    var counts = [Int](repeating: 0, count: file.classNames.count)
    func forEachBlock(_ body: (inout Matrix<S>, [Int]) throws -> Void) throws {
      try file.forEachBlock(features) { logits, start in
        try checkFinite(logits, first: start, positions: positions, kind: "logits", source)
        let predicted = RowKernels.argmax(logits).map(Int.init)
        for label in predicted { counts[label] += 1 }
        try body(&logits, predicted)
      }
    }
    if probabilities {
      try NPY.write(as: S.self, shape: shape + [file.model.outputWidth], to: output) { writer in
        try forEachBlock { logits, _ in
          RowKernels.softmax(&logits)
          try writer.append(logits.elements)
        }
      }
    } else {
      try NPY.writeIntegers(shape: shape, to: output) { writer in
        try forEachBlock { try writer.append($1) }
      }
    }
    try report(Summary(rows: shape.reduce(1, *), classes: file.classNames, counts: counts, output: output))
  }
}
