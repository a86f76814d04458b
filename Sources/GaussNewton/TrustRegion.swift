import Optimization

extension GaussNewtonOptions {
  /// How far a step may go, measured in function space, and when it is taken back.
  ///
  /// d^T F d, the mean squared whitened change of the margins, is known from the row system at no cost. A direction is
  /// shortened so that it is at most `radius`. The radius rises linearly over the first `warmUp` of the run: the first
  /// directions come from parameters that say nothing yet.
  ///
  /// A step is undone when the objective on the next batch exceeds the running mean by more than `deviations` standard
  /// errors, further than the choice of the batch explains, and is lower without the step. The radius is then divided
  /// by four, and recovers by 10 % a step. (Only an optimizer that remembers its direction, for momentum or L2, can
  /// undo.)
  public struct TrustRegion: Sendable, Codable, Equatable {
    /// kappa, the largest d^T F d, above 0; infinity for no limit.
    public var radius: Double
    /// Fraction of the run over which the radius rises, 0...1.
    public var warmUp: Double
    /// Standard errors beyond which a step is undone, above 0.
    public var deviations: Double

    public init(radius: Double = 0.1, warmUp: Double = 0.05, deviations: Double = 6) {
      precondition(radius > 0 && warmUp >= 0 && warmUp <= 1 && deviations > 0, "radius and deviations are positive")
      self.radius = radius
      self.warmUp = warmUp
      self.deviations = deviations
    }

    /// The factor, at most 1, that brings d^T F d = `quadratic` inside the region.
    func shortening(_ quadratic: Double, at progress: Schedule.Progress, state: State) -> Double {
      let planned = warmUp * Double(progress.total)
      let ramp = planned > 0 ? min(1, max(0.01, Double(progress.step + 1) / planned)) : 1
      let limit = radius * ramp * state.factor
      return quadratic > limit ? (limit / quadratic).squareRoot() : 1
    }

    /// An objective on a batch and how far the batch alone moves it.
    struct Objective {
      var value: Double
      var standardError: Double
    }

    /// What is remembered between steps.
    public struct State: Sendable, Codable, Equatable {
      /// Running mean of the batch objectives.
      public var mean: Double?
      /// Factor on the radius after undone steps.
      public var factor = 1.0
      /// Steps undone so far.
      public var undone = 0

      public init() {}
    }
  }
}

extension GaussNewtonOptions.TrustRegion.State {
  func refuses(_ objective: GaussNewtonOptions.TrustRegion.Objective, deviations: Double) -> Bool {
    guard objective.value.isFinite, objective.standardError.isFinite else { return true }
    guard let mean else { return false }
    return objective.value > mean + deviations * objective.standardError
  }

  mutating func record(_ objective: GaussNewtonOptions.TrustRegion.Objective) {
    mean = mean.map { $0 + 0.1 * (objective.value - $0) } ?? objective.value
    factor = min(1, factor * 1.1)
  }

  mutating func shrink() {
    factor /= 4
    undone += 1
  }
}
