import GaussNewton
import LinearAlgebra
import Losses
import Models
import Optimization
import TestSupport

/// Ways in which a descent can be wrong, for the canary.
enum Mutation: String, CaseIterable, Sendable {
  case none
  /// mu = lambda in place of mu = B lambda.
  case shiftIsDamping = "mu = lambda"
  case ignoresWeights = "example weights ignored"
  case ignoresPenalty = "l2 ignored"
  case uphill = "d points uphill"
}

/// What the battery is run on: a curvature and a solver of a model.
struct Subject<ModelType: Model> {
  typealias Scalar = ModelType.Scalar

  let curvature: Curvature
  let solver: DescentOptions.Solver
  var mutation = Mutation.none

  init(_ curvature: Curvature, _ solver: DescentOptions.Solver, mutation: Mutation = .none) {
    (self.curvature, self.solver, self.mutation) = (curvature, solver, mutation)
  }

  var name: String { "\(curvature.name) \(solver.rawValue)" }
  var isIterative: Bool { !solver.isExact }

  func descent(_ model: ModelType, l2: Double, tolerance: Double? = nil) -> Descent<ModelType> {
    let tight = TestSupport.tolerance(Scalar.self, double: 1e-13, float: 1e-6)
    let options = DescentOptions(
      curvature: curvature, solver: solver, tolerance: tolerance ?? tight, maximumIterations: 3000)
    return Descent(Objective(model, l2: l2), options: options)
  }

  func direction(
    _ problem: Problem<ModelType>, damping: Double, tolerance: Double? = nil
  ) -> (direction: [Double], report: DescentReport) {
    let l2 = mutation == .ignoresPenalty ? 0 : problem.l2
    var descent = descent(problem.model, l2: l2, tolerance: tolerance)
    var batch = problem.batch
    if mutation == .ignoresWeights { batch.weights = nil }
    let lambda = mutation == .shiftIsDamping ? damping / Double(batch.count) : damping
    let (direction, report) = descent.direction(
      at: problem.parameters, batch: batch, damping: lambda)
    return (direction.map { mutation == .uphill ? -Double($0) : Double($0) }, report)
  }

  /// Every identity on one problem.
  func battery(_ problem: Problem<ModelType>, damping: Double) -> Findings {
    var findings = Findings("\(name) lambda \(damping) \(problem.name)")
    let reference = DenseReference(problem)
    problem.checkLinearization(reference, &findings)
    checkValues(problem, reference, &findings)
    checkDirection(problem, reference, damping: damping, &findings)
    checkInvariances(problem, damping: damping, &findings)
    checkResidual(problem, reference, damping: damping, &findings)
    return findings
  }
}

extension Subject {
  /// Objective, gradient and products with the curvature.
  func checkValues(_ problem: Problem<ModelType>, _ reference: DenseReference, _ findings: inout Findings) {
    var generator = SeededGenerator(seed: 17)
    let l2 = mutation == .ignoresPenalty ? 0 : problem.l2
    var descent = descent(problem.model, l2: l2)
    var batch = problem.batch
    if mutation == .ignoresWeights { batch.weights = nil }
    let objective = descent.linearize(at: problem.parameters, batch: batch)
    let limit = problem.slack * TestSupport.tolerance(Scalar.self, double: 1e-13, float: 1e-5)
    findings.expect(relativeError(objective, to: Double(reference.loss)), atMost: limit, "objective")
    let gradient = descent.point.gradient()
    let exact = reference.gradient.map { Double($0) }
    findings.expect(relativeError(gradient, exact), atMost: 10 * limit, "gradient")

    // Central differences of the objective itself, along random directions.
    let step = TestSupport.tolerance(Scalar.self, double: 1e-5, float: 3e-2)
    for _ in 0..<(problem.isSmooth || Scalar.self == Double.self ? 2 : 0) {
      let along: [Scalar] = generator.vector(gradient.count, scale: 1 / Double(gradient.count).squareRoot())
      func moved(_ step: Double) -> Double {
        var parameters = problem.parameters
        parameters.move(by: Scalar(step), along: along)
        return descent.linearize(at: parameters, batch: batch)
      }
      func central(_ step: Double) -> Double { (moved(step) - moved(-step)) / (2 * step) }
      let difference = (4 * central(step) - central(2 * step)) / 3
      let slope = zip(along, gradient).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      findings.expect(
        (difference - slope).magnitude / max(exact.norm, 1e-3),
        atMost: TestSupport.tolerance(Scalar.self, double: 1e-8, float: 2e-3), "gradient by central differences")
    }

    let probe: [Scalar] = generator.vector(gradient.count)
    var product = probe
    let dense = reference.matrix(curvature)
    var matrix = CurvatureOperator(
      curvature, of: Objective(problem.model, l2: l2), at: problem.parameters, batch: batch)
    matrix.apply(probe, into: &product)
    let expected = zip(dense.times(probe.wide), zip(reference.penalised, probe)).map {
      Double($0 + reference.l2 * $1.0 * Wide($1.1))
    }
    findings.expect(relativeError(product, expected), atMost: 10 * limit, "curvature product")
    findings.expect(relativeError(matrix.trace(), to: Double(dense.trace)), atMost: 10 * limit, "trace")
  }

  /// The direction against the dense solve in parameter space, and what is reported with it.
  func checkDirection(
    _ problem: Problem<ModelType>, _ reference: DenseReference, damping: Double, _ findings: inout Findings
  ) {
    let (direction, report) = direction(problem, damping: damping)
    let expected = reference.direction(curvature, damping: damping)
    let limit = problem.slack * TestSupport.tolerance(Scalar.self, double: isIterative ? 1e-11 : 1e-12, float: 2e-4)
    findings.expect(relativeError(direction, to: expected), atMost: limit, "row space = parameter space")
    let gradient = reference.gradient.map { Double($0) }
    let slope = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
    findings.expect(slope < 0, "descent", "slope \(slope)")
    let outcome = report.solve.outcome
    findings.expect(outcome == .converged || Scalar.self == Float.self, "converged", "\(report.solve)")
    findings.expect(
      DescentOptions.Solver.available(for: curvature).contains(report.choice.solver), "solver is one of the curvature's"
    )
    findings.expect(report.choice.solver != .automatic && !report.choice.reason.isEmpty, "solver is named")
    if solver != .automatic { findings.expect(report.choice.solver == solver, "solver is as asked") }
    let quadratic = Double(reference.matrix(curvature).quadratic(direction.wide))
    findings.expect(relativeError(report.quadratic, to: quadratic), atMost: 5 * limit, "d^T F d")
  }
}
