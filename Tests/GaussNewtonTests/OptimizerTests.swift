import Foundation
import LinearAlgebra
import Models
import Optimization
import TestSupport
import Testing

@testable import GaussNewton

/// Settings with nothing left to defaults, so that these tests are about mechanisms and not about a policy.
func explicitOptions(
  _ path: Path = Path(curvature: .fgn, solver: .gram), precise: Double = 1e-12, damping: Double = 0.05,
  radius: Double = .infinity, deviations: Double = 1e9, momentum: Double = 0, schedule: Schedule = .constant
) -> GaussNewtonOptions {
  GaussNewtonOptions(
    descent: DescentOptions(
      curvature: path.curvature, solver: path.solver, weightFloor: 0, tolerance: precise, maximumIterations: 2000),
    damping: .fixed(damping),
    trustRegion: GaussNewtonOptions.TrustRegion(radius: radius, warmUp: 0, deviations: deviations),
    momentum: .projected(momentum), schedule: schedule)
}

/// What a step does to the parameters, against dense solves.
@Suite struct OptimizerTests {
  static let shape = Shape(batch: 18, features: 6, classes: 5, weighted: true, spread: 0.5)

  /// Projected momentum: (F + lambda + l2) d = -grad + lambda mu d_prev with l2 in grad, d_prev the direction before
  /// as the trust region shortened it; and parameters += length * shortening * d.
  static func checkSteps<S: RealScalar>(
    _ type: S.Type, _ path: Path, l2: Double, momentum: Double, radius: Double, schedule: Schedule = .constant
  ) -> Findings {
    var problem = HeadProblem<S>(shape, seed: 71)
    problem.l2 = l2
    let precise = tolerance(S.self, double: 1e-13, float: 1e-6)
    let limit = tolerance(S.self, double: 1e-10, float: 5e-4)
    let damping = 0.05
    var optimizer = GaussNewtonOptimizer(
      problem.objective,
      options: explicitOptions(
        path, precise: precise, damping: damping, radius: radius, momentum: momentum, schedule: schedule))
    var findings = Findings()
    var memory: [Double]?
    for step in 0..<4 {
      // A new batch for each step.
      problem.batch = HeadProblem<S>(shape, seed: 80 + UInt64(step)).batch
      findings.context = "\(path.testDescription) l2 \(l2) mu \(momentum) step \(step) \(problem.name)"
      let reference = DenseReference(problem)
      let expected = reference.direction(path.curvature, damping: damping, memory: memory)
      let before = problem.parameters.values
      let progress = Schedule.Progress(step: step, total: 10)
      let report = optimizer.step(&problem.parameters, on: problem.batch, at: progress)
      findings.expect(report.outcome == .accepted && report.damping == damping, "accepted", "\(report)")
      findings.expect(relativeError(report.objective, to: Double(reference.loss)), atMost: limit, "objective")
      findings.expect(report.stepLength == schedule.factor(at: progress), "step length")
      let quadratic = Double(reference.matrix(path.curvature).quadratic(expected.wide))
      let shortening = min(1, (radius / quadratic).squareRoot())
      findings.expect(relativeError(report.shortening, to: shortening), atMost: 10 * limit, "shortening")
      let factor = report.stepLength * report.shortening
      let change = zip(problem.parameters.values, before).map { (Double($0) - Double($1)) / factor }
      // The change is a difference of parameters, and has their rounding.
      let rounding = 4 * epsilon(S.self) * before.map { Double($0) }.norm / (factor * expected.norm)
      findings.expect(
        relativeError(change, to: expected), atMost: limit + rounding, "projected momentum = dense solve")
      let shortened = change.map { $0 * report.shortening }
      let reached = Double(reference.matrix(path.curvature).quadratic(shortened.wide))
      findings.expect(reached / radius, atMost: 1 + 10 * limit + rounding, "d^T F d <= radius")
      if momentum > 0 { memory = shortened.map { momentum * $0 } }
    }
    findings.report("optimizer \(S.precisionName)")
    return findings
  }

  @Test(arguments: Path.all, [0.0, 0.03])
  func stepsAreDenseSolves(_ path: Path, l2: Double) {
    for (momentum, radius) in [(0.9, Double.infinity), (0.6, 0.01), (0, 0.01), (0, .infinity)] {
      for schedule in [Schedule.constant, .cosine] {
        func run<S: RealScalar>(_ type: S.Type) -> [Violation] {
          Self.checkSteps(S.self, path, l2: l2, momentum: momentum, radius: radius, schedule: schedule).violations
        }
        #expect(run(Double.self).isEmpty)
        #expect(run(Float.self).isEmpty)
      }
    }
  }

  /// And it must be able to fail: the momentum of the oracle is not that of a step without one.
  @Test func theOracleSeesMomentum() {
    let problem = HeadProblem<Double>(Self.shape, seed: 71)
    let reference = DenseReference(problem)
    let without = reference.direction(.fgn, damping: 0.05)
    let with = reference.direction(.fgn, damping: 0.05, memory: without)
    #expect(relativeError(with, to: without) > 0.1)
  }

  /// Without momentum and L2 a step is the direction itself, bit for bit where the parameters start from zero.
  @Test(arguments: Path.all) func plainStepIsTheDirection(_ path: Path) {
    func check<S: RealScalar>(_ type: S.Type) {
      for spread in [0, 0.5] {
        var shape = Self.shape
        shape.spread = spread
        var problem = HeadProblem<S>(shape, seed: 73)
        let options = explicitOptions(path, precise: 1e-4)
        var descent = Descent(Objective(problem.model), options: options.descent)
        let (direction, report) = descent.direction(at: problem.parameters, batch: problem.batch, damping: 0.05)
        var optimizer = GaussNewtonOptimizer(Objective(problem.model), options: options)
        var moved = problem.parameters.values
        moved.combine(1, direction)
        let step = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: 0, total: 10))
        #expect(step.outcome == .accepted && step.solve == report.solve && step.path == report.choice.solver.rawValue)
        if spread == 0 {
          #expect(bits(problem.parameters.values) == bits(direction), "\(S.precisionName)")
        } else {
          let scale = Double(moved.maximumMagnitude)
          #expect(largestDifference(problem.parameters.values, moved) < 10 * epsilon(S.self) * scale)
        }
        #expect(!optimizer.explanation.isEmpty)
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// A shorter radius, a shorter step: with momentum, over many random problems.
  @Test(arguments: 0..<8) func insideTheTrustRegion(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var shape = Self.shape
    shape.spread = 2 * generator.uniform()
    var problem = HeadProblem<Double>(shape, seed: seed)
    let radius = [1e-4, 1e-2, 1][generator.index(below: 3)]
    let momentum = generator.uniform() * 0.9
    var optimizer = GaussNewtonOptimizer(
      Objective(problem.model), options: explicitOptions(damping: 1e-3, radius: radius, momentum: momentum))
    for step in 0..<5 {
      let reference = DenseReference(problem)
      let before = problem.parameters.values
      let report = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 5))
      let change = zip(problem.parameters.values, before).map { Wide($0) - Wide($1) }
      let quadratic = Double(reference.matrix(.fgn).quadratic(change))
      #expect(quadratic <= radius * (1 + 1e-8), "seed \(seed) step \(step)")
      #expect(report.shortening == 1 || quadratic >= radius * (1 - 1e-8), "seed \(seed): shortened too much")
    }
  }

  /// A run goes on from its state as if it had not been interrupted, and counts its passes.
  @Test func checkpoints() throws {
    var problem = HeadProblem<Float>(Self.shape, seed: 79)
    let options = explicitOptions(radius: 0.1, deviations: 2, momentum: 0.8)
    var optimizer = GaussNewtonOptimizer(Objective(problem.model, l2: 0.01), options: options)
    func batch(_ step: Int) -> Batch<Float> { HeadProblem<Float>(Self.shape, seed: 90 + UInt64(step)).batch }
    for step in 0..<3 {
      _ = optimizer.step(&problem.parameters, on: batch(step), at: Schedule.Progress(step: step, total: 6))
    }
    var resumed = GaussNewtonOptimizer(optimizer.objective, options: options)
    resumed.state = try JSONDecoder().decode(
      GaussNewtonOptimizer<LinearHead<Float>>.State.self, from: JSONEncoder().encode(optimizer.state))
    var other = problem.parameters
    for step in 3..<6 {
      let first = optimizer.step(&problem.parameters, on: batch(step), at: Schedule.Progress(step: step, total: 6))
      let second = resumed.step(&other, on: batch(step), at: Schedule.Progress(step: step, total: 6))
      #expect(first == second)
      #expect(bits(problem.parameters.values) == bits(other.values))
    }
    let head = WrappedHead(problem.model)
    var counting = GaussNewtonOptimizer(Objective(head, l2: 0.01), options: options)
    for step in 0..<3 {
      let before = head.counter.total
      let report = counting.step(&other, on: batch(step), at: Schedule.Progress(step: step, total: 6))
      #expect(report.modelPasses == head.counter.total - before)
    }
  }
}
