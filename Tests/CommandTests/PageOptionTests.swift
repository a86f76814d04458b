import Foundation
import Testing

/// docs/command-line.md against what `--help` prints.
@Suite struct PageOptionTests {
  @Test func commandsAreThoseOfTheProgram() async throws {
    let help = try await Command.run("--help")
    let commands = CommandHelp.commands(help.output)
    #expect(commands.count >= 9 && CommandPage.own.commands == commands)
    for command in commands {
      #expect(!CommandPage.own.lines("## fgn \(command)").isEmpty, "\(command) has no section")
    }
  }

  @Test(arguments: CommandPage.own.commands) func optionsAreThoseOfTheHelp(_ command: String) async throws {
    let result = try await Command.run(command, "--help")
    #expect(result.status == 0)
    let found = Self.differences(CommandPage.own.options(of: command), CommandHelp(result.output).options)
    #expect(found.isEmpty, "\(command): \(found.joined(separator: "; "))")
  }

  /// What the page and the help say differently of the options of one command.
  static func differences(_ page: [String: CommandPage.Option], _ help: [String: CommandHelp.Option]) -> [String] {
    var found: [String] = []
    for name in Set(page.keys).union(help.keys).sorted() {
      guard let written = page[name] else {
        found.append("the page lacks --\(name)")
        continue
      }
      guard let printed = help[name] else {
        found.append("there is no --\(name)")
        continue
      }
      if written.takesValue != printed.takesValue { found.append("--\(name) takes a value, or takes none") }
      if written.hasInversion != printed.hasInversion { found.append("--no-\(name) is there, or is not") }
      if (written.fallback == "required") != printed.isRequired { found.append("--\(name) is required, or is not") }
      if let given = literal(written.fallback), let other = printed.fallback, !isSame(given, other) {
        found.append("--\(name) is by default \(written.fallback) or \(other)")
      }
      if literal(written.fallback) == nil, printed.text.contains("default: ") {
        found.append("the page does not say the default of --\(name)")
      }
      found += differences(written, printed).map { "--\(name): \($0)" }
    }
    return found
  }

  /// Values that only one of them says. The page may refer to another page, and says none then.
  private static func differences(_ page: CommandPage.Option, _ help: CommandHelp.Option) -> [String] {
    let words = CommandPage.quoted(page.meaning).filter { $0.wholeMatch(of: #/[a-z][a-z0-9_-]*/#) != nil }
    let text = help.text.lowercased()
    var found = words.filter { !text.contains($0) }.map { "the help lacks \($0)" }
    if !page.meaning.contains("methods.md") {
      found += help.values.filter { !words.contains($0) }.map { "the page lacks \($0)" }
    }
    return found
  }

  /// A number, or a word in backticks, that a cell begins with.
  private static func literal(_ cell: String) -> String? {
    if let quoted = cell.prefixMatch(of: #/`(?<value>[^`]*)`/#) { return String(quoted.value) }
    return cell.prefixMatch(of: #/sqrt\([0-9]+\)|[0-9][0-9.e-]*/#).map { String($0.output) }
  }

  private static func isSame(_ first: String, _ second: String) -> Bool {
    func number(_ text: String) -> Double? {
      text.wholeMatch(of: #/sqrt\((?<square>[0-9]+)\)/#).flatMap { Double($0.square)?.squareRoot() } ?? Double(text)
    }
    guard let a = number(first), let b = number(second) else { return first == second }
    return abs(a - b) <= 1e-9 * abs(b)
  }

  /// A page and a help that differ in each way.
  @Test func differencesAreSeen() {
    let page = CommandPage(
      text: """
        ## Data
        | option of bake, fry | meaning | default |
        |---|---|---|
        | `--heat H` | `low` or `high` | `low` |
        | `--time T` | minutes | 10 |
        | `--lid` | on; `--no-lid` takes it off | off |

        ## fgn bake
        | option | meaning | default |
        |---|---|---|
        | `--output FILE` | where it goes | required |
        | `--old` | not there any more | off |
        """)
    let help = """
      OVERVIEW: Bake.

      USAGE: fgn bake [<options>] --output <output>

      OPTIONS:
        --heat <heat>           How hot. (values: low, middle; default:
                                low)
        --time <time>           Minutes. (default: 12.0)
        --lid/--no-lid          Whether the lid is on.
        --output <output>       Where it goes.
        --new                   Something else.
        -h, --help              Show help information.
      """
    let found = Self.differences(page.options(of: "bake"), CommandHelp(help).options)
    #expect(
      found == [
        "--heat: the help lacks high", "--heat: the page lacks middle", "the page lacks --new", "there is no --old",
        "--time is by default 10 or 12.0",
      ])
    #expect(page.options(of: "fry").keys.sorted() == ["heat", "lid", "time"])
  }
}
