/// The files of one run: what it reads and what it writes, each with the part it plays. Before any work is done, `check`
/// refuses what would lose a file: an output that is an input, or another output, by whatever name, link or directory.
///
/// ```swift
/// var files = RunFiles()
/// files.reads("train.csv", "the data")
/// files.writes("model.safetensors", "the model", endings: [".safetensors"])
/// try files.check()
/// ```
package struct RunFiles {
  private struct Entry {
    var path: String
    var part: String
    var endings: [String] = []
    /// An input that this output may replace.
    var replaces: String?
  }

  private var inputs: [Entry] = []
  private var outputs: [Entry] = []

  package init() {}

  package mutating func reads(_ path: String?, _ part: String) {
    guard let path, path != "-" else { return }
    inputs.append(Entry(path: path, part: part))
  }

  /// - Parameters:
  ///   - endings: of names that are written, in lower case; any where there are none. A name may have no ending.
  ///   - replaces: the part of an input that this output may be: a model that goes on.
  package mutating func writes(_ path: String?, _ part: String, endings: [String] = [], replaces: String? = nil) {
    guard let path else { return }
    outputs.append(Entry(path: path, part: part, endings: endings, replaces: replaces))
  }

  /// Throws `FileError` of kind `.cannotCreate`, with both names, where an output is an input; where an output has a name
  /// that is not written, or is standard output; and where it could not be created after the work.
  ///
  /// - Returns: the outputs that would replace an earlier output of the run, by their part, with the error that says so. They
  ///   are not to be written, and the run is to end with the error; what came first is more precious, and is kept.
  package func check() throws(FileError) -> [String: FileError] {
    var refused: [String: FileError] = [:]
    var seen: [(entry: Entry, identity: OperatingSystem.FileIdentity)] = []
    for input in inputs {
      if let identity = OperatingSystem.identity(of: input.path) { seen.append((input, identity)) }
    }
    for output in outputs {
      if let identity = OperatingSystem.identity(of: output.path) {
        for (other, known) in seen where known == identity && other.part != output.replaces {
          let error = FileError(
            .cannotCreate, file: output.path, "\(output.part) would replace \(other.part), \(other.path)")
          guard outputs.contains(where: { $0.part == other.part }) else { throw error }
          refused[output.part] = error
        }
        if refused[output.part] != nil { continue }
        seen.append((output, identity))
      }
      try checkName(output)
      try AtomicFile.checkCanCreate(output.path)
    }
    return refused
  }
  private func checkName(_ output: Entry) throws(FileError) {
    guard output.path != "-" else {
      throw FileError(.cannotCreate, file: "-", "\(output.part) does not go to standard output: name a file")
    }
    let name = output.path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    guard output.endings.isEmpty || !name.contains(".") || output.endings.contains(where: name.hasSuffix) else {
      throw FileError(
        .cannotCreate, file: output.path,
        "expected a name of \(output.part) that ends in \(output.endings.joined(separator: ", "))")
    }
  }
}
