import ArgumentParser
import FastGaussNewton

/// What `--validation` and `--test` name: one file of examples, or features and their labels. They take what follows up
/// to the next option, so DATA may have come among them.
extension DataArguments {
  /// Throws unless the data are named in exactly one way.
  func requireData() throws {
    try require(
      (data == nil) != (features == nil),
      "Give either DATA or --features, got \(data == nil ? "neither" : "both").")
  }

  /// Takes DATA from behind an option of examples where it is nowhere else, and throws where an option has too many
  /// files.
  mutating func settle(validation: inout [String], test: inout [String]) throws {
    if data == nil && features == nil {
      switch (Self.endsWithData(validation), Self.endsWithData(test)) {
      case (true, false): data = validation.removeLast()
      case (false, true): data = test.removeLast()
      default: break
      }
    }
    for (option, files) in [("--validation", validation), ("--test", test)] {
      try require(
        files.count <= 2,
        "\(option) takes one file, or two, features and their labels; got \(files.count): \(files.joined(separator: " "))."
      )
    }
    try requireData()
  }

  /// Whether the last file is one too many for examples, and may hold data for training.
  private static func endsWithData(_ files: [String]) -> Bool {
    func isArray(_ path: String) -> Bool { FileContent.name(path).hasSuffix(".npy") }
    guard let last = files.last, !isArray(last) else { return false }
    return files.count == 3 || files.count == 2 && !isArray(files[0])
  }
}

extension DataFiles.Location {
  /// Of one file or two; nil of none.
  init?(_ files: [String]) {
    switch files.count {
    case 0: return nil
    case 1: self = .file(files[0])
    default: self = .pair(features: files[0], labels: files[1])
    }
  }
}

extension RunFiles {
  /// With examples of one file or two, called `name`.
  mutating func reads(_ files: [String], _ name: String) {
    reads(files.first, name)
    reads(files.dropFirst().first, "the labels of \(name)")
  }
}
