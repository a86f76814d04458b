import LinearAlgebra

/// A sparse matrix [N, D] that stays in its file, CSR in a scipy archive, and is read in blocks of rows.
///
/// The file is that of `scipy.sparse.save_npz(path, X.tocsr(), compressed=False)`; in each row the columns must ascend,
/// as `X.sum_duplicates()` leaves them. Memory is 8 bytes a row for where rows start, and otherwise as of
/// `StoredMatrix`. Each block is checked when it is read.
///
/// ```swift
/// let x = try StoredSparse(NPZ("X.npz"), as: Float.self)
/// let block = try x.read(0..<min(1024, x.rows))   // .sparse
/// ```
package struct StoredSparse<Scalar: RealScalar>: StoredFeatures {
  package let columns: Int
  private let rowStarts: [Int]
  private let indices: StoredArray
  private let values: StoredArray

  /// Opens an archive of the arrays `data`, `indices`, `indptr` and `shape`.
  ///
  /// Throws `FileError`, `.badData` when it is not a matrix in CSR, or is compressed.
  package init(_ archive: NPZ, as type: Scalar.Type = Scalar.self) throws(FileError) {
    try self.init(archive, windowSize: MappedRegion.windowSize)
  }

  init(_ archive: NPZ, windowSize: Int) throws(FileError) {
    guard archive.isSparse else {
      let list = archive.names.prefix(20).map(excerpt).joined(separator: ", ")
      throw .badData(
        archive.path, "expected the arrays data, indices, indptr and shape of a sparse matrix, got \(list)")
    }
    let layout = try archive.sparseLayout()
    guard !layout.isByColumns else {
      throw archive.bad("format", "expected csr, whose rows can be read in blocks, got csc: save X.tocsr()")
    }
    (columns, rowStarts) = (layout.columns, layout.starts)
    indices = try StoredArray(archive.storedRegion("indices"), windowSize: windowSize)
    values = try StoredArray(archive.storedRegion("data"), windowSize: windowSize)
    guard values.shape.count == 1, indices.shape == values.shape else {
      throw archive.bad(
        "indices",
        "expected one index for each number in data, got shapes \(pythonTuple(indices.shape)) and "
          + pythonTuple(values.shape))
    }
    try archive.check(rowStarts, entryCount: values.shape[0])
  }

  package var rows: Int { rowStarts.count - 1 }
  package var entryCount: Int? { rowStarts[rows] }
  /// What entries and row starts take in the file, about.
  package var byteCount: Int { values.byteCount + indices.byteCount + rowStarts.count * 8 }

  package func read(_ range: Range<Int>, into result: inout Features<Scalar>) throws {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    try fill(&result, [range])
    let next = range.upperBound..<min(rows, range.upperBound + range.count)
    for array in [indices, values] { array.willNeed([entries(next)]) }
  }

  package func gather(_ index: [Int32], into result: inout Features<Scalar>) throws {
    precondition(index.allSatisfy { $0 >= 0 && $0 < rows }, "row numbers must be in 0..<\(rows)")
    let runs = index.runs
    for array in [indices, values] { array.willNeed(runs.map(entries)) }
    try fill(&result, runs)
  }

  package func entryCount(of index: [Int32]) -> Int? { index.reduce(0) { $0 + entries(Int($1)..<Int($1) + 1).count } }

  private func entries(_ rows: Range<Int>) -> Range<Int> { rowStarts[rows.lowerBound]..<rowStarts[rows.upperBound] }

  private func fill(_ result: inout Features<Scalar>, _ runs: [Range<Int>]) throws(FileError) {
    let total = runs.reduce(0) { $0 + entries($1).count }
    var matrix = result.takeSparse()
    var (starts, columnIndices, numbers) = (matrix.rowStarts, matrix.columnIndices, matrix.values)
    matrix = SparseMatrix()  // each array has one owner, and changing it copies nothing
    starts.removeAll(keepingCapacity: true)
    starts.append(0)
    columnIndices.removeAll(keepingCapacity: true)
    numbers.resize(to: total)
    for run in runs {
      let (part, done) = (entries(run), columnIndices.count)
      try values.read(part, into: &numbers, first: done, isShort: runs.count > 1)
      try indices.appendIndices(part, below: columns, to: &columnIndices, isShort: runs.count > 1)
      for row in run {
        starts.append(done + rowStarts[row + 1] - part.lowerBound)
        try check(columnIndices, starts[starts.count - 2]..<starts[starts.count - 1], row)
      }
    }
    result = .sparse(
      SparseMatrix(columns: columns, rowStarts: starts, columnIndices: columnIndices, values: numbers))
  }

  private func check(_ indices: [Int32], _ range: Range<Int>, _ row: Int) throws(FileError) {
    var previous: Int32 = -1
    for k in range {
      guard indices[k] > previous else { throw notAscending(indices[k], after: previous, row) }
      previous = indices[k]
    }
  }

  private func notAscending(_ column: Int32, after previous: Int32, _ row: Int) -> FileError {
    .badData(
      self.indices.file.path, at: "row \(row)",
      "expected ascending columns, got \(column) after \(previous): call X.sum_duplicates() before saving")
  }
}
