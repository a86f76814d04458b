import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

/// What a solve reports is what happened.
@Suite struct SolveReportTests {
  static let shape = Shape(batch: 30, features: 8, classes: 6, weighted: true, l2: 0.01, spread: 1)

  func descent(
    _ path: Path, _ head: WrappedHead<Double>, l2: Double = 0, tolerance: Double = 1e-8, limit: Int = 500
  ) -> Descent<WrappedHead<Double>> {
    Descent(
      Objective(head, l2: l2),
      options: DescentOptions(
        curvature: path.curvature, solver: path.solver, tolerance: tolerance, maximumIterations: limit))
  }

  /// Every pass through the model is counted, and conjugate gradient makes the products that it reports.
  @Test(arguments: Path.all, [0.0, 0.01])
  func passes(_ path: Path, l2: Double) {
    // Spread 4 has hard rows, whose Jacobi start costs products of its own.
    for spread in [0.3, 4] {
      var shape = Self.shape
      shape.spread = spread
      let problem = HeadProblem<Double>(shape, seed: 5)
      let head = WrappedHead(problem.model)
      var descent = descent(path, head, l2: l2)
      let (_, report) = descent.direction(at: problem.parameters, batch: problem.batch, damping: 0.01)
      #expect(report.solve.outcome == .converged)
      #expect(descent.point.counts.passes == head.counter.total)
      let centre = l2 > 0 ? 1 : 0
      let solver = report.choice.solver
      // The row Gram is formed once a batch, and only where a system over rows is solved with it.
      #expect(descent.point.counts.rowGrams == (path.curvature == .ggn || solver == .cg ? 0 : 1))
      switch (path.curvature, solver) {
      case (.ggn, .cg): #expect(head.counter.total == 3 + centre + 2 * report.solve.products)
      case (.ggn, .duncanGuttman): #expect(head.counter.total == 3 + centre)
      case (.ggn, _): #expect(head.counter.total == 2 + centre)
      case (_, .cg): #expect(head.counter.total == 1 + centre + 2 * report.solve.products)
      default: #expect(head.counter.total == 2 + centre)
      }
      if solver.isExact {
        #expect(report.solve.iterations == 0 && report.solve.products == 0 && report.solve.residual == 0)
      } else {
        // One product in each iteration and one to see that it is enough; two before the start from hard rows; and the
        // dual solve two before its start and one to measure its direction.
        let others =
          switch (path.curvature, solver) {
          case (.ggn, .dual): [4]
          case (.ggn, _): [0]
          case (_, .cg): [1, 3]
          default: [1]
          }
        #expect(others.contains(report.solve.products - report.solve.iterations), "\(report.solve)")
        #expect(report.solve.iterations > 2 && report.solve.residual <= 1e-8)
      }
    }
  }

  /// The mean curvature, two solves and a direction along them take one row Gram.
  @Test(arguments: [DescentOptions.Solver.gram, .gramCG, .duncanGuttman, .woodbury])
  func oneRowGramForABatch(_ solver: DescentOptions.Solver) {
    let problem = HeadProblem<Double>(Self.shape, seed: 5)
    var descent = Descent(Objective(problem.model, l2: 0.01), options: DescentOptions(solver: solver))
    for batch in 1...2 {
      descent.linearize(at: problem.parameters, batch: problem.batch)
      #expect(descent.meanRowCurvature() > 0)
      for damping in [0.01, 0.1] { _ = descent.solve(damping: damping) }
      #expect(descent.point.counts.rowGrams == batch)
      descent.release()
    }
  }

  /// The limit is kept to and reported, and what there is by then descends.
  @Test(arguments: Path.all.filter { !$0.solver.isExact && $0.solver != .automatic }, [1, 2, 5])
  func iterationLimit(_ path: Path, limit: Int) {
    let problem = HeadProblem<Double>(Self.shape, seed: 6)
    var descent = descent(path, WrappedHead(problem.model), l2: problem.l2, tolerance: 1e-12, limit: limit)
    let (direction, report) = descent.direction(
      at: problem.parameters, batch: problem.batch, damping: 1e-3)
    #expect(report.solve.outcome == .iterationLimit && report.solve.iterations == limit)
    #expect(report.solve.residual > 1e-12 && report.solve.residual.isFinite)
    let gradient = DenseReference(problem).gradient
    #expect(zip(gradient, direction).reduce(0) { $0 + Double($1.0) * $1.1 } < 0)
    #expect(report.solve.outcome.remedy.contains("limit"))
  }

  /// A Gram that is not positive definite in Float: damping below its rounding, and a sign that rounding may turn.
  @Test func notPositiveDefinite() {
    var problem = HeadProblem<Float>(Shape(batch: 40, features: 2, classes: 3, spread: 0), seed: 8)
    problem.batch.inputs.dense.scale(by: 1e4)
    var descent = Descent(Objective(problem.model), options: DescentOptions(solver: .gram))
    let (_, report) = descent.direction(at: problem.parameters, batch: problem.batch, damping: 1e-12)
    #expect(report.solve.outcome == .notPositiveDefinite)
    #expect(report.solve.outcome.remedy.contains("damping"))
  }

  /// NaN or infinity in a batch is seen by every solver, and does not outlive the batch.
  @Test(arguments: Path.all, [Float.nan, .infinity, -.infinity])
  func notFinite(_ path: Path, value: Float) {
    let problem = HeadProblem<Float>(Self.shape, seed: 7)
    var bad = problem.batch
    bad.inputs.dense[3, 1] = value
    bad.weights = nil
    let subject = Subject<LinearHead<Float>>(path.curvature, path.solver)
    var descent = subject.descent(problem.model, l2: problem.l2, tolerance: 1e-4)
    func solve(_ batch: Batch<Float>) -> ([Float], DescentReport) {
      descent.direction(at: problem.parameters, batch: batch, damping: 0.1)
    }
    let before = solve(problem.batch)
    let (_, report) = solve(bad)
    #expect(report.solve.outcome == .notFinite || report.solve.outcome == .notPositiveDefinite, "\(report.solve)")
    let after = solve(problem.batch)
    #expect(bits(before.0) == bits(after.0), "the failed solve leaves nothing behind")
    #expect(before.1.solve == after.1.solve)
  }

  /// The cost model's choice is the cheapest of its own predictions, and is one that exists.
  @Test(arguments: 0..<20) func automaticChoice(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let shape = Shape(
      batch: generator.integer(in: 1...60), features: generator.integer(in: 1...40),
      classes: generator.integer(in: 2...20))
    let problem = HeadProblem<Float>(shape, seed: seed)
    for curvature in [Curvature.fgn, .ggn, .fisher] {
      var descent = Descent(Objective(problem.model), options: DescentOptions(curvature: curvature))
      descent.linearize(at: problem.parameters, batch: problem.batch)
      let choice = descent.choice()
      #expect(DescentOptions.Solver.available(for: curvature).contains(choice.solver) && choice.solver != .automatic)
      #expect(choice.reason.contains(choice.solver.rawValue), "seed \(seed)")
      #expect(descent.solve(damping: 0.1).choice.solver == choice.solver)
    }
  }
}
