import Foundation
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport
import Testing

@testable import GaussNewton

/// Golden values of the dense reference: 1e-10 in Double and 2e-4 in Float, by every solver.
@Suite struct GoldenTests {
  static let precisions: [any RealScalar.Type] = [Float.self, Double.self]

  @Test(arguments: GoldenCase.heads) func heads(_ name: String) throws {
    let golden = try GoldenCase.load(name)
    func run<S: RealScalar>(_ type: S.Type) {
      checkValues(golden.head(type), golden, name)
      checkDirections(golden.head(type), golden, name)
    }
    for precision in Self.precisions { run(precision) }
  }

  @Test(arguments: GoldenCase.networks) func networks(_ name: String) throws {
    let golden = try GoldenCase.load(name)
    func run<S: RealScalar>(_ type: S.Type) throws {
      checkValues(try golden.network(type), golden, name)
      checkDirections(try golden.network(type), golden, name)
    }
    for precision in Self.precisions { try run(precision) }
  }

  func checkValues<M: Model>(_ model: M, _ golden: GoldenCase, _ name: String) {
    typealias S = M.Scalar
    let limit = tolerance(S.self, double: 1e-10, float: 2e-4)
    let (parameters, batch) = golden.point(of: model)
    var linearization = model.makeLinearization()
    var outputs = Matrix<S>(rows: 0, columns: 0)
    linearization.linearize(at: parameters, inputs: batch.inputs, outputs: &outputs)
    #expect(relativeError(outputs.elements, golden.logits.data) < limit)
    var descent = Descent(Objective(model, l2: golden.l2))
    let objective = descent.linearize(at: parameters, batch: batch)
    linearization.backpropagate(descent.point.rows.rows)
    var change = [S](repeating: .nan, count: batch.count)
    linearization.rowProducts(golden.probe.data.map { S($0) }, into: &change)
    #expect(relativeError(change, golden.marginJVP.data) < limit)
    #expect(relativeError((descent.point.rows as! MarginRows<S>).margin, golden.margins.data) < limit)
    #expect(abs(objective - golden.loss) < limit * golden.loss)
    #expect(relativeError(descent.point.gradient(), golden.gradient.data) < limit)
    let competitors = (descent.point.rows as! MarginRows<S>).effectiveCompetitors.map { S($0) }
    #expect(relativeError(competitors, golden.effectiveCompetitors.data) < limit)
    let probe = golden.probe.data.map { S($0) }
    var product = probe
    for (curvature, expected) in [
      (Curvature.fgn, golden.fgnProduct), (.ggn, golden.ggnProduct), (.competitor, golden.competitorProduct),
    ] {
      var matrix = CurvatureOperator(curvature, of: Objective(model), at: parameters, batch: batch)
      matrix.apply(probe, into: &product)
      // For two classes nothing is left out, and the golden difference is rounding.
      let scale = expected.data.reduce(0) { max($0, abs($1)) }
      if scale > 1e-12 {
        #expect(relativeError(product, expected.data) < limit, "\(name) \(curvature) \(S.precisionName)")
      } else {
        #expect(product.maximumMagnitude < S(limit), "\(name) \(curvature) \(S.precisionName)")
      }
    }
    var fgn = CurvatureOperator(.fgn, of: Objective(model), at: parameters, batch: batch)
    #expect(abs(fgn.trace() - golden.traceFGN) < limit * golden.traceFGN)
    var ggn = CurvatureOperator(.ggn, of: Objective(model), at: parameters, batch: batch)
    #expect(abs(ggn.trace() - golden.traceGGN) < limit * golden.traceGGN)
  }

  func checkDirections<M: Model>(_ model: M, _ golden: GoldenCase, _ name: String) {
    typealias S = M.Scalar
    let (parameters, batch) = golden.point(of: model)
    let hasDual = model.makeLinearization().isIsotropic
    for (curvature, expected) in [(Curvature.fgn, golden.fgnDirection), (.ggn, golden.ggnDirection)] {
      for solver in DescentOptions.Solver.available(for: curvature) where solver != .dual || hasDual {
        let options = DescentOptions(
          curvature: curvature, solver: solver, tolerance: tolerance(S.self, double: 1e-13, float: 1e-6),
          maximumIterations: 1000)
        var descent = Descent(Objective(model, l2: golden.l2), options: options)
        let (direction, report) = descent.direction(
          at: parameters, batch: batch, damping: golden.damping)
        let error = relativeError(direction, expected.data)
        #expect(
          error < tolerance(S.self, double: 1e-10, float: solver == .gram || !solver.isExact ? 2e-4 : 0.05),
          "\(name) \(curvature) \(solver) \(S.precisionName)")
        #expect(report.solve.outcome == .converged || S.self == Float.self)
      }
    }
  }
}
