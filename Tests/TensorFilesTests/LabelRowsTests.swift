import LinearAlgebra
import TensorFiles
import Testing

/// Whole numbers [rows, columns].
@Suite struct LabelRowsTests {
  let directory = TemporaryDirectory()

  @Test func writtenAndRead() throws {
    let path = directory.file("y.npy")
    let values = [3, -100, 1 << 40, 0, 5, 6]
    try NPY.write(values, shape: [2, 3], to: path)
    #expect(try NPY.integers(path, columns: 3) == values)
    #expect(try NPY.matrix(path, as: Double.self).elements == values.map { Double($0) })
    expectFileError(.badData, "shape: expected whole numbers [rows, 2], got shape (2, 3)") { () throws(FileError) in
      try NPY.integers(path, columns: 2)
    }
    try NPY.write(values, to: path)
    expectFileError(.badData, "expected whole numbers [rows, 6], got shape (6,)") { () throws(FileError) in
      try NPY.integers(path, columns: 6)
    }
    try NPY.write([0.5, 1], shape: [1, 2], to: path)
    expectFileError(.badData, "element 0: expected a whole number, got 0.5") { () throws(FileError) in
      try NPY.integers(path, columns: 2)
    }
  }

  @Test func columnByColumn() throws {
    // [[1, 2, 3], [4, 5, 6]] as Fortran has it.
    let path = directory.file("y.npy")
    try NPY.write([1, 4, 2, 5, 3, 6], shape: [2, 3], to: path)
    var bytes = try directory.read("y.npy")
    let word = Array("'fortran_order': False".utf8)
    let start = bytes.indices.first { bytes[$0...].starts(with: word) }!
    bytes.replaceSubrange(start..<start + word.count, with: Array("'fortran_order': True ".utf8))
    _ = try directory.write(bytes, "y.npy")
    #expect(try NPY.integers(path, columns: 3) == [1, 2, 3, 4, 5, 6])
  }

  @Test func ofMoreDimensions() throws {
    let path = directory.file("p.npy")
    try NPY.write([Float](repeating: 0.5, count: 24), shape: [2, 3, 4], to: path)
    #expect(String(decoding: try directory.read("p.npy").prefix(128), as: UTF8.self).contains("'shape': (2, 3, 4)"))
  }
}
