import Foundation
import LinearAlgebra
import Models
import Optimization
import TestSupport
import Testing

@testable import GaussNewton

/// Golden values of the dense reference: 1e-10 in Double and 2e-4 in Float, by every solver.
@Suite struct GoldenTests {
  static let precisions: [any RealScalar.Type] = [Float.self, Double.self]

  @Test(arguments: GoldenCase.heads) func valuesAndProducts(_ name: String) throws {
    for precision in Self.precisions { try checkValues(precision, name) }
  }

  @Test(arguments: GoldenCase.heads) func directions(_ name: String) throws {
    for precision in Self.precisions { try checkDirections(precision, name) }
  }

  func checkValues<S: RealScalar>(_ type: S.Type, _ name: String) throws {
    let golden = try GoldenCase.load(name)
    let limit = tolerance(type, double: 1e-10, float: 2e-4)
    let (head, parameters, batch) = golden.problem(type)
    var descent = Descent(model: head)
    descent.linearize(at: parameters, batch: batch)
    #expect(relativeError(descent.rows.margin, golden.margins.data) < limit)
    let objective = descent.objective(at: parameters, l2: golden.l2)
    #expect(abs(objective - golden.loss) < limit * golden.loss)
    #expect(relativeError(descent.gradient(at: parameters, l2: golden.l2), golden.gradient.data) < limit)
    let competitors = descent.rows.effectiveCompetitors.map { S($0) }
    #expect(relativeError(competitors, golden.effectiveCompetitors.data) < limit)
    let probe = golden.probe.data.map { S($0) }
    var product = probe
    for (curvature, expected) in [
      (Curvature.fgn, golden.fgnProduct), (.ggn, golden.ggnProduct), (.competitor, golden.competitorProduct),
    ] {
      var matrix = CurvatureOperator(curvature, model: head, parameters: parameters, batch: batch)
      matrix.apply(probe, into: &product)
      // For two classes nothing is left out, and the golden difference is rounding.
      let scale = expected.data.reduce(0) { max($0, abs($1)) }
      if scale > 1e-12 {
        #expect(relativeError(product, expected.data) < limit, "\(name) \(curvature) \(S.precisionName)")
      } else {
        #expect(product.maximumMagnitude < S(limit), "\(name) \(curvature) \(S.precisionName)")
      }
    }
    var fgn = CurvatureOperator(.fgn, model: head, parameters: parameters, batch: batch)
    #expect(abs(fgn.trace() - golden.traceFGN) < limit * golden.traceFGN)
    var ggn = CurvatureOperator(.ggn, model: head, parameters: parameters, batch: batch)
    #expect(abs(ggn.trace() - golden.traceGGN) < limit * golden.traceGGN)
  }

  func checkDirections<S: RealScalar>(_ type: S.Type, _ name: String) throws {
    let golden = try GoldenCase.load(name)
    let (head, parameters, batch) = golden.problem(type)
    for (curvature, expected) in [(Curvature.fgn, golden.fgnDirection), (.ggn, golden.ggnDirection)] {
      for solver in Solver.available(for: curvature) {
        let options = DescentOptions(
          curvature: curvature, solver: solver, tolerance: tolerance(type, double: 1e-13, float: 1e-6),
          maximumIterations: 1000)
        var descent = Descent(model: head, options: options)
        let (direction, report) = descent.direction(
          at: parameters, batch: batch, damping: golden.damping, l2: golden.l2)
        let error = relativeError(direction, expected.data)
        #expect(
          error < tolerance(type, double: 1e-10, float: 2e-4), "\(name) \(curvature) \(solver) \(S.precisionName)")
        #expect(report.solve.outcome == .converged || type == Float.self)
      }
    }
  }
}
