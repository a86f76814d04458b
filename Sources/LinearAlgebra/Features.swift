/// The features [N, D] of examples: dense or sparse in memory, or in a file that is read in blocks of rows.
public enum Features<Scalar: RealScalar>: Sendable {
  case dense(Matrix<Scalar>)
  case sparse(SparseMatrix<Scalar>)
  case stored(any StoredFeatures<Scalar>)

  public var rows: Int {
    switch self {
    case .dense(let matrix): matrix.rows
    case .sparse(let matrix): matrix.rows
    case .stored(let source): source.rows
    }
  }

  public var columns: Int {
    switch self {
    case .dense(let matrix): matrix.columns
    case .sparse(let matrix): matrix.columns
    case .stored(let source): source.columns
    }
  }
}

/// Features that are not in memory. Reading is safe from several threads at a time.
public protocol StoredFeatures<Scalar>: Sendable {
  associatedtype Scalar: RealScalar
  var rows: Int { get }
  var columns: Int { get }
  /// Entries of a sparse file; nil if it is dense.
  var entryCount: Int? { get }

  /// Rows `range` as features in memory, dense or sparse, in memory of `result` that is kept where it is of that kind.
  /// Throws where the file cannot be read any more; `result` is unspecified then.
  func read(_ range: Range<Int>, into result: inout Features<Scalar>) throws
  /// Rows by number, in any order.
  func gather(_ index: [Int32], into result: inout Features<Scalar>) throws
}

extension StoredFeatures {
  /// Rows `range`, in memory of their own.
  public func read(_ range: Range<Int>) throws -> Features<Scalar> {
    var result = Features<Scalar>.dense(Matrix(rows: 0, columns: columns))
    try read(range, into: &result)
    return result
  }

  /// Rows by number, in memory of their own.
  public func gather(_ index: [Int32]) throws -> Features<Scalar> {
    var result = Features<Scalar>.dense(Matrix(rows: 0, columns: columns))
    try gather(index, into: &result)
    return result
  }
}
