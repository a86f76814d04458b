import LinearAlgebra

/// A matrix that stands for the curvature of the mean loss: (1/B) sum_i w_i J_i^T H_i J_i, with a choice of H_i.
///
/// In the outputs of one row, the Hessian of a loss splits exactly into H = s a a^T + R, a the row's cotangent and R
/// positive semidefinite (for cross-entropy R = v (diag(q) - q q^T), the within-competitor covariance). A curvature
/// takes a multiple of a a^T, which may depend on whatever the row knows of itself, and either all of R or nothing of
/// it. So a curvature is two coefficients a row, and a further one is a value of this type:
///
/// ```swift
/// let unit = Curvature("unit") { _ in 1 }  // a a^T itself
/// ```
///
/// A curvature without R has one row for each example and can be solved for by the row systems; H itself has one row
/// for each output. Source: arXiv 2605.06081 for the split; docs/mathematics.md.
public struct Curvature: Sendable {
  /// As on the command line and in files: "fgn".
  public let name: String
  /// Whether R is in it.
  public let includesRest: Bool
  /// Whether it is H itself.
  public let isHessian: Bool
  /// Whether its coefficient is a function of the moments in `Curvature.Row`, which take a pass over the outputs.
  public let needsMoments: Bool
  /// The square root of the multiple of a a^T: at least 0, and finite.
  let root: @Sendable (Curvature.Row) -> Double

  /// A curvature with one row for each example, root^2 a a^T.
  ///
  /// - Parameters:
  ///   - needsMoments: whether `root` reads the moments of the row.
  ///   - root: the square root of the multiple of a a^T; a function of the row alone.
  public init(_ name: String, needsMoments: Bool = false, root: @escaping @Sendable (Curvature.Row) -> Double) {
    self.init(name, includesRest: false, needsMoments: needsMoments, root: root)
  }

  private init(
    _ name: String, includesRest: Bool, isHessian: Bool = false, needsMoments: Bool = false,
    root: @escaping @Sendable (Curvature.Row) -> Double
  ) {
    self.name = name
    self.includesRest = includesRest
    self.isHessian = isHessian
    self.needsMoments = needsMoments
    self.root = root
  }

  /// Fast Gauss-Newton: s a a^T, the largest multiple of the gradient's outer product that is not above H. For
  /// cross-entropy s = p_y (1 - p_y) and a = e_y - q.
  public static let fgn = Curvature("fgn") { $0.rootWeight }
  /// The full Gauss-Newton matrix: H itself, such as diag(p) - p p^T.
  public static let ggn = Curvature("ggn", includesRest: true, isHessian: true) { $0.rootWeight }
  /// The empirical Fisher: the gradient's outer product itself, v^2 a a^T.
  public static let fisher = Curvature("fisher") { $0.residual.magnitude }
  /// The Rayleigh weight: (a^T H a / |a|^4) a a^T, which has the curvature of H along a. It is at least s, and the weight
  /// of one row whose direction was found nearest to the GGN's (docs/experiments/ablation).
  public static let rayleigh = Curvature("rayleigh", needsMoments: true) { row in
    (row.quadratic / (row.squaredNorm * row.squaredNorm)).squareRoot()
  }
  /// R alone, what FGN leaves out of the GGN; for cross-entropy the within-competitor covariance. Not for directions;
  /// for measurement.
  public static let competitor = Curvature("competitor", includesRest: true) { _ in 0 }

  /// Every curvature that has a name of its own.
  public static let all: [Curvature] = [fgn, ggn, fisher, rayleigh, competitor]

  /// Those that directions can be found for.
  public static var solvable: [Curvature] { all.filter(\.isSolvable) }

  /// The curvature of that name in `all`; nil if there is none.
  public init?(name: String) {
    guard let known = Self.all.first(where: { $0.name == name }) else { return nil }
    self = known
  }

  /// Whether directions can be found for it: it is H, or one row for each example.
  public var isSolvable: Bool { isHessian || !includesRest }
}

/// Curvatures are the same where their names are.
extension Curvature: Hashable {
  public static func == (left: Curvature, right: Curvature) -> Bool { left.name == right.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// As its name.
extension Curvature: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let name = try container.decode(String.self)
    guard let known = Curvature(name: name) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no curvature is named \(name)")
    }
    self = known
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}

extension Curvature {
  /// What one row of outputs knows of itself: what the coefficients of a curvature may depend on.
  ///
  /// For cross-entropy `rootWeight` is sqrt(p_y (1 - p_y)), `residual` 1 - p_y, and the moments are sums over the
  /// competitors' probabilities q: |a|^2 = 1 + sum q^2, and sum q^3 is in a^T H a.
  public struct Row: Sendable {
    /// sqrt(s), s the largest number with s a a^T <= H.
    public var rootWeight: Double
    /// v: the gradient in the outputs is -v a.
    public var residual: Double
    /// |a|^2. This one and the next two are NaN unless the curvature says that it needs moments.
    public var squaredNorm = Double.nan
    /// a^T H a.
    public var quadratic = Double.nan
    /// The trace of R = H - s a a^T.
    public var restTrace = Double.nan
  }
}

extension Curvature {
  /// Moments of H in each of R rows, without example weights: see `Curvature.Row`.
  public struct Moments: Sendable {
    /// |a|^2 [R].
    public var squaredNorms: [Double]
    /// a^T H a [R].
    public var quadratics: [Double]
    /// trace R [R].
    public var restTraces: [Double]

    public init(squaredNorms: [Double], quadratics: [Double], restTraces: [Double]) {
      self.squaredNorms = squaredNorms
      self.quadratics = quadratics
      self.restTraces = restTraces
    }
  }
}

extension Curvature {
  /// The coefficients of a curvature for the rows of one batch; work areas that are kept from batch to batch.
  public struct Weights<Scalar: RealScalar>: Sendable {
    public private(set) var curvature: Curvature
    /// The root of the multiple of a a^T [R], without example weights.
    public private(set) var roots: [Scalar] = []
    /// The multiple of a a^T [R], example weights in.
    public private(set) var kept: [Scalar] = []

    /// Of no batch.
    public init(_ curvature: Curvature) { self.curvature = curvature }

    /// Those of `curvature` for the rows that were evaluated. One pass over [R] vectors; one over the outputs where it
    /// needs moments.
    public init(_ curvature: Curvature, of rows: some LossRows<Scalar>) {
      self.init(curvature)
      update(for: rows)
    }

    /// Takes in the batch that `rows` evaluated.
    public mutating func update(for rows: some LossRows<Scalar>) {
      roots.resize(to: rows.count)
      kept.resize(to: rows.count)
      CurvatureLoops.weigh(
        curvature.root, rows.rootWeight, rows.residual, rows.weights ?? [],
        moments: curvature.needsMoments ? rows.moments() : nil, &roots, &kept)
    }
  }
}

private enum CurvatureLoops {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func weigh<S: RealScalar>(
    _ root: (Curvature.Row) -> Double, _ rootWeight: [S], _ residual: [S], _ weights: [S], moments: Curvature.Moments?,
    _ roots: inout [S], _ kept: inout [S]
  ) {
    for i in roots.indices {
      var row = Curvature.Row(rootWeight: Double(rootWeight[i]), residual: Double(residual[i]))
      if let moments {
        row.squaredNorm = moments.squaredNorms[i]
        row.quadratic = moments.quadratics[i]
        row.restTrace = moments.restTraces[i]
      }
      let weight = weights.isEmpty ? 1 : weights[i]
      roots[i] = S(root(row))
      kept[i] = weight * roots[i] * roots[i]
    }
  }
}
