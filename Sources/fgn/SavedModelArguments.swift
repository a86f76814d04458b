import ArgumentParser
import FastGaussNewton

/// A model in use.
struct SavedModelArguments: ParsableArguments {
  @Argument(help: "A model file, .safetensors.")
  var model: String

  @Option(help: "Architecture file, .json, for a file that does not say its own, such as one saved by PyTorch.")
  var architecture: String?

  func load<S: RealScalar>(as type: S.Type = S.self) throws(FileError) -> ModelFile<S> {
    if let architecture {
      return try ModelFile(reading: model, architecture: Architecture(reading: architecture))
    }
    return try ModelFile(reading: model)
  }

  /// The model and labelled data that it is used on, standardised as the model wants them.
  func load<S: RealScalar>(
    with arguments: DataArguments, as type: S.Type
  ) throws -> (model: ModelFile<S>, data: Dataset<S>) {
    let file = try load(as: type)
    let model = file.model
    var files = arguments.files(for: file)
    files.labelsPerExample = model.rowsPerExample
    var data: Dataset<S> = try files.load(for: file)
    try data.check(file.loss)
    guard data.featureCount == model.inputWidth else {
      throw DataError(
        data.source, "expected \(model.inputWidth) features, as the model has, got \(data.featureCount)")
    }
    try data.checkFit(model)
    try file.standardize(&data)
    return (file, data)
  }
}
