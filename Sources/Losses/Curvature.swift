/// Which matrix stands for the curvature of the mean loss: (1/B) sum J_i^T H_i J_i, with H_i as follows.
public enum Curvature: String, Sendable, Codable, CaseIterable {
  /// Fast Gauss-Newton: s a a^T, the largest multiple of the gradient's outer product that is not above the Hessian of
  /// the loss in the outputs. One row for each example. For cross-entropy s = p_y (1 - p_y) and a = e_y - q.
  case fgn
  /// The full Gauss-Newton matrix: the Hessian of the loss in the outputs, such as diag(p) - p p^T. One row for each
  /// example and output.
  case ggn
  /// The empirical Fisher: the gradient's outer product itself, v^2 a a^T.
  case fisher
  /// What FGN leaves out of the GGN; for cross-entropy the within-competitor covariance. Not for directions; for
  /// measurement.
  case competitor
}
