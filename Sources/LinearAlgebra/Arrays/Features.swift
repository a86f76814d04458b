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

extension Features {
  /// No rows.
  public static var none: Features { .dense(Matrix(rows: 0, columns: 0)) }

  /// Entries that are stored; nil where every element is.
  public var entryCount: Int? {
    switch self {
    case .dense: nil
    case .sparse(let matrix): matrix.entryCount
    case .stored(let source): source.entryCount
    }
  }

  public var isSparse: Bool { entryCount != nil }

  public var isInMemory: Bool {
    if case .stored = self { return false }
    return true
  }

  /// The matrix of dense features in memory, which they must be: models that take sparse ones say so
  /// (`Model.takesSparseFeatures`), and data are checked against that before a run.
  public var dense: Matrix<Scalar> {
    get {
      guard case .dense(let matrix) = self else { isNotDense() }
      return matrix
    }
    _modify {
      guard case .dense(var matrix) = self else { isNotDense() }
      self = .none  // the matrix has one owner, and changing it copies nothing
      defer { self = .dense(matrix) }
      yield &matrix
    }
    set { self = .dense(newValue) }
  }

  private func isNotDense() -> Never { preconditionFailure("expected dense features in memory, got \(kind)") }

  /// "dense features" or "sparse features", for messages.
  public var kind: String {
    switch self {
    case .dense: "dense features"
    case .sparse: "sparse features"
    case .stored: "features in a file"
    }
  }

  /// Rows `range` in memory that is kept. A copy, or for a file what is read of it.
  public func read(_ range: Range<Int>, into result: inout Features) throws {
    switch self {
    case .dense(let x):
      var rows = result.takeDense()
      rows.reshape(rows: range.count, columns: x.columns)
      rows.assign(x.rows(range))
      result = .dense(rows)
    case .sparse(let x):
      var rows = result.takeSparse()
      x.read(range, into: &rows)
      result = .sparse(rows)
    case .stored(let source): try source.read(range, into: &result)
    }
  }

  /// Rows `index`, in that order, in memory that is kept.
  public func gather(_ index: [Int32], into result: inout Features) throws {
    switch self {
    case .dense(let x):
      var rows = result.takeDense()
      RowKernels.gather(x.view, index, into: &rows)
      result = .dense(rows)
    case .sparse(let x):
      var rows = result.takeSparse()
      x.gather(index, into: &rows)
      result = .sparse(rows)
    case .stored(let source): try source.gather(index, into: &result)
    }
  }

  /// Rows `index` of features in memory, which these must be.
  public func gatheredInMemory(_ index: [Int32]) -> Features {
    switch self {
    case .dense(let x):
      var rows = Matrix<Scalar>(rows: 0, columns: 0)
      RowKernels.gather(x.view, index, into: &rows)
      return .dense(rows)
    case .sparse(let x):
      var rows = SparseMatrix<Scalar>()
      x.gather(index, into: &rows)
      return .sparse(rows)
    case .stored: preconditionFailure("expected features in memory, got \(kind)")
    }
  }

  /// The matrix of dense features, or an empty one, for reuse of its memory: these are `none` then.
  public mutating func takeDense() -> Matrix<Scalar> {
    guard case .dense(let matrix) = self else { return Matrix(rows: 0, columns: 0) }
    self = .none
    return matrix
  }

  /// The same of sparse features.
  public mutating func takeSparse() -> SparseMatrix<Scalar> {
    guard case .sparse(let matrix) = self else { return SparseMatrix() }
    self = .none
    return matrix
  }
}

/// Features that are not in memory. Reading is safe from several threads at a time.
public protocol StoredFeatures<Scalar>: Sendable {
  associatedtype Scalar: RealScalar
  var rows: Int { get }
  var columns: Int { get }
  /// Entries of a sparse file; nil if it is dense.
  var entryCount: Int? { get }
  /// Entries of some rows of a sparse file; nil if it is dense.
  func entryCount(of index: [Int32]) -> Int?

  /// Rows `range` as features in memory, dense or sparse, in memory of `result` that is kept where it is of that kind.
  /// Throws where the file cannot be read any more; `result` is unspecified then.
  func read(_ range: Range<Int>, into result: inout Features<Scalar>) throws
  /// Rows by number, in any order.
  func gather(_ index: [Int32], into result: inout Features<Scalar>) throws
}

extension StoredFeatures {
  /// Rows `range`, in memory of their own.
  public func read(_ range: Range<Int>) throws -> Features<Scalar> {
    var result = Features<Scalar>.none
    try read(range, into: &result)
    return result
  }

  /// Rows by number, in memory of their own.
  public func gather(_ index: [Int32]) throws -> Features<Scalar> {
    var result = Features<Scalar>.none
    try gather(index, into: &result)
    return result
  }
}
