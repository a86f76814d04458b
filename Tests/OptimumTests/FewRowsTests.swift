import LinearAlgebra
import TestSupport
import Testing

@testable import Optimum

/// Fewer examples than features, against damped Newton on the whole Hessian.
@Suite struct FewRowsTests {
  static let toys: [Toy] = [
    Toy(rows: 20, width: 28, classes: 3, l2: 1e-2, seed: 41),
    Toy(rows: 12, width: 20, classes: 4, l2: 1e-1, hasIntercept: false, seed: 42),
    Toy(rows: 16, width: 24, classes: 2, l2: 1e-3, isWeighted: true, seed: 43),
    Toy(rows: 8, width: 12, classes: 2, noise: 3, l2: 1, seed: 44),
  ]

  private func check<S: RealScalar>(_ type: S.Type, _ toy: Toy, _ method: SoftmaxRegression.Method?) throws {
    let context = "\(S.precisionName), \(method?.rawValue ?? "chosen"), \(toy)"
    let problem = try toy.problem(S.self)
    #expect(try FewRows(problem) != nil, "\(context)")
    let oracle = try Oracle(problem)
    let (values, minimum) = oracle.minimum()
    let tolerance = tolerance(S.self, double: 1e-10, float: 1e-6)
    let options = SoftmaxRegression.Options(tolerance: tolerance, method: method)
    let fit = try SoftmaxRegression.Solver(problem, options: options).fit()
    #expect(fit.outcome == .converged, "\(fit.outcome) after \(fit.iterations), \(context)")
    let value = oracle.objective(widened(fit.values))
    #expect(relativeError(fit.certificate.objective, to: value) < 1e-12, "\(context)")
    #expect(value - minimum < tolerance * minimum && value - minimum > -1e-13, "gap \(value - minimum), \(context)")
    #expect(value - minimum <= fit.certificate.gapBound! + 1e-13, "bound \(fit.certificate.gapBound!), \(context)")
    let weights = toy.classes * toy.width
    let distance = zip(fit.values, values).prefix(weights).reduce(0) {
      $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
    }
    #expect(distance <= 2 * (value - minimum + 1e-12) / toy.l2, "weights \(distance), \(context)")
    // From there it takes fewer iterations.
    let again = try SoftmaxRegression.Solver(problem, options: options).fit(from: fit.values)
    #expect(again.outcome == .converged && again.iterations <= fit.iterations, "\(again.iterations), \(context)")
  }

  @Test(arguments: toys.indices, [SoftmaxRegression.Method.dual, .quasiNewton, nil])
  func reachesTheOptimum(number: Int, method: SoftmaxRegression.Method?) throws {
    try check(Double.self, Self.toys[number], method)
    try check(Float.self, Self.toys[number], method)
  }

  /// Logits and penalty of weights in the rows of L are those of the weights in the features.
  @Test func theRowsStandForTheFeatures() throws {
    let problem = try Toy(rows: 9, width: 15, classes: 3, seed: 45).problem(Double.self)
    let few = try #require(try FewRows(problem))
    var generator = SeededGenerator(seed: 46)
    let values: [Double] = generator.vector(3 * 15 + 3)
    let inRows = few.reduce(values)
    let (a, b) = (try Oracle(problem), try Oracle(few.reduced))
    // What the examples cannot tell costs a penalty, and nothing else.
    func penalty(_ values: [Double], _ count: Int) -> Double {
      problem.l2 / 2 * values.prefix(count).reduce(0) { $0 + $1 * $1 }
    }
    let losses = (a.objective(values) - penalty(values, 45), b.objective(inRows) - penalty(inRows, 27))
    #expect(relativeError(losses.0, to: losses.1) < 1e-9)
    #expect(penalty(inRows, 27) < penalty(values, 45))
  }
}
