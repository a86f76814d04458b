import Foundation
import TensorFiles
import Testing

@Suite struct AtomicFileTests {
  let directory = TemporaryDirectory()

  private func mode(_ name: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: directory.file(name))
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test func writesAndReplaces() throws {
    try AtomicFile.write("one", to: directory.file("a"))
    try AtomicFile.write(Array("second".utf8), to: directory.file("a"))
    #expect(try directory.read("a") == Array("second".utf8))
    try AtomicFile.write(to: directory.file("b")) { file throws(FileError) in
      try file.append("text ")
      try file.append([1, 2] as [UInt16])
      try file.append(String(repeating: "x", count: 1 << 19))
      try file.append(" end")
    }
    let expected = Array("text ".utf8) + [1, 0, 2, 0] + [UInt8](repeating: 0x78, count: 1 << 19) + Array(" end".utf8)
    #expect(try directory.read("b") == expected)
    #expect(directory.names == ["a", "b"])
  }

  @Test func keepsModesAndRespectsTheUmask() throws {
    try AtomicFile.write("x", to: directory.file("new"))
    try Data().write(to: URL(filePath: directory.file("plain")))
    #expect(try mode("new") == mode("plain"))
    for bits in [0o600, 0o640, 0o755, 0o666] {
      try FileManager.default.setAttributes([.posixPermissions: bits], ofItemAtPath: directory.file("new"))
      try AtomicFile.write("y", to: directory.file("new"))
      #expect(try mode("new") == bits)
    }
  }

  @Test func writesThroughSymbolicLinks() throws {
    try AtomicFile.write("old", to: directory.file("real"))
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link"), withDestinationPath: directory.file("real"))
    try AtomicFile.write("new", to: directory.file("link"))
    #expect(try directory.read("real") == Array("new".utf8))
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory.file("link")) == directory.file("real"))
  }

  @Test func namesWhatCannotBeCreated() throws {
    expectFileError(.cannotCreate, "nowhere/a", "No such file") {
      () throws(FileError) in try AtomicFile.write("x", to: directory.file("nowhere/a"))
    }
    expectFileError(.cannotCreate, "directory") {
      () throws(FileError) in try AtomicFile.write("x", to: directory.path)
    }
    try AtomicFile.write("x", to: directory.file("file"))
    expectFileError(.cannotCreate, "file/a") {
      () throws(FileError) in try AtomicFile.write("x", to: directory.file("file/a"))
    }
    #expect(directory.names == ["file"])
  }

  @Test func abandonedFilesLeaveNoTrace() throws {
    try AtomicFile.write("old", to: directory.file("a"))
    expectFileError(.badData, "given up") { () throws(FileError) in
      try AtomicFile.write(to: directory.file("a")) { file throws(FileError) in
        try file.append([UInt8](repeating: 1, count: 1 << 20))
        throw FileError(.badData, file: "a", "given up")
      }
    }
    #expect(directory.names == ["a"])
    #expect(try directory.read("a") == Array("old".utf8))
  }

  #if os(Linux)
    @Test func fullDevicesAreReported() {
      expectFileError(.inputOutput, "/dev/full", "No space left") {
        () throws(FileError) in try AtomicFile.write("x", to: "/dev/full")
      }
      #expect(throws: Never.self) { try AtomicFile.write("x", to: "/dev/null") }
      #expect(FileManager.default.fileExists(atPath: "/dev/null"))
    }
  #endif

  /// In a process of its own, because the limit on file sizes is the process's.
  @Test func failedWritesLeaveTheOldFile() async throws {
    let path = directory.file("a")
    try AtomicFile.write("old", to: path)
    await #expect(processExitsWith: .success) { [path = path as String] in
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 1 << 16, rlim_max: 1 << 16)
      #if os(Linux)
        setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
      #else
        setrlimit(RLIMIT_FSIZE, &limit)
      #endif
      expectFileError(.inputOutput, "cannot write", "too large") { () throws(FileError) in
        try AtomicFile.write([UInt8](repeating: 1, count: 1 << 20), to: path)
      }
      expectFileError(.inputOutput, "cannot write", "too large") { () throws(FileError) in
        try NPY.write([Float](repeating: 1, count: 1 << 20), to: path)
      }
      // A small one still succeeds.
      try AtomicFile.write("small", to: path + "2")
    }
    #expect(try directory.read("a") == Array("old".utf8))
    #expect(directory.names == ["a", "a2"])
  }

  @Test func codesAndWords() {
    let codes = [FileError.Kind.badData, .missingInput, .cannotCreate, .inputOutput].map {
      FileError($0, file: "f", "m").code.rawValue
    }
    #expect(codes == ["bad-data", "missing-input", "cannot-create", "input-output"])
    let error = FileError(.badData, file: "f", "m", remedy: .labelColumn)
    #expect(error.description == "f: m (say which of them is the label)" && error.text { _ in "r" } == "f: m (r)")
    #expect(FileError(.badData, file: "f", "m;", remedy: .labelColumn).text { _ in "r" } == "f: m; r")
    #expect(FileError(.badData, file: "f", position: "line 1", "m").description == "f: line 1: m")
    #expect(FileError(.badData, file: "f", "m").description == "f: m")
  }
}
