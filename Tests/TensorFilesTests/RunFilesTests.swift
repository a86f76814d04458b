import Foundation
import TensorFiles
import Testing

/// No output of a run is one of its inputs, or another output, by whatever name.
@Suite struct RunFilesTests {
  let directory = TemporaryDirectory()

  /// What is refused in writing `output` beside the data "d.csv".
  private func check(
    _ output: String, data: String = "d.csv", _ change: (inout RunFiles) -> Void = { _ in }
  ) throws(FileError) -> [String: FileError] {
    var files = RunFiles()
    files.reads(directory.file(data), "the data")
    files.writes(output.hasPrefix("/") ? output : directory.file(output), "the model")
    change(&files)
    return try files.check()
  }

  @Test func anInputIsKept() throws {
    let data = try directory.write("a,b\n", "d.csv")
    let manager = FileManager.default
    try manager.createDirectory(atPath: directory.file("sub"), withIntermediateDirectories: true)
    try manager.createSymbolicLink(atPath: directory.file("link.csv"), withDestinationPath: data)
    try manager.linkItem(atPath: data, toPath: directory.file("hard.csv"))
    for name in ["d.csv", "./d.csv", "sub/../d.csv", "link.csv", "hard.csv"] {
      expectFileError(.cannotCreate, "the model would replace the data, ", data) { () throws(FileError) in
        try check(name)
      }
    }
    #expect(try check("m.safetensors").isEmpty)
    #expect(try check("d.csv", data: "none.csv").isEmpty, "a file that is no input may be replaced")
  }

  @Test func theFirstOutputIsKept() throws {
    for name in ["m.st", "./m.st"] {
      let refused = try check("m.st") { $0.writes(directory.file(name), "the curve", endings: [".svg"]) }
      let error = try #require(refused["the curve"])
      #expect(error.description.contains("m.st: the curve would replace the model, "), "\(error)")
    }
    #expect(try check("m.st") { $0.writes(directory.file("c.svg"), "the curve", endings: [".svg"]) }.isEmpty)
  }

  @Test func aModelMayGoOn() throws {
    let path = try directory.write("x", "m.st")
    var files = RunFiles()
    files.reads(path, "the model to start from")
    files.writes(path, "the model", replaces: "the model to start from")
    #expect(try files.check().isEmpty)
  }

  @Test func namesThatAreNotWritten() throws {
    expectFileError(.cannotCreate, "-: the curve does not go to standard output") { () throws(FileError) in
      try check("m.st") { $0.writes("-", "the curve") }
    }
    expectFileError(.cannotCreate, "c.png: expected a name of the curve that ends in .svg") { () throws(FileError) in
      try check("m.st") { $0.writes(directory.file("c.png"), "the curve", endings: [".svg"]) }
    }
    try FileManager.default.createSymbolicLink(atPath: directory.file("dangling"), withDestinationPath: "nowhere")
    expectFileError(.cannotCreate, "dangling: cannot write: it is a symbolic link that leads nowhere") {
      () throws(FileError) in try check("dangling")
    }
    expectFileError(.cannotCreate, "dangling") { () throws(FileError) in
      try AtomicFile.write("x", to: directory.file("dangling"))
    }
  }
}
