import Errors
import LinearAlgebra
import RealModule

/// (z - t)^2 / 2, summed over outputs: half the squared error.
public struct SquaredLoss: ElementwiseLoss {
  public init() {}
  public var name: String { "squared" }
  public var isQuadratic: Bool { true }

  public func evaluate(output: Double, target: Double) -> (loss: Double, slope: Double, curvature: Double) {
    let error = output - target
    return (loss: 0.5 * error * error, slope: error, curvature: 1)
  }
}

/// Squared near the target and linear beyond `delta`: delta (|e| - delta / 2), e = z - t.
///
/// The curvature beyond is delta / |e|, the slope of the chord to the centre, as in iteratively reweighted least
/// squares (Holland & Welsch 1977): the second derivative, zero, would let the step run away.
public struct HuberLoss: ElementwiseLoss {
  /// Above 0 and finite, in units of the targets.
  public package(set) var delta: Double

  /// With delta = 1.
  public init() { delta = 1 }

  /// - Throws: `OptionError` for a delta that is not above 0 and finite.
  public init(delta: Double) throws(OptionError) {
    try OptionError.check(delta > 0 && delta.isFinite, "huber-delta", "above 0", got: delta)
    self.delta = delta
  }

  public var name: String { "huber" }

  public func evaluate(output: Double, target: Double) -> (loss: Double, slope: Double, curvature: Double) {
    let error = output - target
    let size = abs(error)
    if size <= delta { return (loss: 0.5 * error * error, slope: error, curvature: 1) }
    return (
      loss: delta * (size - 0.5 * delta), slope: error > 0 ? delta : -delta, curvature: delta / size
    )
  }
}

/// Poisson regression of counts t on the logarithm of the rate: e^z - t z, without the constant log t!.
///
/// The exponent is cut at 80: beyond, the loss goes on as its tangent.
public struct PoissonLoss: ElementwiseLoss {
  public init() {}
  public var name: String { "poisson" }
  public var unit: String { "nats" }

  public func refusal(of target: Double) -> String? { target < 0 ? "expected a count of at least 0" : nil }

  /// The rate.
  public func prediction(of output: Double) -> Double { Double.exp(output) }

  public func evaluate(output: Double, target: Double) -> (loss: Double, slope: Double, curvature: Double) {
    let rate = Double.exp(min(output, 80))
    let beyond = max(output - 80, 0)
    return (loss: rate * (1 + beyond) - target * output, slope: rate - target, curvature: rate)
  }
}
