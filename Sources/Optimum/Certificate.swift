import LinearAlgebra

extension SoftmaxRegression {
  /// What is known of a point, by the definition of the objective alone and over all rows.
  public struct Certificate: Sendable, Codable, Equatable {
    /// The objective there.
    public var objective: Double
    /// |gradient|, of weights and bias; nil where the bound did not take it.
    public var gradientNorm: Double?
    /// The objective is at most this far above its minimum; nil without a penalty.
    ///
    /// The gap to the dual objective, at dual variables that meet its constraints: a proof, whatever the method did. Sums
    /// are in double; logits are too, or what rounding them may do is in the bound. Never more than the objective, as its
    /// minimum is not below 0.
    public var gapBound: Double?
    /// Whether every row's class is ahead of all others: then the data are separable.
    public var isSeparated: Bool

    /// The bound over the objective.
    public var relativeGap: Double? { gapBound.map { $0 > 0 ? $0 / objective : 0 } }
  }
}

/// Makes certificates of points, in double and at dual variables q = p or others, and improves the bias on the way.
struct Certifier<Scalar: RealScalar> {
  private let problem: SoftmaxRegression.Problem<Scalar>
  private var gap: DualGap<Scalar, Double>
  /// Of rows that the curvature of the bias is estimated from, where it is wanted.
  private var sample: Features<Scalar>?
  /// The size of a row of features where it is below 1: gradients of weights are so many times smaller than those of
  /// biases, and are no smaller for being near an optimum.
  private let featureSize: Double
  /// |gradient| of the last certificate, as it would be with features of size 1.
  private(set) var scaledGradientNorm = Double.infinity

  var passes: Double { gap.passes }

  /// Rows that the curvature of the bias is estimated from.
  private static var sampleRows: Int { 4096 }

  init(_ problem: SoftmaxRegression.Problem<Scalar>, _ moments: FeatureMoments<Scalar>) throws {
    self.problem = problem
    gap = try DualGap(widening: problem, moments)
    let size = moments.meanSquare.squareRoot()
    featureSize = size > 0 ? min(1, size) : 1
  }

  /// The certificate of `panels` at q = p, whose bias is moved by Newton steps while its gradient keeps the bound from
  /// holding to `tolerance`: one pass in double for each, 4 N D C flops.
  mutating func certify(_ panels: inout ClassPanels<Double>, tolerance: Double) throws -> SoftmaxRegression.Certificate
  {
    var steps = 0
    while true {
      let found = try gap.look(at: panels, .init(), blend: 1)
      let result = certificate(of: found)
      guard problem.l2 > 0, problem.hasIntercept, found.objective.isFinite, let gradient = found.gradient else {
        return result
      }
      // A Newton step on the bias is worth a pass when it alone stands in the way.
      let ofWeights = gradient.weightSquaredNorm / (2 * problem.l2)
      let allowed = tolerance * found.objective
      guard found.bound > allowed, ofWeights <= 4 * allowed, steps < 6 else { return result }
      let bias = gradient.elements[panels.biasRange].map { Double($0) }
      guard let step = try stepOfBias(panels, bias) else { return result }
      for (k, change) in zip(panels.biasRange, step) { panels.elements[k] -= change }
      steps += 1
    }
  }

  /// The objective at a point, in double: half a pass.
  mutating func objective(_ panels: ClassPanels<Double>) throws -> Double {
    try gap.look(at: panels, .init()).objective
  }

  /// S^-1 x at a point, S from a sample of rows; nil where there is no curvature.
  private mutating func stepOfBias(_ panels: ClassPanels<Double>, _ x: [Double]) throws -> [Double]? {
    let rows = try sample ?? problem.sample(Self.sampleRows)
    sample = rows
    let values = panels.values(hasBias: true).map { Scalar($0) }
    let narrow = ClassPanels(features: panels.features, classes: panels.classes, values: values)
    var curvature = ClassCurvature(logits: rows.logits(narrow))
    return curvature.solve(x)
  }

  /// The certificate of `panels` at the dual variables (1 - blend) duals + blend p, tilted until their mean residual is
  /// small enough: a pass in double for each Newton step on the tilt, three at most.
  ///
  /// - Parameter curvature: of the bias, at these dual variables.
  mutating func certify(
    _ panels: ClassPanels<Double>, duals: [Scalar], blend: Double, tilt: [Double]?,
    curvature: inout ClassCurvature<Scalar>, tolerance: Double
  ) throws -> SoftmaxRegression.Certificate {
    var tilt = tilt
    var best: SoftmaxRegression.Certificate?
    for _ in 0..<3 {
      let found = try gap.look(at: panels, .init(values: duals), blend: blend, tilt: tilt)
      let made = certificate(of: found)
      if made.gapBound ?? .infinity < best?.gapBound ?? .infinity { best = made }
      let allowed = tolerance * found.objective
      guard found.bound > allowed, found.promise <= allowed, let last = tilt else { break }
      guard let more = curvature.solve(found.residuals) else { break }
      tilt = zip(last, more).map { $0 + $1 }
    }
    return best!
  }

  private mutating func certificate<S>(of found: DualGap<Scalar, S>.Found) -> SoftmaxRegression.Certificate {
    var result = SoftmaxRegression.Certificate(
      objective: found.objective, isSeparated: found.rowsBehind == 0)
    if let gradient = found.gradient {
      let ofWeights = gradient.weightSquaredNorm
      let ofBias = gradient.elements.squaredNorm(in: gradient.biasRange)
      result.gradientNorm = (ofWeights + ofBias).squareRoot()
      scaledGradientNorm = (ofWeights / featureSize / featureSize + ofBias).squareRoot()
    }
    if problem.l2 > 0, found.objective.isFinite { result.gapBound = found.bound }
    return result
  }
}

extension SoftmaxRegression.Certificate {
  /// Of a look in the data's precision, with what rounding may have done.
  init<Data, Scalar>(_ found: DualGap<Data, Scalar>.Found) {
    self.init(
      objective: found.objective, gapBound: min(found.bound + found.rounding, found.objective),
      isSeparated: found.rowsBehind == 0)
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
