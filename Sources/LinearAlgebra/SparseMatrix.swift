/// A sparse row-major matrix, compressed by rows (CSR), with value semantics: what SciPy calls `csr_matrix`.
///
/// Row i holds `values[k]` in column `columnIndices[k]` for k in `rowStarts[i]..<rowStarts[i + 1]`. The columns of a row
/// ascend and none comes twice. Memory is 4 bytes and a scalar for each entry, and 8 bytes a row.
///
/// ```swift
/// let x = SparseMatrix<Float>(columns: 3, rowStarts: [0, 1, 3], columnIndices: [2, 0, 1], values: [4, 1, 5])
/// ```
public struct SparseMatrix<Scalar: RealScalar>: Sendable, Equatable {
  public let columns: Int
  /// [rows + 1], ascending from 0.
  public internal(set) var rowStarts: [Int]
  /// Below `columns`, ascending within a row.
  public internal(set) var columnIndices: [Int32]
  public internal(set) var values: [Scalar]

  /// Takes over the arrays, which must be as described above: readers of files check them and throw.
  public init(columns: Int, rowStarts: [Int], columnIndices: [Int32], values: [Scalar]) {
    precondition(
      rowStarts.first == 0 && rowStarts.last == values.count && columnIndices.count == values.count,
      "row starts go from 0 to the \(values.count) entries, which have a column each")
    self.columns = columns
    self.rowStarts = rowStarts
    self.columnIndices = columnIndices
    self.values = values
  }

  public var rows: Int { rowStarts.count - 1 }
  /// Entries that are stored.
  public var entryCount: Int { values.count }
}
