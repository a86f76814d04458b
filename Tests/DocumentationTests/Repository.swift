import Foundation

/// The package's own text: sources, pages and manifest.
enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }

  /// Paths of the files below `directory` that end with `suffix`, sorted.
  static func files(in directory: String, suffix: String) -> [String] {
    let paths = FileManager.default.enumerator(atPath: root.appendingPathComponent(directory).path)
    return (paths?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(suffix) }.sorted()
      .map { "\(directory)/\($0)" }
  }

  /// docs/*.md, without the reports that experiments write, and README.md where there is one.
  static var pages: [String] {
    files(in: "docs", suffix: ".md").filter { !$0.hasPrefix("docs/experiments/") }
      + (exists("README.md") ? ["README.md"] : [])
  }
}

/// Lines between code fences, and where they start.
struct CodeBlock: CustomStringConvertible {
  var path: String
  var line: Int
  var lines: [String]

  var description: String { "\(path):\(line)" }

  /// The blocks fenced as `language` in lines that all carry `prefix`, which may be indented.
  static func all(in path: String, language: String = "swift", prefix: String = "") throws -> [CodeBlock] {
    var blocks: [CodeBlock] = []
    var open: CodeBlock?
    for (number, raw) in try Repository.text(path).components(separatedBy: "\n").enumerated() {
      let trimmed = raw.trimmingCharacters(in: .whitespaces)
      guard trimmed.hasPrefix(prefix) else {
        open = nil
        continue
      }
      let line = trimmed.dropFirst(prefix.count).trimmingCharacters(in: .whitespaces)
      if let block = open {
        if line == "```" {
          blocks.append(block)
          open = nil
        } else {
          open?.lines.append(line)
        }
      } else if line == "```\(language)" {
        open = CodeBlock(path: path, line: number + 1, lines: [])
      }
    }
    return blocks
  }

  /// A line without indentation, and with one space for many.
  static func normalized(_ line: String) -> String {
    line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}

extension String {
  /// The first capture of every match.
  func captures(_ pattern: String) throws -> [String] {
    let expression = try NSRegularExpression(pattern: pattern, options: [.anchorsMatchLines])
    return expression.matches(in: self, range: NSRange(startIndex..., in: self)).compactMap {
      Range($0.range(at: 1), in: self).map { String(self[$0]) }
    }
  }

  /// A Markdown page's section from its heading to the next of the same or a higher level.
  func section(_ heading: String) -> String? {
    let level = heading.prefix { $0 == "#" }.count
    var isInside = false
    var lines: [String] = []
    for line in components(separatedBy: "\n") {
      let depth = line.prefix { $0 == "#" }.count
      if isInside, depth > 0, depth <= level { break }
      if line == heading { isInside = true }
      if isInside { lines.append(line) }
    }
    return isInside ? lines.joined(separator: "\n") : nil
  }
}
