import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport
import Testing

/// Directions, products and row Grams are the same bits on any number of threads.
@Suite(.serialized) struct DescentThreadTests {
  /// 2 B D C = 15e6 flops and B^2 D = 52e6: several pieces of everything.
  static let shape = Shape(batch: 420, features: 300, classes: 60, weighted: true, l2: 0.01, spread: 0.1)

  func check<S: RealScalar>(_ type: S.Type) {
    let problem = HeadProblem<S>(Self.shape, seed: 61)
    for path in Path.all where path.solver != .automatic {
      let results = onThreads { () -> [S] in
        var descent = Descent(
          problem.objective,
          options: DescentOptions(curvature: path.curvature, solver: path.solver, tolerance: 0.1, maximumIterations: 3))
        let (direction, report) = descent.direction(
          at: problem.parameters, batch: problem.batch, damping: 0.1)
        return direction + [S(report.quadratic), S(report.solve.residual)]
      }
      #expect(areIdentical(results), "\(path.testDescription) \(S.precisionName)")
    }
    let results = onThreads { () -> [S] in
      var matrix = CurvatureOperator(.ggn, of: problem.objective, at: problem.parameters, batch: problem.batch)
      var product = problem.parameters.values
      matrix.apply(problem.parameters.values, into: &product)
      var linearization = problem.model.makeLinearization()
      var outputs = Matrix<S>(rows: 0, columns: 0)
      linearization.linearize(at: problem.parameters, inputs: problem.batch.inputs, outputs: &outputs)
      var gram = Linearizations.RowGram<S>()
      linearization.backpropagate(outputs)
      linearization.rowGram(into: &gram)
      var (penalised, free) = (gram.penalised, gram.free)
      Gram.mirror(&penalised)
      Gram.mirror(&free)
      return product + outputs.elements + penalised.elements + free.elements + [S(matrix.trace())]
    }
    #expect(areIdentical(results), "products \(S.precisionName)")
  }

  @Test func inFloat() { check(Float.self) }
  @Test func inDouble() { check(Double.self) }
}
