import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport
import Testing

/// Margins from -1e4 to 1e4 in one batch.
@Suite struct ExtremeBatchTests {
  static let margins = [-1e4, -178, -90, -40, -20, 0, 20, 178, 1e4]

  /// Three shared features and one of each example's own, through which its logits are set: small features, and a
  /// margin that no rounding of large sums spoils.
  static func problem<S: RealScalar>(
    _ type: S.Type, classes: Int, seed: UInt64, factor: Double = 1, intercept: Bool = true
  ) -> HeadProblem<S> {
    var generator = SeededGenerator(seed: seed)
    let (count, shared) = (margins.count, 3)
    let width = shared + count
    var problem = HeadProblem<S>(
      Shape(batch: count, features: width, classes: classes, intercept: intercept, spread: 0), seed: seed)
    for i in 0..<count {
      for d in 0..<width {
        problem.batch.inputs.dense[i, d] = d < shared ? S(Float(generator.normal())) : d == shared + i ? 1 : 0
      }
    }
    for c in 0..<classes {
      for d in 0..<shared { problem.parameters.values[c * width + d] = S(Float(0.1 * generator.normal())) }
      for (i, margin) in margins.enumerated() where c == Int(problem.batch.labels[i]) {
        problem.parameters.values[c * width + shared + i] = S(factor * margin)
      }
    }
    problem.name = "seed \(seed) \(S.precisionName) C \(classes) factor \(factor)"
    return problem
  }

  /// The change of each margin along a direction, in extended precision.
  static func effects<S: RealScalar>(_ direction: [Double], on problem: HeadProblem<S>) -> [Double] {
    let reference = DenseReference(problem)
    return (0..<reference.count).map { i in
      Double(zip(reference.marginRow(i), direction).reduce(0) { $0 + $1.0 * Wide($1.1) })
    }
  }

  @Test func theBatchIsWhatItSays() {
    let rows = DenseReference(Self.problem(Double.self, classes: 5, seed: 1)).rows
    for (row, margin) in zip(rows, Self.margins) { #expect((Double(row.margin) - margin).magnitude < 4) }
  }

  /// Float's step has the effect of Double's on every row, to 1e-3 of the largest effect, by every solver; and Double's
  /// is that of the dense solve.
  static func check(_ path: Path, classes: Int, damping: Double, factor: Double) -> Findings {
    var findings = Findings()
    for seed in 1...3 as ClosedRange<UInt64> {
      let (single, double) = (
        problem(Float.self, classes: classes, seed: seed, factor: factor),
        problem(Double.self, classes: classes, seed: seed, factor: factor)
      )
      findings.context = "\(path.testDescription) lambda \(damping) \(single.name)"
      let fast = Subject<LinearHead<Float>>(path.curvature, path.solver).direction(single, damping: damping)
      let exact = Subject<LinearHead<Double>>(path.curvature, path.solver).direction(double, damping: damping)
      findings.expect(fast.direction.isFinite && exact.direction.isFinite, "finite")
      findings.expect(fast.report.quadratic.isFinite && fast.report.solve.outcome != .notFinite, "finite report")
      let (got, wanted) = (effects(fast.direction, on: double), effects(exact.direction, on: double))
      let largest = wanted.maximumMagnitude
      findings.expect(largestDifference(got, wanted) / largest, atMost: 1e-3, "effect in Float")
      if seed > 1 { continue }
      let dense = effects(DenseReference(double).direction(path.curvature, damping: damping), on: double)
      findings.expect(largestDifference(wanted, dense) / largest, atMost: 1e-9, "effect in Double")
    }
    findings.report("extreme batch \(path.testDescription)")
    return findings
  }

  @Test(arguments: Path.all, [2, 5, 9])
  func floatAgreesWithDouble(_ path: Path, classes: Int) {
    for damping in [1.0, 1e-2] {
      for factor in [1.0, -1] {
        #expect(Self.check(path, classes: classes, damping: damping, factor: factor).violations.isEmpty)
      }
    }
  }

  /// Logits that are large, not only far apart.
  @Test(arguments: Path.all)
  func finiteAtLargeFeatures(_ path: Path) {
    for scale in [1e-4, 1, 1e4] as [Float] {
      var problem = Self.problem(Float.self, classes: 5, seed: 9)
      problem.batch.inputs.dense.scale(by: scale)
      problem.parameters.values.scale(by: 1 / scale)
      let result = Subject<LinearHead<Float>>(path.curvature, path.solver)
        .direction(problem, damping: 0.01, tolerance: 1e-3)
      #expect(result.direction.isFinite && result.report.quadratic.isFinite, "\(path.testDescription) \(scale)")
    }
  }
}
