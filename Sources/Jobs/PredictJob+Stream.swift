extension PredictJob {
  /// Answers rows from an open file, pipe or terminal with a line each, as soon as they have come. Ends at the end of
  /// the input, or when nobody reads the answers any more; for that SIGPIPE must be ignored by the process.
  ///
  /// - Parameters:
  ///   - files: says the column of labels, whether a header may come and where LIBSVM indices start; where it is does not
  ///     matter.
  ///   - input, output: file descriptors, standard input and output by default; they are not closed.
  ///   - isJSON: whether lines are JSON objects, and not fields with commas between them.
  ///   - note: is told what a person should know, and of each row that has no answer, why.
  /// - Throws: `OptionError`; `DataError` for a model of positions; and `FileError` for output that cannot be written,
  ///   for a first line that tells no table that fits, and at the end where rows were no examples: such a row has an
  ///   empty line as its answer (an object with `error`), so that answers and rows stay in step.
  public func answerLines<S: RealScalar>(
    _ model: ModelFile<S>, reading files: DataFiles, from input: Int32 = 0, to output: Int32 = 1, isJSON: Bool = false,
    note: (String) -> Void = { _ in }
  ) throws {
    try check(model)
    try model.check()
    guard model.model.rowsPerExample == 1 else {
      throw DataError("-", "rows from standard input are for models of one answer a row, not of positions")
    }
    let files = files.adapted(to: model)
    let policy = files.missingValues ?? (model.table?.fill == nil ? .error : .mean)
    if policy == .mean, model.table?.fill == nil {
      throw DataError("-", "the model was not trained with means for missing values, and keeps none")
    }
    var options = RowStream<S>.Options()
    (options.indexBase, options.hasHeader) = (files.indexBase, files.hasHeader)
    (options.delimiter, options.decimal) = (files.delimiter, files.decimal)
    options.request = files.request(for: .prediction)
    options.missing = policy == .mean ? .fill : .error
    var rows = RowStream<S>(
      descriptor: input, name: "standard input", columns: model.model.inputWidth, options: options)
    var text = TextStream(descriptor: output, name: "standard output")
    let lines = PredictionLines(names: model.isClassifier ? model.classNames : model.targetNames, isJSON: isJSON)
    var predictor = Predictor(model)
    predictor.source = rows.name
    var (unanswered, first) = (0, FileError?.none)
    // Rows at a time when they come faster than they are predicted: about a megabyte.
    let limit = max(16, min(4096, (1 << 20) / (model.model.inputWidth * MemoryLayout<S>.stride)))
    while text.isOpen, let block = try rows.next(limit: limit) {
      for remark in rows.takeRemarks() { note("\(rows.name): \(remark)") }
      do { try model.model.checkFeatures(block.features) } catch { throw DataError(predictor.source, "\(error)") }
      let prediction = try answer(model, predictor, .dense(block.features))
      for row in 0..<block.features.rows {
        let id = block.ids.isEmpty ? nil : block.ids[row]
        if let refusal = block.refused[row] {
          text.append(lines.refusal("\(refusal)", id: id, of: prediction))
          note("\(refusal)")
          // Asked for: an empty answer where a value is missing.
          if policy == .drop, refusal.remedy == .missingValues { continue }
          (unanswered, first) = (unanswered + 1, first ?? refusal)
        } else {
          text.append(lines.line(row, id: id, of: prediction))
        }
      }
      try text.flush()
      predictor.firstRow += block.features.rows
    }
    guard let first else { return }
    let message =
      "\(unanswered) row\(unanswered == 1 ? " has" : "s have") no answer, the first of them: \(first.message)"
    throw FileError(.badData, file: first.file, position: first.position, message, remedy: first.remedy)
  }
}
