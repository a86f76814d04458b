extension PredictJob {
  /// Answers rows from an open file, pipe or terminal with a line each, as soon as they have come. Ends at the end of
  /// the input, or when nobody reads the answers any more; for that SIGPIPE must be ignored by the process.
  ///
  /// - Parameters:
  ///   - files: says the column of labels, whether a header may come and where LIBSVM indices start; where it is does not
  ///     matter.
  ///   - input, output: file descriptors, standard input and output by default; they are not closed.
  ///   - isJSON: whether lines are JSON objects, and not fields with commas between them.
  /// - Throws: `OptionError`; `DataError` for a model of positions and for rows that do not fit; and `FileError` with
  ///   the line for input that is none, or for output that cannot be written. Rows before it have been answered.
  public func answerLines<S: RealScalar>(
    _ model: ModelFile<S>, reading files: DataFiles, from input: Int32 = 0, to output: Int32 = 1, isJSON: Bool = false
  ) throws {
    try check(model)
    try model.check()
    guard model.model.rowsPerExample == 1 else {
      throw DataError("-", "rows from standard input are for models of one answer a row, not of positions")
    }
    let files = files.adapted(to: model)
    var options = RowStream<S>.Options()
    (options.indexBase, options.mayHaveHeader) = (files.indexBase, files.hasHeader)
    (options.label, options.labels) = (files.labelColumn ?? .automatic, Set(model.classNames))
    var rows = RowStream<S>(
      descriptor: input, name: "standard input", columns: model.model.inputWidth, options: options)
    var text = TextStream(descriptor: output, name: "standard output")
    let lines = PredictionLines(names: model.isClassifier ? model.classNames : model.targetNames, isJSON: isJSON)
    var predictor = Predictor(model)
    predictor.source = rows.name
    // Rows at a time when they come faster than they are predicted: about a megabyte.
    let limit = max(16, min(4096, (1 << 20) / (model.model.inputWidth * MemoryLayout<S>.stride)))
    while text.isOpen, let block = try rows.next(limit: limit) {
      do { try model.model.checkFeatures(block) } catch { throw DataError(predictor.source, "\(error)") }
      let prediction = try answer(model, predictor, .dense(block))
      for row in 0..<block.rows { text.append(lines.line(row, of: prediction)) }
      try text.flush()
      predictor.firstRow += block.rows
    }
  }
}
