import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// L-BFGS where torch is not asked: at the minimum, on mini-batches.
@Suite struct LBFGSTests {
  /// Once at the minimum it stays there, accepted and finite.
  @Test func atTheMinimum() {
    func check<S: RealScalar>(_ type: S.Type) {
      let model = LinearHead<S>(features: 4, classes: 5)
      var (parameters, batch) = GradientStepTests.problem(model, seed: 3)
      var optimizer = LBFGS(Objective(model, l2: 0.01))
      var last = Double.infinity
      for step in 0..<80 {
        let report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: 80))
        #expect(report.outcome == .accepted && report.objective <= last, "step \(step) \(S.precisionName)")
        last = report.objective
      }
      var objective = ObjectivePoint(Objective(model, l2: 0.01))
      var gradient: [S] = []
      _ = objective.evaluate(at: parameters, batch: batch)
      objective.gradient(into: &gradient)
      #expect(Double(gradient.norm) < tolerance(type, double: 1e-8, float: 1e-3), "\(gradient.norm)")
    }
    check(Double.self)
    check(Float.self)
  }

  /// A gradient of exactly zero.
  @Test func zeroGradient() {
    let model = LinearHead<Double>(features: 1, classes: 1)
    var parameters = Parameters(layout: model.layout, values: [2, 1])
    let batch = Batch<Double>(
      features: Matrix(rows: 1, columns: 1, elements: [1]), values: Matrix(rows: 1, columns: 1, elements: [3]))
    var optimizer = LBFGS(Objective(model, loss: SquaredLoss()))
    let report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: 0, total: 1))
    #expect(report.outcome == .accepted && report.stepLength == 0 && parameters.values == [2, 1])
  }

  /// Batches that contradict one another: every step is finite and makes its own batch no worse, and every pair that
  /// is remembered has curvature.
  @Test(arguments: 0..<5) func miniBatches(seed: UInt64) throws {
    let model = try Network<Float>(.mlp([4, 6, 5], activation: Layers.Activation(.relu)))
    var generator = SeededGenerator(seed: seed)
    var parameters = model.initialParameters(using: &generator)
    var optimizer = LBFGS(Objective(model), options: LBFGSOptions(history: 4))
    var objective = ObjectivePoint(Objective(model))
    for step in 0..<40 {
      let batch = Batch<Float>(
        features: generator.matrix(3, 4, scale: 10), labels: generator.labels(3, classes: 5))
      let report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: 40))
      #expect(report.outcome == .accepted && parameters.values.isFinite, "seed \(seed) step \(step)")
      let after = objective.evaluate(at: parameters, batch: batch)
      objective.release()
      #expect(after <= report.objective, "seed \(seed) step \(step)")
      #expect(optimizer.state.memory.pairs.count <= 4 && optimizer.state.memory.pairs.allSatisfy { $0.curvature > 0 })
      for pair in optimizer.state.memory.pairs {
        #expect(relativeError(Double(pair.step.dot(pair.change)), to: pair.curvature) < 1e-4)
      }
    }
  }
}
