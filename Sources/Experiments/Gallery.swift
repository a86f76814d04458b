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

  var markdown: String {
    var text = "# Experiments\n\nClaims, what the rows say to them, and every figure. "
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
