import LinearAlgebra
import TestSupport
import Testing

@testable import Optimum

/// Data that solvers stumble over: the right outcome, and no number that is not finite.
@Suite struct DegenerateTests {
  private static func features(_ rows: Int, _ width: Int, _ change: (Int, Int, Double) -> Double) -> Matrix<Double> {
    var generator = SeededGenerator(seed: 41)
    var x: Matrix<Double> = generator.matrix(rows, width)
    for i in 0..<rows { for d in 0..<width { x[i, d] = change(i, d, x[i, d]) } }
    return x
  }

  /// Only one class occurs: the bias alone takes the objective to its infimum of 0.
  private static func isTrivial(_ c: Case, _ hasIntercept: Bool) -> Bool { hasIntercept && Set(c.labels).count == 1 }

  /// Overlapping classes 0, 1, 2.
  private static var labels: [Int32] {
    var generator = SeededGenerator(seed: 42)
    return generator.labels(60, classes: 3)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var features: Matrix<Double>
    var labels: [Int32] = DegenerateTests.labels
    var classes = 3
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "a column twice", features: features(60, 4) { _, _, x in x }.withColumn(3, from: 0)),
    Case(name: "a constant column", features: features(60, 4) { _, d, x in d == 2 ? 7 : x }),
    Case(name: "far from zero", features: features(60, 3) { _, d, x in x + 30 * Double(d) }),
    Case(name: "scaled by 1e6", features: features(60, 4) { _, _, x in 1e6 * x }),
    Case(name: "scaled by 1e-6", features: features(60, 4) { _, _, x in 1e-6 * x }),
    Case(name: "of many scales", features: features(60, 3) { _, d, x in [1e-6, 1, 1e6][d] * x }),
    Case(name: "zero", features: features(60, 2) { _, _, _ in 0 }),
    Case(
      name: "a class with one example", features: features(60, 3) { _, _, x in x },
      labels: labels.indices.map { $0 == 17 ? 2 : labels[$0] % 2 }),
    Case(
      name: "classes that never occur", features: features(60, 3) { _, _, x in x }, labels: labels.map { $0 * 3 + 1 },
      classes: 20),
    Case(
      name: "one class only", features: features(60, 3) { _, _, x in x }, labels: [Int32](repeating: 1, count: 60)),
    Case(name: "one example", features: features(1, 3) { _, _, x in x }, labels: [1], classes: 2),
    Case(name: "a row for each class", features: features(9, 3) { _, _, x in x }, labels: Array(0..<9), classes: 9),
  ]

  private func fit<S: RealScalar>(
    _ c: Case, l2: Double, as type: S.Type, method: SoftmaxRegression.Method?, hasIntercept: Bool,
    tolerance: Double = 1e-6
  ) throws -> (fit: SoftmaxRegression.Result<S>, problem: SoftmaxRegression.Problem<S>, context: String) {
    let x = Matrix<S>(rows: c.features.rows, columns: c.features.columns, elements: c.features.elements.map { S($0) })
    let problem = try SoftmaxRegression.Problem(
      features: .dense(x), labels: c.labels, classes: c.classes, l2: l2, hasIntercept: hasIntercept)
    let options = SoftmaxRegression.Options(tolerance: tolerance, iterations: 300, method: method)
    let fit = try SoftmaxRegression.Solver(problem, options: options).fit()
    let name = "\(c.name), l2 \(l2), \(S.precisionName), \(method?.rawValue ?? "chosen"), intercept \(hasIntercept)"
    let context = "\(name): \(fit.outcome), \(fit.iterations) iterations, \(fit.certificate)"
    #expect(fit.values.allSatisfy { $0.isFinite }, "\(context)")
    #expect(fit.certificate.objective.isFinite && fit.certificate.gradientNorm?.isFinite != false, "\(context)")
    if l2 > 0 {
      let gap = fit.certificate.relativeGap ?? .nan
      #expect(fit.outcome == .converged ? gap <= tolerance : gap > tolerance, "\(context)")
    }
    return (fit, problem, context)
  }

  private func check<S: RealScalar>(_ c: Case, _ type: S.Type) throws {
    for method in [nil, SoftmaxRegression.Method.dual, .quasiNewton] {
      for hasIntercept in [true, false] {
        let (usual, problem, context) = try fit(c, l2: 1e-2, as: type, method: method, hasIntercept: hasIntercept)
        if Self.isTrivial(c, hasIntercept) {
          #expect(usual.certificate.objective < 1e-2, "\(context)")
          continue
        }
        // The bound knows the penalty's curvature alone: features of 1e6 take it out of reach.
        let isTooLarge = c.features.elements.contains { $0.magnitude > 1e4 }
        #expect(usual.outcome == .converged || isTooLarge && usual.outcome == .precisionLimit, "\(context)")
        if c.features.elements.allSatisfy({ $0.magnitude < 1000 }), c.classes < 10, S.self == Double.self {
          let oracle = try Oracle(problem)
          let gap = oracle.objective(widened(usual.values)) - oracle.minimum().objective
          #expect(gap <= usual.certificate.gapBound! + 1e-13, "gap \(gap), \(context)")
        }
        let (huge, _, heavy) = try fit(c, l2: 1e6, as: type, method: method, hasIntercept: hasIntercept)
        #expect(huge.outcome == .converged || isTooLarge && huge.outcome != .separable, "\(heavy)")
      }
    }
    // With next to no penalty the bound may be out of reach, but nothing breaks.
    _ = try fit(c, l2: 1e-12, as: type, method: nil, hasIntercept: true)
    _ = try fit(c, l2: 0, as: type, method: nil, hasIntercept: true)
  }

  @Test(arguments: cases) func theRightOutcome(c: Case) throws {
    try check(c, Double.self)
    try check(c, Float.self)
  }

  @Test func separableDataWithoutPenalty() throws {
    for scale in [1e-3, 1, 1e6] {
      let c = Case(
        name: "separable by \(scale)",
        features: Self.features(60, 2) { i, d, x in scale * (0.3 * x + (d == i % 2 ? 4 : -4)) },
        labels: (0..<60).map { Int32($0 % 2) }, classes: 2)
      let (double, _, context) = try fit(c, l2: 0, as: Double.self, method: nil, hasIntercept: true)
      #expect(double.outcome == .separable && double.certificate.isSeparated, "\(context)")
      #expect(double.certificate.gapBound == nil && double.outcome.remedy.contains("penalty"))
      let (float, _, inFloat) = try fit(c, l2: 0, as: Float.self, method: .dual, hasIntercept: true)
      #expect(float.outcome == .separable, "\(inFloat)")
      if scale > 1 { continue }
      let (penalised, _, withPenalty) = try fit(c, l2: 1e-3, as: Float.self, method: nil, hasIntercept: true)
      #expect(penalised.outcome == .converged && penalised.certificate.isSeparated, "\(withPenalty)")
    }
  }

  /// One wrong label among sixty is enough: there is a minimum, and the data are not separable.
  @Test func oneRowBehindIsNotSeparable() throws {
    let c = Case(
      name: "one row behind",
      features: Self.features(60, 2) { i, d, x in 0.3 * x + (d == i % 2 ? 2 : -2) },
      labels: (0..<60).map { $0 == 13 ? 0 : Int32($0 % 2) }, classes: 2)
    let (fit, _, context) = try fit(c, l2: 0, as: Double.self, method: nil, hasIntercept: true)
    #expect(fit.outcome == .converged && !fit.certificate.isSeparated, "\(context)")
  }

  /// A feature that only one class has: no minimum, no separation. It ends where the gradient is small.
  @Test func quasiSeparationWithoutPenaltyEnds() throws {
    let c = Case(
      name: "quasi-separable",
      features: Self.features(60, 3) { i, d, x in d < 2 ? x : Self.labels[i] == 1 && i % 2 == 0 ? 1 : 0 })
    let (fit, _, context) = try fit(c, l2: 0, as: Double.self, method: nil, hasIntercept: true)
    #expect(fit.outcome != .separable && !fit.certificate.isSeparated, "\(context)")
    #expect([.converged, .iterationLimit, .precisionLimit].contains(fit.outcome), "\(context)")
  }

  /// Infinite features stop the fit where it began.
  @Test(arguments: SoftmaxRegression.Method.allCases) func overflowLeavesTheStart(method: SoftmaxRegression.Method)
    throws
  {
    let x = Matrix<Float>(rows: 4, columns: 1, elements: [3e38, -3e38, 3e38, 1])
    let problem = try SoftmaxRegression.Problem(features: .dense(x), labels: [0, 1, 1, 0], classes: 2, l2: 1e-3)
    let fit = try SoftmaxRegression.Solver(problem, options: SoftmaxRegression.Options(iterations: 20, method: method))
      .fit()
    #expect(fit.values.allSatisfy { $0.isFinite } && fit.outcome != .separable, "\(fit)")
  }

  @Test func everyOutcomeHasARemedy() {
    for outcome in [
      SoftmaxRegression.Outcome.converged, .iterationLimit, .timeLimit, .separable, .precisionLimit, .interrupted,
    ] {
      #expect(outcome.remedy.count > 20)
    }
  }
}

extension Matrix<Double> {
  fileprivate func withColumn(_ column: Int, from other: Int) -> Matrix {
    var result = self
    for i in 0..<rows { result[i, column] = self[i, other] }
    return result
  }
}
