/// How lambda is set.
///
/// Automatic damping makes mu = B lambda, what the damping adds to the diagonal of the B x B row system, `factor` times
/// the mean diagonal of the whitened row Gram: lambda = factor * g / (B * layers), with g a running mean over batches.
///
/// Why in units of the row system: (F_B + lambda)^-1 grad_B takes curvature and gradient from the same few examples, so
/// its mean is not the step of the whole data set; how far off it is depends on mu against the Gram's diagonal, not on
/// lambda. A fixed lambda is too small for small batches and too large for large ones; this one works from B = 64 to
/// 1024 unchanged. The running mean lets lambda fall as rows become confident; the layers divide it because each layer
/// adds its own part to the Gram. Evidence: benchmarks/.
public enum Damping: Sendable, Codable, Equatable {
  /// lambda in every step, above 0 (and more after a solve that failed).
  case fixed(Double)
  /// The policy above, `factor` above 0. An initial lambda above 0, if given, fades into it geometrically, halved in
  /// weight by each step.
  case automatic(initial: Double? = nil, factor: Double = 12)

  /// What is remembered between steps.
  public struct State: Sendable, Codable, Equatable {
    /// Running mean of the mean row curvature.
    public var scale = 0.0
    /// Steps taken.
    public var steps = 0
    /// Factor that failed solves put on lambda; falls back to 1.
    public var raised = 1.0

    public init() {}

    /// Lambda for the next step.
    ///
    /// - Parameters:
    ///   - curvature: the batch's mean row curvature, unscaled.
    ///   - batch: B.
    ///   - layers: weights of the model, 1 for a head.
    ///   - relative: factor on automatic damping, of `StepBudget`.
    mutating func next(
      _ damping: Damping, curvature: Double, batch: Int, layers: Int, relative: Double = 1
    ) -> Double {
      defer {
        steps += 1
        raised = max(1, raised / 2)
      }
      switch damping {
      case .fixed(let value): return value * raised
      case .automatic(let initial, let factor):
        scale += max(0.05, 1 / Double(steps + 1)) * (curvature - scale)
        // Rows that are flat to the last bit leave no scale; any lambda gives the same direction up to length.
        let measured = scale > 0 ? scale : 1
        let automatic = raised * relative * factor * measured / Double(batch * layers)
        guard let initial, steps < 60 else { return automatic }
        return automatic * exponential(logarithm(initial / automatic) / Double(1 << steps))
      }
    }

    /// A solve failed: more damping for the next steps.
    mutating func raise() { raised *= 100 }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
private func exponential(_ x: Double) -> Double { exp(x) }
private func logarithm(_ x: Double) -> Double { log(x) }
