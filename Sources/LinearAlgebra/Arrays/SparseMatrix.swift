/// A sparse row-major matrix, compressed by rows (CSR), with value semantics: what SciPy calls `csr_matrix`.
///
/// Row i holds `values[k]` in column `columnIndices[k]` for k in `rowStarts[i]..<rowStarts[i + 1]`. The columns of a
/// row ascend and none comes twice. Memory is 4 bytes and a scalar for each entry, and 8 bytes a row.
///
/// ```swift
/// let x = SparseMatrix<Float>(columns: 3, rowStarts: [0, 1, 3], columnIndices: [2, 0, 1], values: [4, 1, 5])
/// ```
public struct SparseMatrix<Scalar: RealScalar>: Sendable, Equatable {
  public private(set) var columns: Int
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
    precondition(columns >= 0 && columns <= Int(Int32.max), "columns are numbered by 32 bits, got \(columns)")
    self.columns = columns
    self.rowStarts = rowStarts
    self.columnIndices = columnIndices
    self.values = values
  }

  /// No rows.
  public init(columns: Int = 0) { self.init(columns: columns, rowStarts: [0], columnIndices: [], values: []) }

  public var rows: Int { rowStarts.count - 1 }
  /// Entries that are stored.
  public var entryCount: Int { values.count }
  /// Entries of some neighbouring rows.
  public func entryCount(of rows: Range<Int>) -> Int { rowStarts[rows.upperBound] - rowStarts[rows.lowerBound] }
  /// Entries for each element, 0 to 1.
  public var density: Double { Double(entryCount) / max(1, Double(rows) * Double(columns)) }
}

extension SparseMatrix {
  /// Rows `range`, a copy of their entries. Products take a range of rows without one.
  public func rows(_ range: Range<Int>) -> SparseMatrix {
    var result = SparseMatrix()
    read(range, into: &result)
    return result
  }

  /// The same, into memory that is kept.
  public func read(_ range: Range<Int>, into result: inout SparseMatrix) {
    let entries = rowStarts[range.lowerBound]..<rowStarts[range.upperBound]
    result.clear(columns: columns)
    result.rowStarts += rowStarts[range.lowerBound...range.upperBound].lazy.map { $0 - entries.lowerBound }
    result.columnIndices += columnIndices[entries]
    result.values += values[entries]
  }

  /// Nothing, not even the first row start; the memory stays.
  private mutating func clear(columns: Int) {
    self.columns = columns
    rowStarts.removeAll(keepingCapacity: true)
    columnIndices.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
  }

  /// Rows `index`, in that order, into memory that is kept. Costs their entries.
  public func gather(_ index: [Int32], into result: inout SparseMatrix) {
    precondition(index.allSatisfy { $0 >= 0 && $0 < Int32(rows) }, "row numbers must be in 0..<\(rows)")
    result.clear(columns: columns)
    SparseLoops.gather(self, index, &result)
  }

  /// Row i becomes w_i x_i.
  public mutating func scaleRows(by w: [Scalar]) {
    precondition(w.count == rows, "one weight for each row")
    SparseLoops.scaleRows(rowStarts, w, &values)
  }

  /// x_ij <- x_ij factor_j.
  public mutating func scaleColumns(by factors: [Scalar]) {
    precondition(factors.count == columns, "one factor for each of \(columns) columns")
    SparseLoops.scaleColumns(columnIndices, factors, &values)
  }

  /// The same numbers in another precision.
  public func converted<Other: RealScalar>(to type: Other.Type = Other.self) -> SparseMatrix<Other> {
    SparseMatrix<Other>(
      columns: columns, rowStarts: rowStarts, columnIndices: columnIndices, values: values.map { Other($0) })
  }

  /// Every element: rows x columns numbers. For tests and for models that take nothing else.
  public func densified() -> Matrix<Scalar> {
    var result = Matrix<Scalar>(rows: rows, columns: columns)
    SparseLoops.expand(self, &result.elements)
    return result
  }

  /// The entries of a matrix that are not zero.
  public init(_ dense: Matrix<Scalar>) {
    self.init(columns: dense.columns)
    SparseLoops.compress(dense, &self)
  }
}

/// Plain loops over entries, compiled for each precision.
enum SparseLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func gather<S: RealScalar>(_ x: SparseMatrix<S>, _ index: [Int32], _ result: inout SparseMatrix<S>) {
    result.rowStarts.reserveCapacity(index.count + 1)
    result.rowStarts.append(0)
    var count = 0
    for i in index {
      count += x.rowStarts[Int(i) + 1] - x.rowStarts[Int(i)]
      result.rowStarts.append(count)
    }
    result.columnIndices.reserveCapacity(count)
    result.values.reserveCapacity(count)
    for i in index {
      let entries = x.rowStarts[Int(i)]..<x.rowStarts[Int(i) + 1]
      result.columnIndices += x.columnIndices[entries]
      result.values += x.values[entries]
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func scaleRows<S: RealScalar>(_ starts: [Int], _ w: [S], _ values: inout [S]) {
    for i in w.indices {
      for k in starts[i]..<starts[i + 1] { values[k] *= w[i] }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func scaleColumns<S: RealScalar>(_ columns: [Int32], _ factors: [S], _ values: inout [S]) {
    for k in columns.indices { values[k] *= factors[Int(columns[k])] }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func expand<S: RealScalar>(_ x: SparseMatrix<S>, _ elements: inout [S]) {
    for i in 0..<x.rows {
      for k in x.rowStarts[i]..<x.rowStarts[i + 1] { elements[i * x.columns + Int(x.columnIndices[k])] = x.values[k] }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func compress<S: RealScalar>(_ x: Matrix<S>, _ result: inout SparseMatrix<S>) {
    for i in 0..<x.rows {
      for j in 0..<x.columns where x.elements[i * x.columns + j] != 0 {
        result.columnIndices.append(Int32(j))
        result.values.append(x.elements[i * x.columns + j])
      }
      result.rowStarts.append(result.values.count)
    }
  }

  /// A column that `parts` equal shares of the entries end at, for each share but the last, from a sample.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func quantiles<S: RealScalar>(_ x: SparseMatrix<S>, _ rows: Range<Int>, parts: Int) -> [Int] {
    let (first, count) = (x.rowStarts[rows.lowerBound], x.entryCount(of: rows))
    // Steps of the golden ratio, so that rows of equal length are not met at the same place.
    var sample: [Int32] = []
    for k in 0..<min(count, 512) { sample.append(x.columnIndices[first + (k &* 0x9E37_79B1) % count]) }
    sample.sort()
    return (1..<parts).map { sample.isEmpty ? 0 : Int(sample[sample.count * $0 / parts]) }
  }
}
