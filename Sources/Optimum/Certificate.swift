import LinearAlgebra

extension SoftmaxRegression {
  /// What is known of a point: computed in double over all rows, by the definition of the objective alone.
  public struct Certificate: Sendable, Codable, Equatable {
    /// The objective there.
    public var objective: Double
    /// |gradient|, of weights and bias.
    public var gradientNorm: Double
    /// The objective is at most this far above its minimum; nil without a penalty.
    ///
    /// |gradient of the weights|^2 / (2 l2) where the bias is the best for these weights: the objective is l2-strongly
    /// convex in the weights, and it is also the gap to the dual at q = p. What is left of the bias's gradient adds the
    /// decrease that a Newton step on it promises, and the gradient of the weights is the greater of that here and that
    /// after the step; both are estimated from a sample of rows, which is all of them up to 1,024. Never more than the
    /// objective, as its minimum is not below 0.
    public var gapBound: Double?
    /// Whether every row's class is ahead of all others: then the data are separable.
    public var isSeparated: Bool

    /// The bound over the objective.
    public var relativeGap: Double? { gapBound.map { $0 > 0 ? $0 / objective : 0 } }
  }
}

/// Makes certificates, and improves the bias on the way.
struct Certifier<Scalar: RealScalar> {
  private let problem: SoftmaxRegression.Problem<Scalar>
  private var batch: FullBatch<Scalar, Double>
  private let sample: Features<Double>
  /// The size of a row of features where it is below 1: gradients of weights are so many times smaller than those of
  /// biases, and are no smaller for being near an optimum.
  private let featureSize: Double
  /// |gradient| of the last certificate, as it would be with features of size 1.
  private(set) var scaledGradientNorm = Double.infinity

  var passes: Int { batch.passes }

  /// Rows that the curvature of the bias is estimated from.
  private static var sampleRows: Int { 1024 }

  init(_ problem: SoftmaxRegression.Problem<Scalar>) throws {
    self.problem = problem
    batch = FullBatch(widening: problem)
    sample = try problem.sample(Self.sampleRows).widened
    let size = (sample.squaredNorm / Double(max(1, sample.rows))).squareRoot()
    featureSize = size > 0 ? min(1, size) : 1
  }

  /// The certificate of `panels`, whose bias is moved by Newton steps while its gradient keeps the bound from holding
  /// to `tolerance`: one pass in double for each, 4 N D C flops.
  mutating func certify(_ panels: inout ClassPanels<Double>, tolerance: Double) throws -> SoftmaxRegression.Certificate
  {
    var steps = 0
    while true {
      let value = try batch.evaluate(at: panels)
      let ofWeights = batch.gradient.weightSquaredNorm
      let bias = problem.hasIntercept ? Array(batch.gradient.elements[panels.biasRange]) : []
      var result = SoftmaxRegression.Certificate(
        objective: value.objective, gradientNorm: (ofWeights + bias.squaredNorm(in: bias.indices)).squareRoot(),
        isSeparated: value.rowsBehind == 0)
      let ofBias = bias.squaredNorm(in: bias.indices)
      scaledGradientNorm = (ofWeights / featureSize / featureSize + ofBias).squareRoot()
      guard problem.l2 > 0, value.objective.isFinite else { return result }
      let bound = ofWeights / (2 * problem.l2)
      result.gapBound = min(bound, value.objective)
      guard problem.hasIntercept else { return result }
      guard let step = ClassCovariance(logits: sample.logits(panels)).solve(bias) else {
        // No curvature is left to tell how far the bias has to go.
        if bias.contains(where: { $0 != 0 }) { result.gapBound = value.objective }
        return result
      }
      let decrease = max(0, step.dot(bias))
      let before = Array(panels.elements[panels.biasRange])
      batch.addGradient(of: sample, factor: -1, at: panels)
      for (k, change) in zip(panels.biasRange, step) { panels.elements[k] -= change }
      batch.addGradient(of: sample, factor: 1, at: panels)
      let boundThere = batch.gradient.weightSquaredNorm / (2 * problem.l2)
      result.gapBound = min(max(bound, boundThere) + decrease, value.objective)
      // A Newton step on the bias is worth a pass when it alone stands in the way.
      let allowed = tolerance * value.objective
      guard decrease > 0.1 * allowed || bound > allowed, boundThere <= allowed, steps < 3 else {
        for (k, bias) in zip(panels.biasRange, before) { panels.elements[k] = bias }
        return result
      }
      steps += 1
    }
  }
}

extension SoftmaxRegression.Problem {
  /// At most `limit` rows, evenly spread, in memory; where there are weights `limit` of them, as often as those say.
  func sample(_ limit: Int) throws -> Features<Scalar> {
    var result = Features<Scalar>.none
    if let weights {
      try features.gather(SampleLoops.spread(limit, weights), into: &result)
    } else if count > limit {
      try features.gather((0..<limit).map { Int32($0 * count / limit) }, into: &result)
    } else {
      try features.read(0..<count, into: &result)
    }
    return result
  }
}

extension Features {
  /// The sum of the squares of all numbers in memory.
  fileprivate var squaredNorm: Double {
    switch self {
    case .dense(let x): x.elements.squaredNorm(in: x.elements.indices)
    case .sparse(let x): x.values.squaredNorm(in: x.values.indices)
    case .stored: preconditionFailure("expected features in memory, got \(kind)")
    }
  }
}

private enum SampleLoops {
  /// `limit` row numbers, at equal distances of the sum of the weights so far.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func spread<S: RealScalar>(_ limit: Int, _ weights: [S]) -> [Int32] {
    var (sum, result) = (0.0, [Int32]())
    let scale = Double(limit) / Double(weights.count)
    for (row, weight) in weights.enumerated() {
      sum += Double(weight) * scale
      while result.count < limit, Double(result.count) + 0.5 < sum { result.append(Int32(row)) }
    }
    return result
  }
}

extension Features {
  /// Logits [N, C] of features in memory.
  func logits(_ panels: ClassPanels<Scalar>) -> Matrix<Scalar> {
    let values = panels.values(hasBias: true)
    let weight = MatrixView(values, rows: panels.classes, columns: panels.features)
    var result = Matrix<Scalar>(rows: rows, columns: panels.classes)
    RowKernels.fill(
      &result, with: MatrixView(values, offset: panels.classes * panels.features, rows: 1, columns: panels.classes))
    switch self {
    case .dense(let x): Products.timesTransposed(x.view, weight, beta: 1, into: &result)
    case .sparse(let x):
      var work = SparseProducts.Workspace<Scalar>()
      SparseProducts.timesTransposed(x, rows: 0..<rows, weight, beta: 1, into: &result, using: &work)
    case .stored: preconditionFailure("expected features in memory, got \(kind)")
    }
    return result
  }
}
