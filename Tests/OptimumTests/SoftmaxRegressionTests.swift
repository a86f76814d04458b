import LinearAlgebra
import TestSupport
import Testing

@testable import Optimum

/// The optimum against damped Newton on the whole Hessian.
@Suite struct SoftmaxRegressionTests {
  static let toys: [Toy] = [
    Toy(), Toy(rows: 97, width: 3, classes: 5, hasIntercept: false, seed: 1),
    Toy(rows: 80, width: 5, classes: 2, isWeighted: true, seed: 2), Toy(width: 6, l2: 0.3, isSparse: true, seed: 3),
    Toy(rows: 70, l2: 1e-3, isWeighted: true, isSparse: true, seed: 4),
    Toy(rows: 40, width: 1, classes: 4, l2: 3, hasIntercept: false, seed: 5),
  ]

  private func check<S: RealScalar>(_ type: S.Type, _ toy: Toy, _ method: SoftmaxRegression.Method?) throws {
    let context = "\(S.precisionName), \(method?.rawValue ?? "chosen"), \(toy)"
    let problem = try toy.problem(S.self)
    let oracle = try Oracle(problem)
    let (values, minimum) = oracle.minimum()
    let tolerance = tolerance(S.self, double: 1e-11, float: 1e-7)
    let fit = try SoftmaxRegression.Solver(
      problem, options: SoftmaxRegression.Options(tolerance: tolerance, method: method)
    ).fit()
    #expect(fit.outcome == .converged, "\(fit.outcome) after \(fit.iterations), \(context)")
    let gap = oracle.objective(widened(fit.values)) - minimum
    #expect(gap < tolerance * minimum && gap > -1e-13, "gap \(gap), \(context)")
    #expect(gap <= (fit.certificate.gapBound ?? -1) + 1e-14, "bound \(fit.certificate.gapBound!), \(gap), \(context)")
    // A proof in the data's precision has its objective too.
    let limit = fit.method == .dual ? TestSupport.tolerance(S.self, double: 1e-13, float: 1e-6) : 1e-13
    #expect(relativeError(fit.certificate.objective, to: oracle.objective(widened(fit.values))) < limit, "\(context)")
    let weights = toy.classes * toy.width
    let distance = zip(fit.values, values).prefix(weights).reduce(0) {
      $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
    }
    #expect(distance <= 2 * fit.certificate.gapBound! / toy.l2 + 1e-20, "weights, \(context)")
    #expect(!fit.certificate.isSeparated || toy.noise == 0, "\(context)")
  }

  @Test(arguments: toys.indices, [SoftmaxRegression.Method.dual, .quasiNewton, nil])
  func reachesTheOptimum(number: Int, method: SoftmaxRegression.Method?) throws {
    try check(Double.self, Self.toys[number], method)
    try check(Float.self, Self.toys[number], method)
  }

  @Test func theMethodIsChosenByTheCondition() throws {
    func method(_ l2: Double) throws -> SoftmaxRegression.Method {
      try SoftmaxRegression.Solver(
        Toy(l2: l2).problem(Double.self), options: SoftmaxRegression.Options(tolerance: 1e-2)
      ).fit().method
    }
    #expect(try method(1) == .dual && method(1e-6) == .quasiNewton && method(0) == .quasiNewton)
    var options = SoftmaxRegression.Options(tolerance: 1e-2)
    options.dualBudget = 100
    #expect(
      try SoftmaxRegression.Solver(Toy(l2: 1).problem(Double.self), options: options).fit().method == .quasiNewton)
  }

  /// At whatever point a fit ends, the objective is at most the bound above the minimum.
  @Test(arguments: 0..<12 as Range<UInt64>) func theBoundIsNeverViolated(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed, stream: 32)
    let toy = Toy(
      rows: generator.integer(in: 10...60), width: generator.integer(in: 1...4), classes: generator.integer(in: 2...4),
      noise: [0, 0.3, 3][generator.index(below: 3)], l2: [1e-4, 1e-2, 1, 100][generator.index(below: 4)],
      hasIntercept: generator.index(below: 3) > 0, isWeighted: generator.index(below: 2) == 0,
      isSparse: generator.index(below: 2) == 0, seed: seed)
    let problem = try toy.problem(Double.self)
    let oracle = try Oracle(problem)
    let minimum = oracle.minimum().objective
    for method in SoftmaxRegression.Method.allCases {
      for iterations in [1, 2, 5] {
        for tolerance in [1e-9, 1e-1] {
          let options = SoftmaxRegression.Options(tolerance: tolerance, iterations: iterations, method: method)
          let fit = try SoftmaxRegression.Solver(problem, options: options).fit()
          let value = oracle.objective(fit.values)
          let context = "\(toy), \(method), \(iterations) iterations, \(fit.outcome)"
          #expect(relativeError(fit.certificate.objective, to: value) < 1e-13, "\(context)")
          let bound = try #require(fit.certificate.gapBound)
          #expect(value - minimum <= bound * (1 + 1e-9) + 1e-14, "gap \(value - minimum), bound \(bound), \(context)")
          #expect((fit.outcome == .converged) == (bound <= tolerance * value), "\(context)")
          guard let found = fit.certificate.gradientNorm else {
            #expect(method == .dual, "\(context)")
            continue
          }
          let norm = oracle.gradient(fit.values).reduce(0) { $0 + $1 * $1 }.squareRoot()
          #expect((found - norm).magnitude < 1e-12 + 1e-9 * norm, "\(context)")
        }
      }
    }
  }

  @Test(arguments: SoftmaxRegression.Method.allCases) func integerWeightsAreRepeatedRows(
    method: SoftmaxRegression.Method
  ) throws {
    let base = try Toy(rows: 40, seed: 6).problem(Double.self)
    let counts = (0..<40).map { [1, 3, 0, 2][$0 % 4] }
    let index = counts.indices.flatMap { [Int32](repeating: Int32($0), count: counts[$0]) }
    let weighted = try SoftmaxRegression.Problem(
      features: base.features, labels: base.labels, classes: 3, weights: counts.map { Double($0) }, l2: 1e-2)
    let repeated = try SoftmaxRegression.Problem(
      features: base.features.gatheredInMemory(index), labels: index.map { base.labels[Int($0)] }, classes: 3, l2: 1e-2)
    let options = SoftmaxRegression.Options(tolerance: 1e-13, method: method)
    let fits = try [weighted, repeated].map { try SoftmaxRegression.Solver($0, options: options).fit() }
    #expect(relativeError(fits[0].certificate.objective, to: fits[1].certificate.objective) < 1e-12)
    #expect(relativeError(Array(fits[0].values.prefix(12)), to: Array(fits[1].values.prefix(12))) < 1e-5)
  }

  @Test(arguments: SoftmaxRegression.Method.allCases) func warmStartsEndAtTheSameOptimum(
    method: SoftmaxRegression.Method
  ) throws {
    for hasIntercept in [true, false] {
      var toy = Toy(rows: 90, hasIntercept: hasIntercept, seed: 7)
      let options = SoftmaxRegression.Options(tolerance: 1e-12, method: method)
      let cold = try SoftmaxRegression.Solver(toy.problem(Double.self), options: options).fit()
      toy.l2 = 3e-2
      let other = try SoftmaxRegression.Solver(toy.problem(Double.self), options: options).fit()
      toy.l2 = 1e-2
      for start in [other.values, cold.values, cold.values.map { 10 * $0 }] {
        let warm = try SoftmaxRegression.Solver(toy.problem(Double.self), options: options).fit(from: start)
        #expect(warm.outcome == .converged)
        #expect(relativeError(warm.certificate.objective, to: cold.certificate.objective) < 1e-12)
      }
      let again = try SoftmaxRegression.Solver(toy.problem(Double.self), options: options).fit(from: cold.values)
      #expect(again.iterations < cold.iterations, "\(again.iterations) iterations from the optimum, \(method)")
    }
  }

  @Test(arguments: SoftmaxRegression.Method.allCases) func sameSeedAndAnyThreadsSameBits(
    method: SoftmaxRegression.Method
  ) throws {
    let problem = try Toy(rows: 300, width: 40, classes: 17, seed: 8).problem(Float.self)
    let results = onThreads {
      try? SoftmaxRegression.Solver(
        problem, options: SoftmaxRegression.Options(tolerance: 1e-4, seed: 5, method: method)
      ).fit()
    }
    #expect(results.allSatisfy { $0?.values == results[0]!.values && $0?.certificate == results[0]!.certificate })
    let other = try SoftmaxRegression.Solver(
      problem, options: SoftmaxRegression.Options(tolerance: 1e-4, seed: 6, method: method)
    ).fit()
    #expect((other.values == results[0]!.values) == (method == .quasiNewton), "the seed orders the visits")
  }

  @Test func progressAndStops() throws {
    let problem = try Toy(seed: 9).problem(Double.self)
    var observer = StoppingObserver<SoftmaxRegression.Progress> { $0.count == 3 }
    let fit = try SoftmaxRegression.Solver(problem, options: SoftmaxRegression.Options(tolerance: 1e-12)).fit(
      observer: &observer)
    let seen = observer.records
    #expect(fit.outcome == .interrupted && seen.map(\.iteration) == [1, 2, 3] && fit.iterations == 3)
    #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.passes < $1.passes } && seen[2].passes <= fit.passes)
    var options = SoftmaxRegression.Options(tolerance: 1e-14, timeLimit: 0)
    #expect(try SoftmaxRegression.Solver(problem, options: options).fit().outcome == .timeLimit)
    options = SoftmaxRegression.Options(tolerance: 1e-14, iterations: 2)
    #expect(try SoftmaxRegression.Solver(problem, options: options).fit().outcome == .iterationLimit)
  }
}
