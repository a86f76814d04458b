import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

/// 0 <= FGN <= GGN, equal for two classes, and FGN's direction descends.
@Suite struct CurvatureOrderTests {
  static func operators<S: RealScalar>(_ problem: HeadProblem<S>, _ curvature: Curvature) -> CurvatureOperator<
    LinearHead<S>
  > {
    CurvatureOperator(curvature, of: Objective(problem.model), at: problem.parameters, batch: problem.batch)
  }

  func checkTwoClasses<S: RealScalar>(_ type: S.Type, seed: UInt64) -> Findings {
    var findings = Findings()
    for shape in [
      Shape(batch: 12, features: 5, classes: 2), Shape(batch: 40, features: 3, classes: 2, weighted: true, l2: 0.05),
      Shape(batch: 3, features: 20, classes: 2, intercept: false, spread: 2),
    ] {
      let problem = HeadProblem<S>(shape, seed: seed)
      findings.context = problem.name
      var generator = SeededGenerator(seed: seed)
      let probe: [S] = generator.vector(shape.parameters)
      var (fast, full, rest) = (probe, probe, probe)
      var matrix = Self.operators(problem, .fgn)
      matrix.apply(probe, into: &fast)
      matrix = Self.operators(problem, .ggn)
      matrix.apply(probe, into: &full)
      matrix = Self.operators(problem, .competitor)
      matrix.apply(probe, into: &rest)
      findings.expect(
        relativeError(fast, full.map { Double($0) }), atMost: 10 * epsilon(S.self), "products")
      findings.expect(Double(rest.norm) / Double(full.norm), atMost: 10 * epsilon(S.self), "nothing is dropped")
      let expected = DenseReference(problem).direction(.ggn, damping: 0.1)
      for path in Path.all where path.curvature != .fisher {
        let direction = Subject<LinearHead<S>>(path.curvature, path.solver).direction(problem, damping: 0.1)
        findings.expect(
          relativeError(direction.direction, to: expected), atMost: tolerance(S.self, double: 1e-11, float: 1e-4),
          "directions", path.testDescription)
      }
    }
    findings.report("two classes \(S.precisionName)")
    return findings
  }

  @Test(arguments: 0..<5) func twoClassesLeaveNothingOut(seed: UInt64) {
    #expect(checkTwoClasses(Float.self, seed: seed).violations.isEmpty)
    #expect(checkTwoClasses(Double.self, seed: seed).violations.isEmpty)
  }

  func checkOrder<S: RealScalar>(_ type: S.Type, _ shape: Shape, seed: UInt64) -> Findings {
    let problem = HeadProblem<S>(shape, seed: seed)
    var findings = Findings(problem.name)
    let rounding = 20 * epsilon(S.self)
    func dense(_ curvature: Curvature) -> WideMatrix {
      var matrix = Self.operators(problem, curvature)
      let columns = matrix.dense()
      var result = WideMatrix(order: columns.rows)
      for i in 0..<result.order {
        for j in 0..<result.order { result[i, j] = (Wide(columns[i, j]) + Wide(columns[j, i])) / 2 }
      }
      return result
    }
    let (fast, full, dropped) = (dense(.fgn), dense(.ggn), dense(.competitor))
    let top = full.eigenvalues.max() ?? 0
    for (name, matrix) in [("FGN", fast), ("GGN", full), ("GGN - FGN", dropped)] {
      let least = matrix.eigenvalues.min() ?? 0
      findings.expect(-least / top, atMost: rounding, "\(name) is positive semidefinite")
    }
    // `dropped` is the difference, and something is dropped.
    var worst = 0.0
    for i in 0..<full.elements.count {
      worst = max(worst, Double((full.elements[i] - fast.elements[i] - dropped.elements[i]).magnitude))
    }
    findings.expect(worst / top, atMost: rounding, "GGN - FGN is the within-competitor covariance")
    findings.expect(shape.classes == 2 || Double(dropped.trace) > 1e-6 * top, "more than two classes drop something")
    var generator = SeededGenerator(seed: seed)
    var product = [S](repeating: 0, count: shape.parameters)
    var matrix = Self.operators(problem, .competitor)
    for _ in 0..<50 {
      let x: [S] = generator.vector(shape.parameters)
      matrix.apply(x, into: &product)
      let value = zip(x, product).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      findings.expect(-value / (top * Double(x.dot(x))), atMost: rounding, "x^T (GGN - FGN) x >= 0")
    }
    findings.report("order \(S.precisionName)")
    return findings
  }

  @Test(arguments: [
    Shape(batch: 1, features: 3, classes: 5), Shape(batch: 20, features: 4, classes: 6, weighted: true),
    Shape(batch: 6, features: 3, classes: 10, intercept: false, spread: 3), Shape(batch: 9, features: 5, classes: 2),
  ])
  func fastIsBelowFull(_ shape: Shape) {
    #expect(checkOrder(Float.self, shape, seed: 41).violations.isEmpty)
    #expect(checkOrder(Double.self, shape, seed: 42).violations.isEmpty)
  }

  /// Random problems of random shape, damping from 1e-6 to 10, whatever the solver and wherever it is stopped.
  func checkDescent<S: RealScalar>(_ type: S.Type, seed: UInt64) -> Findings {
    var generator = SeededGenerator(seed: seed)
    var findings = Findings()
    for _ in 0..<25 {
      let shape = Shape(
        batch: generator.integer(in: 1...24), features: generator.integer(in: 1...9),
        classes: generator.integer(in: 2...12), intercept: generator.index(below: 2) == 0,
        weighted: generator.index(below: 2) == 0, l2: generator.index(below: 2) == 0 ? 0 : 0.01,
        spread: 4 * generator.uniform())
      let problem = HeadProblem<S>(shape, seed: generator.next())
      let damping = [1e-6, 1e-4, 1e-2, 1, 10][generator.index(below: 5)]
      var descent = Descent(problem.objective)
      descent.linearize(at: problem.parameters, batch: problem.batch)
      let gradient = descent.point.gradient()
      for solver in DescentOptions.Solver.available(for: .fgn) {
        for tolerance in [1e-1, 1e-4] {
          let direction = Subject<LinearHead<S>>(.fgn, solver)
            .direction(problem, damping: damping, tolerance: tolerance).direction
          let slope = zip(gradient, direction).reduce(0) { $0 + Double($1.0) * $1.1 }
          findings.context = "seed \(seed) damping \(damping) \(solver.rawValue) \(problem.name)"
          findings.expect(slope < 0 && slope.isFinite, "descent", "slope \(slope)")
        }
      }
    }
    return findings
  }

  @Test(arguments: 0..<4) func fastGaussNewtonDescends(seed: UInt64) {
    #expect(checkDescent(Float.self, seed: seed).violations.isEmpty)
    #expect(checkDescent(Double.self, seed: seed).violations.isEmpty)
  }
}
