import LinearAlgebra
import TensorFiles
import Testing

/// Sparse matrices of SciPy: Fixtures/make_sparse.py wrote them.
@Suite struct SparseNPZTests {
  let directory = TemporaryDirectory()
  static let expected = SparseMatrix<Double>(
    columns: 4, rowStarts: [0, 2, 2, 5], columnIndices: [0, 3, 0, 1, 3], values: [0.5, -2, 1, 3, 4])

  @Test(
    arguments: ["csr", "compressed", "float32", "int64", "array", "csc", "unordered", "repeated", "data"])
  func readsSciPysFiles(_ name: String) throws {
    let archive = try NPZ(fixture("sparse/\(name).npz"))
    #expect(archive.isSparse)
    #expect(try archive.sparseMatrix() == Self.expected)
    #expect(try archive.sparseMatrix() == Self.expected.converted(to: Float.self))
    if name == "data" { #expect(try archive.integers("y") == [1, 0, 1]) }
  }

  @Test func readsIntegersAndEmptyMatrices() throws {
    let doubled: SparseMatrix<Float> = try NPZ(fixture("sparse/integers.npz")).sparseMatrix()
    #expect(doubled.values == [1, -4, 2, 6, 8] && doubled.columnIndices == Self.expected.columnIndices)
    let empty: SparseMatrix<Float> = try NPZ(fixture("sparse/empty.npz")).sparseMatrix()
    #expect(empty.rows == 2 && empty.columns == 5 && empty.entryCount == 0)
    #expect(try !NPZ(fixture("stored.npz")).isSparse)
  }

  @Test func otherFormatsAreRefused() throws {
    expectFileError(.badData, "coo.npz", "\"format.npy\"", "expected csr or csc, got \"coo\"", "tocsr()") {
      () throws(FileError) in
      try NPZ(fixture("sparse/coo.npz")).sparseMatrix(as: Float.self)
    }
  }

  private func expectRefused(
    shape: [Int] = [3, 4], starts: [Int] = [0, 2, 2, 5], indices: [Int] = [0, 3, 0, 1, 3], count: Int = 5,
    memoryLimit: Int = 1 << 20, _ parts: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let path = directory.file("bad.npz")
    try NPZ.write(to: path) { archive throws(FileError) in
      try archive.add(shape, named: "shape")
      try archive.add(starts, named: "indptr")
      try archive.add(indices, named: "indices")
      try archive.add([Double](repeating: 1, count: count), named: "data")
    }
    expectFileError(.badData, "bad.npz", parts, sourceLocation: sourceLocation) { () throws(FileError) in
      try NPZ(path, memoryLimit: memoryLimit).sparseMatrix(as: Float.self)
    }
  }

  @Test func everyIndexIsChecked() throws {
    try expectRefused(indices: [0, 4, 0, 1, 3], "\"indices.npy\", element 1: expected an index from 0 to 3, got 4")
    try expectRefused(indices: [0, -1, 0, 1, 3], "element 1: expected an index from 0 to 3, got -1")
    try expectRefused(indices: [0, 1 << 40, 0, 1, 3], "element 1: expected an index from 0 to 3, got")
    try expectRefused(indices: [0, 1, 2, 3], "expected one index for each of the 5 numbers in data, got 4")
    try expectRefused(starts: [0, 2, 5], "\"indptr.npy\": expected 4 numbers for shape (3, 4), got 3")
    try expectRefused(starts: [1, 2, 2, 5], "\"indptr.npy\", element 0: expected 0, got 1")
    try expectRefused(starts: [0, 3, 2, 5], "element 2: expected a number from 3 to 5, got 2")
    try expectRefused(starts: [0, 2, 9, 5], "element 2: expected a number from 2 to 5, got 9")
    try expectRefused(starts: [0, 2, 2, 4], "element 3: expected 5, the count of data, got 4")
    try expectRefused(shape: [3], "\"shape.npy\"")
    try expectRefused(shape: [3, -4], "expected rows and columns")
    try expectRefused(shape: [3, 1 << 40], "expected rows and columns, at most 2147483647, got (3, 1099511627776)")
    try expectRefused(shape: [1 << 30, 4], "expected 1073741825 numbers for shape (1073741824, 4), got 4")
    try expectRefused(memoryLimit: 16, "needs more memory than the limit of 16 bytes")
  }
}
