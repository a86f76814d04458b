import Losses

/// How directions are found.
///
/// ```swift
/// let exact = DescentOptions(curvature: .fgn, solver: .gram)
/// let compared = DescentOptions(curvature: .ggn, solver: .dual, tolerance: 1e-6, maximumIterations: 500)
/// ```
public struct DescentOptions: Sendable, Codable, Equatable {
  public var curvature: Curvature
  public var solver: DescentOptions.Solver
  /// Smallest curvature weight s = p_y (1 - p_y) of a row, 0..<0.25; 0 keeps the direction exact. The gradient is exact
  /// either way. Without effect on the GGN.
  public var weightFloor: Double
  /// Conjugate gradient stops when the residual in parameter space is this fraction of what it was without a step:
  /// above 0.
  public var tolerance: Double
  /// At least 1. A solve that reaches it is used as it is and says `iterationLimit`.
  public var maximumIterations: Int
  /// Iterations that the cost model reckons with before any were counted.
  public var expectedIterations: Int
  /// Bytes that Gram matrices (`Descent.gramBytes`) may take; beyond, the automatic choice is matrix-free.
  public var memoryBudget = 2 << 30

  public init(
    curvature: Curvature = .fgn, solver: DescentOptions.Solver = .automatic, weightFloor: Double = 0,
    tolerance: Double = 1e-3,
    maximumIterations: Int = 100, expectedIterations: Int = 15
  ) {
    self.curvature = curvature
    self.solver = solver
    self.weightFloor = weightFloor
    self.tolerance = tolerance
    self.maximumIterations = maximumIterations
    self.expectedIterations = expectedIterations
  }
}

extension DescentOptions {
  /// What training uses: curvature weights floored at 1e-4 (steps move by less than half a percent) and conjugate
  /// gradient to a tenth of the residual, which ends within 0.02 % of the objective that exact directions end at
  /// (benchmarks/results/tolerance.md).
  public static func training(curvature: Curvature = .fgn, solver: DescentOptions.Solver = .automatic) -> DescentOptions
  {
    DescentOptions(curvature: curvature, solver: solver, weightFloor: 1e-4, tolerance: 0.1, expectedIterations: 5)
  }
}
