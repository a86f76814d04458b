import LinearAlgebra
import TensorFiles
import Training

/// Where the real data of experiments are. Each function gives nil where its files are not there, and throws
/// `FileError` or `DataError` where they are and are broken.
///
/// ```swift
/// let data = ExperimentData(directory: "Examples")
/// if let letter = try data.letter() { print(letter.training.count) }
/// ```
public struct ExperimentData: Sendable {
  public let directory: String
  /// A file of somebody's own: .npz, .csv, .svm or .libsvm.
  public let features: String?

  public init(directory: String? = nil, features: String? = nil) {
    self.directory = directory ?? "Examples"
    self.features = features
  }

  /// `letter-recognition.csv`: 26 classes, 16 features standardised with the moments of the first 16,000 examples,
  /// which train; the last 4,000 are held out.
  public func letter() throws -> Split<Float>? {
    guard let path = existing("letter-recognition.csv") else { return nil }
    let all = try DataFiles(.file(path)).load(as: Float.self).data
    var (training, held) = try Self.cut(all, last: 4000)
    let standardization = try Standardization(fitting: training.features)
    try training.standardize(standardization)
    try held.standardize(standardization)
    return Split(name: "letter", training: training, validation: held)
  }

  /// `digits.npz`: 10 classes, images [1, 8, 8] with grey values 0...16 as 0...1; the last 360, which other people
  /// wrote, are held out.
  public func digits() throws -> Split<Float>? {
    guard let path = existing("digits.npz") else { return nil }
    let all = try DataFiles(.file(path)).load(as: Float.self).data
    let (training, held) = try Self.cut(all, last: 360)
    return try Split(name: "digits", training: training, validation: held).mapFeatures { features in
      var scaled = features
      scaled.scale(by: 1 / 16)
      return scaled
    }
  }

  /// `clinc150`: sentence embeddings of 150 intents, `X_train.npy` with `y_train.npy`; `X_val.npy` and `y_val.npy` are
  /// held out.
  public func clinc150() throws -> Split<Float>? {
    guard let folder = existing("clinc150") else { return nil }
    let training = try Self.pair(folder, "train").load(as: Float.self).data
    let held = try Self.pair(folder, "val").load(as: Float.self, classNames: training.classNames)
    return Split(name: "clinc150", training: training, validation: held)
  }

  /// `housing`: a number to predict, standardised; `X_train.npy` with `y_train.npy`, of which a fifth is held out.
  public func housing() throws -> Split<Float>? {
    guard let folder = existing("housing") else { return nil }
    var files = Self.pair(folder, "train")
    files.targetKind = .measurements
    var (training, held) = try files.load(as: Float.self).data.split(validationFraction: 0.2, seed: 0)
    if let values = training.values {
      let standardization = Standardization(fitting: values)
      try training.standardizeTargets(standardization)
      try held.standardizeTargets(standardization)
    }
    return Split(name: "housing", training: training, validation: held)
  }

  /// The user's classes as they stand in the file, a fifth held out; nil where no file is given. A given file that is
  /// not there is an error.
  public func own() throws -> Split<Float>? {
    guard let features else { return nil }
    let all = try DataFiles(.file(features)).load(as: Float.self).data
    let (training, held) = try all.split(validationFraction: 0.2, seed: 0)
    return Split(name: "own", training: training, validation: held)
  }

  private func existing(_ name: String) -> String? {
    let path = directory + "/" + name
    return OperatingSystem.exists(path) ? path : nil
  }

  private static func pair(_ folder: String, _ part: String) -> DataFiles {
    DataFiles(.pair(features: "\(folder)/X_\(part).npy", labels: "\(folder)/y_\(part).npy"))
  }

  private static func cut(_ all: Dataset<Float>, last: Int) throws -> (Dataset<Float>, Dataset<Float>) {
    guard all.count > last else {
      throw DataError(all.source, "expected more than the \(last) examples that are held out, got \(all.count)")
    }
    let border = Int32(all.count - last)
    return (try all.rows(Array(0..<border)), try all.rows(Array(border..<Int32(all.count))))
  }
}
