import LinearAlgebra

/// A dense matrix [N, D] that stays in its file and is read in blocks of rows.
///
/// The file is npy, or an npz archive that is not compressed; any real type that `NPY` reads, in either byte order, in
/// C order. Runs of rows are copied from mapped windows of a few megabytes, single rows are read by a system call each,
/// and the numbers are converted on the way: so memory and address space are the block, a window and half a megabyte.
/// Nothing is kept between reads, and any number of threads may read.
///
/// ```swift
/// let x = try StoredMatrix("X.npy", as: Float.self)
/// var block = Features<Float>.dense(Matrix(rows: 0, columns: 0))
/// try x.read(0..<min(1024, x.rows), into: &block)
/// ```
package struct StoredMatrix<Scalar: RealScalar>: StoredFeatures {
  private let array: StoredArray

  /// Opens an npy file.
  ///
  /// Throws `FileError`: `.missingInput` when the file cannot be opened, `.badData` when it is not a matrix in C order.
  package init(_ path: String, as type: Scalar.Type = Scalar.self) throws(FileError) {
    try self.init(path, windowSize: MappedRegion.windowSize)
  }

  /// Opens the array `name` of an npz archive, which must not be compressed. Its checksum is not verified.
  package init(_ name: String, of archive: NPZ, as type: Scalar.Type = Scalar.self) throws(FileError) {
    try self.init(archive.storedRegion(name), windowSize: MappedRegion.windowSize)
  }

  init(_ path: String, windowSize: Int) throws(FileError) {
    try self.init(FileRegion(InputFile.open(path)), windowSize: windowSize)
  }

  init(_ region: FileRegion, windowSize: Int) throws(FileError) {
    array = try StoredArray(region, windowSize: windowSize)
    guard array.shape.count == 2 else {
      throw .badData(
        region.path, at: "shape",
        "expected a two-dimensional array [examples, features], got shape \(pythonTuple(array.shape))")
    }
  }

  package var rows: Int { array.shape[0] }
  package var columns: Int { array.shape[1] }
  package var entryCount: Int? { nil }
  package func entryCount(of index: [Int32]) -> Int? { nil }
  /// What the numbers take in the file.
  package var byteCount: Int { array.byteCount }

  package func read(_ range: Range<Int>, into result: inout Features<Scalar>) throws {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    try fill(&result, rows: range.count) { (elements) throws(FileError) in
      try array.read(elementRange(range), into: &elements)
    }
    // Reading the next block overlaps what is done with this one.
    array.willNeed([elementRange(range.upperBound..<min(rows, range.upperBound + range.count))])
  }

  package func gather(_ index: [Int32], into result: inout Features<Scalar>) throws {
    precondition(index.allSatisfy { $0 >= 0 && $0 < rows }, "row numbers must be in 0..<\(rows)")
    let runs = index.runs
    array.willNeed(runs.map(elementRange))
    try fill(&result, rows: index.count) { (elements) throws(FileError) in
      var next = 0
      for run in runs {
        try array.read(elementRange(run), into: &elements, first: next, isShort: true)
        next += run.count * columns
      }
    }
  }

  private func elementRange(_ rows: Range<Int>) -> Range<Int> {
    rows.lowerBound * columns..<rows.upperBound * columns
  }

  private func fill(
    _ result: inout Features<Scalar>, rows: Int, _ body: (inout [Scalar]) throws(FileError) -> Void
  ) throws(FileError) {
    var matrix = result.takeDense()
    matrix.reshape(rows: rows, columns: columns)
    var elements = matrix.elements
    matrix = Matrix(rows: 0, columns: 0)  // the array has one owner, and changing it copies nothing
    try body(&elements)
    result = .dense(Matrix(rows: rows, columns: columns, elements: elements))
  }
}

extension [Int32] {
  /// Numbers that follow one another, as ranges, in order.
  var runs: [Range<Int>] {
    var result: [Range<Int>] = []
    for number in self {
      if let last = result.last, last.upperBound == Int(number) {
        result[result.count - 1] = last.lowerBound..<Int(number) + 1
      } else {
        result.append(Int(number)..<Int(number) + 1)
      }
    }
    return result
  }
}
