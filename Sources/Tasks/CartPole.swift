import LinearAlgebra
import RealModule

/// A pole on a cart that is pushed left (action 0) or right (1) at every step and must not fall.
///
/// Observation: position x (m), velocity (m/s), angle theta from upright (rad), angular velocity (rad/s). Reward 1 a
/// step. Terminal beyond 2.4 m or 12 degrees; cut off after 500 steps. Every number starts uniformly within 0.05. With
/// force F, masses M of both and m of the pole, and l its half-length, without friction,
///
///     s = (F + m l theta'^2 sin theta) / M
///     theta'' = (g sin theta - s cos theta) / (l (4/3 - m cos^2 theta / M)),  x'' = s - m l theta'' cos theta / M
///
/// and Euler's explicit method with 0.02 s. Source: Barto, Sutton & Anderson 1983; equations and constants are those of
/// Gymnasium's CartPole-v1.
public struct CartPole: Environment {
  /// Position, velocity, angle, angular velocity.
  public var state: [Double] = [0, 0, 0, 0]

  static let gravity = 9.8
  static let cartMass = 1.0
  static let poleMass = 0.1
  static let halfLength = 0.5
  static let force = 10.0
  static let interval = 0.02
  static let largestAngle = 12 * Double.pi / 180
  static let largestPosition = 2.4

  public init() {}

  public var observationWidth: Int { 4 }
  public var actionCount: Int { 2 }
  public var stepLimit: Int { 500 }

  public mutating func reset(using generator: inout SeededGenerator) -> [Double] {
    for i in 0..<4 { state[i] = generator.uniform(within: 0.05) }
    return state
  }

  public mutating func step(_ action: Int) -> EnvironmentStep {
    precondition(action == 0 || action == 1, "an action is 0 or 1, got \(action)")
    let (velocity, angle, spin) = (state[1], state[2], state[3])
    let acceleration = Self.accelerations(force: action == 1 ? Self.force : -Self.force, angle: angle, spin: spin)
    state[0] += Self.interval * velocity
    state[1] += Self.interval * acceleration.cart
    state[2] += Self.interval * spin
    state[3] += Self.interval * acceleration.pole
    let isTerminal = abs(state[0]) > Self.largestPosition || abs(state[2]) > Self.largestAngle
    return EnvironmentStep(observation: state, reward: 1, isTerminal: isTerminal)
  }

  /// x'' and theta''.
  static func accelerations(force: Double, angle: Double, spin: Double) -> (cart: Double, pole: Double) {
    let (sine, cosine) = (Double.sin(angle), Double.cos(angle))
    let mass = cartMass + poleMass
    let moment = poleMass * halfLength
    let push = (force + moment * spin * spin * sine) / mass
    let pole =
      (gravity * sine - push * cosine) / (halfLength * (4.0 / 3.0 - poleMass * cosine * cosine / mass))
    return (push - moment * pole * cosine / mass, pole)
  }
}
