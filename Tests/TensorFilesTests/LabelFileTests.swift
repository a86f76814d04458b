import Foundation
import TensorFiles
import Testing

@Suite struct LabelFileTests {
  let directory = NSTemporaryDirectory() + "/labels-\(UUID().uuidString)"

  private func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let path = directory + "/" + name
    try Data(bytes).write(to: URL(filePath: path))
    return path
  }

  /// An npy file of version 1.0.
  private func npy(_ type: String, _ count: Int, _ bytes: [UInt8], _ name: String = "y.npy") throws -> String {
    var header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(count),), }".utf8)
    while (10 + header.count + 1) % 64 != 0 { header.append(32) }
    header.append(10)
    return try write([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header + bytes, name)
  }

  @Test func stringsOfArrays() throws {
    func little(_ text: String, _ length: Int) -> [UInt8] {
      let values = text.unicodeScalars.map(\.value)
      return (values + [UInt32](repeating: 0, count: length - values.count)).flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      }
    }
    let bytes = little("cat", 4) + little("é😀", 4) + little("cat", 4)
    #expect(try LabelFile.read(npy("<U4", 3, bytes)).all == ["cat", "é😀", "cat"])
    let big = stride(from: 0, to: bytes.count, by: 4).flatMap { bytes[$0..<$0 + 4].reversed() }
    #expect(try LabelFile.read(npy(">U4", 3, big)).all == ["cat", "é😀", "cat"])
    #expect(try LabelFile.read(npy("|S3", 2, Array("abcx\0\0".utf8))).all == ["abc", "x"])
    expectFileError(.badData, "element 1", "expected a label in Unicode") { () throws(FileError) in
      try LabelFile.read(path { try npy("|S3", 2, Array("abc\0\0\0".utf8)) })
    }
    expectFileError(.badData, "element 0", "expected a label in Unicode") { () throws(FileError) in
      try LabelFile.read(path { try npy("<U1", 1, [0, 0, 0xFF, 0xFF]) })
    }
    expectFileError(.badData, "needs 12 bytes, got 4") { () throws(FileError) in
      try LabelFile.read(path { try npy("<U1", 3, [65, 0, 0, 0]) })
    }
    // Numbers are asked for where numbers are needed.
    expectFileError(.badData, "expected a numeric dtype, got strings") { () throws(FileError) in
      try NPY.integers(path { try npy("|S3", 1, Array("abc".utf8)) })
    }
  }

  private func path(_ make: () throws -> String) -> String { (try? make()) ?? "" }

  @Test func numbersAndTruths() throws {
    #expect(try LabelFile.read(npy("|b1", 3, [1, 0, 1])) == .truths([true, false, true]))
    #expect(try LabelFile.read(npy("|i1", 2, [0xFB, 7])) == .numbers([-5, 7]))
    #expect(try LabelFile.read(npy("<f4", 1, [0, 0, 0x80, 0x3F])) == .numbers([1]))
    expectFileError(.badData, "element 0: expected a whole number, got 0.5") { () throws(FileError) in
      try LabelFile.read(path { try npy("<f4", 1, [0, 0, 0, 0x3F]) })
    }
  }

  @Test func linesTablesAndLists() throws {
    #expect(try LabelFile.read(write(Array("a\r\n b b \r\na\n\n\n".utf8), "y.txt")).all == ["a", "b b", "a"])
    #expect(try LabelFile.read(write(Array("\u{FEFF}x\ny".utf8), "names")).all == ["x", "y"])
    #expect(
      try LabelFile.read(write(Array("\"a,b\"\r\n\"say \"\"x\"\"\"\r\n".utf8), "y.csv")).all == ["a,b", "say \"x\""])
    #expect(try LabelFile.read(write(Array("[\"a\", 1, true, 1.5]".utf8), "y.json")).all == ["a", "1", "true", "1.5"])
    expectFileError(.badData, "y.txt: line 2: expected a label, got an empty line") { () throws(FileError) in
      try LabelFile.read(path { try write(Array("a\n\nb\n".utf8), "y.txt") })
    }
    expectFileError(.badData, "line 2: expected one column of labels, got 2 fields") { () throws(FileError) in
      try LabelFile.read(path { try write(Array("a\nb,c\n".utf8), "y.csv") })
    }
    expectFileError(.badData, "element 1: expected a text, a number or a boolean, got null") { () throws(FileError) in
      try LabelFile.read(path { try write(Array("[\"a\", null]".utf8), "y.json") })
    }
    expectFileError(.badData, "expected a JSON array") { () throws(FileError) in
      try LabelFile.read(path { try write(Array("{\"a\": 1}".utf8), "y.json") })
    }
  }
}
