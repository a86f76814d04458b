/// Backtracking line search to the Armijo condition f(x + t d) <= f(x) + c t (grad f . d).
///
/// Starts at `growth` times the last step length, at most `maximum`, and shrinks by `backtracking` until the condition
/// holds. One evaluation of the objective a trial. Source: Armijo 1966; the constants are those of arXiv 2405.14402.
public struct LineSearch: Sendable, Codable, Equatable {
  /// c, 0..<1.
  public var sufficientDecrease: Double
  /// 0..<1, above 0.
  public var backtracking: Double
  /// At least 1.
  public var trials: Int
  /// At least 1.
  public var growth: Double
  /// The longest step, above 0.
  public var maximum: Double

  public init(
    sufficientDecrease: Double = 0.1, backtracking: Double = 0.8, trials: Int = 15, growth: Double = 1.5,
    maximum: Double = 1
  ) {
    precondition(
      sufficientDecrease >= 0 && sufficientDecrease < 1 && backtracking > 0 && backtracking < 1 && trials >= 1
        && growth >= 1 && maximum > 0, "a line search needs 0 <= c < 1, 0 < backtracking < 1 and growth >= 1")
    self.sufficientDecrease = sufficientDecrease
    self.backtracking = backtracking
    self.trials = trials
    self.growth = growth
    self.maximum = maximum
  }

  /// The last step length; nil before the first search.
  public struct State: Sendable, Codable, Equatable {
    public var length: Double?

    public init() {}
  }

  /// What a search found.
  public struct Result: Sendable, Equatable {
    /// t; the last that was tried if none was accepted.
    public var length: Double
    /// f(x + t d).
    public var objective: Double
    /// Evaluations of the objective.
    public var trials: Int
    /// Whether the condition holds.
    public var isAccepted: Bool
  }

  /// - Parameters:
  ///   - slope: grad f . d; only a negative one can be accepted.
  ///   - objective: f(x + t d) for a t.
  public func search(
    from value: Double, slope: Double, state: inout State, objective: (Double) -> Double
  ) -> Result {
    var length = min(maximum, growth * (state.length ?? maximum))
    var result = Result(length: length, objective: .infinity, trials: 0, isAccepted: false)
    while result.trials < trials {
      result.length = length
      result.objective = objective(length)
      result.trials += 1
      if slope < 0 && result.objective <= value + sufficientDecrease * length * slope {
        result.isAccepted = true
        break
      }
      length *= backtracking
    }
    state.length = result.length
    return result
  }
}
