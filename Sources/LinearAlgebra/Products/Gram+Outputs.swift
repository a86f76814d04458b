/// Grams of rows that are outputs: row (i, c) of example i and output c has number i C + c.
extension Gram {
  /// Writes a part of the Gram of all outputs, [R C, R C]: the pairs of one of `outputs` and one of `others`, both
  /// ways. `gram` [k R, k R] is that of k copies of R examples, one copy for each of `outputs` and then of `others`
  /// (once, if the two are the same); both its triangles are read. C is `count`.
  package static func spread<Scalar>(
    _ gram: Matrix<Scalar>, outputs: Range<Int>, and others: Range<Int>, of count: Int,
    into result: inout Matrix<Scalar>
  ) {
    let (all, width) = (result.rows, gram.columns)
    let examples = all / count
    let isDiagonal = outputs == others
    precondition(width == examples * (isDiagonal ? outputs.count : outputs.count + others.count), "shapes differ")
    gram.elements.withPointer { gram in
      result.elements.withMutablePointer { out in
        func copy(_ rows: Range<Int>, from firstRow: Int, _ columns: Range<Int>, from firstColumn: Int) {
          let total = rows.count * examples
          Partition.forEach(total, work: Double(total * columns.count * examples), grain: 1e5) { r in
            for k in r {
              let (c, i) = (rows.lowerBound + k / examples, k % examples)
              Scalar.kernels.pointee.main.interleave(
                gram + (firstRow + k) * width + firstColumn, columns.count, examples,
                out + (i * count + c) * all + columns.lowerBound, count)
            }
          }
        }
        if isDiagonal { return copy(outputs, from: 0, outputs, from: 0) }
        let second = outputs.count * examples
        copy(others, from: second, outputs, from: 0)
        copy(outputs, from: 0, others, from: second)
      }
    }
  }

  /// result = gram x I_C: what J J^T is where each output has parameters of its own and all see the same features.
  package static func spread<Scalar>(_ gram: Matrix<Scalar>, outputs count: Int, into result: inout Matrix<Scalar>) {
    let examples = gram.rows
    let all = examples * count
    result.reshape(rows: all, columns: all)
    result.clear()
    OutputLoops.spread(gram, examples, count, &result)
  }

  /// gram_ii += shift.
  package static func shift<Scalar>(_ gram: inout Matrix<Scalar>, by shift: Scalar) {
    OutputLoops.shift(&gram, shift)
  }
}

extension Matrix {
  /// Becomes its transpose; a square matrix.
  public mutating func transpose() {
    precondition(rows == columns, "a square matrix, got \(rows) x \(columns)")
    let n = rows
    elements.withMutablePointer { Scalar.kernels.pointee.main.transpose($0, n) }
  }

  /// Calls `body` with the same elements as [rows, columns] of another shape, in place.
  public mutating func withShape(rows: Int, columns: Int, _ body: (inout Matrix) -> Void) {
    let (oldRows, oldColumns) = (self.rows, self.columns)
    precondition(rows * columns == oldRows * oldColumns, "\(oldRows) x \(oldColumns) elements")
    reshape(rows: rows, columns: columns)
    body(&self)
    reshape(rows: oldRows, columns: oldColumns)
  }
}

private enum OutputLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func spread<S: RealScalar>(_ gram: Matrix<S>, _ examples: Int, _ count: Int, _ result: inout Matrix<S>) {
    let all = examples * count
    for i in 0..<examples {
      for j in 0..<examples {
        let value = gram.elements[i * examples + j]
        for c in 0..<count { result.elements[(i * count + c) * all + j * count + c] = value }
      }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func shift<S: RealScalar>(_ gram: inout Matrix<S>, _ shift: S) {
    for i in 0..<gram.rows { gram.elements[i * gram.columns + i] += shift }
  }
}
