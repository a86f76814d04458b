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
public struct MarginRows<Scalar: RealScalar>: Sendable {
  /// The margin rows a [B, C]; while a batch is being evaluated, its logits.
  public internal(set) var rows: Matrix<Scalar>
  /// [B].
  public private(set) var labels: [Int32] = []
  /// m [B].
  public private(set) var margin: [Scalar] = []
  /// Loss of each example [B], without its weight.
  public private(set) var loss: [Scalar] = []
  /// v = 1 - p_y [B].
  public private(set) var residual: [Scalar] = []
  /// sqrt(s) [B].
  public private(set) var rootWeight: [Scalar] = []
  /// Example weights scaled to mean 1 [B]; nil means ones.
  public private(set) var weights: [Scalar]?

  /// Work areas without a batch.
  public init() { rows = Matrix(rows: 0, columns: 0) }

  /// Evaluates logits [B, C], which become the rows.
  public init(logits: Matrix<Scalar>, labels: [Int32], weights: [Scalar]? = nil) {
    rows = logits
    evaluate(labels: labels, weights: weights)
  }

  /// Turns the logits that `rows` holds into margin rows. One fused pass, no memory beyond [B] vectors.
  mutating func evaluate(labels: [Int32], weights: [Scalar]?) {
    self.labels = labels
    self.weights = weights.map(Self.meanOne)
    margin.resize(to: labels.count)
    loss.resize(to: labels.count)
    residual.resize(to: labels.count)
    rootWeight.resize(to: labels.count)
    RowKernels.margins(
      &rows, labels: labels, margin: &margin, loss: &loss, residual: &residual, rootWeight: &rootWeight)
  }

  /// B.
  public var count: Int { labels.count }

  /// Weighted mean of the losses; NaN if any is.
  public var meanLoss: Double {
    let total = weights.map { Double(loss.dot($0)) } ?? loss.sum
    return total / Double(count)
  }

  /// Standard error of `meanLoss`: what the choice of the batch alone does to it.
  public var lossStandardError: Double {
    RowArithmetic.standardError(loss, weights ?? [], mean: meanLoss)
  }

  /// 1 / |q|^2 for each example: how many competitors share the competitor mass. 1 to C - 1.
  public var effectiveCompetitors: [Double] {
    var squares = [Scalar](repeating: 0, count: count)
    RowKernels.dots(rows.view, rows.view, into: &squares)
    return squares.map { 1 / max(Double($0) - 1, .leastNormalMagnitude) }
  }

  private static func meanOne(_ weights: [Scalar]) -> [Scalar] {
    let total = weights.reduce(0) { $0 + Double($1) }
    precondition(total > 0 && total.isFinite, "weights must be finite, non-negative and not all zero")
    let factor = Double(weights.count) / total
    return weights.map { Scalar(Double($0) * factor) }
  }
}
