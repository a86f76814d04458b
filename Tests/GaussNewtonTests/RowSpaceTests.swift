import GaussNewton
import LinearAlgebra
import Models
import TestSupport
import Testing

/// The direction found with one unknown for each example is that of the dense system in parameter space, down to a
/// damping of 1e-8.
///
/// The reference is formed and solved in the widest precision with two rounds of refinement: in Double, forming F
/// alone would cost eps |F| / lambda, as much as is asked of the package.
@Suite struct RowSpaceTests {
  static let shapes = [
    Shape(batch: 1, features: 5, classes: 4), Shape(batch: 8, features: 12, classes: 5),
    Shape(batch: 16, features: 5, classes: 4, weighted: true), Shape(batch: 60, features: 4, classes: 3),
    Shape(batch: 10, features: 4, classes: 10, intercept: false), Shape(batch: 5, features: 4, classes: 33),
    Shape(batch: 24, features: 6, classes: 2),
  ]
  static let limits: [(damping: Double, limit: Double)] = [(1, 1e-13), (1e-2, 1e-12), (1e-4, 1e-10), (1e-8, 1e-6)]

  static func check<S: RealScalar>(
    _ type: S.Type, damping: Double, limit: Double, mutation: Mutation = .none
  ) -> Findings {
    var findings = Findings()
    let subject = Subject<LinearHead<S>>(.fgn, .gram, mutation: mutation)
    for (index, shape) in shapes.enumerated() where mutation == .none || shape.batch > 1 {
      let problem = HeadProblem<S>(shape, seed: UInt64(50 + index))
      findings.context = problem.name
      findings.expect(
        relativeError(
          subject.direction(problem, damping: damping).direction,
          to: DenseReference(problem).direction(.fgn, damping: damping)), atMost: limit, "lambda \(damping)")
    }
    if mutation == .none { findings.report("row space \(S.precisionName)") }
    return findings
  }

  @Test(arguments: limits) func equalsParameterSpace(damping: Double, limit: Double) {
    #expect(Self.check(Double.self, damping: damping, limit: limit).violations.isEmpty)
  }

  /// The same scaled to the precision of Float, as far down as lambda is above its rounding.
  @Test(arguments: [(1.0, 1e-5), (1e-2, 1e-4), (1e-4, 1e-2)])
  func equalsParameterSpaceInFloat(damping: Double, limit: Double) {
    #expect(Self.check(Float.self, damping: damping, limit: limit).violations.isEmpty)
  }

  /// mu = lambda in place of mu = B lambda is wrong in every problem with more than one example; at 1e-8 the damping
  /// itself no longer matters where the rows alone determine the direction.
  @Test(arguments: limits) func theMutationFails(damping: Double, limit: Double) {
    let violations = Self.check(Double.self, damping: damping, limit: limit, mutation: .shiftIsDamping).violations
    #expect(damping > 1e-6 ? violations.count == Self.shapes.count - 1 : !violations.isEmpty)
  }
}
