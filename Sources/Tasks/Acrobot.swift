import LinearAlgebra
import RealModule

/// Two links that hang from a pivot; a motor between them, at -1, 0 or +1 N m (actions 0, 1, 2), must swing the tip one
/// length above the pivot.
///
/// Observation: cosine and sine of theta1 (from hanging down), of theta2 (from the first link's line), and the two
/// angular velocities (rad/s), which are cut at 4 pi and 9 pi. Reward -1 a step, 0 for the one that arrives:
/// -cos theta1 - cos(theta1 + theta2) > 1. Cut off after 500 steps. Every number of the state starts uniformly within
/// 0.1. One Runge-Kutta step (fourth order) of 0.2 s for each action. Links of length 1, mass 1, centre of mass at
/// 0.5, moment of inertia 1. Source: Sutton 1996, with the equations of Sutton & Barto's book and the constants of
/// Gymnasium's Acrobot-v1.
public struct Acrobot: Environment {
  /// theta1, theta2, and their velocities.
  public var state: [Double] = [0, 0, 0, 0]

  static let gravity = 9.8
  static let length = 1.0
  static let mass = 1.0
  static let center = 0.5
  static let inertia = 1.0
  static let interval = 0.2
  static let largestVelocities = [4 * Double.pi, 9 * Double.pi]

  public init() {}

  public var observationWidth: Int { 6 }
  public var actionCount: Int { 3 }
  public var stepLimit: Int { 500 }

  public mutating func reset(using generator: inout SeededGenerator) -> [Double] {
    for i in 0..<4 { state[i] = generator.uniform(within: 0.1) }
    return observation
  }

  public mutating func step(_ action: Int) -> EnvironmentStep {
    precondition((0...2).contains(action), "an action is 0, 1 or 2, got \(action)")
    let next = Self.advance(
      SIMD4(state[0], state[1], state[2], state[3]), torque: Double(action - 1), by: Self.interval)
    for i in 0..<2 {
      state[i] = Self.wrapped(next[i])
      state[i + 2] = min(max(next[i + 2], -Self.largestVelocities[i]), Self.largestVelocities[i])
    }
    let isTerminal = -Double.cos(state[0]) - Double.cos(state[0] + state[1]) > 1
    return EnvironmentStep(observation: observation, reward: isTerminal ? 0 : -1, isTerminal: isTerminal)
  }

  private var observation: [Double] {
    [Double.cos(state[0]), Double.sin(state[0]), Double.cos(state[1]), Double.sin(state[1]), state[2], state[3]]
  }

  /// The angle in -pi...pi that is the same up to whole turns.
  static func wrapped(_ angle: Double) -> Double {
    var angle = angle
    while angle > .pi { angle -= 2 * .pi }
    while angle < -.pi { angle += 2 * .pi }
    return angle
  }

  /// One step of the classical Runge-Kutta method.
  static func advance(_ s: SIMD4<Double>, torque: Double, by h: Double) -> SIMD4<Double> {
    let k1 = derivative(s, torque: torque)
    let k2 = derivative(s + h / 2 * k1, torque: torque)
    let k3 = derivative(s + h / 2 * k2, torque: torque)
    let k4 = derivative(s + h * k3, torque: torque)
    return s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
  }

  /// Velocities and accelerations.
  static func derivative(_ s: SIMD4<Double>, torque: Double) -> SIMD4<Double> {
    let (cosine, sine) = (Double.cos(s[1]), Double.sin(s[1]))
    let d1 =
      mass * center * center + mass * (length * length + center * center + 2 * length * center * cosine) + 2 * inertia
    let d2 = mass * (center * center + length * center * cosine) + inertia
    // cos(x - pi / 2) of the source is sin x.
    let phi2 = mass * center * gravity * Double.sin(s[0] + s[1])
    let coupling = mass * length * center * sine
    let phi1 =
      -coupling * s[3] * (s[3] + 2 * s[2]) + (mass * center + mass * length) * gravity * Double.sin(s[0]) + phi2
    let second =
      (torque + d2 / d1 * phi1 - coupling * s[2] * s[2] - phi2) / (mass * center * center + inertia - d2 * d2 / d1)
    return SIMD4(s[2], s[3], -(d2 * second + phi1) / d1, second)
  }
}
