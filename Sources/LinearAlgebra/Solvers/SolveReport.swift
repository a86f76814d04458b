extension SolveReport {
  /// How a linear solve ended. Not converging is an answer, not an error; the text carries the remedy.
  public enum Outcome: String, Sendable, Codable {
    /// The residual met the tolerance, or the system was factored.
    case converged
    /// The iteration limit came first. The iterate is still a descent direction, less accurate than asked.
    case iterationLimit
    /// The matrix is not positive definite in this precision.
    case notPositiveDefinite
    /// NaN or infinity appeared.
    case notFinite
    /// The system is larger than the memory budget.
    case outOfMemory

    /// What happened and what to do about it.
    public var remedy: String {
      switch self {
      case .converged: "converged"
      case .iterationLimit: "iteration limit reached: raise the limit or the damping, or use the Gram with Cholesky"
      case .notPositiveDefinite: "not positive definite in this precision: raise the damping or use double"
      case .outOfMemory: "the system does not fit the memory budget: use a smaller batch or conjugate gradient"
      case .notFinite: "not finite: check features and parameters, or raise the damping"
      }
    }
  }
}

/// What a linear solve did.
public struct SolveReport: Sendable, Codable, Equatable {
  public var outcome: SolveReport.Outcome
  /// Conjugate gradient iterations; 0 for a factorisation.
  public var iterations: Int
  /// Relative residual in the norm that the solver stops on; 0 for a factorisation.
  public var residual: Double
  /// Products with the operator.
  public var products: Int

  public init(outcome: SolveReport.Outcome, iterations: Int = 0, residual: Double = 0, products: Int = 0) {
    self.outcome = outcome
    self.iterations = iterations
    self.residual = residual
    self.products = products
  }
}
