import LinearAlgebra
import Optimum
import TestSupport

/// The objective by its definition, in double, and its minimum by damped Newton steps on the whole Hessian: for small
/// problems.
struct Oracle {
  let (rows, width, classes, l2, hasIntercept): (Int, Int, Int, Double, Bool)
  private let x: [Double]
  private let labels: [Int]
  private let weights: [Double]

  init<S>(_ problem: SoftmaxRegression.Problem<S>) throws {
    (rows, width, classes, l2) = (problem.count, problem.width, problem.classes, problem.l2)
    hasIntercept = problem.hasIntercept
    var features: Features<S> = .none
    try problem.features.read(0..<rows, into: &features)
    let dense: Matrix<S>
    if case .sparse(let matrix) = features { dense = matrix.densified() } else { dense = features.dense }
    x = dense.elements.map { Double($0) }
    labels = problem.labels.map { Int($0) }
    let weights = problem.weights?.map { Double($0) } ?? [Double](repeating: 1, count: rows)
    let count = Double(rows)
    self.weights = weights.map { $0 / count }
  }

  /// C D, then C where there is an intercept.
  var count: Int { classes * (width + (hasIntercept ? 1 : 0)) }

  private func softmax(_ row: Int, _ values: [Double]) -> (p: [Double], loss: Double) {
    let z = (0..<classes).map { c in
      (0..<width).reduce(hasIntercept ? values[classes * width + c] : 0) {
        $0 + values[c * width + $1] * x[row * width + $1]
      }
    }
    let top = z.max()!
    let e = z.map { Double(wideExp(Wide($0 - top))) }
    let sum = e.reduce(0, +)
    return (e.map { $0 / sum }, top - z[labels[row]] + Double(wideLog(Wide(sum))))
  }

  /// Places in the values, and the factor of a row there, of one class.
  private func inputs(_ row: Int) -> [Double] { Array(x[row * width..<(row + 1) * width]) + (hasIntercept ? [1] : []) }
  private func place(_ c: Int, _ d: Int) -> Int { d < width ? c * width + d : classes * width + c }

  func objective(_ values: [Double]) -> Double {
    let loss = (0..<rows).reduce(0.0) { $0 + (weights[$1] > 0 ? weights[$1] * softmax($1, values).loss : 0) }
    return loss + l2 / 2 * values.prefix(classes * width).reduce(0) { $0 + $1 * $1 }
  }

  func gradient(_ values: [Double]) -> [Double] {
    var result = values.enumerated().map { $0 < classes * width ? l2 * $1 : 0 }
    for row in 0..<rows {
      let (p, h) = (softmax(row, values).p, inputs(row))
      for c in 0..<classes {
        let delta = weights[row] * (p[c] - (c == labels[row] ? 1 : 0))
        for d in h.indices { result[place(c, d)] += delta * h[d] }
      }
    }
    return result
  }

  private func hessian(_ values: [Double]) -> Matrix<Double> {
    let (n, inner) = (count, width + (hasIntercept ? 1 : 0))
    var sums = [Double](repeating: 0, count: n * n)
    for row in 0..<rows where weights[row] > 0 {
      let (p, h) = (softmax(row, values).p, inputs(row))
      for c in 0..<classes {
        for k in 0...c {
          let s = weights[row] * (c == k ? p[c] - p[c] * p[k] : -p[c] * p[k])
          for d in 0..<inner {
            for e in 0..<inner { sums[place(c, d) * n + place(k, e)] += s * h[d] * h[e] }
          }
        }
      }
    }
    for c in 0..<classes {
      for k in 0..<c {
        for d in 0..<inner {
          for e in 0..<inner { sums[place(k, e) * n + place(c, d)] = sums[place(c, d) * n + place(k, e)] }
        }
      }
    }
    for j in 0..<classes * width { sums[j * n + j] += l2 }
    return Matrix(rows: n, columns: n, elements: sums)
  }

  /// The point where the gradient vanishes, and the objective there.
  func minimum() -> (values: [Double], objective: Double) {
    var values = [Double](repeating: 0, count: count)
    var best = objective(values)
    for _ in 0..<60 {
      let g = gradient(values)
      guard g.reduce(0, { max($0, $1.magnitude) }) > 1e-15 else { break }
      let h = hessian(values)
      var (step, cholesky) = (g, Cholesky<Double>())
      let failure = cholesky.refactor(order: count) { a in
        a.assign(h.view)
        // Along the ones the bias has no curvature, and no gradient.
        for j in 0..<count { a[j, j] += j < classes * width ? 0 : 1e-9 }
      }
      precondition(failure == nil, "the Hessian could not be factored")
      cholesky.solve(&step)
      var length = 1.0
      while length > 1e-8 {
        let next = zip(values, step).map { $0 - length * $1 }
        let value = objective(next)
        if value <= best + 1e-16 {
          (values, best) = (next, min(best, value))
          break
        }
        length /= 2
      }
      if length <= 1e-8 { break }
    }
    return (values, best)
  }
}

/// Examples whose labels mostly follow a linear map of their features.
struct Toy {
  var rows = 60
  var width = 4
  var classes = 3
  var noise = 1.0
  var l2 = 1e-2
  var hasIntercept = true
  var isWeighted = false
  var isSparse = false
  var seed: UInt64 = 0

  func problem<S: RealScalar>(_ type: S.Type = S.self) throws -> SoftmaxRegression.Problem<S> {
    var generator = SeededGenerator(seed: seed, stream: 31)
    var numbers: [S] = generator.vector(rows * width)
    if isSparse { for k in numbers.indices where generator.index(below: 2) > 0 { numbers[k] = 0 } }
    let x = Matrix(rows: rows, columns: width, elements: numbers)
    let map: [Double] = generator.vector(classes * (width + 1))
    let labels = (0..<rows).map { i in
      let z = (0..<classes).map { c in
        (0..<width).reduce(map[classes * width + c] + noise * generator.normal()) {
          $0 + map[c * width + $1] * Double(x[i, $1])
        }
      }
      return Int32(z.firstIndex(of: z.max()!)!)
    }
    return try SoftmaxRegression.Problem(
      features: isSparse ? .sparse(SparseMatrix(x)) : .dense(x), labels: labels, classes: classes,
      weights: isWeighted ? (0..<rows).map { [1, 0, 2, 0.5][$0 % 4] } : nil, l2: l2, hasIntercept: hasIntercept)
  }
}

func widened<S: RealScalar>(_ values: [S]) -> [Double] { values.map { Double($0) } }
