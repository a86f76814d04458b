import Foundation
import LinearAlgebra
import Models
import Optimization
import TestSupport
import Testing

@testable import Baselines

/// SGD, Adam, AdamW and L-BFGS against torch.optim, step by step.
@Suite struct GradientGoldenTests {
  static let golden = Result { try GradientGolden.load() }

  @Test func iteratesInDouble() throws { try check(Double.self, limit: 1e-8) }

  @Test func iteratesInFloat() throws { try check(Float.self, limit: 1e-3) }

  func check<S: RealScalar>(_ type: S.Type, limit: Double) throws {
    let golden = try Self.golden.get()
    #expect(golden.runs.count == 13)
    var findings = Findings("\(S.precisionName)")
    for run in golden.runs {
      let problem = try #require(golden.problems[run.problem])
      let model = try problem.model(type)
      var parameters = problem.parameters(of: model)
      let batch = problem.batch(type)
      var optimizer = run.optimizer(model, problem.lossValue)
      let size = problem.start.count
      let steps = run.iterates.count / size
      #expect(steps == (run.method == "LBFGS" ? 20 : 50))
      var passes = 0
      for step in 0..<steps {
        let report = optimizer.step(&parameters, on: batch, at: Schedule.Progress(step: step, total: steps))
        passes += report.modelPasses
        #expect(report.outcome == .accepted, "\(run.name) step \(step)")
        let expected = Array(run.iterates[step * size..<(step + 1) * size])
        findings.expect(relativeError(parameters.values, expected), atMost: limit, run.name, "step \(step)")
      }
      // A forward pass and a pullback an evaluation, as many as torch made.
      if let evaluations = run.evaluations, S.self == Double.self { #expect(passes == 2 * evaluations, "\(run.name)") }
      if run.method != "LBFGS" { #expect(passes == 2 * steps) }
    }
    findings.report("gradient methods, \(S.precisionName)")
    #expect(findings.violations.isEmpty, "\(findings.violations)")
  }

  /// The line search alone, where it has to work: Moré and Thuente's functions, and one with many minima.
  @Test func strongWolfe() throws {
    func function(_ name: String, _ t: Double) -> (Double, Double) {
      switch name {
      case "rational": (-t / (t * t + 2), (t * t - 2) / ((t * t + 2) * (t * t + 2)))
      case "quintic": (pow(t + 0.004, 5) - 2 * pow(t + 0.004, 4), 5 * pow(t + 0.004, 4) - 8 * pow(t + 0.004, 3))
      default: (0.5 * (t - 2) * (t - 2) + 0.5 * sin(3 * t), t - 2 + 1.5 * cos(3 * t))
      }
    }
    for expected in try Self.golden.get().searches {
      func point(_ t: Double) -> StrongWolfe.Point {
        let (value, slope) = function(expected.function, t)
        return StrongWolfe.Point(length: t, value: value, slope: slope)
      }
      let result = StrongWolfe().search(from: point(0), first: expected.first, magnitude: 1, evaluate: point)
      let place = "\(expected.function) from \(expected.first)"
      #expect(result.trials == expected.trials, "\(place)")
      #expect(relativeError(result.point.length, to: expected.length) < 1e-8, "\(place): \(result)")
      #expect(relativeError(result.point.value, to: expected.value) < 1e-8, "\(place): \(result)")
      #expect(result.isAccepted == (expected.trials < 26), "\(place)")
    }
  }
}
