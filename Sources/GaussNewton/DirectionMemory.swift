import LinearAlgebra
import Models

/// The last direction, for momentum, and how it went into the parameters, so that it can be taken back.
///
/// It is kept as scale * values: momentum shrinks the scale, not the buffer. One vector of P numbers.
package struct DirectionMemory<Scalar: RealScalar>: Codable, Sendable {
  /// [P]; empty at the start.
  package internal(set) var values: [Scalar] = []
  package internal(set) var scale: Scalar = 1
  /// Factor with which `values` went into the parameters last; 0 when there is nothing to take back.
  package internal(set) var applied: Scalar = 0
  /// Directions in the average, for `GaussNewtonOptions.Momentum.averaged`.
  package internal(set) var averaged = 0

  mutating func forget() {
    values.fill(with: 0)
    applied = 0
    scale = 1
    averaged = 0
  }

  /// Moves along `factor` times `values`, so that it can be taken back.
  mutating func move(_ parameters: inout Parameters<Scalar>, by factor: Scalar) {
    applied = factor
    parameters.move(by: factor, along: values)
  }

  func takeBack(_ parameters: inout Parameters<Scalar>) { parameters.move(by: -applied, along: values) }

  /// Turns the direction into the centre d_0 of the next one: (1 - pull) momentum d - pull theta on penalised
  /// parameters, and momentum d on the others. Returns whether it is anything but zero.
  mutating func recenter(_ parameters: Parameters<Scalar>, pull: Double, momentum: Double) -> Bool {
    let isFirst = values.isEmpty
    if isFirst { values = [Scalar](repeating: 0, count: parameters.layout.trainableCount) }
    let memory = Scalar(momentum) * scale
    if pull == 0 && memory > Scalar(1e-4) {
      scale = memory
      return !isFirst
    }
    Self.pullTowardZero(&values, parameters, pull, memory: memory)
    scale = 1
    return pull > 0 || memory != 0
  }

  /// The centre of a direction that is averaged with earlier ones afterwards: L2's alone. Returns whether it is
  /// anything but zero.
  static func center(_ fresh: inout [Scalar], _ parameters: Parameters<Scalar>, pull: Double) -> Bool {
    fresh.resize(to: parameters.layout.trainableCount)
    fresh.fill(with: 0)
    if pull > 0 { pullTowardZero(&fresh, parameters, pull, memory: 0) }
    return pull > 0
  }

  /// Averages `fresh` in: values <- beta values + (1 - beta) fresh. Returns the factor that takes the bias of its start
  /// from it, 1 / (1 - beta^t).
  mutating func average(_ fresh: [Scalar], beta: Double) -> Scalar {
    values.combine(Scalar(1 - beta), fresh, beta: Scalar(beta))
    averaged += 1
    let power = (0..<averaged).reduce(1.0) { value, _ in value < 1e-20 ? 0 : value * beta }
    return Scalar(1 / (1 - power))
  }

  /// direction = memory (1 - pull) direction - pull theta on penalised parameters, memory direction on the others.
  private static func pullTowardZero(
    _ direction: inout [Scalar], _ parameters: Parameters<Scalar>, _ pull: Double, memory: Scalar
  ) {
    for slice in parameters.layout.trainable {
      if slice.isPenalised && pull > 0 {
        direction.combine(Scalar(-pull), parameters.values, range: slice.range, beta: memory * Scalar(1 - pull))
      } else {
        direction.scale(by: memory, range: slice.range)
      }
    }
  }
}
