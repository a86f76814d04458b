import Foundation
import LinearAlgebra
import Models
import Optimization
import TestSupport
import Testing

@testable import GaussNewton

/// Steps that are refused or taken back.
@Suite struct OptimizerRefusalTests {
  static let shape = Shape(batch: 12, features: 4, classes: 5, spread: 0.5)

  /// A batch or parameters that give logits which are not finite.
  enum Defect: CaseIterable {
    case nanFeature, infiniteFeature, negativeInfiniteFeature, overflowingLogits, overflowingOwnLogit

    func spoil(_ problem: inout HeadProblem<Float>) {
      let width = problem.model.inputWidth
      switch self {
      case .nanFeature: problem.batch.inputs.dense[5, 2] = .nan
      case .infiniteFeature: problem.batch.inputs.dense[0, 0] = .infinity
      case .negativeInfiniteFeature: problem.batch.inputs.dense[11, 3] = -.infinity
      case .overflowingLogits: problem.batch.inputs.dense.scale(by: 1e38)
      case .overflowingOwnLogit:
        // Only the true class' logit of one example overflows: its loss would be zero.
        for d in 0..<width { problem.batch.inputs.dense[3, d] = 10 }
        for d in 0..<width { problem.parameters.values[Int(problem.batch.labels[3]) * width + d] = 1e38 }
      }
    }
  }

  /// In a first step and after good ones, with and without something to take back: parameters keep every bit.
  @Test(arguments: Defect.allCases, [0.0, 0.7])
  func logitsThatAreNotFinite(_ defect: Defect, momentum: Double) {
    for l2 in [0, 0.01] {
      for steps in [0, 2] {
        var problem = HeadProblem<Float>(Self.shape, seed: 5)
        let good = problem.batch
        var optimizer = GaussNewtonOptimizer(
          Objective(problem.model, l2: l2), options: explicitOptions(deviations: 3, momentum: momentum))
        for step in 0..<steps {
          _ = optimizer.step(&problem.parameters, on: good, at: Schedule.Progress(step: step, total: 9))
        }
        let kept = problem.parameters
        defect.spoil(&problem)
        if problem.parameters != kept && steps > 0 { continue }  // broken parameters may be taken back
        let before = problem.parameters.values
        let report = optimizer.step(
          &problem.parameters, on: problem.batch, at: Schedule.Progress(step: steps, total: 9))
        #expect(report.outcome == .rejected, "\(defect) steps \(steps) l2 \(l2)")
        #expect(bits(problem.parameters.values) == bits(before), "\(defect) steps \(steps) l2 \(l2)")
        // The next good batch is a step again.
        problem.parameters = kept
        let next = optimizer.step(&problem.parameters, on: good, at: Schedule.Progress(step: steps + 1, total: 9))
        #expect(next.outcome == .accepted && problem.parameters.values.isFinite && problem.parameters != kept)
      }
    }
  }

  /// A system that cannot be solved in Float: refused, and more damping the next time.
  @Test func systemsThatCannotBeSolved() {
    var problem = HeadProblem<Float>(Shape(batch: 40, features: 2, classes: 3, spread: 0), seed: 8)
    problem.batch.inputs.dense.scale(by: 1e4)
    var optimizer = GaussNewtonOptimizer(
      Objective(problem.model), options: explicitOptions(damping: 1e-12, momentum: 0.5))
    let before = problem.parameters.values
    let report = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: 0, total: 9))
    #expect(report.outcome == .rejected && report.solve.outcome == .notPositiveDefinite)
    #expect(bits(problem.parameters.values) == bits(before))
    let next = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: 1, total: 9))
    #expect(next.damping > 5 * report.damping)
  }

  /// The step before is taken back, to rounding, when the next batch's objective is worse than chance explains; then a
  /// new step starts from there.
  @Test(arguments: [0.0, 0.02]) func undoneStepsRestoreParameters(l2: Double) {
    func check<S: RealScalar>(_ type: S.Type) {
      var problem = HeadProblem<S>(Self.shape, seed: 6)
      problem.l2 = l2
      var optimizer = GaussNewtonOptimizer(
        problem.objective, options: explicitOptions(damping: 1e-3, deviations: 1e-3, momentum: 0.5))
      let start = problem.parameters.values
      let first = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: 0, total: 9))
      #expect(first.outcome == .accepted && problem.parameters.values != start)
      // The same examples with other labels: what was learned is wrong now.
      problem.batch.targets = .classes(problem.batch.labels.map { ($0 + 1) % 5 })
      let second = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: 1, total: 9))
      #expect(second.outcome == .undone)
      var restored = problem.parameters.values
      restored.combine(-optimizer.state.memory.applied, optimizer.state.memory.values)
      let scale = Double(problem.parameters.values.maximumMagnitude) + Double(start.maximumMagnitude)
      #expect(largestDifference(restored, start) < 8 * epsilon(S.self) * scale, "\(S.precisionName)")
      #expect(optimizer.state.search.trustRegion.undone == 1 && optimizer.state.search.trustRegion.factor < 0.5)
      // The new direction is that at the restored parameters, without memory of the step that failed.
      problem.parameters.values = start
      let expected = DenseReference(problem).direction(.fgn, damping: 1e-3)
      let direction = optimizer.state.memory.values.map { $0 * optimizer.state.memory.applied }
      #expect(
        relativeError(direction, expected) < tolerance(S.self, double: 1e-9, float: 1e-3),
        "\(S.precisionName)")
      #expect(relativeError(second.objective, to: Double(DenseReference(problem).loss)) < 1e-4)
    }
    check(Float.self)
    check(Double.self)
  }

  /// A batch that is worse than the mean but no better without the last step is hard: it takes nothing back. Features
  /// of zero without an intercept have the loss log C whatever the parameters.
  @Test func hardBatchesTakeNothingBack() {
    let problem = HeadProblem<Double>(Self.shape, seed: 6)
    let head = LinearHead<Double>(features: 4, classes: 5, intercept: false)
    var parameters = Parameters<Double>(layout: head.layout)
    var optimizer = GaussNewtonOptimizer(
      Objective(head), options: explicitOptions(damping: 0.05, deviations: 1e-3, momentum: 0.5))
    var good = problem.batch
    good.weights = nil
    for step in 0..<40 { _ = optimizer.step(&parameters, on: good, at: Schedule.Progress(step: step, total: 99)) }
    let undone = optimizer.state.search.trustRegion.undone
    let before = parameters
    good.inputs.dense.clear()
    let report = optimizer.step(&parameters, on: good, at: Schedule.Progress(step: 40, total: 99))
    #expect(
      abs(report.objective - log(5)) < 1e-12 && report.objective > optimizer.state.search.trustRegion.mean! + 0.01)
    #expect(report.outcome == .accepted && optimizer.state.search.trustRegion.undone == undone)
    // Forward, without the last step, back again, the centre and the back-projection.
    #expect(report.modelPasses == 5 && parameters != before)
  }

  /// Whatever the scales, parameters stay finite, and a refused step leaves them alone.
  @Test(arguments: 0..<60) func parametersStayFinite(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    func power(_ range: ClosedRange<Int>) -> Double {
      var result = 1.0
      let exponent = generator.integer(in: range)
      for _ in 0..<exponent.magnitude { result *= exponent < 0 ? 0.1 : 10 }
      return result
    }
    let path = Path.all[generator.index(below: Path.all.count)]
    var shape = Shape(
      batch: generator.integer(in: 1...30), features: generator.integer(in: 1...6),
      classes: generator.integer(in: 2...9))
    shape.spread = power(-3...3)
    var problem = HeadProblem<Float>(shape, seed: seed)
    problem.batch.inputs.dense.scale(by: Float(power(-12...18)))
    problem.l2 = generator.index(below: 2) == 0 ? 0 : power(-8...2)
    let options = explicitOptions(
      path, precise: 1e-3, damping: power(-36...6),
      radius: generator.index(below: 2) == 0 ? .infinity : power(-4...4), deviations: 6,
      momentum: generator.index(below: 2) == 0 ? 0 : 0.9)
    var optimizer = GaussNewtonOptimizer(problem.objective, options: options)
    for step in 0..<12 {
      let before = problem.parameters.values
      let report = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 12))
      #expect(problem.parameters.values.isFinite, "seed \(seed) step \(step) \(path.testDescription) \(report)")
      if report.outcome == .rejected && optimizer.state.search.trustRegion.undone == 0 {
        #expect(bits(problem.parameters.values) == bits(before), "seed \(seed) step \(step)")
      }
      if !problem.parameters.values.isFinite { return }
    }
  }
}
