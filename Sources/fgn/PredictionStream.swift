import FastGaussNewton

/// Rows from standard input answered on standard output, a line each, as soon as they have come.
struct PredictionStream<Scalar: RealScalar> {
  enum Form {
    case classes, probabilities
    case top(Int)
  }

  private let file: ModelFile<Scalar>
  private let form: Form
  private let json: Bool
  /// Class names as they are printed.
  private let names: [String]

  init(_ file: ModelFile<Scalar>, _ form: Form, json: Bool) throws {
    (self.file, self.form, self.json) = (file, form, json)
    names = file.classNames.map { json ? JSONValue.quotedWithLetters($0) : PredictionFile.field($0) }
  }

  /// Rows at a time when they come faster than they are predicted: about a megabyte.
  private var blockSize: Int { max(16, min(4096, (1 << 20) / (file.model.inputWidth * MemoryLayout<Scalar>.stride))) }

  func run(_ data: DataFiles) throws {
    OperatingSystem.ignoreBrokenPipes()
    guard file.model.rowsPerExample == 1 else {
      throw DataError("-", "rows from standard input are for models of one answer a row, not of positions")
    }
    var options = RowStream<Scalar>.Options()
    (options.indexBase, options.mayHaveHeader) = (data.indexBase, data.hasHeader)
    (options.label, options.labels) = (data.labelColumn ?? .automatic, Set(file.classNames))
    var rows = RowStream<Scalar>(
      descriptor: 0, name: "standard input", columns: file.model.inputWidth, options: options)
    var output = TextStream(descriptor: 1, name: "standard output")
    var predictor = Predictor(file)
    predictor.source = rows.name
    while output.isOpen, let block = try rows.next(limit: blockSize) {
      try answer(block, predictor, &output)
      try output.flush()
      predictor.firstRow += block.rows
    }
  }

  private func answer(
    _ block: Matrix<Scalar>, _ predictor: Predictor<Scalar>, _ output: inout TextStream
  ) throws {
    do { try file.model.checkFeatures(block) } catch { throw DataError(predictor.source, "\(error)") }
    if !(file.loss is CrossEntropy) {
      var block = block
      file.standardization?.apply(to: &block)
      let values = try file.predictNumbers(.dense(block), predictor.source, firstRow: predictor.firstRow)
      return append(values, rows: block.rows, "values", &output)
    }
    switch form {
    case .classes:
      for label in try predictor.classes(of: block) {
        output.append(json ? "{\"class\":\(names[Int(label)])}\n" : "\(names[Int(label)])\n")
      }
    case .probabilities:
      append(try predictor.probabilities(of: block).elements, rows: block.rows, "probabilities", &output)
    case .top(let k):
      let top = try predictor.top(k, of: block)
      for row in 0..<block.rows {
        let fields = (row * k..<(row + 1) * k).map {
          let (name, probability) = (names[Int(top.classes[$0])], top.probabilities[$0])
          return json ? "{\"class\":\(name),\"probability\":\(probability)}" : "\(name),\(probability)"
        }.joined(separator: ",")
        output.append(json ? "{\"top\":[\(fields)]}\n" : "\(fields)\n")
      }
    }
  }

  private func append(_ values: [Scalar], rows: Int, _ key: String, _ output: inout TextStream) {
    let width = values.count / rows
    for row in 0..<rows {
      let fields = values[row * width..<(row + 1) * width].map { "\($0)" }.joined(separator: ",")
      output.append(json ? "{\"\(key)\":[\(fields)]}\n" : "\(fields)\n")
    }
  }
}
