import RealModule

extension GaussNewtonOptions {
  /// How lambda is set.
  ///
  /// Automatic damping makes mu = B lambda, what the damping adds to the diagonal of the B x B row system, `factor`
  /// times the mean diagonal of the whitened row Gram: lambda = factor * g / (B * layers), with g a running mean over
  /// batches.
  ///
  /// Why in units of the row system: (F_B + lambda)^-1 grad_B takes curvature and gradient from the same few examples,
  /// so its mean is not the step of the whole data set; how far off it is depends on mu against the Gram's diagonal,
  /// not on lambda. A fixed lambda is too small for small batches and too large for large ones; this one works from B =
  /// 64 to 1024 unchanged. The running mean lets lambda fall as rows become confident; the layers divide it because
  /// each layer adds its own part to the Gram. Evidence: benchmarks/.
  public enum Damping: Sendable, Codable, Equatable {
    /// lambda in every step, above 0 (and more after a solve that failed).
    case fixed(Double)
    /// The policy above, `factor` above 0. An initial lambda above 0, if given, fades into it geometrically, halved in
    /// weight by each step.
    case automatic(initial: Double? = nil, factor: Double = 12)
    /// Lambda follows the gain ratio rho, the decrease of the objective on the batch over that of the quadratic model
    /// (Levenberg-Marquardt): below 1/4 it is multiplied by `factor`, above 3/4 divided, and a step that does not lower
    /// the objective is rejected. One more forward pass a step. `initial` above 0, `factor` above 1.
    case gainRatio(initial: Double = 1, factor: Double = 1.5)

    /// What is remembered between steps.
    public struct State: Sendable, Codable, Equatable {
      /// Running mean of the mean row curvature.
      public var scale = 0.0
      /// The most it has been.
      public var peak = 0.0
      /// Steps taken.
      public var steps = 0
      /// Factor that failed solves put on lambda; falls back to 1.
      public var raised = 1.0
      /// Lambda of damping by gain ratio; nil before the first step.
      public var adapted: Double?

      public init() {}

      /// Lambda for the next step.
      ///
      /// - Parameters:
      ///   - curvature: the batch's mean row curvature, unscaled.
      ///   - batch: B.
      ///   - layers: weights of the model, 1 for a head.
      ///   - relative: factor on automatic damping, of `StepBudget`.
      ///   - restraint: factor on it by the time that the scale has fallen to nothing, of `StepBudget`.
      mutating func next(
        _ damping: GaussNewtonOptions.Damping, curvature: Double, batch: Int, layers: Int, relative: Double = 1,
        restraint: Double = 1
      ) -> Double {
        defer {
          steps += 1
          raised = max(1, raised / 2)
        }
        switch damping {
        case .fixed(let value): return value * raised
        case .gainRatio(let initial, _): return (adapted ?? initial) * raised
        case .automatic(let initial, let factor):
          scale += max(0.05, 1 / Double(steps + 1)) * (curvature - scale)
          // Rows that are flat to the last bit leave no scale; any lambda gives the same direction up to length.
          let measured = scale > 0 ? scale : 1
          peak = max(peak, scale)
          let fallen = peak > 0 ? 1 - scale / peak : 0
          let automatic =
            raised * relative * Double.exp(fallen * Double.log(restraint)) * factor * measured / Double(batch * layers)
          guard let initial, steps < 60 else { return automatic }
          return automatic * Double.exp(Double.log(initial / automatic) / Double(1 << steps))
        }
      }

      /// After a step with this gain ratio; NaN counts as bad.
      mutating func adapt(_ damping: GaussNewtonOptions.Damping, ratio: Double) {
        guard case .gainRatio(let initial, let factor) = damping else { return }
        var value = adapted ?? initial
        if !(ratio >= 0.25) { value *= factor } else if ratio > 0.75 { value /= factor }
        adapted = min(1e10, max(1e-10, value))
      }

      /// A solve failed: more damping for the next steps.
      mutating func raise() { raised *= 100 }
    }
  }
}
