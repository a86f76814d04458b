import LinearAlgebra

/// Softmax cross-entropy of a batch, written through the true-vs-rest margin.
///
/// For logits z, class y, L = log sum_(k != y) e^(z_k) and m = z_y - L: loss log(1 + e^-m), residual v = 1 - p_y,
/// curvature weight s = p_y (1 - p_y), margin row a = grad_z m = e_y - q with q the softmax over the competitors.
/// Then grad_z loss = -v a and diag(p) - p p^T = s a a^T + v (diag(q) - q q^T), exactly (arXiv 2605.06081;
/// docs/mathematics.md). Right and finite for margins from -1e4 to 1e4 in both precisions.
///
/// ```swift
/// let rows = MarginRows(logits: Matrix<Double>(rows: 1, columns: 3, elements: [2, 0, 0]), labels: [0])
/// let margin = rows.margin[0]  // 2 - log 2
/// ```
package struct MarginRows<Scalar: RealScalar>: LossRows {
  /// The margin rows a [B, C]; while a batch is being evaluated, its logits.
  package var rows: Matrix<Scalar>
  /// [B].
  package private(set) var labels: [Int32] = []
  /// m [B].
  package private(set) var margin: [Scalar] = []
  /// Loss of each example [B], without its weight.
  package private(set) var loss: [Scalar] = []
  /// v = 1 - p_y [B].
  package private(set) var residual: [Scalar] = []
  /// sqrt(s) [B].
  package private(set) var rootWeight: [Scalar] = []
  /// Example weights scaled to mean 1 [B]; nil means ones.
  package private(set) var weights: [Scalar]?
  /// w s, w v, sqrt(w) and zeros [B]: an iteration of a solver allocates nothing.
  private var kept: [Scalar] = []
  private var rest: [Scalar] = []
  private var rootOfWeights: [Scalar] = []
  private var zeros: [Scalar] = []

  /// Work areas without a batch.
  package init() { rows = Matrix(rows: 0, columns: 0) }

  /// Evaluates logits [B, C], which become the rows.
  package init(logits: Matrix<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    rows = logits
    evaluate(labels: labels, weights: weights)
  }

  /// Turns the logits that `rows` holds into margin rows. One fused pass, no memory beyond [B] vectors.
  package mutating func evaluate(_ targets: Targets<Scalar>, weights: [Scalar]?) {
    guard case .classes(let labels) = targets else { preconditionFailure("cross-entropy wants classes") }
    evaluate(labels: labels, weights: weights)
  }

  mutating func evaluate(labels: [Int32], weights: [Scalar]?) {
    self.labels = labels
    self.weights = weights.map(Self.meanOne)
    margin.resize(to: labels.count)
    loss.resize(to: labels.count)
    residual.resize(to: labels.count)
    rootWeight.resize(to: labels.count)
    RowKernels.margins(
      &rows, labels: labels, margin: &margin, loss: &loss, residual: &residual, rootWeight: &rootWeight)
    kept.resize(to: labels.count)
    rest.resize(to: labels.count)
    zeros.resize(to: labels.count)
    MarginLoops.weigh(rootWeight, residual, self.weights ?? [], &kept, &rest)
    rootOfWeights = self.weights.map { $0.map { $0.squareRoot() } } ?? []
  }

  /// 1 / |q|^2 for each example: how many competitors share the competitor mass. 1 to C - 1.
  package var effectiveCompetitors: [Double] {
    var squares = [Scalar](repeating: 0, count: count)
    RowKernels.dots(rows.view, rows.view, into: &squares)
    return squares.map { 1 / max(Double($0) - 1, .leastNormalMagnitude) }
  }
}

extension MarginRows {
  package func applyHessian(to t: inout Matrix<Scalar>) {
    RowKernels.curvature(rows, labels: labels, kept: kept, rest: rest, times: &t)
  }

  package func apply(_ weights: Curvature.Weights<Scalar>, to t: inout Matrix<Scalar>) {
    let rest = weights.curvature.includesRest ? rest : zeros
    RowKernels.curvature(rows, labels: labels, kept: weights.kept, rest: rest, times: &t)
  }

  /// N = diag(sqrt p) (I - 1 p^T).
  package func applyRoot(transposed: Bool, to t: inout Matrix<Scalar>) {
    RowKernels.root(rows, labels: labels, residual: residual, transposed: transposed, times: &t)
    if weights != nil { RowKernels.scale(&t, by: rootOfWeights) }
  }

  package func start(norms: [Scalar], shift: Scalar, _ h: inout Matrix<Scalar>, _ right: inout Matrix<Scalar>) {
    MarginLoops.start(
      rows: rows.elements, labels: labels, residual: residual, weights: weights ?? [], norms: norms, shift: shift, &h,
      &right)
  }

  /// sqrt(w) (e_c - p) with a class c drawn from p.
  package func sampledDescent(using generator: inout SeededGenerator, into result: inout Matrix<Scalar>) {
    result.reshape(rows: rows.rows, columns: rows.columns)
    result.assign(rows.view)
    RowKernels.probabilities(&result, labels: labels, residual: residual)
    MarginLoops.sample(&result, using: &generator)
    if weights != nil { RowKernels.scale(&result, by: rootOfWeights) }
  }

  /// |a|^2 = 1 + |q|^2; the covariance v (diag(q) - q q^T) has the trace v (1 - |q|^2) and v (q . q^2 - |q|^4) along a.
  package func moments() -> Curvature.Moments {
    var lengths = [Scalar](repeating: 0, count: count)
    RowKernels.dots(rows.view, rows.view, into: &lengths)
    var quadratics = [Double](repeating: 0, count: count)
    MarginLoops.quadratics(rows.elements, labels, rootWeight, residual, &quadratics)
    return Curvature.Moments(
      squaredNorms: lengths.map { Double($0) }, quadratics: quadratics,
      restTraces: lengths.indices.map { Double(residual[$0]) * (2 - Double(lengths[$0])) })
  }
}

private enum MarginLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func weigh<S: RealScalar>(
    _ rootWeight: [S], _ residual: [S], _ weights: [S], _ kept: inout [S], _ rest: inout [S]
  ) {
    for i in residual.indices {
      let weight = weights.isEmpty ? 1 : weights[i]
      kept[i] = weight * rootWeight[i] * rootWeight[i]
      rest[i] = weight * residual[i]
    }
  }

  /// a^T H a = s |a|^4 + v (q . q^2 - |q|^4) of each row.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func quadratics<S: RealScalar>(
    _ rows: [S], _ labels: [Int32], _ roots: [S], _ residual: [S], _ result: inout [Double]
  ) {
    let classes = labels.isEmpty ? 0 : rows.count / labels.count
    for i in labels.indices {
      var (squares, cubes) = (0.0, 0.0)
      for k in i * classes..<(i + 1) * classes where k != i * classes + Int(labels[i]) {
        let q = -Double(rows[k])
        squares += q * q
        cubes += q * q * q
      }
      let (s, v, length) = (Double(roots[i]) * Double(roots[i]), Double(residual[i]), 1 + squares)
      result[i] = s * length * length + v * max(0, cubes - squares * squares)
    }
  }

  /// h becomes alpha_0 = (I - p 1^T)(D h) and right becomes sqrt(w p) g D h, row by row, D = 1 / (mu + g w p).
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func start<S: RealScalar>(
    rows: [S], labels: [Int32], residual: [S], weights: [S], norms: [S], shift: S, _ h: inout Matrix<S>,
    _ right: inout Matrix<S>
  ) {
    let classes = h.columns
    for i in 0..<h.rows {
      let weight = weights.isEmpty ? 1 : weights[i]
      var total: S = 0
      for k in 0..<classes {
        let p = probability(rows, labels, residual, i, k, classes)
        let scaled = h[i, k] / (shift + norms[i] * weight * p)
        h[i, k] = scaled
        right[i, k] = (weight * p).squareRoot() * norms[i] * scaled
        total += scaled
      }
      for k in 0..<classes { h[i, k] -= probability(rows, labels, residual, i, k, classes) * total }
    }
  }

  /// p becomes e_c - p, row by row; one uniform number each.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func sample<S: RealScalar>(_ p: inout Matrix<S>, using generator: inout SeededGenerator) {
    for i in 0..<p.rows {
      var rest = generator.uniform()
      var (drawn, isDrawn) = (0, false)
      for k in 0..<p.columns {
        let own = Double(p[i, k])
        // Rounding may leave a rest: then the last class that can be is drawn.
        if !isDrawn, own > 0 {
          drawn = k
          isDrawn = rest < own
          rest -= own
        }
        p[i, k] = -p[i, k]
      }
      p[i, drawn] += 1
    }
  }

  @inline(__always)
  private static func probability<S: RealScalar>(
    _ rows: [S], _ labels: [Int32], _ residual: [S], _ i: Int, _ k: Int, _ classes: Int
  ) -> S {
    Int(labels[i]) == k ? 1 - residual[i] : -rows[i * classes + k] * residual[i]
  }
}
