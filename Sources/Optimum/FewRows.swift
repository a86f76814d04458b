import LinearAlgebra
import Training

/// A problem with fewer examples than features, in as many features as there are examples.
///
/// The best weights are a combination of the examples' features, of which only products with each other matter: with X
/// [N, D] the features, less their mean where there is a bias, and X X^T + shift I = L L^T, the rows of L [N, N] stand for
/// them. For weights V [C, N] of those W = V L^-1 X has the same logits and the same penalty, but for the shift. It makes
/// the optimum of the rows of L no higher: they are those of X with more features beside. So
///
///     f(W) - min f <= (objective of V - its minimum) + (f(W) - objective of V)
///
/// with both parts known: the first by a certificate, the second by evaluating f. In double: N^2 D flops for the
/// products, N^3 / 3 for L, and then a pass is 4 N^2 C flops.
struct FewRows<Scalar: RealScalar> {
  let problem: SoftmaxRegression.Problem<Scalar>
  /// The problem in the rows of L.
  let reduced: SoftmaxRegression.Problem<Double>
  private let moments: FeatureMoments<Scalar>
  private let cholesky: Cholesky<Double>
  /// X.
  private let rows: Matrix<Double>
  private let mean: [Double]

  /// The largest N: N^2 numbers are 512 MB.
  private static var mostRows: Int { 8192 }

  /// Classes from which accelerated dual ascent takes fewer passes than L-BFGS here.
  private static var manyClasses: Int { 30 }

  /// Nil where it does not pay: the products have to be worth less than what some thirty passes save.
  init?(_ problem: SoftmaxRegression.Problem<Scalar>) throws {
    let (n, d) = (problem.count, problem.width)
    guard problem.l2 > 0, !problem.features.isSparse, n >= 2, 4 * n <= 3 * d, n <= 120 * problem.classes,
      n <= Self.mostRows
    else { return nil }
    self.problem = problem
    moments = try FeatureMoments(problem)
    var features = Features<Scalar>.none
    try problem.features.read(0..<n, into: &features)
    var x = features.widened.dense
    let weights = problem.weights?.widened
    var mean = [Double](repeating: 0, count: d)
    if problem.hasIntercept {
      RowKernels.columnSums(x.view, weights: weights, alpha: 1 / Double(n), into: &mean)
      let shifts = mean
      x.mapColumns { (shifts[$0], 1) }
    }
    (rows, self.mean) = (x, mean)
    var gram = Matrix<Double>(rows: n, columns: n)
    Products.timesTransposed(x.view, x.view, into: &gram)
    var trace = 0.0
    for i in 0..<n { trace += gram[i, i] }
    // More than the factorisation rounds.
    let shift = 4e-16 * Double(n) * trace
    guard shift > 0, shift.isFinite else { return nil }
    for i in 0..<n { gram[i, i] += shift }
    var cholesky = Cholesky<Double>()
    guard cholesky.factor(swapping: &gram) == nil else { return nil }
    self.cholesky = cholesky
    var lower = cholesky.factor.elements
    for i in 0..<n {
      for j in i + 1..<max(n, i + 1) { lower[i * n + j] = 0 }
    }
    reduced = try SoftmaxRegression.Problem(
      features: .dense(Matrix(rows: n, columns: n, elements: lower)), labels: problem.labels, classes: problem.classes,
      weights: weights, l2: problem.l2,
      hasIntercept: problem.hasIntercept)
  }

  /// The options of the fit in the rows of L.
  func options(_ options: SoftmaxRegression.Options) -> SoftmaxRegression.Options {
    var result = options
    // What rounding to the data's precision costs is added to the bound.
    result.tolerance = 0.9 * options.tolerance
    result.method = options.method ?? (problem.classes >= Self.manyClasses ? .dual : .quasiNewton)
    return result
  }

  /// Weights [C, D] and biases of a start, in the rows of L: what of them the examples can tell.
  func reduce(_ start: [Scalar]) -> [Double] {
    let (n, d, classes) = (problem.count, problem.width, problem.classes)
    let weight = start.prefix(classes * d).map { Double($0) }
    var products = Matrix<Double>(rows: classes, columns: n)
    Products.timesTransposed(MatrixView(weight, rows: classes, columns: d), rows.view, into: &products)
    var result: [Double] = []
    for c in 0..<classes {
      var row = Array(products.elements[c * n..<(c + 1) * n])
      cholesky.solveFactor(&row, transposed: false)
      result += row
    }
    guard problem.hasIntercept else { return result }
    for c in 0..<classes {
      let bias = start.count > classes * d ? Double(start[classes * d + c]) : 0
      result.append(bias + zip(weight[c * d..<(c + 1) * d], mean).reduce(0) { $0 + $1.0 * $1.1 })
    }
    return result
  }

  /// The result in the problem's own features.
  func expand(_ result: SoftmaxRegression.Result<Double>) throws -> SoftmaxRegression.Result<Scalar> {
    let (n, d, classes) = (problem.count, problem.width, problem.classes)
    var combined: [Double] = []
    for c in 0..<classes {
      var row = Array(result.values[c * n..<(c + 1) * n])
      cholesky.solveFactor(&row, transposed: true)
      combined += row
    }
    var weight = Matrix<Double>(rows: classes, columns: d)
    Products.times(MatrixView(combined, rows: classes, columns: n), rows.view, into: &weight)
    var values = weight.elements.map { Scalar($0) }
    if problem.hasIntercept {
      for c in 0..<classes {
        let shift = (0..<d).reduce(0) { $0 + weight[c, $1] * mean[$1] }
        values.append(Scalar(result.values[classes * n + c] - shift))
      }
    }
    var gap = try DualGap(widening: problem, moments)
    let panels = ClassPanels(features: d, classes: classes, values: values)
    let found = try gap.look(at: panels.widened, .init())
    var certificate = result.certificate
    certificate.gapBound = result.certificate.gapBound.map {
      min(found.objective, max(0, $0 + found.objective - result.certificate.objective))
    }
    (certificate.objective, certificate.isSeparated) = (found.objective, found.rowsBehind == 0)
    certificate.gradientNorm = nil
    return SoftmaxRegression.Result(
      values: values, outcome: result.outcome, certificate: certificate, iterations: result.iterations,
      passes: result.passes + gap.passes, seconds: result.seconds, method: result.method)
  }
}
