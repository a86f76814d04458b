import ArgumentParser
import FastGaussNewton

/// `fgn predict`: classes or probabilities for examples without labels.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Write predicted classes, or probabilities, as .npy.",
    discussion: """
      Without --probabilities the output is int64 [N], each row's class number (its name is in the model's class_names). \
      With it, [N, C] in the chosen precision. A model of positions gives [N, T] and [N, T, C]. Labels in DATA are \
      passed over.
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
    var classes: [String]
    var counts: [Int]
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
    let (width, positions) = (file.model.inputWidth, file.model.rowsPerExample)
    let data = arguments.files(featureCount: width, indexBase: file.indexBase)
    let features: Matrix<S> = try data.loadFeatures(width: width, standardization: file.standardization)
    do { try file.model.checkFeatures(features) } catch { throw DataError(data.name, "\(error)") }
    var predicted: [Int] = []
    var all = [S]()
    try file.forEachBlock(features) { logits, start in
      guard logits.elements.isFinite else {
        let row = (start + (logits.elements.firstIndex { !$0.isFinite } ?? 0) / logits.columns) / positions
        throw DataError(data.name, "row \(row): the logits overflow \(S.precisionName); use --precision double")
      }
      predicted += RowKernels.argmax(logits).map(Int.init)
      if probabilities {
        RowKernels.softmax(&logits)
        all += logits.elements
      }
    }
    let shape = positions == 1 ? [features.rows] : [features.rows, positions]
    if probabilities {
      try NPY.write(all, shape: shape + [file.model.outputWidth], to: output)
    } else {
      try NPY.write(predicted, shape: shape, to: output)
    }
    var counts = [Int](repeating: 0, count: file.classNames.count)
    for label in predicted { counts[label] += 1 }
    if json {
      return try printJSON(
        Summary(rows: predicted.count, classes: file.classNames, counts: counts, output: output))
    }
    print("\(predicted.count) rows predicted, saved to \(output)")
  }
}
