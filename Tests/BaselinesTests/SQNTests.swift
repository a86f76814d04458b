import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// SQN on quadratics, and its least squares against dense matrices.
@Suite struct SQNTests {
  @Test(arguments: [1, 2, 3] as [UInt64])
  func convergesToTheLeastSquaresSolution(_ seed: UInt64) {
    let problem = Problems.quadratic(seed: seed, as: Double.self)
    let solution = SGNTests.hessian(problem).solve(problem.gradient(at: problem.parameters).map { -$0 })
    var (sqn, parameters) = (SQN(Objective(problem.model, loss: problem.loss)), problem.parameters)
    var needed = 0
    for step in 0..<60 where relativeError(parameters.values, to: solution) > 1e-8 {
      let report = sqn.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 60))
      #expect(report.outcome == .accepted, "seed \(seed), step \(step): \(report)")
      needed += 1
    }
    let error = relativeError(parameters.values, to: solution)
    #expect(error <= 1e-8, "seed \(seed): \(error) after \(needed) steps")
    var findings = Findings()
    findings.expect(Double(needed), atMost: 60, "SQN, steps to 1e-8 of the solution")
    findings.report("SQN")
  }

  /// The direction is -H g with H formed densely from the pairs by its normal equations.
  @Test func theDirectionIsTheLeastSquaresEstimate() throws {
    var problem = Problems.head(seed: 7, as: Double.self)
    var sqn = SQN(Objective(problem.model, loss: problem.loss), options: SQNOptions(memory: 3, regularization: 1e-2))
    var turned = 0
    for step in 0..<12 {
      let (pairs, before) = (sqn.state.pairs, problem.parameters.values)
      let g = problem.gradient(at: problem.parameters)
      let scale = sqn.state.scale ?? min(1, 1 / g.norm)
      let report = sqn.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 12))
      let (n, m) = (g.count, pairs.count)
      let (s, y) = (SlowMatrix(n, m) { pairs[$1].step[$0] }, SlowMatrix(n, m) { pairs[$1].change[$0] })
      // H (lambda + Y Y^T) = lambda gamma + S Y^T, by the transpose: (lambda + Y Y^T) H^T = (...)^T.
      let left = (y * y.transposed).shifted(by: 1e-2)
      let right = (s * y.transposed).shifted(by: 1e-2 * scale)
      var direction = right.times(left.solve(g)).map { -$0 }
      let (slope, wanted) = (direction.dot(g), -0.1 * scale * g.dot(g))
      if slope > wanted { direction.combine((wanted - slope) / g.dot(g), g) }
      direction.scale(by: report.stepLength)
      turned += slope > wanted ? 1 : 0
      let taken = zip(problem.parameters.values, before).map { $0 - $1 }
      #expect(report.path == "least squares" + (slope > wanted ? ", turned" : "") && pairs.count == min(step, 3))
      #expect(relativeError(taken, to: direction) < 1e-9, "step \(step)")
    }
    #expect(turned < 12)
  }

  @Test func aStepDecayLimitsTheLength() {
    var problem = Problems.head(seed: 8, as: Double.self)
    var sqn = SQN(Objective(problem.model, loss: problem.loss), options: SQNOptions(stepDecay: 0.5))
    for step in 0..<4 {
      let report = sqn.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 4))
      #expect(report.stepLength <= 0.5 / Double(step + 1))
    }
  }
}
