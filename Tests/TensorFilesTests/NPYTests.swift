import Foundation
import LinearAlgebra
import Testing

@testable import TensorFiles

/// The array all two-dimensional fixtures hold.
let fixtureMatrix = Matrix<Float>(rows: 2, columns: 3, elements: [1.5, -2.25, 0.1, 3e-5, 1e30, -0.0])

@Suite struct NPYTests {
  let directory = TemporaryDirectory()

  @Test(arguments: [
    "f4.npy", "f8.npy", "fortran.npy", "big_endian.npy", "version2.npy", "version3.npy",
  ])
  func readsNumPyMatrices(_ name: String) throws {
    let single = try NPY.matrix(fixture(name), as: Float.self)
    #expect(single == fixtureMatrix)
    #expect(single.elements[5].sign == .minus)
    let double = try NPY.matrix(fixture(name), as: Double.self)
    #expect(double == fixtureMatrix.converted(to: Double.self))
  }

  @Test(arguments: [
    "f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "big_i4", "big_f8", "big_u2",
  ])
  func readsNumPyVectors(_ code: String) throws {
    let path = fixture("vector_\(code).npy")
    #expect(try NPY.vector(path, as: Float.self) == [0, 1, 2, 100])
    #expect(try NPY.vector(path, as: Double.self) == [0, 1, 2, 100])
    #expect(try NPY.integers(path) == [0, 1, 2, 100])
  }

  @Test func readsBooleans() throws {
    #expect(try NPY.integers(fixture("vector_b1.npy")) == [1, 0, 1])
    #expect(try NPY.vector(fixture("vector_b1.npy"), as: Float.self) == [1, 0, 1])
  }

  @Test func readsNoRows() throws {
    let empty = try NPY.matrix(fixture("empty_rows.npy"), as: Float.self)
    #expect(empty.rows == 0 && empty.columns == 3)
  }

  @Test func writesWhatNumPyWrites() throws {
    try NPY.write(fixtureMatrix, to: directory.file("m.npy"))
    #expect(try directory.read("m.npy") == fixtureBytes("f4.npy"))
    try NPY.write(fixtureMatrix.converted(to: Double.self), to: directory.file("d.npy"))
    #expect(try directory.read("d.npy") == fixtureBytes("f8.npy"))
    try NPY.write([0, 1, 2, 100] as [Int], to: directory.file("i.npy"))
    #expect(try directory.read("i.npy") == fixtureBytes("vector_i8.npy"))
    try NPY.write([0, 1, 2, 100] as [Float], to: directory.file("v.npy"))
    #expect(try directory.read("v.npy") == fixtureBytes("vector_f4.npy"))
  }

  @Test func longArraysPassThroughChunks() throws {
    let count = 200_001
    let path = directory.file("long.npy")
    try NPY.write((0..<count).map { $0 - 7 }, to: path)
    #expect(try NPY.integers(path) == (0..<count).map { $0 - 7 })
    #expect(try NPY.vector(path, as: Float.self) == (0..<count).map { Float($0 - 7) })
    try NPY.write((0..<count).map { Double($0) }, to: path)
    #expect(try NPY.vector(path, as: Float.self) == (0..<count).map { Float($0) })
    #expect(try NPY.integers(path) == Array(0..<count))
  }

  @Test func longFortranArraysAreTransposed() throws {
    let (rows, columns) = (701, 301)
    var data: [UInt8] = []
    for column in 0..<columns {
      for row in 0..<rows { data += .little(row * 1000 + column, 4) }
    }
    let header = "{'descr': '<i4', 'fortran_order': True, 'shape': (\(rows), \(columns)), }"
    let matrix = try NPY.matrix(try directory.write(npyBytes(header, data: data), "f.npy"), as: Double.self)
    #expect(matrix.rows == rows && matrix.columns == columns)
    #expect(matrix.elements == (0..<rows * columns).map { Double($0 / columns * 1000 + $0 % columns) })
  }

  @Test func halfPrecisionIsExact() {
    #if !(os(macOS) && arch(x86_64))
      for bits in UInt16.min ... .max {
        let expected = Float(Float16(bitPattern: bits))
        let got = widenedHalf(bits)
        #expect(got.bitPattern == expected.bitPattern || got.isNaN && expected.isNaN)
      }
    #endif
    #expect(widenedBrain(0x3FC0) == 1.5)
  }

  @Test func refusesWrongShapes() {
    expectFileError(.badData, "vector_f4.npy", "two-dimensional", "(4,)") {
      () throws(FileError) in try NPY.matrix(fixture("vector_f4.npy"), as: Float.self)
    }
    expectFileError(.badData, "one-dimensional", "(2, 3)") {
      () throws(FileError) in try NPY.vector(fixture("f4.npy"), as: Float.self)
    }
    expectFileError(.badData, "hard integer label", "soft", "(2, 2)") {
      () throws(FileError) in try NPY.integers(fixture("soft_labels.npy"))
    }
    expectFileError(.badData, "ravel", "(2, 1)") { () throws(FileError) in try NPY.integers(fixture("column.npy")) }
    expectFileError(.badData, "()") { () throws(FileError) in try NPY.integers(fixture("scalar.npy")) }
  }

  @Test func refusesOtherTypes() {
    expectFileError(.badData, "pickled objects") { () throws(FileError) in try NPY.integers(fixture("object.npy")) }
    expectFileError(.badData, "complex") {
      () throws(FileError) in try NPY.vector(fixture("complex.npy"), as: Float.self)
    }
    expectFileError(.badData, "strings") { () throws(FileError) in try NPY.integers(fixture("strings.npy")) }
    expectFileError(.badData, "structured") { () throws(FileError) in try NPY.integers(fixture("structured.npy")) }
    expectFileError(.badData, "element 1", "whole number", "2.5") {
      () throws(FileError) in try NPY.integers(fixture("fractions.npy"))
    }
    expectFileError(.badData, "element 1", "9223372036854775808") {
      () throws(FileError) in try NPY.integers(fixture("huge_labels.npy"))
    }
  }

  @Test func refusesTruncatedAndLongFiles() throws {
    let bytes = try fixtureBytes("f4.npy")
    for count in 0..<bytes.count {
      let path = try directory.write(Array(bytes[..<count]), "t.npy")
      expectFileError(.badData) { () throws(FileError) in try NPY.matrix(path, as: Float.self) }
    }
    let short = try directory.write(Array(bytes.dropLast()), "t.npy")
    expectFileError(.badData, "needs 24 bytes", "got 23") {
      () throws(FileError) in try NPY.matrix(short, as: Float.self)
    }
    let long = try directory.write(bytes + [0], "t.npy")
    expectFileError(.badData, "needs 24 bytes", "got 25") {
      () throws(FileError) in try NPY.matrix(long, as: Float.self)
    }
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 1000000000000), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 2), }",
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693952, 1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1), }",
    "{'descr': '<f4', 'fortran_order': False, }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), 'shape': (1, 1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), 'more': 1, }",
    "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1, 1), }",
    "{'descr': '<f3', 'fortran_order': False, 'shape': (1, 1), }",
    "{'descr': '|f4', 'fortran_order': False, 'shape': (1, 1), }",
    "{'descr': '', 'fortran_order': False, 'shape': (1, 1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), } trailing",
    "{'descr': '<f4", "{", "", "[]",
  ])
  func refusesBadHeaders(_ header: String) throws {
    let path = try directory.write(npyBytes(header, data: [0, 0, 0, 0]), "h.npy")
    expectFileError(.badData, "h.npy") { () throws(FileError) in try NPY.matrix(path, as: Float.self) }
  }

  @Test func acceptsOtherSpellings() throws {
    for header in [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}",
      "{\"shape\":(1L,1L),\"fortran_order\":True,\"descr\":\"f4\"}\n",
    ] {
      let path = try directory.write(npyBytes(header, data: [0, 0, 0x80, 0x3F], version: 2), "h.npy")
      #expect(try NPY.matrix(path, as: Float.self).elements == [1])
    }
  }

  @Test func refusesOversizedHeadersAndVersions() throws {
    let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1), }"
    let bytes = npyBytes(good, data: [0, 0, 0, 0], version: 2)
    let huge = try directory.write(bytes.replacing(at: 8, with: .little(0xFFFF_FFF0, 4)), "h.npy")
    expectFileError(.badData, "the header claims 4294967280 bytes") {
      () throws(FileError) in try NPY.matrix(huge, as: Float.self)
    }
    let long = good + String(repeating: " ", count: 1 << 20)
    let padded = try directory.write(npyBytes(long, data: [0, 0, 0, 0], version: 2), "h.npy")
    expectFileError(.badData, "at most 1048576") { () throws(FileError) in try NPY.matrix(padded, as: Float.self) }
    let version = try directory.write(bytes.replacing(at: 6, with: [4]), "h.npy")
    expectFileError(.badData, "4.0") { () throws(FileError) in try NPY.matrix(version, as: Float.self) }
    let other = try directory.write("PK\u{3}\u{4}, not an array", "h.npy")
    expectFileError(.badData, "NUMPY") { () throws(FileError) in try NPY.matrix(other, as: Float.self) }
  }

  @Test func namesMissingInputs() {
    expectFileError(.missingInput, "nowhere.npy", "No such file") {
      () throws(FileError) in try NPY.matrix(directory.file("nowhere.npy"), as: Float.self)
    }
    expectFileError(.missingInput, "regular file") {
      () throws(FileError) in try NPY.matrix(directory.path, as: Float.self)
    }
    expectFileError(.missingInput, "regular file") {
      () throws(FileError) in try NPY.matrix("/dev/null", as: Float.self)
    }
  }
}
