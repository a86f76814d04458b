import LinearAlgebra
import RealModule

/// Algebra of matrices that are small enough for plain loops.
extension Matrix where Scalar == Double {
  static func * (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.columns == b.rows, "a product of \(a.rows) x \(a.columns) and \(b.rows) x \(b.columns)")
    var result = Matrix(rows: a.rows, columns: b.columns)
    for i in 0..<a.rows {
      for j in 0..<b.columns {
        for k in 0..<a.columns { result[i, j] += a[i, k] * b[k, j] }
      }
    }
    return result
  }

  static func + (a: Matrix, b: Matrix) -> Matrix {
    var result = a
    result.combine(1, b)
    return result
  }

  static func - (a: Matrix, b: Matrix) -> Matrix {
    var result = a
    result.combine(-1, b)
    return result
  }

  static func identity(_ order: Int, scale: Double = 1) -> Matrix {
    var result = Matrix(rows: order, columns: order)
    for i in 0..<order { result[i, i] = scale }
    return result
  }

  /// A from rows.
  init(_ rows: [[Double]]) {
    self.init(rows: rows.count, columns: rows[0].count, elements: rows.flatMap { $0 })
  }

  /// Square root of the sum of squares.
  var norm: Double { elements.norm }

  /// The rows and columns of a block.
  func block(_ rows: Range<Int>, _ columns: Range<Int>) -> Matrix {
    Matrix(rows: rows.count, columns: columns.count, elements: rows.flatMap { i in columns.map { self[i, $0] } })
  }

  /// self^-1 b for a symmetric positive definite self; nil if it is not.
  func solve(_ b: Matrix) -> Matrix? {
    var cholesky = Cholesky<Double>()
    guard cholesky.refactor(order: rows, fill: { $0.assign(elements) }) == nil else { return nil }
    var result = b
    for j in 0..<b.columns {
      var column = (0..<rows).map { b[$0, j] }
      cholesky.solve(&column)
      for i in 0..<rows { result[i, j] = column[i] }
    }
    return result
  }

  /// The largest absolute value of an eigenvalue: |A^k|^(1/k) for k = 2^40, by squaring (Gelfand 1941).
  var spectralRadius: Double {
    var (power, logarithm) = (self, 0.0)
    for halving in 0..<40 {
      let size = power.norm
      if size == 0 { return 0 }
      power.scale(by: 1 / size)
      logarithm += Double.log(size) / Double(1 << halving)
      power = power * power
    }
    return Double.exp(logarithm)
  }
}
