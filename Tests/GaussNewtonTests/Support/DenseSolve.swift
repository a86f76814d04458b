import TestSupport

/// Dense symmetric matrices in the widest precision: slow, plain, and nothing shared with the package.
struct WideMatrix {
  let order: Int
  var elements: [Wide]

  init(order: Int) {
    self.order = order
    elements = [Wide](repeating: 0, count: order * order)
  }

  subscript(i: Int, j: Int) -> Wide {
    get { elements[i * order + j] }
    set { elements[i * order + j] = newValue }
  }

  /// self += factor x x^T.
  mutating func addOuter(_ factor: Wide, _ x: [Wide]) {
    if factor == 0 { return }
    let n = order
    elements.withUnsafeMutableBufferPointer { a in
      x.withUnsafeBufferPointer { x in
        for i in 0..<n where x[i] != 0 {
          let scaled = factor * x[i]
          for j in 0..<n { a[i * n + j] += scaled * x[j] }
        }
      }
    }
  }

  func times(_ x: [Wide]) -> [Wide] {
    let n = order
    return elements.withUnsafeBufferPointer { a in
      (0..<n).map { i in
        var sum: Wide = 0
        for j in 0..<n { sum += a[i * n + j] * x[j] }
        return sum
      }
    }
  }

  /// x^T self x.
  func quadratic(_ x: [Wide]) -> Wide { zip(times(x), x).reduce(0) { $0 + $1.0 * $1.1 } }

  var trace: Wide { (0..<order).reduce(0) { $0 + self[$1, $1] } }

  /// (self + diag)^-1 b by L L^T, with two rounds of iterative refinement.
  func solve(adding diagonal: [Wide], _ b: [Wide]) -> [Wide] {
    let n = order
    var shifted = self
    for i in 0..<n { shifted[i, i] += diagonal[i] }
    var factor = shifted
    factor.elements.withUnsafeMutableBufferPointer { l in
      for j in 0..<n {
        for k in 0..<j {
          let pivot = l[j * n + k]
          if pivot == 0 { continue }
          for i in j..<n { l[i * n + j] -= l[i * n + k] * pivot }
        }
        precondition(l[j * n + j] > 0, "the reference matrix is not positive definite at \(j)")
        let root = l[j * n + j].squareRoot()
        for i in j..<n { l[i * n + j] /= root }
      }
    }
    func substitute(_ b: [Wide]) -> [Wide] {
      var x = b
      factor.elements.withUnsafeBufferPointer { l in
        for i in 0..<n {
          for k in 0..<i { x[i] -= l[i * n + k] * x[k] }
          x[i] /= l[i * n + i]
        }
        for i in stride(from: n - 1, through: 0, by: -1) {
          for k in i + 1..<max(n, i + 1) { x[i] -= l[k * n + i] * x[k] }
          x[i] /= l[i * n + i]
        }
      }
      return x
    }
    var x = substitute(b)
    for _ in 0..<2 {
      let residual = zip(b, shifted.times(x)).map { $0 - $1 }
      x = zip(x, substitute(residual)).map { $0 + $1 }
    }
    return x
  }

  /// The least eigenvalue; of large matrices only whether it is below -`tolerance`, which is what a failing
  /// factorisation of self + tolerance shows: then -infinity, else 0.
  func leastEigenvalue(below tolerance: Double) -> Double {
    let n = order
    if n <= 40 { return eigenvalues.min() ?? 0 }
    var a = elements.map { Double($0) }
    return a.withUnsafeMutableBufferPointer { a in
      for j in 0..<n {
        a[j * n + j] += tolerance
        for k in 0..<j { a[j * n + j] -= a[j * n + k] * a[j * n + k] }
        guard a[j * n + j] > 0 else { return -.infinity }
        let root = a[j * n + j].squareRoot()
        a[j * n + j] = root
        for i in j + 1..<max(n, j + 1) {
          var sum = a[i * n + j]
          for k in 0..<j { sum -= a[i * n + k] * a[j * n + k] }
          a[i * n + j] = sum / root
        }
      }
      return 0
    }
  }

  /// All eigenvalues, by cyclic Jacobi rotations.
  var eigenvalues: [Double] {
    let n = order
    var a = elements.map { Double($0) }
    for _ in 0..<30 {
      var off = 0.0
      var total = 0.0
      for i in 0..<n {
        for j in 0..<n {
          total += a[i * n + j] * a[i * n + j]
          if i != j { off += a[i * n + j] * a[i * n + j] }
        }
      }
      if off <= 1e-32 * total { break }
      a.withUnsafeMutableBufferPointer { a in
        for p in 0..<n {
          for q in p + 1..<max(n, p + 1) where a[p * n + q] != 0 {
            let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
            let t = (theta < 0 ? -1.0 : 1.0) / (theta.magnitude + (theta * theta + 1).squareRoot())
            let c = 1 / (t * t + 1).squareRoot()
            let s = t * c
            for k in 0..<n {
              let (x, y) = (a[k * n + p], a[k * n + q])
              a[k * n + p] = c * x - s * y
              a[k * n + q] = s * x + c * y
            }
            for k in 0..<n {
              let (x, y) = (a[p * n + k], a[q * n + k])
              a[p * n + k] = c * x - s * y
              a[q * n + k] = s * x + c * y
            }
          }
        }
      }
    }
    return (0..<n).map { a[$0 * n + $0] }
  }
}
