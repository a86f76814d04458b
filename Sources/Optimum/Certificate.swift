import LinearAlgebra

/// What is known of a point: computed in double over all rows, by the definition of the objective alone.
public struct Certificate: Sendable, Codable, Equatable {
  /// The objective there.
  public var objective: Double
  /// |gradient|, of weights and bias.
  public var gradientNorm: Double
  /// The objective is at most this far above its minimum; nil without a penalty.
  ///
  /// |gradient of the weights|^2 / (2 l2): the objective is l2-strongly convex in the weights, and it is also the gap to
  /// the dual at q = p. That holds where the bias is the best for these weights; what is left of its gradient adds the
  /// decrease that a Newton step on it promises.
  public var gapBound: Double?
  /// Whether every row's class is ahead of all others: then the data are separable.
  public var isSeparated: Bool

  /// The bound over the objective, which is above 0.
  public var relativeGap: Double? { gapBound.map { $0 / objective } }
}

/// Makes certificates, and improves the bias on the way.
struct Certifier<Scalar: RealScalar> {
  private let problem: SoftmaxProblem<Scalar>
  private var batch: FullBatch<Scalar, Double>
  private let sample: Features<Double>

  var passes: Int { batch.passes }

  /// Rows that the curvature of the bias is estimated from.
  private static var sampleRows: Int { 1024 }

  init(_ problem: SoftmaxProblem<Scalar>) throws {
    self.problem = problem
    batch = FullBatch(widening: problem)
    sample = try problem.sample(Self.sampleRows).widened
  }

  /// The certificate of `panels`, whose bias is moved by Newton steps while its gradient keeps the bound from holding
  /// to `tolerance`: one pass in double for each, 4 N D C flops.
  mutating func certify(_ panels: inout ClassPanels<Double>, tolerance: Double) throws -> Certificate {
    var steps = 0
    while true {
      let value = try batch.evaluate(at: panels)
      let gradient = batch.gradient
      let ofWeights = gradient.weightSquaredNorm
      let bias = problem.hasIntercept ? Array(gradient.elements[gradient.biasRange]) : []
      var result = Certificate(
        objective: value.objective, gradientNorm: (ofWeights + bias.squaredNorm(in: bias.indices)).squareRoot(),
        isSeparated: value.behind == 0)
      guard problem.l2 > 0, value.objective.isFinite else { return result }
      let bound = ofWeights / (2 * problem.l2)
      guard problem.hasIntercept else {
        result.gapBound = bound
        return result
      }
      let covariance = ClassCovariance(logits: sample.logits(panels))
      let step = covariance.solve(bias)
      let decrease = max(0, step.dot(bias))
      result.gapBound = bound + decrease
      // A Newton step on the bias is worth a pass when it alone stands in the way.
      let allowed = tolerance * value.objective
      guard decrease > 0.1 * allowed, bound <= allowed, steps < 3 else { return result }
      steps += 1
      for (k, change) in zip(panels.biasRange, step) { panels.elements[k] -= change }
    }
  }
}

extension SoftmaxProblem {
  /// At most `count` rows, evenly spread, in memory.
  func sample(_ limit: Int) throws -> Features<Scalar> {
    var result = Features<Scalar>.none
    guard count > limit else {
      try features.read(0..<count, into: &result)
      return result
    }
    try features.gather((0..<limit).map { Int32($0 * count / limit) }, into: &result)
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
