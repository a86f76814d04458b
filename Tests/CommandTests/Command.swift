import Foundation
@_exported import TestSupport
import Testing

/// The built `fgn`, run as a process of its own.
enum Command {
  struct Result: Sendable {
    /// The exit code, or minus the signal that ended it.
    var status: Int32
    var output: String
    var errors: String

    /// Standard output as the one JSON object it must be.
    func json(sourceLocation: SourceLocation = #_sourceLocation) throws -> [String: Any] {
      let object = try? JSONSerialization.jsonObject(with: Data(output.utf8))
      return try #require(object as? [String: Any], "\(output)\(errors)", sourceLocation: sourceLocation)
    }
  }

  /// Next to the test bundle, wherever the test runner says that is.
  static let executable: String = {
    var candidates = CommandLine.arguments + Bundle.allBundles.map(\.bundlePath)
    if let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
      candidates.append(own)
    }
    for path in candidates {
      guard let bundle = path.range(of: ".xctest") else { continue }
      let directory = URL(filePath: String(path[..<bundle.upperBound])).deletingLastPathComponent()
      let command = directory.appending(path: "fgn").path
      if FileManager.default.isExecutableFile(atPath: command) { return command }
    }
    fatalError("no fgn next to the test bundle; looked at \(candidates)")
  }()

  static func run(_ arguments: String...) async throws -> Result { try await run(arguments) }

  static func run(_ arguments: [String]) async throws -> Result { try await start(arguments).result() }

  /// A shell line in which "$FGN" is the command.
  static func shell(_ line: String) async throws -> Result {
    try await start(["-c", "FGN='\(executable)'; " + line], executable: "/bin/sh").result()
  }

  static func start(_ arguments: [String], executable: String = executable) throws -> Running {
    try Running(executable, arguments)
  }

  /// A process that was started. Its output goes to files, which cannot fill up as pipes do.
  final class Running: @unchecked Sendable {
    private let directory = TemporaryDirectory()
    private let process = Process()
    private let ended = AsyncStream.makeStream(of: Void.self)

    init(_ executable: String, _ arguments: [String]) throws {
      process.executableURL = URL(filePath: executable)
      process.arguments = arguments
      process.standardInput = FileHandle.nullDevice
      let sinks = [try sink("out"), try sink("err")]
      (process.standardOutput, process.standardError) = (sinks[0], sinks[1])
      let continuation = ended.continuation
      process.terminationHandler = { _ in continuation.finish() }
      // Tests run on threads that block signals, and a process inherits that; one that is started by hand does not.
      var (none, own) = (sigset_t(), sigset_t())
      sigemptyset(&none)
      pthread_sigmask(SIG_SETMASK, &none, &own)
      defer { pthread_sigmask(SIG_SETMASK, &own, nil) }
      try process.run()
      // The process has its own. Kept here, they add up to thousands, and where that many files are open, starting a
      // process crashes in Foundation on Linux (swift-corelibs-foundation, pull request 5472).
      for sink in sinks { try sink.close() }
    }

    private func sink(_ name: String) throws -> FileHandle {
      _ = try directory.write("", name)
      return try FileHandle(forWritingTo: URL(filePath: directory.file(name)))
    }

    func result() async throws -> Result {
      for await _ in ended.stream {}
      // Ended early where a test runs out of time.
      try Task.checkCancellation()
      let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
      return Result(status: status, output: try directory.text("out"), errors: try directory.text("err"))
    }

    /// Waits until standard error holds `text`; false where it has not within twenty seconds.
    func says(_ text: String) async throws -> Bool {
      for _ in 0..<20_000 {
        if try directory.text("err").contains(text) { return true }
        if !process.isRunning { return false }
        try await Task.sleep(for: .milliseconds(10))
      }
      return false
    }

    var isRunning: Bool { process.isRunning }

    /// Ctrl-C.
    func interrupt() { kill(process.processIdentifier, SIGINT) }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
  }
}

/// Expects an exit code and everything in `parts` on standard error.
func expectFailure(
  _ result: Command.Result, _ status: Int32, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
  #expect(result.output.isEmpty, "results only on standard output", sourceLocation: sourceLocation)
  for part in parts {
    #expect(result.errors.contains(part), "\"\(result.errors)\" lacks \"\(part)\"", sourceLocation: sourceLocation)
  }
}

/// Whether a JSON number is `expected`, up to the last bits that `JSONSerialization` loses.
func isSame(_ number: Any?, _ expected: Double?) -> Bool {
  guard let expected else { return false }
  return (number as? Double).map { abs($0 - expected) <= 1e-14 * abs(expected) } ?? false
}
