/// The temperature of a classifier's probabilities, from examples that it was not trained on.
public struct CalibrateJob: Sendable, Equatable {
  public init() {}

  /// Fits on the examples of files, in their own units. The model gets its temperature where there is a minimiser.
  ///
  /// - Parameter note: is told what a person should know, such as which columns were ignored.
  /// - Throws: `FileError` or `DataError` for files that cannot be read or do not fit the model, and for a regression.
  public func run<S>(
    _ model: inout ModelFile<S>, on files: DataFiles, note: (String) -> Void = { _ in }
  ) throws -> Calibration {
    try calibrate(&model, try model.examples(in: files, note: note))
  }

  /// Fits on examples that were held out in training. The model gets its temperature where there is a minimiser.
  ///
  /// - Throws: `DataError` where nothing was held out, where the data do not fit the model, and for a regression.
  public func run<S>(_ model: inout ModelFile<S>, on data: DataPreparation.Result<S>) throws -> Calibration {
    guard let held = data.validation else {
      throw DataError(data.training.source, "expected examples that were held out, got none")
    }
    guard model.standardization == data.standardization else {
      throw DataError(held.source, "expected data that are standardised as the model's were")
    }
    try model.check()
    try held.check(model.loss)
    try held.checkFit(model.model)
    return try calibrate(&model, held)
  }

  private func calibrate<S>(_ model: inout ModelFile<S>, _ data: Dataset<S>) throws -> Calibration {
    let result = try model.calibrate(data)
    if result.outcome == .converged { model.temperature = result.temperature }
    return result
  }

  /// Writes the model in `path` with a temperature to `output`, in the precision that its parameters have there.
  ///
  /// - Parameter architecture: of a file that does not say its own.
  /// - Throws: `OptionError` for a temperature that is none, and `FileError` for files that cannot be read or written.
  public func save(
    temperature: Double, ofModelIn path: String, architecture: Architecture? = nil, to output: String
  ) throws {
    try OptionError.check(temperature > 0 && temperature.isFinite, "temperature", "above 0", got: temperature)
    var exact = try ModelFile<Double>(reading: path, architecture: architecture)
    exact.temperature = temperature
    guard exact.parameters.values.allSatisfy({ Double(Float($0)) == $0 }) else { return try exact.write(to: output) }
    var single = try ModelFile<Float>(reading: path, architecture: architecture)
    single.temperature = temperature
    try single.write(to: output)
  }
}
