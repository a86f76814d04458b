extension InspectJob {
  /// Whether FGN suits a problem: what it keeps of the full Gauss-Newton matrix on one batch, and how its direction
  /// compares. One solve of each.
  public struct Result: Sendable, Codable {
    /// What one curvature's direction does.
    public struct Direction: Sendable, Codable {
      public var solver: String
      public var reason: String
      public var outcome: SolveReport.Outcome
      public var iterations: Int
      /// |(H + Lambda) d + grad| / |grad|, measured by a product with H.
      public var residual: Double
      public var norm: Double
      /// grad . d, negative.
      public var slope: Double
      /// Mean loss and objective after parameters += d.
      public var lossAfter: Double
      public var objectiveAfter: Double
    }

    public var examples: Int
    public var damping: Double
    public var l2: Double
    public var loss: Double
    public var objective: Double
    public var gradientNorm: Double
    /// Traces of the curvature of the mean loss, and their ratio: the share of the GGN's trace that FGN keeps.
    public var traceFGN: Double
    public var traceGGN: Double
    public var keptShare: Double
    /// 0, 10, 25, 50, 75, 90 and 100 % quantiles of 1 / |q|^2 over the examples.
    public var effectiveCompetitors: [Double]
    /// Cosine of the FGN and the GGN direction, and |d_F - d_G| / |d_G|.
    public var cosine: Double
    public var relativeError: Double
    public var fgn: Direction
    public var ggn: Direction

    /// For people: what the numbers say.
    public var verdict: String {
      let worse = fgn.objectiveAfter - ggn.objectiveAfter
      if cosine > 0.95 && relativeError < 0.3 {
        return "FGN stands in for the full GGN here: the directions nearly agree"
      }
      if worse <= 0.05 * max(objective - ggn.objectiveAfter, 0) {
        return "FGN suits this problem: its direction differs, but the step is about as good as the GGN's"
      }
      return "FGN differs from the GGN here, and its full step is worse: keep the trust region on, or raise the damping"
    }
  }
}

extension InspectJob.Result {
  /// Compares FGN and GGN at `parameters` on `batch`, and returns the direction [P] of `options.curvature` (fgn or
  /// ggn).
  ///
  /// `damping` is above 0. The solver of `options` is for its curvature; the other one chooses its own.
  public static func run<ModelType: Model>(
    _ objective: Objective<ModelType>, at parameters: Parameters<ModelType.Scalar>, batch: Batch<ModelType.Scalar>,
    damping: Double, options: DescentOptions
  ) -> (inspection: InspectJob.Result, direction: [ModelType.Scalar]) {
    var point = ObjectivePoint(objective)
    let value = point.evaluate(at: parameters, batch: batch)
    point.carryBack()
    let gradient = point.gradient()
    let loss = point.rows.meanLoss
    let competitors = (point.rows as? MarginRows<ModelType.Scalar>)?.effectiveCompetitors.sorted() ?? []
    let gradientNorm = Double(gradient.norm)

    func solve(_ curvature: Curvature) -> (direction: [ModelType.Scalar], summary: Direction, trace: Double) {
      var own = options
      own.curvature = curvature
      if curvature != options.curvature { own.solver = .automatic }
      var descent = Descent(objective, options: own)
      let (direction, report) = descent.direction(at: parameters, batch: batch, damping: damping)
      var matrix = CurvatureOperator(curvature, of: objective, at: parameters, batch: batch)
      var residual = direction
      matrix.apply(direction, into: &residual)
      residual.combine(ModelType.Scalar(damping), direction)
      residual.combine(1, gradient)
      var moved = parameters
      moved.move(by: 1, along: direction)
      let objectiveAfter = point.evaluate(at: moved, batch: batch)
      let summary = Direction(
        solver: report.choice.solver.rawValue, reason: report.choice.reason, outcome: report.solve.outcome,
        iterations: report.solve.iterations, residual: Double(residual.norm) / max(gradientNorm, .leastNormalMagnitude),
        norm: Double(direction.norm), slope: Double(gradient.dot(direction)), lossAfter: point.rows.meanLoss,
        objectiveAfter: objectiveAfter)
      return (direction, summary, matrix.trace())
    }

    let fgn = solve(.fgn)
    let ggn = solve(.ggn)
    var difference = fgn.direction
    difference.combine(-1, ggn.direction)
    let inspection = InspectJob.Result(
      examples: batch.count, damping: damping, l2: objective.l2, loss: loss, objective: value,
      gradientNorm: gradientNorm,
      traceFGN: fgn.trace, traceGGN: ggn.trace, keptShare: fgn.trace / ggn.trace,
      effectiveCompetitors: competitors.isEmpty
        ? []
        : [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1].map {
          competitors[Int((Double(competitors.count - 1) * $0).rounded())]
        },
      cosine: Double(fgn.direction.dot(ggn.direction)) / (fgn.summary.norm * ggn.summary.norm),
      relativeError: Double(difference.norm) / ggn.summary.norm, fgn: fgn.summary, ggn: ggn.summary)
    return (inspection, options.curvature == .ggn ? ggn.direction : fgn.direction)
  }
}
