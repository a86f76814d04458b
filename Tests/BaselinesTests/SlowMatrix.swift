import Foundation

/// Slow dense algebra in double, by textbook loops: nothing of it is shared with the library.
struct SlowMatrix {
  var rows: Int
  var columns: Int
  var elements: [Double]

  init(_ rows: Int, _ columns: Int, _ element: (Int, Int) -> Double = { _, _ in 0 }) {
    (self.rows, self.columns) = (rows, columns)
    elements = (0..<rows * columns).map { element($0 / columns, $0 % columns) }
  }

  subscript(i: Int, j: Int) -> Double {
    get { elements[i * columns + j] }
    set { elements[i * columns + j] = newValue }
  }

  static func * (a: SlowMatrix, b: SlowMatrix) -> SlowMatrix {
    SlowMatrix(a.rows, b.columns) { i, j in (0..<a.columns).reduce(0) { $0 + a[i, $1] * b[$1, j] } }
  }

  func times(_ x: [Double]) -> [Double] {
    (0..<rows).map { i in (0..<columns).reduce(0) { $0 + self[i, $1] * x[$1] } }
  }

  func shifted(by shift: Double) -> SlowMatrix { SlowMatrix(rows, columns) { self[$0, $1] + ($0 == $1 ? shift : 0) } }

  var transposed: SlowMatrix { SlowMatrix(columns, rows) { self[$1, $0] } }
  var trace: Double { (0..<rows).reduce(0) { $0 + self[$1, $1] } }

  /// The Kronecker product: its vectors are row-major, index i b.rows + j.
  static func kronecker(_ a: SlowMatrix, _ b: SlowMatrix) -> SlowMatrix {
    SlowMatrix(a.rows * b.rows, a.columns * b.columns) { i, j in
      a[i / b.rows, j / b.columns] * b[i % b.rows, j % b.columns]
    }
  }

  /// A^-1 b by Gaussian elimination with pivots.
  func solve(_ b: [Double]) -> [Double] {
    var (a, x) = (self, b)
    for k in 0..<rows {
      let pivot = (k..<rows).max { abs(a[$0, k]) < abs(a[$1, k]) }!
      if pivot != k {
        for j in 0..<rows { (a[k, j], a[pivot, j]) = (a[pivot, j], a[k, j]) }
        x.swapAt(k, pivot)
      }
      for i in (k + 1)..<max(rows, k + 1) {
        let factor = a[i, k] / a[k, k]
        for j in k..<rows { a[i, j] -= factor * a[k, j] }
        x[i] -= factor * x[k]
      }
    }
    for i in (0..<rows).reversed() {
      for j in (i + 1)..<max(rows, i + 1) { x[i] -= a[i, j] * x[j] }
      x[i] /= a[i, i]
    }
    return x
  }

  /// A^exponent of a symmetric positive definite matrix, by Jacobi's rotations.
  func power(_ exponent: Double) -> SlowMatrix {
    var a = self
    var v = SlowMatrix(rows, rows) { $0 == $1 ? 1 : 0 }
    for _ in 0..<60 {
      for p in 0..<rows {
        for q in (p + 1)..<max(rows, p + 1) where a[p, q] != 0 {
          let angle = 0.5 * atan2(2 * a[p, q], a[q, q] - a[p, p])
          let (c, s) = (cos(angle), sin(angle))
          for k in 0..<rows {
            (a[k, p], a[k, q]) = (c * a[k, p] - s * a[k, q], s * a[k, p] + c * a[k, q])
          }
          for k in 0..<rows {
            (a[p, k], a[q, k]) = (c * a[p, k] - s * a[q, k], s * a[p, k] + c * a[q, k])
            (v[k, p], v[k, q]) = (c * v[k, p] - s * v[k, q], s * v[k, p] + c * v[k, q])
          }
        }
      }
    }
    return SlowMatrix(rows, rows) { i, j in
      (0..<rows).reduce(0) { $0 + v[i, $1] * pow(a[$1, $1], exponent) * v[j, $1] }
    }
  }
}
