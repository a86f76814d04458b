import Foundation

/// What `fgn COMMAND --help` prints of options.
struct CommandHelp {
  struct Option: Equatable {
    /// Without the dashes.
    var name: String
    var takesValue: Bool
    var hasInversion: Bool
    /// In one line, with what follows.
    var text: String
    /// Behind "values:".
    var values: [String]
    /// Behind "default:", or before "by default" where that is one word or number.
    var fallback: String?
    /// Whether the usage names it outside brackets, or the text says that it is.
    var isRequired: Bool
  }

  var options: [String: Option] = [:]

  init(_ text: String) {
    let usage = text.components(separatedBy: "USAGE: ").last?.components(separatedBy: "\n\n")[0] ?? ""
    let free = usage.split(whereSeparator: \.isWhitespace).joined(separator: " ").replacing(#/\[[^\]]*\]/#, with: "")
    let list = text.components(separatedBy: "\nOPTIONS:\n").last?.components(separatedBy: "\n\n")[0] ?? ""
    var blocks: [[String]] = []
    for line in list.components(separatedBy: "\n") {
      if line.hasPrefix("  -") {
        blocks.append([line.trimmingCharacters(in: .whitespaces)])
      } else if !blocks.isEmpty {
        blocks[blocks.count - 1].append(line.trimmingCharacters(in: .whitespaces))
      }
    }
    for block in blocks {
      var option = Option(block)
      if ["version", "help"].contains(option.name) { continue }
      option.isRequired = option.isRequired || free.contains("--\(option.name) ")
      options[option.name] = option
    }
  }

  /// The commands of `fgn --help`.
  static func commands(_ text: String) -> [String] {
    let list = text.components(separatedBy: "SUBCOMMANDS:\n").last?.components(separatedBy: "\n\n")[0] ?? ""
    return list.components(separatedBy: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .map { String($0.split(separator: " ")[0]) }
  }
}

extension CommandHelp.Option {
  /// - Parameter block: the lines of one option, without their indentation.
  init(_ block: [String]) {
    let words = block.joined(separator: " ").split(separator: " ").map(String.init)
    let names = words.prefix { $0.hasPrefix("-") }.last ?? ""
    name = String((names.components(separatedBy: "/").first ?? "").dropFirst(2))
    hasInversion = names.contains("/--no-")
    let rest = words.drop { $0.hasPrefix("-") }
    takesValue = rest.first == "<\(name)>"
    text = rest.dropFirst(takesValue ? 1 : 0).joined(separator: " ")
    values = []
    if let list = text.firstMatch(of: #/\(values: (?<values>[^;)]*)/#) {
      values = list.values.components(separatedBy: ", ").map { $0.trimmingCharacters(in: .whitespaces) }
    } else if let list = text.firstMatch(of: #/: one of (?<values>[a-z, -]*)\.$/#) {
      values = list.values.components(separatedBy: ", ")
    }
    fallback = nil
    if let given = text.firstMatch(of: #/default: (?<value>[^)]*)\)/#) {
      fallback = String(given.value)
    } else if let given = text.firstMatch(of: #/(?<value>[0-9][0-9.e-]*|fgn|relu) by default/#) {
      fallback = String(given.value)
    }
    isRequired = text.contains("Required")
  }
}
