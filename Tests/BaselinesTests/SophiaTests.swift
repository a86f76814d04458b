import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// Sophia-G against a plain loop over the parameters.
@Suite struct SophiaTests {
  @Test(arguments: [1, 2] as [UInt64], [false, true])
  func stepsAreThoseOfAPlainLoop(_ seed: UInt64, regression: Bool) throws {
    var problem = try Problems.perceptron(
      [4, 5, 3], seed: seed, batch: 8, regression: regression, weighted: true, as: Double.self)
    let (rate, beta1, beta2, gamma, weightDecay, l2) = (0.01, 0.9, 0.8, 0.5, 0.3, 0.01)
    let options = SophiaOptions(
      gradient: GradientOptions(learningRate: LearningRate(rate), weightDecay: weightDecay), beta1: beta1,
      beta2: beta2, gamma: gamma, interval: 3, seed: seed)
    var sophia = Sophia(Objective(problem.model, loss: problem.loss, l2: l2), options: options)
    let layout = problem.model.layout
    var (m, h) = ([Double](repeating: 0, count: layout.trainableCount), [Double]())
    h = m
    var findings = Findings("seed \(seed)")
    var (clipped, free) = (0, 0)
    for step in 0..<9 {
      let g = problem.gradient(at: problem.parameters, l2: l2)
      if step % 3 == 0 {
        var objective = ObjectivePoint(Objective(problem.model, loss: problem.loss))
        _ = objective.evaluate(at: problem.parameters, batch: problem.batch)
        var generator = SeededGenerator(seed: seed, stream: UInt64(step) << 8 + 0xC5)
        var sample = Matrix<Double>(rows: 0, columns: 0)
        var u: [Double] = []
        objective.rows.sampledDescent(using: &generator, into: &sample)
        objective.pullback(sample, into: &u)
        for k in h.indices { h[k] = beta2 * h[k] + (1 - beta2) * 8 * u[k] * u[k] }
      }
      let before = problem.parameters.values
      var expected = before
      for slice in layout.trainable {
        for k in slice.range {
          m[k] = beta1 * m[k] + (1 - beta1) * g[k]
          let ratio = m[k] / max(gamma * h[k], 1e-12)
          if abs(ratio) > 1 { clipped += 1 } else { free += 1 }
          expected[k] *= slice.isPenalised ? 1 - rate * weightDecay : 1
          expected[k] -= rate * min(1, max(-1, ratio))
        }
      }
      let report = sophia.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 9))
      #expect(report.outcome == .accepted)
      findings.expect(
        stepError(problem.parameters.values, expected, from: before), atMost: 1e-11, "Sophia, plain loop")
    }
    #expect(clipped > 10 && free > 10, "both branches: \(clipped) and \(free)")
    findings.report("Sophia")
    #expect(findings.violations.isEmpty, "\(findings.violations)")
  }
}
