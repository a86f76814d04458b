import LinearAlgebra

/// A matrix in double, for reference loops: concrete, so that a debug build runs them fast enough.
struct Reference {
  let rows: Int
  let columns: Int
  var elements: [Double]

  init<S: RealScalar>(_ matrix: Matrix<S>) {
    (rows, columns) = (matrix.rows, matrix.columns)
    elements = matrix.elements.map { Double($0) }
  }

  init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    elements = [Double](repeating: 0, count: rows * columns)
  }

  subscript(i: Int, j: Int) -> Double {
    get { elements[i * columns + j] }
    set { elements[i * columns + j] = newValue }
  }

  var transposed: Reference {
    var result = Reference(rows: columns, columns: rows)
    for i in 0..<rows {
      for j in 0..<columns { result[j, i] = self[i, j] }
    }
    return result
  }
}

/// alpha a b + beta c by the definition, and beside it the sum of the terms' magnitudes: the scale of rounding.
func naiveProduct(
  _ a: Reference, _ b: Reference, alpha: Double = 1, beta: Double = 0, plus c: Reference
) -> (value: Reference, scale: Reference) {
  precondition(a.columns == b.rows && c.rows == a.rows && c.columns == b.columns)
  var (value, scale) = (c, c)
  let (n, k) = (b.columns, a.columns)
  a.elements.withUnsafeBufferPointer { x in
    b.elements.withUnsafeBufferPointer { y in
      for i in 0..<a.rows {
        for j in 0..<n {
          var (sum, size) = (0.0, 0.0)
          for l in 0..<k {
            let term = x[i * k + l] * y[l * n + j]
            sum += term
            size += term.magnitude
          }
          // beta 0 does not read what was there, which may be NaN.
          let old = beta == 0 ? 0 : beta * c[i, j]
          value[i, j] = alpha * sum + old
          scale[i, j] = (alpha * size).magnitude + old.magnitude
        }
      }
    }
  }
  return (value, scale)
}

/// The largest error in units of `scale`, elementwise; only the lower triangle if asked.
func largestError<S: RealScalar>(
  _ result: [S], _ expected: (value: Reference, scale: Reference), lowerOnly: Bool = false
) -> Double {
  var worst = 0.0
  for i in 0..<expected.value.rows {
    for j in 0..<(lowerOnly ? i + 1 : expected.value.columns) {
      let difference = (Double(result[i * expected.value.columns + j]) - expected.value[i, j]).magnitude
      if difference == 0 { continue }
      let error = difference / expected.scale[i, j]
      if !(error <= worst) { worst = error }
    }
  }
  return worst
}

/// Rounding of a sum of k products: each of k + 3 roundings moves it by at most half an epsilon of the terms' sum.
func productLimit<S: RealScalar>(_ type: S.Type, _ k: Int) -> Double { Double(k + 4) * Double(S.ulpOfOne) }
