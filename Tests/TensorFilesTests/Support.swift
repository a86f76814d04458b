import Foundation
import LinearAlgebra
import TensorFiles
@_exported import TestSupport
import Testing

/// A file made by Fixtures/make_fixtures.py.
func fixture(_ name: String) -> String {
  Bundle.module.resourceURL!.appending(path: "Fixtures/\(name)").path
}

func fixtureBytes(_ name: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(filePath: fixture(name))))
}

/// Expects a `FileError` of `kind` whose description contains all of `parts`.
func expectFileError(
  _ kind: FileError.Kind, _ parts: String..., sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws(FileError) -> some Any
) {
  do throws(FileError) {
    let result = try body()
    Issue.record("expected an error, got \(result)", sourceLocation: sourceLocation)
  } catch {
    #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    for part in parts {
      #expect(error.description.contains(part), "\(error) lacks \(part)", sourceLocation: sourceLocation)
    }
  }
}

/// SplitMix64.
struct TestGenerator: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

extension [UInt8] {
  /// Little-endian bytes of `value`.
  static func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  func replacing(at offset: Int, with bytes: [UInt8]) -> [UInt8] {
    var copy = self
    copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    return copy
  }

  /// The first place where `text` occurs.
  func offset(of text: [UInt8]) -> Int? {
    indices.first { self[$0...].starts(with: text) }
  }
}

/// An npy file with the given dictionary text.
func npyBytes(_ dictionary: String, data: [UInt8], version: UInt8 = 1) -> [UInt8] {
  [0x93] + Array("NUMPY".utf8) + [version, 0] + .little(dictionary.utf8.count, version == 1 ? 2 : 4)
    + Array(dictionary.utf8) + data
}

/// The CRC-32 of zip, by its definition.
func crc32(_ bytes: [UInt8]) -> Int {
  var crc: UInt32 = 0xFFFF_FFFF
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return Int(~crc)
}

/// A zip entry for `zipBytes`; what is nil follows from `data`.
struct TestZipEntry {
  var name: String
  var data: [UInt8]
  var method = 0
  var flags = 0
  var crc: Int?
  var size: Int?
  var compressedSize: Int?
  var headerOffset: Int?
}

/// A zip file written field by field, so that any of them can be wrong.
func zipBytes(_ entries: [TestZipEntry], comment: String = "") -> [UInt8] {
  var bytes: [UInt8] = []
  var directory: [UInt8] = []
  for entry in entries {
    let offset = entry.headerOffset ?? bytes.count
    let common: [UInt8] =
      .little(20, 2) + .little(entry.flags, 2) + .little(entry.method, 2) + .little(0, 4)
      + .little(entry.crc ?? crc32(entry.data), 4) + .little(entry.compressedSize ?? entry.data.count, 4)
      + .little(entry.size ?? entry.data.count, 4) + .little(entry.name.utf8.count, 2) + .little(0, 2)
    bytes += .little(0x0403_4B50, 4) + common + Array(entry.name.utf8) + entry.data
    directory +=
      .little(0x0201_4B50, 4) + .little(20, 2) + common + .little(0, 10) + .little(offset, 4)
      + Array(entry.name.utf8)
  }
  return bytes + directory + .little(0x0605_4B50, 4) + .little(0, 4) + .little(entries.count, 2)
    + .little(entries.count, 2) + .little(directory.count, 4) + .little(bytes.count, 4)
    + .little(comment.utf8.count, 2) + Array(comment.utf8)
}
