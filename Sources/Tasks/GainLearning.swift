import LinearAlgebra
import Losses
import Models
import Optimization

/// Learns the gain of a linear plant from transitions, as value learning: fitted Q iteration.
///
/// Q(x, u) = [x, u]^T H [x, u] is a linear model of the products of two of the n + m numbers. Each iteration fits it by
/// a few optimizer steps, with the squared loss, to cost + min_u' Q(x', u') over a batch of transitions from random
/// states and inputs; the minimum is x'^T P x' with P = H_xx - H_xu H_uu^-1 H_ux, and the gain K = H_uu^-1 H_ux. The
/// value starts at zero, so that an unstable plant needs no gain that stabilises it to start from. With an exact fit
/// this is value iteration, and the error falls by the closed loop's spectral radius squared. Sources: Bradtke 1993;
/// Ernst, Geurts & Wehenkel 2005.
public struct GainLearning: Sendable {
  public let plant: LinearPlant
  /// One output, no intercept; inputs are the monomials of [x, u]: z_i z_j, i <= j, row by row.
  public let model: LinearHead<Double>
  /// Fits.
  public var iterations = 500
  /// Transitions of a fit.
  public var batchSize = 64
  /// Optimizer steps of a fit, all on its batch.
  public var updates = 2

  public init(plant: LinearPlant) {
    self.plant = plant
    let width = plant.stateCount + plant.inputCount
    model = LinearHead(features: width * (width + 1) / 2, classes: 1, intercept: false)
  }

  /// What was learned.
  public struct Result: Sendable {
    /// K [m, n].
    public var gain: Matrix<Double>
    /// Of the gain after each fit, |K - K*| / |K*| with the gain K* of the Riccati equation.
    public var errors: [Double] = []
    /// Optimizer steps that were rejected.
    public var rejected = 0
  }

  /// What the optimizer is to minimise.
  public var objective: Objective<LinearHead<Double>> { Objective(model, loss: SquaredLoss()) }

  /// Learns from scratch. The optimizer's objective is `objective`.
  public func run(_ optimizer: inout some Optimizer<LinearHead<Double>>, seed: UInt64) -> Result {
    var generator = SeededGenerator(seed: seed, .transitions)
    let optimal = plant.optimalGain()
    let (n, m) = (plant.stateCount, plant.inputCount)
    var parameters = Parameters<Double>(layout: model.layout)
    var value = Matrix<Double>(rows: n, columns: n)
    var result = Result(gain: Matrix(rows: m, columns: n))
    for iteration in 0..<iterations {
      let batch = transitions(value, using: &generator)
      for update in 0..<updates {
        let progress = Schedule.Progress(step: iteration * updates + update, total: iterations * updates)
        if optimizer.step(&parameters, on: batch, at: progress).outcome == .rejected { result.rejected += 1 }
      }
      let quadratic = form(parameters.values)
      let mixed = quadratic.block(n..<n + m, 0..<n)
      // A form that has no minimum in u is not learned yet: the gain stays.
      result.gain = quadratic.block(n..<n + m, n..<n + m).solve(mixed) ?? result.gain
      value = quadratic.block(0..<n, 0..<n) - mixed.transposed * result.gain
      result.errors.append((result.gain - optimal).norm / optimal.norm)
    }
    return result
  }

  /// Standard normal states and inputs, their monomials, and cost + x'^T P x'.
  func transitions(_ value: Matrix<Double>, using generator: inout SeededGenerator) -> Batch<Double> {
    var features: [Double] = []
    var targets: [Double] = []
    for _ in 0..<batchSize {
      let x = Matrix(
        rows: plant.stateCount, columns: 1, elements: (0..<plant.stateCount).map { _ in generator.normal() })
      let u = Matrix(
        rows: plant.inputCount, columns: 1, elements: (0..<plant.inputCount).map { _ in generator.normal() })
      let next = plant.next(x, u)
      features += Self.monomials(x.elements + u.elements)
      targets.append(plant.cost(x, u) + next.elements.dot((value * next).elements))
    }
    return Batch(
      features: Matrix(rows: batchSize, columns: model.inputWidth, elements: features),
      values: Matrix(rows: batchSize, columns: 1, elements: targets))
  }

  /// z_i z_j, i <= j.
  static func monomials(_ z: [Double]) -> [Double] {
    z.indices.flatMap { i in z[i...].map { z[i] * $0 } }
  }

  /// The symmetric H with z^T H z = weights . monomials(z).
  func form(_ weights: [Double]) -> Matrix<Double> {
    let order = plant.stateCount + plant.inputCount
    var result = Matrix<Double>(rows: order, columns: order)
    var next = 0
    for i in 0..<order {
      for j in i..<order {
        result[i, j] += weights[next] / 2
        result[j, i] += weights[next] / 2
        next += 1
      }
    }
    return result
  }
}
