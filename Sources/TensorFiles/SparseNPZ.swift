import LinearAlgebra

/// Sparse matrices as `scipy.sparse.save_npz` writes them: arrays `data`, `indices` and `indptr`, the `shape`, and the
/// `format`, csr or csc.
///
/// Columns of a row may stand in any order; an entry that occurs twice is the sum, as in SciPy. What is read takes the
/// result and, for csc or rows out of order, the result once more. The size of each array, `indptr` against the
/// number of entries, and each index against the shape are checked.
///
/// ```swift
/// let archive = try NPZ("X.npz")
/// let x = try archive.sparseMatrix(as: Float.self)
/// ```
///
/// Source: SciPy's `scipy/sparse/_matrix_io.py`.
extension NPZ {
  /// Whether the archive is one of a sparse matrix, of any format.
  package var isSparse: Bool {
    names.contains("shape") && names.contains("data") && (names.contains("indptr") || names.contains("format"))
  }

  /// The sparse matrix in the archive, converted to `Scalar`.
  package func sparseMatrix<Scalar: RealScalar>(as type: Scalar.Type = Scalar.self) throws(FileError) -> SparseMatrix<
    Scalar
  > {
    let layout = try sparseLayout()
    let (isByColumns, starts) = (layout.isByColumns, layout.starts)
    let minor = isByColumns ? layout.rows : layout.columns
    let indices = try indices("indices", below: minor)
    let values: [Scalar] = try vector("data")
    guard indices.count == values.count else {
      throw bad("indices", "expected one index for each of the \(values.count) numbers in data, got \(indices.count)")
    }
    try check(starts, entryCount: values.count)
    var rows = CompressedRows(minor: minor, starts: starts, indices: indices, values: values)
    if isByColumns {
      // What is allocated is by the shape that the file claims, not by what it holds.
      let bytes = (layout.rows + 1) * 2 * MemoryLayout<Int>.stride
      guard bytes <= memoryLimit else {
        throw bad(
          "shape",
          "\(layout.rows) rows in csc format need \(byteCount(bytes)), more than the limit of "
            + "\(byteCount(memoryLimit)): save it as csr")
      }
      rows = rows.transposed()
    } else if !rows.isOrdered {
      rows.sortEachRow()
    }
    rows.sumDuplicates()
    return SparseMatrix(
      columns: layout.columns, rowStarts: rows.starts, columnIndices: rows.indices, values: rows.values)
  }

  /// Shape, and where rows start, or columns: as many numbers as there are of them and one, not checked further.
  func sparseLayout() throws(FileError) -> (rows: Int, columns: Int, isByColumns: Bool, starts: [Int]) {
    let isByColumns = try sparseFormat() == "csc"
    let shape = try integers("shape")
    guard shape.count == 2, shape.allSatisfy({ 0...Int(Int32.max) ~= $0 }) else {
      throw bad("shape", "expected rows and columns, at most \(Int32.max), got \(pythonTuple(shape))")
    }
    let starts = try integers("indptr")
    let count = (isByColumns ? shape[1] : shape[0]) + 1
    guard starts.count == count else {
      throw bad("indptr", "expected \(count) numbers for shape \(pythonTuple(shape)), got \(starts.count)")
    }
    return (shape[0], shape[1], isByColumns, starts)
  }

  /// Throws where starts do not ascend from 0 to the number of entries.
  func check(_ starts: [Int], entryCount: Int) throws(FileError) {
    guard starts[0] == 0 else { throw bad("indptr", at: 0, "expected 0, got \(starts[0])") }
    let major = starts.count - 1
    if let i = (0..<major).first(where: { starts[$0 + 1] < starts[$0] || starts[$0 + 1] > entryCount }) {
      throw bad("indptr", at: i + 1, "expected a number from \(starts[i]) to \(entryCount), got \(starts[i + 1])")
    }
    guard starts[major] == entryCount else {
      throw bad("indptr", at: major, "expected \(entryCount), the count of data, got \(starts[major])")
    }
  }

  private func sparseFormat() throws(FileError) -> String {
    guard names.contains("format") else { return "csr" }
    let format = try text("format")
    guard format == "csr" || format == "csc" else {
      throw bad(
        "format", "expected csr or csc, got \(excerpt(format)): save it as scipy.sparse.save_npz(path, x.tocsr())")
    }
    return format
  }

  func bad(_ name: String, at element: Int? = nil, _ message: String) -> FileError {
    .badData(path, at: "entry \(excerpt(name + ".npy"))" + (element.map { ", element \($0)" } ?? ""), message)
  }
}

/// A compressed matrix on the way to rows in order.
private struct CompressedRows<Scalar: RealScalar> {
  var minor: Int
  var starts: [Int]
  var indices: [Int32]
  var values: [Scalar]

  /// Whether indices ascend in each row; equal ones may follow each other.
  var isOrdered: Bool { CompressedLoops.isOrdered(starts, indices) }

  /// By the other index, whose rows come out in order: a counting sort.
  func transposed() -> CompressedRows {
    var result = CompressedRows(
      minor: starts.count - 1, starts: [Int](repeating: 0, count: minor + 1),
      indices: [Int32](repeating: 0, count: indices.count), values: [Scalar](repeating: 0, count: values.count))
    CompressedLoops.transpose(starts, indices, values, &result.starts, &result.indices, &result.values)
    return result
  }

  /// Puts the indices of each row in order, equal ones as they come.
  mutating func sortEachRow() {
    for i in 0..<starts.count - 1 {
      let range = starts[i]..<starts[i + 1]
      let order = range.sorted { (indices[$0], $0) < (indices[$1], $1) }
      let (sortedIndices, sortedValues) = (order.map { indices[$0] }, order.map { values[$0] })
      indices.replaceSubrange(range, with: sortedIndices)
      values.replaceSubrange(range, with: sortedValues)
    }
  }

  mutating func sumDuplicates() { CompressedLoops.sumDuplicates(&starts, &indices, &values) }
}

private enum CompressedLoops {
  static func isOrdered(_ starts: [Int], _ indices: [Int32]) -> Bool {
    for i in 0..<starts.count - 1 {
      var previous = Int32(-1)
      for k in starts[i]..<starts[i + 1] {
        if indices[k] < previous { return false }
        previous = indices[k]
      }
    }
    return true
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func transpose<S: RealScalar>(
    _ starts: [Int], _ indices: [Int32], _ values: [S], _ newStarts: inout [Int], _ newIndices: inout [Int32],
    _ newValues: inout [S]
  ) {
    for index in indices { newStarts[Int(index) + 1] += 1 }
    for j in 1..<max(1, newStarts.count) { newStarts[j] += newStarts[j - 1] }
    var next = newStarts
    for i in 0..<starts.count - 1 {
      for k in starts[i]..<starts[i + 1] {
        let j = Int(indices[k])
        newIndices[next[j]] = Int32(i)
        newValues[next[j]] = values[k]
        next[j] += 1
      }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func sumDuplicates<S: RealScalar>(_ starts: inout [Int], _ indices: inout [Int32], _ values: inout [S]) {
    var (count, first) = (0, 0)
    for i in 0..<starts.count - 1 {
      let (end, begin) = (starts[i + 1], count)
      for k in first..<end {
        if count > begin && indices[count - 1] == indices[k] {
          values[count - 1] += values[k]
        } else {
          (indices[count], values[count]) = (indices[k], values[k])
          count += 1
        }
      }
      first = end
      starts[i + 1] = count
    }
    indices.removeLast(indices.count - count)
    values.removeLast(values.count - count)
  }
}
