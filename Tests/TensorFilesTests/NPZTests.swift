import LinearAlgebra
import TensorFiles
import Testing

@Suite struct NPZTests {
  let directory = TemporaryDirectory()
  let array = npyBytes(
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }", data: [UInt8](repeating: 0, count: 8))

  @Test(arguments: ["stored.npz", "streamed.npz", "zip64.npz"])
  func readsNumPyArchives(_ name: String) throws {
    let archive = try NPZ(fixture(name))
    #expect(archive.names == ["X", "y"])
    #expect(try archive.matrix("X", as: Float.self) == fixtureMatrix)
    #expect(try archive.matrix("X", as: Double.self) == fixtureMatrix.converted(to: Double.self))
    #expect(try archive.integers("y") == [2, 0])
    #expect(try archive.vector("y", as: Double.self) == [2, 0])
  }

  @Test func readsCompressedArchives() throws {
    let archive = try NPZ(fixture("deflated.npz"))
    #expect(archive.names == ["X", "y", "v"])
    let x = try archive.matrix("X", as: Float.self)
    #expect(x.rows == 50 && x.columns == 1000)
    #expect(x.elements == (0..<50_000).map { Float($0 % 1000) })
    #expect(try archive.matrix("X", as: Double.self).elements == (0..<50_000).map { Double($0 % 1000) })
    #expect(try archive.integers("y") == (0..<50).map { $0 % 7 })
    #expect(try archive.vector("v", as: Double.self).last == 1)
  }

  @Test func roundTrips() throws {
    let path = directory.file("r.npz")
    for _ in 0..<2 {
      try NPZ.write(to: path) { archive throws(FileError) in
        try archive.add(fixtureMatrix, named: "X")
        try archive.add([3, -1, 2], named: "y")
        try archive.add([0.25, -1] as [Double], named: "é")
      }
    }
    let archive = try NPZ(path)
    #expect(archive.names == ["X", "y", "é"])
    #expect(try archive.matrix("X", as: Float.self) == fixtureMatrix)
    #expect(try archive.integers("y") == [3, -1, 2])
    #expect(try archive.vector("é", as: Double.self) == [0.25, -1])
    #expect(directory.names == ["r.npz"])
  }

  @Test func writingTheSameNameTwiceFailsAndLeavesNothing() {
    expectFileError(.cannotCreate, "\"X\"") { () throws(FileError) in
      try NPZ.write(to: directory.file("r.npz")) { archive throws(FileError) in
        try archive.add(fixtureMatrix, named: "X")
        try archive.add([1], named: "X")
      }
    }
    #expect(directory.names == [])
  }

  private func expectRefused(
    _ bytes: [UInt8], _ part: String, memoryLimit: Int = 1 << 20, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let path = try directory.write(bytes, "bad.npz")
    expectFileError(.badData, "bad.npz", part, sourceLocation: sourceLocation) { () throws(FileError) in
      try NPZ(path, memoryLimit: memoryLimit).matrix("X", as: Float.self)
    }
  }

  @Test func helperArchiveIsValid() throws {
    let bytes = zipBytes([TestZipEntry(name: "X.npy", data: array)], comment: "a comment")
    #expect(try NPZ(try directory.write(bytes, "ok.npz")).matrix("X", as: Float.self).elements == [0, 0])
  }

  @Test func namesWhatIsThere() throws {
    try expectRefused(zipBytes([TestZipEntry(name: "x.npy", data: array)]), "got \"x\"")
    try expectRefused(zipBytes([TestZipEntry(name: "X.txt", data: array)]), "got none")
  }

  @Test func refusesDamage() throws {
    try expectRefused(zipBytes([TestZipEntry(name: "X.npy", data: array, crc: 1)]), "expected CRC-32 1, got")
    var entry = TestZipEntry(name: "X.npy", data: array)
    try expectRefused(zipBytes([entry, entry]), "occurs twice")
    entry.flags = 1
    try expectRefused(zipBytes([entry]), "encrypted")
    entry.flags = 0
    entry.method = 12
    try expectRefused(zipBytes([entry]), "got 12")
    entry.method = 8
    entry.data[0] = 7  // a deflate block of the reserved type
    try expectRefused(zipBytes([entry]), "damaged")
    try expectRefused([], "expected a zip archive")
    try expectRefused(Array("not a zip archive, only some text".utf8), "expected a zip archive")
    let path = fixture("bzip2.npz")
    expectFileError(.badData, "compression method", "got 12") { () throws(FileError) in try NPZ(path) }
  }

  @Test func refusesWrongSizes() throws {
    try expectRefused(
      zipBytes([TestZipEntry(name: "X.npy", data: array, size: array.count - 1)]), "compressed bytes cannot hold")
    try expectRefused(
      zipBytes([TestZipEntry(name: "X.npy", data: array, size: 1 << 30, compressedSize: 1 << 30)]), "outside the file")
    try expectRefused(zipBytes([TestZipEntry(name: "X.npy", data: array, headerOffset: 1 << 20)]), "outside the file")
    try expectRefused(
      zipBytes([TestZipEntry(name: "X.npy", data: array), TestZipEntry(name: "Y.npy", data: array, headerOffset: 0)]),
      "overlaps")
    try expectRefused(zipBytes([TestZipEntry(name: "X.npy", data: array + [0])]), "needs 8 bytes, got 9")
    try expectRefused(zipBytes([TestZipEntry(name: "X.npy", data: Array(array.dropLast()))]), "needs 8 bytes, got 7")
    try expectRefused(zipBytes([TestZipEntry(name: "X.npy", data: [])]), "at least 10 bytes")
  }

  @Test func refusesBombs() throws {
    // The directory claims what deflate cannot reach.
    var entry = TestZipEntry(name: "X.npy", data: array, method: 8, size: 0xFFFF_FFF0)
    try expectRefused(zipBytes([entry]), "cannot hold the 4294967280 bytes")
    // The shape claims more than the directory.
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    entry = TestZipEntry(name: "X.npy", data: npyBytes(header, data: [0, 0, 0, 0]))
    try expectRefused(zipBytes([entry]), "needs 4000000000000 bytes, got 4")
    // A megabyte behind what the directory claims.
    let path = fixture("bomb.npz")
    expectFileError(.badData, "X.npy", "inflates to more than the 152 bytes") {
      () throws(FileError) in try NPZ(path).matrix("X", as: Float.self)
    }
    // Everything agrees, but it is more than the caller allows.
    let honest = fixture("deflated.npz")
    expectFileError(.badData, "limit of 199.9 kB") {
      () throws(FileError) in try NPZ(honest, memoryLimit: 199_999).matrix("X", as: Float.self)
    }
    #expect(try NPZ(honest, memoryLimit: 200_000).matrix("X", as: Float.self).rows == 50)
    expectFileError(.badData, "limit of 200.0 kB") {
      () throws(FileError) in try NPZ(honest, memoryLimit: 200_000).matrix("X", as: Double.self)
    }
  }

  @Test func refusesDataThatInflatesToLess() throws {
    // The directory and the shape claim one more row than the stream holds.
    var bytes = try fixtureBytes("deflated.npz")
    let record = try #require(bytes.offset(of: [0x50, 0x4B, 1, 2]))
    let size = (0..<4).reduce(0) { $0 | Int(bytes[record + 24 + $1]) << (8 * $1) }
    bytes = bytes.replacing(at: record + 24, with: .little(size + 4000, 4))
    try expectRefused(bytes, "needs 200000 bytes, got 204000")
  }

  @Test func everyTruncationFails() throws {
    for name in ["stored.npz", "streamed.npz", "zip64.npz"] {
      let bytes = try fixtureBytes(name)
      for count in 0..<bytes.count { try expectRefused(Array(bytes[..<count]), "bad.npz") }
    }
  }

  @Test func everyByteOfTheDataIsUnderTheChecksum() throws {
    let bytes = try fixtureBytes("streamed.npz")
    let start = 30 + "X.npy".utf8.count
    let end = try #require(bytes.offset(of: [0x50, 0x4B, 7, 8]))
    var refused = 0
    for offset in start..<end {
      let path = try directory.write(bytes.replacing(at: offset, with: [bytes[offset] ^ 0x10]), "flip.npz")
      do throws(FileError) {
        // A flip in the padding bits of the stream may be harmless; then the numbers are intact.
        #expect(try NPZ(path).matrix("X", as: Float.self) == fixtureMatrix)
      } catch {
        refused += 1
      }
    }
    #expect(refused >= end - start - 2)
  }
}
