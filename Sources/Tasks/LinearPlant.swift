import LinearAlgebra

/// A linear plant with a quadratic cost, in discrete time: x' = A x + B u, cost x^T Q x + u^T R u a step, no discount.
///
/// Its optimal policy is u = -K x with one gain K [m, n], from the discrete algebraic Riccati equation. Source: Kalman
/// 1960; Anderson & Moore 1990.
public struct LinearPlant: Sendable, Equatable, CustomStringConvertible {
  public let name: String
  /// A [n, n], of the states.
  public let dynamics: Matrix<Double>
  /// B [n, m], of the inputs.
  public let input: Matrix<Double>
  /// Q [n, n], symmetric, positive semidefinite.
  public let stateCost: Matrix<Double>
  /// R [m, m], symmetric, positive definite.
  public let inputCost: Matrix<Double>

  public init(
    name: String, dynamics: Matrix<Double>, input: Matrix<Double>, stateCost: Matrix<Double>, inputCost: Matrix<Double>
  ) {
    let (n, m) = (input.rows, input.columns)
    func has(_ x: Matrix<Double>, _ order: Int) -> Bool { x.rows == order && x.columns == order }
    precondition(
      n >= 1 && m >= 1 && has(dynamics, n) && has(stateCost, n) && has(inputCost, m),
      "\(name): expected A and Q [\(n), \(n)] and R [\(m), \(m)] for an input matrix [\(n), \(m)]")
    precondition(stateCost == stateCost.transposed && inputCost == inputCost.transposed, "costs are symmetric")
    self.name = name
    self.dynamics = dynamics
    self.input = input
    self.stateCost = stateCost
    self.inputCost = inputCost
  }

  public var description: String { name }
  /// n.
  public var stateCount: Int { input.rows }
  /// m.
  public var inputCount: Int { input.columns }
  /// Largest absolute eigenvalue of A: unstable above 1.
  public var spectralRadius: Double { dynamics.spectralRadius }

  /// The same of A - B K, below 1 where the gain [m, n] stabilises the plant.
  public func spectralRadius(with gain: Matrix<Double>) -> Double { (dynamics - input * gain).spectralRadius }

  /// A x + B u.
  func next(_ state: Matrix<Double>, _ action: Matrix<Double>) -> Matrix<Double> {
    dynamics * state + input * action
  }

  /// x^T Q x + u^T R u.
  func cost(_ state: Matrix<Double>, _ action: Matrix<Double>) -> Double {
    state.elements.dot((stateCost * state).elements) + action.elements.dot((inputCost * action).elements)
  }

  /// The best gain K = (R + B^T P B)^-1 B^T P A against the value x^T P x of what follows.
  public func gain(for value: Matrix<Double>) -> Matrix<Double> {
    let transposed = input.transposed
    guard let gain = (inputCost + transposed * value * input).solve(transposed * value * dynamics) else {
      preconditionFailure("\(name): R + B^T P B is not positive definite")
    }
    return gain
  }

  /// One step of value iteration, the right-hand side of the Riccati equation:
  /// Q + A^T P A - A^T P B (R + B^T P B)^-1 B^T P A, symmetrised.
  func riccati(_ value: Matrix<Double>) -> Matrix<Double> {
    let transposed = dynamics.transposed
    var next = stateCost + transposed * value * (dynamics - input * gain(for: value))
    next = next + next.transposed
    next.scale(by: 0.5)
    return next
  }

  /// |P - riccati(P)| / |P|.
  public func residual(_ value: Matrix<Double>) -> Double { (value - riccati(value)).norm / value.norm }

  /// The P of the optimal policy, by value iteration from zero to a relative residual of 1e-14, or as near to it as
  /// rounding lets it come; P of 10^5 iterations at most. Converges where (A, B) can be stabilised and every
  /// mode that is not stable has a cost.
  public func optimalValue() -> Matrix<Double> {
    var value = Matrix<Double>(rows: stateCount, columns: stateCount)
    for _ in 0..<100_000 {
      let next = riccati(value)
      let change = (next - value).norm
      value = next
      if change <= 1e-14 * value.norm { break }
    }
    return value
  }

  /// K of the optimal policy.
  public func optimalGain() -> Matrix<Double> { gain(for: optimalValue()) }
}

extension LinearPlant {
  /// A mass on a line, pushed: position and velocity, 0.1 s a step. Spectral radius 1.
  public static let doubleIntegrator = LinearPlant(
    name: "double integrator", dynamics: Matrix([[1, 0.1], [0, 1]]), input: Matrix([[0.005], [0.1]]),
    stateCost: .identity(2), inputCost: .identity(1, scale: 0.1))

  /// Three states, two inputs, spectral radius 0.9.
  public static let stable = LinearPlant(
    name: "stable", dynamics: Matrix([[0.9, 0.3, 0], [0, 0.7, -0.2], [0, 0.2, 0.5]]),
    input: Matrix([[0, 0.5], [1, 0], [0.3, 1]]), stateCost: Matrix([[2, 0, 0.5], [0, 1, 0], [0.5, 0, 1]]),
    inputCost: Matrix([[1, 0.2], [0.2, 0.5]]))

  /// Three states, one input, two modes that grow; spectral radius 1.3.
  public static let unstable = LinearPlant(
    name: "unstable", dynamics: Matrix([[1.3, 0.4, 0], [0, 1.1, 0.5], [0, 0, 0.8]]),
    input: Matrix([[0], [0.2], [1]]), stateCost: .identity(3), inputCost: .identity(1))

  /// Three nodes of a graph that warm each other, an input for each; slightly unstable, spectral radius 1.024, and
  /// cheap to leave alone: value iteration takes long. Source: Dean, Mania, Matni, Recht & Tu 2020.
  public static let graph = LinearPlant(
    name: "graph", dynamics: Matrix([[1.01, 0.01, 0], [0.01, 1.01, 0.01], [0, 0.01, 1.01]]), input: .identity(3),
    stateCost: .identity(3, scale: 1e-3), inputCost: .identity(3))

  /// All of these.
  public static let examples = [doubleIntegrator, stable, unstable, graph]
}
