/// Shifts and scales of columns in double, each element rounded once: the difference of two numbers that are far from
/// zero is exact that way, and a scale may be one whose inverse single precision does not have.
extension Matrix {
  /// x_ij <- (x_ij - shift_j) / scale_j.
  package mutating func standardizeColumns(shift: [Double], scale: [Double]) {
    precondition(shift.count == columns && scale.count == columns, "a shift and a scale for each of \(columns) columns")
    ColumnScaling.standardize(&elements, shift, scale)
  }

  /// x_ij <- x_ij scale_j + shift_j.
  package mutating func restoreColumns(shift: [Double], scale: [Double]) {
    precondition(shift.count == columns && scale.count == columns, "a shift and a scale for each of \(columns) columns")
    ColumnScaling.restore(&elements, shift, scale)
  }
}

extension SparseMatrix {
  /// x_ij <- x_ij / scale_j.
  package mutating func divideColumns(by scale: [Double]) {
    precondition(scale.count == columns, "one scale for each of \(columns) columns")
    ColumnScaling.divide(&values, columnIndices, scale)
  }
}

private enum ColumnScaling {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func standardize<S: RealScalar>(_ x: inout [S], _ shift: [Double], _ scale: [Double]) {
    for first in stride(from: 0, to: x.count, by: max(1, shift.count)) {
      for j in shift.indices { x[first + j] = S((Double(x[first + j]) - shift[j]) / scale[j]) }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func restore<S: RealScalar>(_ x: inout [S], _ shift: [Double], _ scale: [Double]) {
    for first in stride(from: 0, to: x.count, by: max(1, shift.count)) {
      for j in shift.indices { x[first + j] = S(Double(x[first + j]) * scale[j] + shift[j]) }
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func divide<S: RealScalar>(_ x: inout [S], _ columns: [Int32], _ scale: [Double]) {
    for k in x.indices { x[k] = S(Double(x[k]) / scale[Int(columns[k])]) }
  }
}
