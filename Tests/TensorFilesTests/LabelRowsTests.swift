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

/// Numbers to predict, [examples] or [examples, outputs].
@Suite struct TargetTests {
  let directory = TemporaryDirectory()

  @Test func columns() throws {
    let path = directory.file("y.npy")
    try NPY.write([0.5, 1, 2], to: path)
    let one = try NPY.columns(path, as: Float.self)
    #expect(one.values == Matrix(rows: 3, columns: 1, elements: [0.5, 1, 2]) && one.stored == .float64)
    try NPY.write([0, 1, 2, 3, 4, 5], shape: [3, 2], to: path)
    let two = try NPY.columns(path, as: Double.self)
    #expect(two.values == Matrix(rows: 3, columns: 2, elements: [0, 1, 2, 3, 4, 5]) && two.stored == .int64)
    try NPY.write([Float](repeating: 0, count: 4), shape: [2, 2, 1], to: path)
    expectFileError(.badData, "shape: expected targets [examples] or [examples, outputs]") { () throws(FileError) in
      try NPY.columns(path, as: Float.self)
    }
    try NPZ.write(to: directory.file("d.npz")) { archive throws(FileError) in
      try archive.add([1, 2] as [Int], named: "y")
    }
    let archived = try NPZ(directory.file("d.npz")).columns("y", as: Float.self)
    #expect(archived.values.elements == [1, 2] && archived.stored == .int64)
  }

  @Test func whichTypesAreWhole() {
    let real: Set<ElementType> = [.float16, .bfloat16, .float32, .float64]
    for type in ElementType.allCases { #expect(type.isInteger == !real.contains(type), "\(type)") }
  }

  @Test func ofSparseText() throws {
    var options = LIBSVM.Options()
    options.labels = .numbers
    let path = try directory.write("0.5 1:1 # a comment\n\n-2e1\n3 2:1\n", "t.svm")
    let data = try LIBSVM.read(path, as: Double.self, options: options)
    #expect(
      data.targets == [0.5, -20, 3] && data.labelCodes.isEmpty && data.features.dense.elements == [1, 0, 0, 0, 0, 1])
    let word = try directory.write("x 1:1\n", "w.svm")
    expectFileError(.badData, "line 1, field 1: expected a number as the label, got \"x\"") { () throws(FileError) in
      try LIBSVM.read(word, as: Float.self, options: options)
    }
  }
}
