import ArgumentParser
import FastGaussNewton

/// A model in use.
struct SavedModelArguments: ParsableArguments {
  @Argument(help: "A model file, .safetensors.")
  var model: String

  @Option(help: "Architecture file, .json, for a file that does not say its own, such as one saved by PyTorch.")
  var architecture: String?

  func readArchitecture() throws(FileError) -> Architecture? {
    try architecture.map { path throws(FileError) in try Architecture(reading: path) }
  }

  func load<S: RealScalar>(as type: S.Type = S.self) throws(FileError) -> ModelFile<S> {
    try ModelFile(reading: model, architecture: readArchitecture())
  }
}
