/// How good a model is on examples with labels.
public struct EvaluateJob: Sendable, Equatable {
  /// Penalty (l2 / 2) |weight|^2 of the objective, at least 0.
  public var l2 = 0.0

  public init() {}

  /// Throws if an option is out of its range.
  public func check() throws(OptionError) { try OptionError.checkPenalty(l2) }

  /// Evaluates on the examples of files, in their own units.
  ///
  /// - Parameter note: is told what a person should know, such as which columns were ignored.
  /// - Throws: `OptionError`, and `FileError` or `DataError` for files that cannot be read or do not fit the model.
  public func run<S>(
    _ model: ModelFile<S>, on files: DataFiles, note: (String) -> Void = { _ in }
  ) throws -> Evaluation {
    try check()
    return try evaluate(model, try model.examples(in: files, note: note))
  }

  /// Evaluates on examples in memory, in their own units.
  public func run<S>(_ model: ModelFile<S>, on data: Dataset<S>) throws -> Evaluation {
    try check()
    var data = data
    try model.prepare(&data)
    return try evaluate(model, data)
  }

  private func evaluate<S>(_ model: ModelFile<S>, _ data: Dataset<S>) throws -> Evaluation {
    var penalised = model
    penalised.l2 = l2
    var result = try penalised.evaluate(data)
    if let temperature = model.temperature {
      result.calibrated = Evaluation.Calibrated(
        temperature: temperature, quality: try model.quality(data, temperature: temperature))
    }
    return result
  }
}
