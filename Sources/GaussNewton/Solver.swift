import Losses

extension DescentOptions {
  /// How the damped system is solved.
  public enum Solver: String, Sendable, Codable, CaseIterable {
    /// The cheapest by the cost model.
    case automatic = "auto"
    /// Closed-form row Gram and Cholesky: exact. B rows for curvatures of one row an example, B^2 (C + D) + B^3 / 3
    /// flops for a head; B C rows for the GGN, in the symmetric form of Exact Gauss-Newton, (B C)^3 / 3 flops.
    case gram
    /// Conjugate gradient, matrix-free: in the whitened row space for curvatures of one row an example, in parameter
    /// space for the GGN. One pushforward and one pullback an iteration.
    case cg
    /// Conjugate gradient on the closed-form row Gram, 2 B^2 flops an iteration. Curvatures of one row an example.
    case gramCG = "gram-cg"
    /// Conjugate gradient on the B C output rows of the GGN, where J J^T = K x I_C; 2 B^2 C flops an iteration.
    case dual
    /// The row system in the form of Duncan and Guttman, (H K + mu) alpha = -grad, as in arXiv 2405.14402: exact. Not
    /// symmetric, so by LU: twice the flops of `gram`. Cholesky where H = I.
    case duncanGuttman = "duncan-guttman"
    /// The row system in the form of Woodbury's identity: exact, and at the cost of `gram`. Loses digits at small
    /// damping.
    case woodbury

    /// Whether it factors the system.
    public var isExact: Bool { self == .gram || self == .duncanGuttman || self == .woodbury }

    /// The solvers a curvature has: the automatic choice, and the rows of the table of systems.
    public static func available(for curvature: Curvature) -> [DescentOptions.Solver] {
      let own = Way.all.filter { $0.solves(curvature) }.map(\.solver)
      return own.isEmpty ? [] : [.automatic] + own
    }
  }
}
