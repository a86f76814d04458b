import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization

/// How the direction d_F of FGN differs from d_G of the full Gauss-Newton matrix, on one batch at one damping.
///
/// Both are exact to about 1e-12: by row Gram for FGN; for the GGN in closed form where B C is at most 800, else by
/// conjugate gradient to 1e-13. Cost: the solves, and two forward passes.
public struct DirectionMeasure: Sendable {
  /// |d_F - d_G| / |d_G|.
  public var relativeError: Double
  public var cosine: Double
  /// |d_F| / |d_G|.
  public var lengthRatio: Double
  /// Mean loss, at the parameters and after the unit steps d_F and d_G.
  public var lossBefore: Double
  public var lossAfterFGN: Double
  public var lossAfterGGN: Double
  /// Share of the GGN's trace that FGN keeps.
  public var keptShare: Double
  /// Median of 1 / |q|^2 over the examples.
  public var effectiveCompetitors: Double

  /// - Parameters:
  ///   - objective: its loss is a softmax cross-entropy.
  ///   - damping: above 0.
  ///   - kept: what takes the place of FGN, with one row for each example.
  public init<ModelType: Model>(
    _ objective: Objective<ModelType>, at parameters: Parameters<Double>, batch: Batch<Double>, damping: Double,
    kept: Curvature = .fgn
  ) where ModelType.Scalar == Double {
    let model = objective.model
    var point = ObjectivePoint(objective.withoutPenalty)
    lossBefore = point.evaluate(at: parameters, batch: batch)
    effectiveCompetitors = Self.medianCompetitors(point.rows)
    func solve(_ curvature: Curvature) -> [Double] {
      let isSmall = batch.count * model.outputWidth <= 800
      let hasFewFeatures = 2 * model.layout.trainableCount < batch.count * model.outputWidth
      let iterative: DescentOptions.Solver = model.makeLinearization().isIsotropic && !hasFewFeatures ? .dual : .cg
      let options = DescentOptions(
        curvature: curvature, solver: curvature == kept || isSmall ? .gram : iterative, tolerance: 1e-13,
        maximumIterations: 20_000)
      var descent = Descent(objective, options: options)
      return descent.direction(at: parameters, batch: batch, damping: damping).direction
    }
    func lossAfter(_ direction: [Double]) -> Double {
      var moved = parameters
      moved.move(by: 1, along: direction)
      return point.evaluate(at: moved, batch: batch)
    }
    func trace(_ curvature: Curvature) -> Double {
      var matrix = CurvatureOperator(curvature, of: objective, at: parameters, batch: batch)
      return matrix.trace()
    }
    let (fgn, ggn) = (solve(kept), solve(.ggn))
    var difference = fgn
    difference.combine(-1, ggn)
    relativeError = difference.norm / ggn.norm
    cosine = fgn.dot(ggn) / (fgn.norm * ggn.norm)
    lengthRatio = fgn.norm / ggn.norm
    (lossAfterFGN, lossAfterGGN) = (lossAfter(fgn), lossAfter(ggn))
    keptShare = trace(kept) / trace(.ggn)
  }

  private static func medianCompetitors(_ rows: any LossRows<Double>) -> Double {
    let margins = rows as? MarginRows<Double> ?? (rows as? AdjustedRows<Double>)?.margins
    guard let sorted = margins?.effectiveCompetitors.sorted(), !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  /// Each measure under its own name.
  public var row: Row {
    let cells = [
      ("relativeError", relativeError), ("cosine", cosine), ("lengthRatio", lengthRatio), ("lossBefore", lossBefore),
      ("lossAfterFGN", lossAfterFGN), ("lossAfterGGN", lossAfterGGN), ("keptShare", keptShare),
      ("effectiveCompetitors", effectiveCompetitors),
    ]
    return Row(Dictionary(uniqueKeysWithValues: cells.map { ($0.0, .number($0.1)) }))
  }
}

extension DirectionMeasure {
  /// The bound on `relativeError` at a damping: |E| / lambda with E = GGN - FGN.
  ///
  /// Both directions solve (matrix + Lambda) d = -grad, so (F + Lambda)(d_F - d_G) = (GGN - F) d_G = E d_G, and no
  /// eigenvalue of F + Lambda is below lambda: |d_F - d_G| <= (|E| / lambda) |d_G|.
  public static func bound(errorNorm: Double, damping: Double) -> Double { errorNorm / damping }

  /// |E|, the largest eigenvalue of the within-competitor covariance in parameter space, to the relative `tolerance`: by
  /// Lanczos' method with full reorthogonalisation, from a seeded start. At most 400 products of `CurvatureOperator`.
  public static func errorNorm<ModelType: Model>(
    _ objective: Objective<ModelType>, at parameters: Parameters<Double>, batch: Batch<Double>, tolerance: Double = 1e-6
  ) -> Double where ModelType.Scalar == Double {
    var matrix = CurvatureOperator(
      .competitor, of: objective.withoutPenalty, at: parameters, batch: batch)
    return largestEigenvalue(of: &matrix, tolerance: tolerance)
  }

  /// The largest eigenvalue of a positive semidefinite operator: (theta, y) of the Krylov space with
  /// |K y - theta y| <= tolerance theta, so that an eigenvalue is that close.
  static func largestEigenvalue<Operator: LinearOperator>(of matrix: inout Operator, tolerance: Double) -> Double
  where Operator.Scalar == Double {
    var generator = SeededGenerator(seed: 1, .lanczosStart)
    var vector = (0..<matrix.dimension).map { _ in generator.normal() }
    vector.scale(by: 1 / vector.norm)
    var basis: [[Double]] = []
    var (diagonal, besides): ([Double], [Double]) = ([], [])
    var image = vector
    var eigen = SymmetricEigen<Double>()
    while true {
      basis.append(vector)
      matrix.apply(vector, into: &image)
      diagonal.append(image.dot(vector))
      for _ in 0..<2 {
        for earlier in basis { image.combine(-image.dot(earlier), earlier) }
      }
      let rest = image.norm
      let n = diagonal.count
      let isLast = n == min(matrix.dimension, 400) || rest <= 1e-14 * diagonal[0].magnitude
      if n % 8 == 0 || isLast {
        var small = Matrix<Double>(rows: n, columns: n)
        for i in 0..<n { small[i, i] = diagonal[i] }
        for i in 0..<n - 1 { small[i + 1, i] = besides[i] }
        guard eigen.decompose(small), let theta = eigen.values.last else { return .nan }
        let residual = rest * eigen.vectors[n - 1, n - 1].magnitude
        if residual <= tolerance * theta || isLast { return max(0, theta) }
      }
      besides.append(rest)
      vector = image
      vector.scale(by: 1 / rest)
    }
  }
}
