import Foundation

/// docs/command-line.md as tests read it: sections, and the tables in them.
struct CommandPage {
  let text: String

  /// The page of this package.
  static let own: CommandPage = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let path = root.appending(path: "docs/command-line.md")
    return CommandPage(text: (try? String(contentsOf: path, encoding: .utf8)) ?? "")
  }()

  /// One row of a table, with its cells from the second on.
  struct Row: Equatable {
    var first: String
    /// What the first cell has in backticks.
    var names: [String]
    var cells: [String]
  }

  /// A table, by what heads its first column, such as "key" or "option".
  struct Table: Equatable {
    var head: String
    var rows: [Row]

    func row(_ name: String) -> Row? { rows.first { $0.names.contains(name) } }
  }

  /// The lines below a heading, up to the next one of any level.
  func lines(_ heading: String) -> [String] {
    let lines = text.components(separatedBy: "\n")
    guard let start = lines.firstIndex(of: heading) else { return [] }
    return Array(lines[(start + 1)...].prefix { !$0.hasPrefix("#") })
  }

  /// The lines below a heading, with those of the headings below it.
  func wholeSection(_ heading: String) -> [String] {
    let level = heading.prefix { $0 == "#" }.count
    let lines = text.components(separatedBy: "\n")
    guard let start = lines.firstIndex(of: heading) else { return [] }
    return Array(lines[(start + 1)...].prefix { !$0.hasPrefix("#") || $0.prefix { $0 == "#" }.count > level })
  }

  static func tables(_ lines: [String]) -> [Table] {
    var tables: [Table] = []
    for (number, line) in lines.enumerated() where line.hasPrefix("|") {
      let cells = cells(line)
      if number + 1 < lines.count, lines[number + 1].hasPrefix("|-") {
        tables.append(Table(head: cells[0], rows: []))
      } else if !line.hasPrefix("|-"), !tables.isEmpty {
        tables[tables.count - 1].rows.append(
          Row(first: cells[0], names: quoted(cells[0]), cells: Array(cells.dropFirst())))
      }
    }
    return tables
  }

  /// All tables of a section, of all its levels.
  func tables(below heading: String) -> [Table] { Self.tables(wholeSection(heading)) }

  /// The cells of a line; a bar behind a backslash is none between cells.
  private static func cells(_ line: String) -> [String] {
    line.replacingOccurrences(of: "\\|", with: "\u{1}").split(separator: "|", omittingEmptySubsequences: false)
      .dropFirst().dropLast().map {
        $0.trimmingCharacters(in: .whitespaces).replacingOccurrences(of: "\u{1}", with: "|")
      }
  }

  /// What stands in backticks.
  static func quoted(_ text: some StringProtocol) -> [String] {
    text.split(separator: "`", omittingEmptySubsequences: false).enumerated().filter { $0.offset % 2 == 1 }
      .map { String($0.element) }
  }

  /// The commands that the page begins with.
  var commands: [String] {
    let lines = text.components(separatedBy: "\n").filter { $0.hasPrefix("    fgn ") }
    let names = lines.map { String($0.split(separator: " ")[1]) }
    return names.enumerated().filter { !names[..<$0.offset].contains($0.element) }.map(\.element)
  }
}

// Options.
extension CommandPage {
  /// What the page says of one option.
  struct Option: Equatable {
    /// Without the dashes.
    var name: String
    var takesValue: Bool
    /// Whether the page names `--no-...` too.
    var hasInversion: Bool
    var meaning: String
    var fallback: String
  }

  /// The options of one command: of the tables that are headed by it or that its section has, and those that it shares
  /// with `fgn train`, in a paragraph of its section that begins with "As in fgn train".
  func options(of command: String) -> [String: Option] {
    var options: [Option] = []
    let headings = text.components(separatedBy: "\n").filter { $0.hasPrefix("## ") }
    for heading in headings {
      for table in tables(below: heading) {
        let isOwn = table.head == "option" && heading == "## fgn \(command)"
        if isOwn || table.isOptions(of: command) { options += table.options }
      }
    }
    let section = lines("## fgn \(command)").joined(separator: "\n").components(separatedBy: "\n\n")
    let shared = section.filter { $0.trimmingCharacters(in: .whitespacesAndNewlines).hasPrefix("As in fgn train") }
    let known = tables(below: "## fgn train").flatMap(\.options)
    for name in shared.flatMap(Self.quoted) where name.hasPrefix("--") {
      // One that train has not is an option without any meaning, which no help has.
      options.append(
        known.first { "--\($0.name)" == name }
          ?? Option(name: name, takesValue: false, hasInversion: false, meaning: "", fallback: ""))
    }
    return Dictionary(options.map { ($0.name, $0) }) { first, _ in first }
  }
}

extension CommandPage.Table {
  /// Whether the head is "option of a, b, c" with that command.
  func isOptions(of command: String) -> Bool {
    guard head.hasPrefix("option of ") else { return false }
    return head.dropFirst("option of ".count).components(separatedBy: ", ").contains(command)
  }

  /// The rows as options.
  var options: [CommandPage.Option] {
    rows.compactMap { row in
      guard let first = row.names.first, first.hasPrefix("--"), row.cells.count == 2 else { return nil }
      let parts = first.split(separator: " ", maxSplits: 1)
      let name = String(parts[0].dropFirst(2))
      let all = row.names + row.cells.flatMap { CommandPage.quoted($0) }
      return CommandPage.Option(
        name: name, takesValue: parts.count > 1, hasInversion: all.contains("--no-\(name)"), meaning: row.cells[0],
        fallback: row.cells[1])
    }
  }
}
