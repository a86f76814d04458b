import AllocationCounter
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import GaussNewton

/// No iteration of any conjugate gradient allocates: k + 20 of them make as many allocations as k. Small batches, whose
/// work stays on one thread.
@Suite struct DescentAllocationTests {
  static let isCounted = allocations_are_counted() != 0
  /// Classes below, in and above the range of the thin kernels.
  static let classCounts = [2, 5, 20, 40]

  /// The dual solver's products are the BLAS' own, which allocates in small ones (OpenBLAS: up to 1e6 multiplications).
  static func problem<S: RealScalar>(_ type: S.Type, _ classes: Int, isDual: Bool = false) -> HeadProblem<S> {
    let shape = Shape(
      batch: isDual ? 170 : 40, features: 30, classes: isDual ? 40 : classes, weighted: true, l2: 0.01, spread: 0.5)
    return HeadProblem<S>(shape, seed: 3)
  }

  func checkDescent<S: RealScalar>(_ type: S.Type, _ path: Path, _ classes: Int) {
    let problem = Self.problem(S.self, classes, isDual: path.solver == .dual)
    var descent = Descent(
      problem.objective, options: DescentOptions(curvature: path.curvature, solver: path.solver, tolerance: 0))
    func allocations(_ iterations: Int) -> UInt64 {
      descent.options.maximumIterations = iterations
      descent.linearize(at: problem.parameters, batch: problem.batch)
      let before = allocation_count()
      let report = descent.solve(damping: 1e-6)
      let after = allocation_count()
      #expect(report.solve.iterations == iterations, "\(report.solve)")
      return after - before
    }
    _ = allocations(2)
    #expect(allocations(3) == allocations(23), "\(path.testDescription) \(S.precisionName) C \(classes)")
  }

  @Test(
    .enabled(if: isCounted), arguments: Path.all.filter { [.cg, .gramCG, .dual].contains($0.solver) }, classCounts)
  func iterations(_ path: Path, classes: Int) {
    checkDescent(Float.self, path, classes)
    checkDescent(Double.self, path, classes)
  }

  /// `apply` of each operator, once it has run.
  func checkProducts<S: RealScalar>(_ type: S.Type, _ classes: Int) {
    let problem = Self.problem(S.self, classes)
    let (parameters, batch) = (problem.parameters, problem.batch)
    var linearization = problem.model.makeLinearization()
    var rows = MarginRows<S>()
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &rows.rows)
    rows.evaluate(batch.targets, weights: batch.weights)
    var gram = Linearizations.RowGram<S>()
    linearization.backpropagate(rows.rows)
    linearization.rowGram(into: &gram)
    let vector = [S](repeating: 0, count: batch.count)
    expectNone(GramOperator(gram: gram.penalised, root: rows.rootWeight, scaled: vector), "Gram", classes)
    expectNone(
      RowOperator(
        linearization: linearization, root: rows.rootWeight, metric: ParameterLayout.Factors(1),
        tangent: parameters.values,
        accumulated: parameters.values, scaled: vector), "rows", classes)
    for curvature in Curvature.all {
      expectNone(
        CurvatureOperator(curvature, of: Objective(problem.model, l2: 0.1), at: parameters, batch: batch),
        curvature.name, classes)
    }
  }

  func expectNone<Operator: LinearOperator>(_ matrix: Operator, _ name: String, _ classes: Int) {
    var matrix = matrix
    var generator = SeededGenerator(seed: 1)
    let x: [Operator.Scalar] = generator.vector(matrix.dimension)
    var y = x
    matrix.apply(x, into: &y)
    matrix.accumulate(1)
    let before = allocation_count()
    for _ in 0..<10 {
      matrix.apply(x, into: &y)
      matrix.accumulate(1)
    }
    #expect(allocation_count() == before, "\(name) \(Operator.Scalar.precisionName) C \(classes)")
  }

  @Test(.enabled(if: isCounted), arguments: classCounts) func products(classes: Int) {
    checkProducts(Float.self, classes)
    checkProducts(Double.self, classes)
  }

  /// Through the layers of a network too, whose products are large enough for the BLAS not to allocate and small enough
  /// to stay on one thread.
  func checkNetwork<S: RealScalar>(_ type: S.Type) throws {
    let network = try Network<S>(.mlp([160, 128, 160, 20], activation: Layers.Activation(.tanh)))
    var generator = SeededGenerator(seed: 4)
    let parameters = network.initialParameters(using: &generator)
    let features: Matrix<S> = generator.matrix(64, 160)
    var linearization = network.makeLinearization()
    var rows = MarginRows<S>()
    linearization.linearize(at: parameters, inputs: Inputs(features), outputs: &rows.rows)
    rows.evaluate(.classes((0..<64).map { $0 % 20 }), weights: nil)
    linearization.backpropagate(rows.rows)
    let vector = [S](repeating: 0, count: 64)
    expectNone(
      RowOperator(
        linearization: linearization, root: rows.rootWeight, metric: ParameterLayout.Factors(1),
        tangent: parameters.values,
        accumulated: parameters.values, scaled: vector), "rows of a network", 20)
  }

  @Test(.enabled(if: isCounted)) func network() throws {
    try checkNetwork(Float.self)
    try checkNetwork(Double.self)
  }
}
