import Foundation
import Testing

/// The commands of README.md as they are typed, on some of the rows that they name.
@Suite struct ReadmeCommandTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The lines of each block of shell commands.
  static func blocks() throws -> [[String]] {
    let text = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    return text.components(separatedBy: "```sh\n").dropFirst().map {
      $0.components(separatedBy: "\n```")[0].components(separatedBy: "\n")
    }
  }

  /// What takes long, needs the release build, or is not the program.
  static func isLeftOut(_ line: String) -> Bool {
    ["make ", "export PATH=", "fgn task ", "fgn experiment "].contains(where: line.hasPrefix)
  }

  @Test(.timeLimit(.minutes(5))) func runAsTyped() async throws {
    let directory = TemporaryDirectory()
    let files = FileManager.default
    try files.createDirectory(atPath: directory.file("demo"), withIntermediateDirectories: true)
    try files.createSymbolicLink(
      at: directory.url.appending(path: "Examples"), withDestinationURL: Self.root.appending(path: "Examples"))
    let table = try directory.text("Examples/letter-recognition.csv").components(separatedBy: "\n")
    _ = try directory.write(table.prefix(601).joined(separator: "\n") + "\n", "demo/train.csv")
    _ = try directory.write((table.prefix(1) + table[1001..<1201]).joined(separator: "\n") + "\n", "demo/test.csv")
    let blocks = try Self.blocks().map { $0.filter { !Self.isLeftOut($0) } }.filter { !$0.isEmpty }
    #expect(blocks.count == 2 && blocks.joined().count { $0.hasPrefix("fgn ") } >= 12)
    for block in blocks {
      // On one line each, so that the shell says at which it ends.
      let script = "set -e; PATH=\"$(dirname \"$FGN\"):$PATH\"; cd '\(directory.path)'; set -v\n"
      let result = try await Command.shell(script + block.joined(separator: "\n"))
      #expect(result.status == 0, "\(result.errors.suffix(1000))")
    }
    #expect(Set(directory.names) == ["demo", "Examples"], "commands write into demo")
  }

  /// Blocks that cannot be run here use files that are there.
  @Test func filesAreThere() throws {
    let made = ["train.csv", "test.csv", "letter.safetensors"].map { "demo/" + $0 }
    var known = Set(made)
    for line in try Self.blocks().joined() {
      for word in line.components(separatedBy: " #")[0].split(separator: " ").map(String.init) where word.contains("/")
      {
        guard word.hasPrefix("demo/") || word.hasPrefix("Examples/") else { continue }
        let isWritten = line.contains("--output \(word)") || line.contains("--curve \(word)")
        if isWritten { known.insert(word) }
        let isThere =
          known.contains(word) || FileManager.default.fileExists(atPath: Self.root.appending(path: word).path)
        #expect(isThere, "\(word) in: \(line)")
      }
    }
  }
}
