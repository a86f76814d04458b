import RealModule

extension Schedule {
  /// How far a run has come: what schedules depend on.
  public struct Progress: Sendable, Codable, Equatable {
    /// Steps taken so far.
    public var step: Int
    /// Steps the whole run is planned to take.
    public var total: Int
    /// Steps in a pass over the data; nil where there is no such thing.
    public var stepsPerEpoch: Int?

    public init(step: Int, total: Int, stepsPerEpoch: Int? = nil) {
      precondition(step >= 0 && total >= 1 && stepsPerEpoch ?? 1 >= 1, "step \(step) of \(total)")
      self.step = step
      self.total = total
      self.stepsPerEpoch = stepsPerEpoch
    }

    /// In 0...1.
    public var fraction: Double { min(1, Double(step) / Double(total)) }
  }
}

/// A factor on the step length over the run.
public enum Schedule: String, Sendable, Codable, CaseIterable {
  case constant
  /// From 1 to 0 in a straight line.
  case linear
  /// From 1 to 0 along half a cosine.
  case cosine

  /// The factor for the step that `progress` is about to take, in 0...1 and above 0.
  public func factor(at progress: Schedule.Progress) -> Double {
    switch self {
    case .constant: 1
    case .linear: 1 - progress.fraction
    case .cosine: 0.5 * (1 + Double.cos(.pi * progress.fraction))
    }
  }
}
