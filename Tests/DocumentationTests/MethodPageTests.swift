import Foundation
import Testing

@testable import Methods

/// docs/methods.md against the tables of methods and options. With `REFRESH=1` in the environment the page is written
/// from the tables: `REFRESH=1 swift test --filter MethodPageTests`.
@Suite struct MethodPageTests {
  static let remedy: Comment = "refresh the page with: REFRESH=1 swift test --filter MethodPageTests"

  /// The table of options.
  static var table: [String] {
    ["| option | value | default |", "|---|---|---|"]
      + MethodOption.all.map { "| `\($0.name)` | \($0.expectation) | \(defaults(of: $0)) |" }
  }

  /// What options mean, and what they are not given with.
  static var meanings: [String] {
    MethodOption.all.flatMap { option in
      let others = MethodOption.all.filter { $0.excludes.contains(option) || option.excludes.contains($0) }
      let rest = others.isEmpty ? "" : "; not with \(list(others))"
      return wrapped("- `\(option.name)`: \(option.meaning)\(rest).", indent: "  ")
    }
  }

  static func list(_ options: [MethodOption]) -> String { options.map { "`\($0.name)`" }.joined(separator: ", ") }

  /// The commonest first, without the names of its methods.
  static func defaults(of option: MethodOption) -> String {
    let owners = TrainingMethod.Name.allCases.filter { $0.options.contains(option) }
    let texts = owners.map { $0.defaultValue(of: option)?.text ?? option.automatic ?? "not set" }
    let kinds = texts.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    func methods(_ text: String) -> [String] { zip(owners, texts).filter { $0.1 == text }.map(\.0.rawValue) }
    let ordered = kinds.sorted {
      (methods($1).count, kinds.firstIndex(of: $0)!) < (methods($0).count, kinds.firstIndex(of: $1)!)
    }
    return ordered.enumerated().map { index, text in
      index == 0 ? text : "\(text) for \(methods(text).joined(separator: ", "))"
    }.joined(separator: "; ")
  }

  /// The options of a method with their defaults, and with the words that it admits where it does not admit all.
  static func paragraph(_ name: TrainingMethod.Name) -> [String] {
    let options = name.options.map { option in
      var notes = name.defaultValue(of: option).map { [$0.text] } ?? []
      if option.words != MethodOption(name: option.name)?.words {
        notes.append("of \(option.words.joined(separator: ", "))")
      }
      return "`\(option.name)`" + (notes.isEmpty ? "" : " (\(notes.joined(separator: "; ")))")
    }
    return wrapped("Options: \(options.joined(separator: ", ")).")
  }

  /// Lines of at most 120 characters; all but the first start with `indent`.
  static func wrapped(_ text: String, indent: String = "") -> [String] {
    var lines: [String] = []
    for word in text.components(separatedBy: " ") {
      if let last = lines.last, last.count + 1 + word.count <= 120 {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append((lines.isEmpty ? "" : indent) + word)
      }
    }
    return lines
  }

  /// The page with everything that follows from the tables put in.
  static func refreshed(_ page: String) -> String {
    var (result, method, isReplaced) = ([String](), TrainingMethod.Name?.none, false)
    for line in page.components(separatedBy: "\n") {
      if line.hasPrefix("#") { method = TrainingMethod.Name(rawValue: String(line.drop { $0 == "#" || $0 == " " })) }
      var block: [String]?
      if line.hasPrefix("| option |") { block = table }
      if line.hasPrefix("- `learning-rate`: ") { block = meanings }
      if line.hasPrefix("Options: "), let method { block = paragraph(method) }
      // A block ends at the next empty line.
      if let block { result += block }
      isReplaced = block != nil || isReplaced && !line.isEmpty
      if !isReplaced { result.append(line) }
    }
    return result.joined(separator: "\n")
  }

  @Test func thePageSaysWhatTheTablesSay() throws {
    let page = try Repository.text("docs/methods.md")
    let wanted = Self.refreshed(page)
    if ProcessInfo.processInfo.environment["REFRESH"] != nil {
      try wanted.write(to: Repository.root.appendingPathComponent("docs/methods.md"), atomically: true, encoding: .utf8)
      return
    }
    let pairs = zip(page.components(separatedBy: "\n"), wanted.components(separatedBy: "\n"))
    let first = pairs.first { $0 != $1 }
    #expect(page == wanted, Self.remedy)
    #expect(first == nil, "\(first?.0 ?? "") should be \(first?.1 ?? "")")
  }

  @Test(arguments: TrainingMethod.Name.allCases) func everyMethodHasItsSection(_ name: TrainingMethod.Name) throws {
    let page = try Repository.text("docs/methods.md")
    let section = try #require(page.section("### \(name)"))
    #expect(section.contains(Self.paragraph(name).joined(separator: "\n")), Self.remedy)
    #expect(page.contains("| [`\(name)`](#\(name)) |"))
  }

  @Test func theTableIsThere() throws {
    let section = try #require(try Repository.text("docs/methods.md").section("## Options"))
    #expect(section.contains(Self.table.joined(separator: "\n")), Self.remedy)
    #expect(section.contains(Self.meanings.joined(separator: "\n")), Self.remedy)
  }

  /// What the program's page calls options without a flag are those that the program does not declare.
  @Test func optionsWithoutAFlagAreListed() throws {
    let declared = try Repository.text("Sources/fgn/MethodArguments.swift").captures(#"@Option\(\.(\w+)\)"#)
    #expect(!declared.isEmpty)
    let page = CodeBlock.normalized(
      try Repository.text("docs/command-line.md").replacingOccurrences(of: "\n", with: " "))
    let others = MethodOption.all.filter { !declared.contains($0.key) }
    #expect(page.contains("Options that have no flag of their own (\(Self.list(others))) go into `--optimizer`."))
  }
}
