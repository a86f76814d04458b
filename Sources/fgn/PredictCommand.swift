import ArgumentParser
import FastGaussNewton

/// `fgn predict`: classes or probabilities for examples without labels.
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Write predicted classes, or probabilities, as .npy.",
    discussion: """
      Without --probabilities the output is int64 [N], each row's class number (its name is in the model's class_names). \
      With it, [N, C] in the chosen precision. Labels in DATA are passed over.
      """)

  @Argument(help: "A model file, .safetensors.")
  var model: String
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
    let file = try ModelFile<S>(reading: model)
    let width = file.head.inputWidth
    let data = arguments.files(featureCount: width, indexBase: file.indexBase)
    let features: Matrix<S> = try data.loadFeatures(width: width, standardization: file.standardization)
    var evaluator = Evaluator(model: file.head)
    var predicted: [Int] = []
    var all = [S]()
    try evaluator.forEachBlock(file.parameters, features) { logits, start in
      guard logits.elements.isFinite else {
        let row = start + (logits.elements.firstIndex { !$0.isFinite } ?? 0) / logits.columns
        throw DataError(data.name, "row \(row): the logits overflow \(S.precisionName); use --precision double")
      }
      predicted += RowKernels.argmax(logits).map(Int.init)
      if probabilities {
        RowKernels.softmax(&logits)
        all += logits.elements
      }
    }
    if probabilities {
      try NPY.write(Matrix(rows: features.rows, columns: file.head.outputWidth, elements: all), to: output)
    } else {
      try NPY.write(predicted, to: output)
    }
    var counts = [Int](repeating: 0, count: file.classNames.count)
    for label in predicted { counts[label] += 1 }
    if json {
      return try printJSON(
        Summary(rows: features.rows, classes: file.classNames, counts: counts, output: output))
    }
    print("\(features.rows) rows predicted, saved to \(output)")
  }
}
