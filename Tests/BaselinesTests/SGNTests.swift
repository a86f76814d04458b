import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// SGN on quadratics, whose answers are known.
@Suite struct SGNTests {
  /// Hessian of the objective in parameter space, column by column of gradients: exact for a quadratic.
  static func hessian(_ problem: Problem<LinearHead<Double>>) -> SlowMatrix {
    let zero = Parameters<Double>(layout: problem.model.layout)
    let base = problem.gradient(at: zero)
    var result = SlowMatrix(base.count, base.count)
    for j in base.indices {
      var point = zero
      point.values[j] = 1
      for (i, value) in problem.gradient(at: point).enumerated() { result[i, j] = value - base[i] }
    }
    return result
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func oneStepIsTheLeastSquaresSolution(_ seed: UInt64) {
    let problem = Problems.quadratic(seed: seed, as: Double.self)
    let zero = problem.parameters
    let solution = Self.hessian(problem).solve(problem.gradient(at: zero).map { -$0 })
    let options = SGNOptions(damping: 1e-14, iterations: 100, tolerance: 1e-14, lineSearch: nil)
    var (sgn, parameters) = (SGN(Objective(problem.model, loss: problem.loss), options: options), zero)
    let report = sgn.step(&parameters, on: problem.batch, at: Schedule.Progress(step: 0, total: 1))
    let error = relativeError(parameters.values, to: solution)
    #expect(report.outcome == .accepted && error <= 1e-8, "seed \(seed): \(error)")
    var findings = Findings()
    findings.expect(error, atMost: 1e-8, "SGN, least-squares solution")
    findings.report("SGN")
  }

  /// With damping and a search that takes the full step: (H + rho) d = -g.
  @Test func aStepIsADampedSolve() {
    var problem = Problems.quadratic(seed: 4, as: Double.self)
    let l2 = 0.02
    var penalised = Self.hessian(problem)
    for slice in problem.model.layout.trainable where slice.isPenalised {
      for k in slice.range { penalised[k, k] += l2 }
    }
    var generator = SeededGenerator(seed: 40)
    problem.parameters.values = generator.vector(problem.parameters.values.count)
    let before = problem.parameters
    let gradient = problem.gradient(at: before, l2: l2)
    var sgn = SGN(
      Objective(problem.model, loss: problem.loss, l2: l2),
      options: SGNOptions(damping: 0.1, iterations: 50, tolerance: 1e-14))
    let report = sgn.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: 0, total: 1))
    let expected = penalised.shifted(by: 0.1).solve(gradient.map { -$0 })
    let step = zip(problem.parameters.values, before.values).map { $0 - $1 }
    #expect(report.stepLength == 1 && report.damping == 0.1 && relativeError(step, to: expected) < 1e-10)
  }

  /// On a quadratic the gain is what the system predicts, but for the damping: the ratio is near 1.
  @Test func dampingFollowsTheGain() {
    let problem = Problems.quadratic(seed: 5, as: Double.self)
    var options = SGNOptions(iterations: 50)
    options.adaptsDamping = true
    var (sgn, parameters) = (SGN(Objective(problem.model, loss: problem.loss), options: options), problem.parameters)
    for step in 0..<3 { _ = sgn.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 3)) }
    let expected = [2.0 / 3, 2.0 / 3].reduce(1e-3, *)
    // The first two steps gain; at the solution there is nothing to gain and the ratio is noise.
    #expect(sgn.state.damping.map { $0 <= expected * 1.5 * (1 + 1e-12) } ?? false, "\(sgn.state)")
    var first = SGN(Objective(problem.model, loss: problem.loss), options: options)
    var start = problem.parameters
    _ = first.step(&start, on: problem.batch, at: Schedule.Progress(step: 0, total: 1))
    #expect(first.state.damping.map { abs($0 - 2e-3 / 3) < 1e-15 } ?? false)
  }

  /// Momentum is a mean of gradients without bias: constant gradients are left as they are.
  @Test func momentumHasItsBiasCorrected() {
    let problem = Problems.quadratic(seed: 6, as: Double.self)
    var plain = SGNOptions(damping: 0.1, lineSearch: nil)
    var steps: [[Double]] = []
    for momentum in [0, 0.9] {
      plain.momentum = momentum
      var (sgn, parameters) = (SGN(Objective(problem.model, loss: problem.loss), options: plain), problem.parameters)
      _ = sgn.step(&parameters, on: problem.batch, at: Schedule.Progress(step: 0, total: 1))
      steps.append(parameters.values)
    }
    #expect(relativeError(steps[1], to: steps[0]) < 1e-12)
  }
}
