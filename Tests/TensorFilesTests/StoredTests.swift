import Foundation
import LinearAlgebra
import Testing

@testable import TensorFiles

/// A scipy archive in CSR; what is nil is left out.
func sparseArchive(
  rows: Int, columns: Int, starts: [Int], indices: [Int], values: [Float], indexCode: String = "<i4",
  valueCode: String = "<f4"
) -> [UInt8] {
  func member(_ name: String, _ code: String, _ shape: String, _ data: [UInt8]) -> TestZipEntry {
    TestZipEntry(
      name: name + ".npy",
      data: npyBytes("{'descr': '\(code)', 'fortran_order': False, 'shape': \(shape), }\n", data: data)
    )
  }
  func whole(_ numbers: [Int], _ code: String) -> [UInt8] {
    numbers.flatMap { number in
      let bytes = [UInt8].little(number, Int(String(code.last!))!)
      return code.first == ">" ? bytes.reversed() : bytes
    }
  }
  let data: [UInt8] = values.flatMap { value in
    valueCode.hasSuffix("f4")
      ? [UInt8].little(Int(value.bitPattern), 4)
      : [UInt8].little(Int(truncatingIfNeeded: Double(value).bitPattern), 8)
  }
  return zipBytes([
    member("indices", indexCode, "(\(indices.count),)", whole(indices, indexCode)),
    member("indptr", indexCode, "(\(starts.count),)", whole(starts, indexCode)),
    member("format", "|S3", "()", Array("csr".utf8)),
    member("shape", "<i8", "(2,)", whole([rows, columns], "<i8")),
    member("data", valueCode, "(\(values.count),)", data),
  ])
}

@Suite struct StoredMatrixTests {
  let directory = TemporaryDirectory()

  /// 23 rows of 5 small whole numbers, which every type holds.
  private func file(_ code: String, rows: Int = 23, columns: Int = 5, fortran: Bool = false) throws -> String {
    let size = Int(String(code.last!))!
    let bytes: [UInt8] = (0..<rows * columns).flatMap { i -> [UInt8] in
      let value = i % 2 == 0 ? i : 1
      let little: [UInt8] =
        switch code.dropFirst() {
        case "f2": .little(Int(Float16(value).bitPattern), 2)
        case "f4": .little(Int(Float(value).bitPattern), 4)
        case "f8": .little(Int(Double(value).bitPattern), 8)
        case "b1": [UInt8(i % 2)]
        default: .little(value, size)
        }
      return code.first == ">" ? little.reversed() : little
    }
    let header =
      "{'descr': '\(code)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(rows), \(columns)), }"
    return try directory.write(npyBytes(header, data: bytes), "X.npy")
  }

  private func check<S: RealScalar>(_ path: String, as type: S.Type, _ window: Int) throws {
    let x = try NPY.matrix(path, as: type)
    let stored = try StoredMatrix<S>(path, windowSize: window)
    #expect(stored.rows == x.rows && stored.columns == x.columns && stored.entryCount == nil)
    var block = Features<S>.dense(Matrix(rows: 0, columns: 0))
    for range in [0..<x.rows, 0..<1, 3..<11, 22..<23, 7..<7] {
      try stored.read(range, into: &block)
      #expect(
        dense(block)
          == Matrix(
            rows: range.count, columns: 5, elements: Array(x.elements[5 * range.lowerBound..<5 * range.upperBound])))
    }
    let index: [Int32] = [4, 5, 6, 0, 22, 22, 1]
    try stored.gather(index, into: &block)
    #expect(dense(block) == Matrix(rows: 7, columns: 5, elements: index.flatMap { x.row(Int($0)) }))
    #expect(dense(try stored.gather([3, 2])) == Matrix(rows: 2, columns: 5, elements: Array(x.row(3)) + x.row(2)))
  }

  private func dense<S>(_ features: Features<S>) -> Matrix<S>? {
    if case .dense(let matrix) = features { return matrix }
    return nil
  }

  @Test(arguments: [
    "<f4", ">f4", "<f8", ">f8", "<f2", ">f2", "|i1", "<i2", ">i4", "<i8", "|u1", ">u2", "<u4", ">u8", "|b1",
  ])
  func blocksAreTheRowsOfTheWhole(_ code: String) throws {
    let path = try file(code)
    // Windows smaller than a number and than a row, that rows straddle, and larger than the file.
    for window in [1, 3, 16, 100, 1 << 20] {
      try check(path, as: Float.self, window)
      try check(path, as: Double.self, window)
    }
  }

  @Test func windowsOfManyPages() throws {
    let path = directory.file("X.npy")
    let x = Matrix<Float>(rows: 3000, columns: 7, elements: (0..<21000).map { Float($0) })
    try NPY.write(x, to: path)
    for window in [4096, 5000, 8192] {
      #expect(dense(try StoredMatrix<Float>(path, windowSize: window).read(0..<3000)) == x)
      #expect(dense(try StoredMatrix<Double>(path, windowSize: window).read(0..<3000)) == x.converted())
    }
  }

  @Test func arraysOfAnArchive() throws {
    for name in ["stored.npz", "zip64.npz"] {
      #expect(
        dense(try StoredMatrix("X", of: NPZ(fixture(name)), as: Float.self).read(0..<fixtureMatrix.rows))
          == fixtureMatrix)
    }
    expectFileError(.badData, "entry \"X.npy\"", "compressed", "numpy.savez") { () throws(FileError) in
      try StoredMatrix("X", of: NPZ(fixture("deflated.npz")), as: Float.self)
    }
    expectFileError(.badData, "expected an array named \"Z\"") { () throws(FileError) in
      try StoredMatrix("Z", of: NPZ(fixture("stored.npz")), as: Float.self)
    }
  }

  @Test func refusesOtherShapes() throws {
    let path = try file("<f4", fortran: true)
    expectFileError(.badData, "Fortran order", "numpy.ascontiguousarray") { () throws(FileError) in
      try StoredMatrix(path, as: Float.self)
    }
    expectFileError(.badData, "expected a two-dimensional array", "(4,)") { () throws(FileError) in
      try StoredMatrix(fixture("vector_f4.npy"), as: Float.self)
    }
    expectFileError(.missingInput, "nowhere.npy") { () throws(FileError) in
      try StoredMatrix("nowhere.npy", as: Float.self)
    }
    let column = try file("<f4", columns: 1, fortran: true)
    #expect(try StoredMatrix(column, as: Float.self).rows == 23)
  }

  @Test func truncatedFiles() throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: try file("<f4"))))
    for count in stride(from: 0, to: bytes.count, by: 13) {
      let path = try directory.write(Array(bytes[..<count]), "short.npy")
      expectFileError(.badData, "short.npy") { () throws(FileError) in try StoredMatrix(path, as: Float.self) }
    }
  }

  @Test(arguments: ["<f4", "<f8"]) func filesThatShrink(_ code: String) throws {
    let path = try file(code)
    let stored = try StoredMatrix<Float>(path, windowSize: 64)
    let size = try directory.read("X.npy").count
    let handle = try FileHandle(forWritingTo: URL(filePath: path))
    try handle.truncate(atOffset: UInt64(size - 21))
    #expect(throws: Never.self) { try stored.read(0..<10) }
    let read = #expect(throws: FileError.self) { try stored.read(0..<23) }
    #expect(read?.description.contains("X.npy: byte \(size - 21)") == true, "\(read!)")
    #expect(read?.message.contains("the file has shrunk") == true)
    let gathered = #expect(throws: FileError.self) { try stored.gather([1, 22]) }
    #expect(gathered?.message.contains("truncated") == true)
    try handle.truncate(atOffset: 0)
    #expect(throws: FileError.self) { try stored.read(0..<1) }
    #expect(throws: FileError.self) { try stored.gather([0]) }
  }

  @Test func threadsMayReadAtOnce() throws {
    let path = directory.file("X.npy")
    let x = Matrix<Float>(rows: 500, columns: 9, elements: (0..<4500).map { Float($0) })
    try NPY.write(x, to: path)
    let stored = try StoredMatrix<Double>(path, windowSize: 1000)
    DispatchQueue.concurrentPerform(iterations: 16) { i in
      let range = i * 20..<i * 20 + 200
      let expected = (range.lowerBound * 9..<range.upperBound * 9).map { Double($0) }
      for _ in 0..<5 { #expect((try? stored.read(range)).flatMap { dense($0)?.elements } == expected) }
    }
  }

  @Test func memoryOfTheBlockIsKept() throws {
    let stored = try StoredMatrix<Float>(file("<f4"), windowSize: 64)
    var block = try stored.read(0..<20)
    func address() -> UInt? {
      guard case .dense(let matrix) = block else { return nil }
      return matrix.elements.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }
    let first = address()
    try stored.read(3..<23, into: &block)
    #expect(first != nil && address() == first)
    try stored.gather([1, 2, 0], into: &block)
    #expect(address() == first)
  }
}

@Suite struct StoredSparseTests {
  let directory = TemporaryDirectory()
  let starts = [0, 2, 2, 5, 6, 6, 8]
  let indices = [0, 6, 1, 2, 3, 5, 0, 2]
  let values: [Float] = [1, -2, 0.5, 4, 8, 16, 3, 7]

  private func open(_ bytes: [UInt8], window: Int = 16) throws -> StoredSparse<Float> {
    try StoredSparse(NPZ(directory.write(bytes, "X.npz")), windowSize: window)
  }

  private func whole(columns: Int = 7) -> SparseMatrix<Float> {
    SparseMatrix(columns: columns, rowStarts: starts, columnIndices: indices.map { Int32($0) }, values: values)
  }

  private func part(_ index: [Int]) -> SparseMatrix<Float> {
    var (newStarts, newIndices, newValues) = ([0], [Int32](), [Float]())
    for row in index {
      newIndices += indices[starts[row]..<starts[row + 1]].map { Int32($0) }
      newValues += values[starts[row]..<starts[row + 1]]
      newStarts.append(newValues.count)
    }
    return SparseMatrix(columns: 7, rowStarts: newStarts, columnIndices: newIndices, values: newValues)
  }

  private func sparse<S>(_ features: Features<S>) -> SparseMatrix<S>? {
    if case .sparse(let matrix) = features { return matrix }
    return nil
  }

  @Test(arguments: ["<i4", ">i4", "<i8", ">i8"], ["<f4", "<f8"])
  func blocksAreTheRowsOfTheWhole(_ indexCode: String, _ valueCode: String) throws {
    let bytes = sparseArchive(
      rows: 6, columns: 7, starts: starts, indices: indices, values: values, indexCode: indexCode, valueCode: valueCode)
    for window in [1, 7, 16, 1 << 20] {
      let stored = try open(bytes, window: window)
      #expect(stored.rows == 6 && stored.columns == 7 && stored.entryCount == 8)
      var block = Features<Float>.dense(Matrix(rows: 0, columns: 0))
      for range in [0..<6, 0..<1, 1..<2, 2..<5, 5..<6, 3..<3] {
        try stored.read(range, into: &block)
        #expect(sparse(block) == part(Array(range)))
      }
      try stored.gather([5, 1, 2, 3, 0, 0], into: &block)
      #expect(sparse(block) == part([5, 1, 2, 3, 0, 0]))
      let double = try StoredSparse<Double>(NPZ(directory.file("X.npz")), windowSize: window)
      #expect(sparse(try double.read(0..<6))?.values == values.map { Double($0) })
    }
  }

  @Test func refusesWhatIsNoCSR() throws {
    func expectRefused(_ parts: String..., starts: [Int]? = nil, indices: [Int]? = nil, columns: Int = 7) throws {
      let bytes = sparseArchive(
        rows: 6, columns: columns, starts: starts ?? self.starts, indices: indices ?? self.indices, values: values)
      let error = #expect(throws: FileError.self) { try open(bytes).read(0..<6) }
      for part in parts { #expect(error?.description.contains(part) == true, "\(error!) lacks \(part)") }
    }
    try expectRefused("expected 7 numbers for shape (6, 7), got 6", starts: [0, 2, 2, 5, 6, 8])
    try expectRefused("element 6", "expected 8, the count of data, got 7", starts: [0, 2, 2, 5, 6, 6, 7])
    try expectRefused("element 2: expected a number from 2 to 8, got 1", starts: [0, 2, 1, 5, 6, 6, 8])
    try expectRefused("expected an index from 0 to 5, got 6", columns: 6)
    try expectRefused("expected an index from 0 to 6, got -1", indices: [0, 6, -1, 2, 3, 5, 0, 2])
    try expectRefused(
      "row 2: expected ascending columns, got 2 after 2: call X.sum_duplicates()", indices: [0, 6, 2, 2, 3, 5, 0, 2])
    try expectRefused("expected one index for each number in data, got shapes (3,) and (8,)", indices: [0, 6, 1])
    let error = #expect(throws: FileError.self) { try StoredSparse<Float>(NPZ(fixture("stored.npz"))) }
    #expect(error?.message.contains("expected the arrays data, indices, indptr and shape") == true)
  }

  @Test func filesThatShrink() throws {
    let bytes = sparseArchive(rows: 6, columns: 7, starts: starts, indices: indices, values: values)
    let stored = try open(bytes)
    let handle = try FileHandle(forWritingTo: URL(filePath: directory.file("X.npz")))
    try handle.truncate(atOffset: 200)
    #expect(throws: FileError.self) { try stored.read(0..<6) }
    #expect(throws: FileError.self) { try stored.gather([5, 2]) }
  }
}

#if os(Linux)
  @Suite struct StoredMemoryTests {
    let directory = TemporaryDirectory()

    /// 256 MB in blocks of 1 MB: memory is a block, a window and its pages.
    @Test(arguments: ["f4", "f8"]) func blocksInBoundedMemory(_ code: String) async throws {
      let (rows, columns) = ((256 << 20) / Int(String(code.last!))! / 256, 256)
      let header = npyBytes("{'descr': '<\(code)', 'fortran_order': False, 'shape': (\(rows), \(columns))}", data: [])
      let path = try directory.write(header, "zeros.npy")
      let file = try FileHandle(forWritingTo: URL(filePath: path))
      try file.truncate(atOffset: UInt64(header.count + 256 << 20))
      try file.close()
      await #expect(processExitsWith: .success) { [path = path as String] in
        let before = try peakMemory()
        let stored = try StoredMatrix<Float>(path)
        var block = Features<Float>.dense(Matrix(rows: 0, columns: 0))
        for start in stride(from: 0, to: stored.rows, by: 1024) { try stored.read(start..<start + 1024, into: &block) }
        let used = try peakMemory() - before
        #expect(used < 16 << 20, "\(used)")
      }
    }
  }
#endif

@Suite struct NPYWriterTests {
  let directory = TemporaryDirectory()

  @Test func partsMakeTheWhole() throws {
    let x = Matrix<Float>(rows: 5, columns: 3, elements: (0..<15).map { Float($0) })
    try NPY.write(x, to: directory.file("whole.npy"))
    try NPY.write(as: Float.self, shape: [5, 3], to: directory.file("parts.npy")) { file in
      for part in [0..<4, 4..<4, 4..<15] { try file.append(Array(x.elements[part])) }
    }
    #expect(try directory.read("parts.npy") == directory.read("whole.npy"))
    try NPY.writeIntegers(shape: [2], to: directory.file("y.npy")) { file in
      try file.append([3])
      try file.append([-1])
    }
    #expect(try NPY.integers(directory.file("y.npy")) == [3, -1])
  }

  @Test func failuresLeaveNothing() throws {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      try NPY.write(as: Double.self, shape: [4], to: directory.file("x.npy")) { file in
        try file.append([1, 2])
        throw Stop()
      }
    }
    #expect(directory.names == [])
  }
}
