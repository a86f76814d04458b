/// How lambda is set.
///
/// Automatic damping is `factor` times the running maximum over the run of the mean diagonal of the whitened row Gram
/// (the trace of FGN on a batch): a scale that features, classes and depth all enter, measured at no cost. The
/// maximum matters: a lambda that falls as rows become confident lets networks collapse.
public enum Damping: Sendable, Codable, Equatable {
  /// lambda in every step.
  case fixed(Double)
  /// The policy above; an initial lambda, if given, is forgotten geometrically over the first steps.
  case automatic(initial: Double? = nil, factor: Double = 0.01)

  /// What is remembered between steps.
  public struct State: Sendable, Codable, Equatable {
    /// Running maximum of the mean row curvature.
    public var scale = 0.0
    /// Steps taken.
    public var steps = 0
    /// Factor that failed solves put on lambda.
    public var raised = 1.0

    public init() {}

    /// Lambda for the next step, given the batch's mean row curvature.
    mutating func next(_ damping: Damping, curvature: Double) -> Double {
      defer { steps += 1 }
      switch damping {
      case .fixed(let value): return value * raised
      case .automatic(let initial, let factor):
        guard curvature.isFinite else { return .nan }
        scale = max(scale, curvature)
        // All rows are flat to the last bit: any lambda gives the same direction up to length.
        let automatic = raised * (scale > 0 ? factor * scale : factor)
        guard let initial, steps < Self.memory else { return automatic }
        let weight = Double(Self.memory - steps) / Double(Self.memory)
        return automatic * exponential(weight * logarithm(initial / automatic))
      }
    }

    /// A solve failed: more damping from here on.
    mutating func raise() { raised *= 10 }

    /// Steps after which an initial lambda is forgotten.
    static let memory = 10
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
private func exponential(_ x: Double) -> Double { exp(x) }
private func logarithm(_ x: Double) -> Double { log(x) }
