import FastGaussNewton
import Foundation
import Testing

/// Each exit code that docs/command-line.md lists, forced once; and no other is in the sources.
@Suite struct ExitCodeTests {
  let directory = TemporaryDirectory()

  static let documented = CommandPage.own.tables(below: "## Exit codes").flatMap(\.numbers)

  /// A run that must end with a code.
  private func run(for code: Int) async throws -> Command.Result? {
    let data = try ToyData().npz(directory.file("t.npz"))
    let train = ["train", data, "--output", directory.file("m.safetensors")]
    switch code {
    case 0: return try await Command.run(train)
    case 1: return try await Command.run("task", "lqr", "--steps", "2")
    case 2: return try await Command.run(train + ["--optimizer", "sgd", "--learning-rate", "1e30"])
    case 3: return try await Command.run(train + ["--to-optimum", "--l2", "1e-6", "--max-iterations", "1"])
    case 64: return try await Command.run(train + ["--epochs", "0"])
    case 65: return try await Command.run("evaluate", directory.file("t.npz"), data)
    case 66: return try await Command.run("train", directory.file("none.npz"), "--output", directory.file("m"))
    case 73: return try await Command.run("train", data, "--output", directory.file("none/m.safetensors"))
    case 74: return try await Command.shell("\"$FGN\" task lqr --steps 2 > /dev/full")
    case 130:
      let running = try Command.start(train + ["--epochs", "100000000"])
      #expect(try await running.says("epoch 2/"))
      running.interrupt()
      return try await running.result()
    default: return nil
    }
  }

  @Test(.timeLimit(.minutes(2)), arguments: documented) func isForced(_ code: Int) async throws {
    let result = try #require(try await run(for: code), "the page has \(code), and no run here ends with it")
    #expect(result.status == Int32(code), "\(result.output)\(result.errors.suffix(500))")
  }

  /// The codes that sources name, besides 0, and the 1 and 64 of the parser of arguments.
  @Test func areThoseOfTheSources() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/fgn")
    var codes: Set = [0, 1, 64]
    for name in try FileManager.default.contentsOfDirectory(atPath: root.path) where name.hasSuffix(".swift") {
      let source = try String(contentsOf: root.appending(path: name), encoding: .utf8)
      for match in source.matches(of: #/\b(?:ExitCode|exit)\((?<code>[0-9]+)\)/#) {
        codes.insert(try #require(Int(match.code)))
      }
      let values = source.components(separatedBy: "var exitCode: Int32 {").dropFirst().first ?? ""
      for match in values.components(separatedBy: "\n  }")[0].matches(of: #/case [^:]*: (?<code>[0-9]+)/#) {
        codes.insert(try #require(Int(match.code)))
      }
    }
    #expect(codes.count >= 10 && Set(Self.documented) == codes)
  }
}

extension CommandPage.Table {
  /// The numbers that rows begin with.
  fileprivate var numbers: [Int] { rows.compactMap { Int($0.first) } }
}
