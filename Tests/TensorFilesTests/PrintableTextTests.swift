import TensorFiles
import Testing

@Suite struct PrintableTextTests {
  let directory = TemporaryDirectory()

  @Test func whatTerminalsActOnIsMadeVisible() {
    #expect(PrintableText.escaped("naïve – 日本 🐈 a\tb\n") == "naïve – 日本 🐈 a\tb\n")
    #expect(PrintableText.escaped("\u{1B}[31mred\u{7}\r") == "\\u{1B}[31mred\\u{07}\\r")
    #expect(PrintableText.escaped("\u{9B}2J\u{202E}x\u{2028}") == "\\u{9B}2J\\u{202E}x\\u{2028}")
    #expect(PrintableText.escaped("a\tb\n", keepsLines: false) == "a\\tb\\n")
    #expect(JSONValue.quoted("\u{1B}\u{9B}\u{202E}é") == "\"\\u001b\\u009b\\u202eé\"")
  }

  @Test func namesOfAnyBytesAreKept() throws {
    var generator = TestGenerator(7)
    for _ in 0..<2_000 {
      let bytes = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
        UInt8.random(in: 1...255, using: &generator)
      }
      let name = FileName.text(bytes)
      #expect(FileName.bytes(name).map { UInt8(bitPattern: $0) } == bytes + [0], "\(bytes)")
    }
    // A name may have the characters that stand for bytes.
    for text in ["plain é 日本", "\u{10FFE9}", "x\u{10FF41}y"] {
      let bytes = Array(text.utf8)
      #expect(FileName.bytes(FileName.text(bytes)).map { UInt8(bitPattern: $0) } == bytes + [0])
    }
    #expect(FileName.text("plain é 日本".utf8) == "plain é 日本")
    #expect(PrintableText.escaped(FileName.text([0x64, 0xE9, 0x2E])) == "d\\xE9.")
  }

  @Test func filesOfSuchNamesAreReadAndWritten() throws {
    let path = directory.file(FileName.text([0x64, 0xE9, 0xFF, 0x2E, 0x6E, 0x70, 0x79]))
    try NPY.write([1.5, 2] as [Float], to: path)
    #expect(try NPY.vector(path, as: Float.self) == [1.5, 2])
    #expect(OperatingSystem.exists(path) && !OperatingSystem.exists(path + "x"))
    let missing = path + "x"
    expectFileError(.missingInput, "No such file") { () throws(FileError) in try NPY.vector(missing, as: Float.self) }
  }
}
