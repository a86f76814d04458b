/// Rows of features in memory, where a sweep reads them.
enum SweepRows<Scalar: RealScalar> {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias Numbers = UnsafePointer<Int32>

  case dense(Input, features: Int)
  case sparse(values: Input, columns: Numbers, starts: UnsafePointer<Int>, features: Int)

  /// z [rows, padded] = x W + bias for the rows `index`, or `first` and what follows.
  func forward(_ index: Numbers?, first: Int, rows: Int, panels: Input, bias: Input, vectors: Int, z: Output) {
    switch self {
    case .dense(let x, let features):
      Scalar.kernels.pointee.sweep.forward(x + first * features, features, index, rows, panels, bias, vectors, z)
    case .sparse(let values, let columns, let starts, let features):
      Scalar.kernels.pointee.sweep.forwardSparse(
        values, columns, starts + first, features, index, rows, panels, bias, vectors, z)
    }
  }

  /// How `accumulate` is cut: features of dense rows, panels of sparse ones.
  func pieces(vectors: Int, most: Int) -> Partition.Pieces {
    switch self {
    case .dense(_, let features):
      let tiles = (features + 5) / 6
      return Partition.Pieces(total: features, size: (tiles + most - 1) / most * 6)
    case .sparse: return Partition.Pieces(total: vectors, size: (vectors + most - 1) / most)
    }
  }

  /// panels += alpha (x - mean)^T delta, for one piece; `mean` is of dense rows.
  func accumulate(
    _ index: Numbers?, first: Int, rows: Int, piece: Range<Int>, mean: Input?, delta: Input, capacity: Int,
    alpha: Scalar, panels: Output, vectors: Int
  ) {
    switch self {
    case .dense(let x, let features):
      Scalar.kernels.pointee.sweep.accumulate(
        x + first * features, features, index, rows, piece.lowerBound, piece.upperBound, mean, delta, capacity,
        alpha, panels, vectors)
    case .sparse(let values, let columns, let starts, let features):
      Scalar.kernels.pointee.sweep.accumulateSparse(
        values, columns, starts + first, features, index, rows, piece.lowerBound, piece.upperBound, delta, capacity,
        alpha, panels)
    }
  }
}

extension Features {
  /// Calls `body` with the rows; they are in memory.
  func withSweepRows<Result>(_ body: (SweepRows<Scalar>) -> Result) -> Result {
    switch self {
    case .dense(let matrix): matrix.elements.withPointer { body(.dense($0, features: matrix.columns)) }
    case .sparse(let matrix):
      matrix.values.withPointer { values in
        matrix.columnIndices.withUnsafeBufferPointer { columns in
          matrix.rowStarts.withUnsafeBufferPointer { starts in
            // An empty matrix has no entries to read.
            let none = UnsafePointer<Int32>(bitPattern: MemoryLayout<Int32>.alignment)!
            return body(
              .sparse(
                values: values, columns: columns.baseAddress ?? none, starts: starts.baseAddress!,
                features: matrix.columns))
          }
        }
      }
    case .stored: preconditionFailure("rows of a file are read into memory first")
    }
  }
}
