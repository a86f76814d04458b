import TensorFiles

/// One page over several reports: every figure with its claim, its verdict and the command.
public struct Gallery: Sendable {
  /// A report and its directory, relative to the page's.
  public struct Entry: Sendable {
    public var experiment: any Experiment
    public var sections: [Section]

    public init(_ experiment: any Experiment, _ sections: [Section]) {
      self.experiment = experiment
      self.sections = sections
    }
  }

  public var entries: [Entry]
  var stamp: Stamp

  public init(_ entries: [Entry], stamp: Stamp) {
    self.entries = entries
    self.stamp = stamp
  }

  /// Writes `README.md` into `directory`, where each report is in a directory of its experiment's name.
  public func write(to directory: String) throws(FileError) {
    try AtomicFile.write(markdown, to: directory + "/README.md")
  }

  /// How each gallery begins: a page that does not is somebody else's.
  private static let beginning = "# Experiments\n\nClaims, what the rows say to them, and every figure. "

  /// Throws `FileError` before the work where the page could not be written, or would replace one that is no gallery.
  ///
  /// - Parameter replacesOthers: whether it may.
  package static func check(_ directory: String, replacesOthers: Bool) throws(FileError) {
    guard OperatingSystem.exists(directory) else { return }
    let path = directory + "/README.md"
    try AtomicFile.checkCanCreate(path)
    guard !replacesOthers, OperatingSystem.exists(path) else { return }
    let text = try? TextFile.read(path, limit: 1 << 26)
    guard text?.hasPrefix(beginning) ?? false else {
      throw FileError(
        .cannotCreate, file: path, "is not ours, as it is no gallery of experiments, and would be replaced:",
        remedy: .otherDirectory)
    }
  }

  var markdown: String {
    var text = Self.beginning
    text += "Numbers with their sources are in the reports. On `\(stamp.machine)`, `\(stamp.threads)` threads, "
    text += "`\(stamp.blas)`, version `\(stamp.version)`" + (stamp.note.isEmpty ? "" : ", `\(stamp.note)`") + ".\n\n"
    text += "| experiment | claim | verdict |\n|---|---|---|\n"
    for entry in entries {
      for section in entry.sections {
        let name = entry.experiment.name
        text += "| [\(name)](\(name)/REPORT.md) | \(section.title) | **\(section.verdict.title)** |\n"
      }
    }
    for entry in entries {
      let name = entry.experiment.name
      text += "\n## \(name)\n\n\(entry.experiment.question) `fgn experiment \(name)`: [report](\(name)/REPORT.md).\n"
      for section in entry.sections {
        text += "\n### \(section.title)\n\n\(section.claim)\n"
        for figure in section.figures {
          text += "\n![\(figure.caption.text)](\(name)/\(figure.name).svg)\n\n*\(figure.caption.text)*\n"
        }
        text += "\n**\(section.verdict.title):** \(section.verdict.statement.text)\n"
      }
    }
    return text
  }
}
