import Foundation
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// A method under test, made for a model.
enum CurvatureMethod: String, CaseIterable {
  case sgn, sqn, kfac, shampoo, sophia

  func make<M: Model>(_ problem: Problem<M>) -> any Optimizer<M> {
    let (model, loss) = (problem.model, problem.loss)
    let rate = GradientOptions(learningRate: LearningRate(0.03))
    switch self {
    case .sgn: return SGN(Objective(model, loss: loss))
    case .sqn: return SQN(Objective(model, loss: loss))
    case .kfac: return KFAC(Objective(model, loss: loss), options: KFACOptions(klLimit: 1e-2))
    case .shampoo: return Shampoo(Objective(model, loss: loss), options: ShampooOptions(gradient: rate))
    case .sophia: return Sophia(Objective(model, loss: loss), options: SophiaOptions(gradient: rate))
    }
  }
}

/// What all of them promise.
@Suite struct CurvatureMethodTests {
  static func run<O: Optimizer>(
    _ optimizer: inout O, _ parameters: inout Parameters<O.Scalar>, _ batch: Batch<O.Scalar>, steps: Range<Int>
  ) -> [StepReport] {
    steps.map { optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: $0, total: 100)) }
  }

  static func decrease<S: RealScalar>(_ method: CurvatureMethod, regression: Bool, as type: S.Type) throws -> Double {
    var problem = try Problems.perceptron([6, 12, 3], seed: 5, batch: 48, regression: regression, as: S.self)
    let start = problem.value(at: problem.parameters)
    var optimizer = method.make(problem)
    var reports: [StepReport] = []
    for step in 0..<25 {
      reports.append(
        optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 25)))
    }
    #expect(reports.allSatisfy { $0.outcome == .accepted && $0.modelPasses >= 2 }, "\(method)")
    #expect(problem.parameters.values.isFinite && !optimizer.explanation.isEmpty)
    return problem.value(at: problem.parameters) / start
  }

  @Test(arguments: CurvatureMethod.allCases, [false, true])
  func theLossDecreases(_ method: CurvatureMethod, regression: Bool) throws {
    let factors = try [
      Self.decrease(method, regression: regression, as: Double.self),
      Self.decrease(method, regression: regression, as: Float.self),
    ]
    var findings = Findings()
    findings.expect(factors.max()!, atMost: 0.5, "\(method) \(regression ? "regression" : "classes"), loss over first")
    findings.report("25 steps")
    #expect(findings.violations.isEmpty, "\(findings.violations)")
  }

  /// NaN and infinite features, and parameters whose outputs overflow: rejected, nothing changes; then it goes on.
  @Test(arguments: CurvatureMethod.allCases)
  func whatIsNotFiniteIsRefused(_ method: CurvatureMethod) throws {
    var problem = try Problems.perceptron([4, 5, 3], seed: 6, batch: 8, as: Float.self)
    var optimizer = method.make(problem)
    _ = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: 0, total: 9))
    for defect in [Float.nan, .infinity, -.infinity] {
      var batch = problem.batch
      batch.inputs.dense[3, 1] = defect
      let before = problem.parameters
      let report = optimizer.step(&problem.parameters, on: batch, at: Schedule.Progress(step: 1, total: 9))
      let isKept = problem.parameters.values.isFinite
      // tanh makes an infinite input finite; then a step may be taken, and must be finite.
      if report.outcome == .rejected { #expect(bits(before.values) == bits(problem.parameters.values)) }
      #expect(isKept && (report.outcome == .rejected || defect.isInfinite), "\(method) \(defect) \(report)")
    }
    var large = problem.parameters
    large.values.scale(by: 1e38)
    let kept = large.values
    let report = optimizer.step(&large, on: problem.batch, at: Schedule.Progress(step: 2, total: 9))
    #expect(report.outcome != .rejected || bits(kept) == bits(large.values))
    #expect(large.values.isFinite || !kept.isFinite)
    let after = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: 3, total: 9))
    #expect(after.outcome == .accepted && problem.parameters.values.isFinite, "\(method) \(after)")
  }

  /// Gradients that overflow once they are squared or multiplied.
  @Test(arguments: CurvatureMethod.allCases, [1e10, 1e18, 1e30, 1e37] as [Float])
  func hugeFeaturesLeaveParametersFinite(_ method: CurvatureMethod, scale: Float) {
    var problem = Problems.quadratic(seed: 7, as: Float.self)
    problem.batch.inputs.dense.scale(by: scale)
    var optimizer = method.make(problem)
    for step in 0..<4 {
      let before = problem.parameters.values
      let report = optimizer.step(&problem.parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 4))
      #expect(problem.parameters.values.isFinite, "\(method) \(report)")
      if report.outcome == .rejected { #expect(bits(before) == bits(problem.parameters.values)) }
    }
  }

  @Test(arguments: CurvatureMethod.allCases)
  func sameBitsOnAnyNumberOfThreads(_ method: CurvatureMethod) throws {
    let problem = try Problems.perceptron([150, 200, 60], seed: 8, batch: 300, as: Float.self)
    let results = onThreads {
      var (optimizer, parameters) = (method.make(problem), problem.parameters)
      for step in 0..<3 {
        _ = optimizer.step(&parameters, on: problem.batch, at: Schedule.Progress(step: step, total: 3))
      }
      return parameters.values
    }
    #expect(areIdentical(results) && results[0] != problem.parameters.values, "\(method)")
  }

  /// A checkpoint in the middle changes nothing.
  @Test(arguments: CurvatureMethod.allCases)
  func aStateIsWrittenAndRead(_ method: CurvatureMethod) throws {
    let problem = try Problems.perceptron([4, 6, 3], seed: 9, batch: 12, weighted: true, as: Double.self)
    func check<O: Optimizer>(_ fresh: O) throws where O.Scalar == Double {
      var (whole, parameters) = (fresh, problem.parameters)
      _ = Self.run(&whole, &parameters, problem.batch, steps: 0..<12)
      var (first, half) = (fresh, problem.parameters)
      _ = Self.run(&first, &half, problem.batch, steps: 0..<5)
      var second = fresh
      second.state = try JSONDecoder().decode(O.State.self, from: JSONEncoder().encode(first.state))
      _ = Self.run(&second, &half, problem.batch, steps: 5..<12)
      #expect(bits(half.values) == bits(parameters.values), "\(method)")
    }
    try check(method.make(problem))
  }

  @Test func optionsAreWrittenAndRead() throws {
    func check<T: Codable & Equatable>(_ options: T) throws {
      let read = try JSONDecoder().decode(T.self, from: JSONEncoder().encode(options))
      #expect(read == options)
    }
    try check(SGNOptions(damping: 0.2, iterations: 3, tolerance: 1e-3, lineSearch: nil))
    try check(SQNOptions(memory: 7, stepDecay: 2))
    try check(KFACOptions(klLimit: nil, seed: 5))
    try check(ShampooOptions(epsilon: 1e-5, interval: 4))
    try check(SophiaOptions(beta1: 0.5, interval: 2, seed: 3))
  }
}
