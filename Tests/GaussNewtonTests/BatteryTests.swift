import GaussNewton
import LinearAlgebra
import Losses
import Models
import TestSupport
import Testing

/// A curvature with one of its solvers.
struct Path: Sendable, CustomTestStringConvertible {
  let curvature: Curvature
  let solver: DescentOptions.Solver

  static let all = Curvature.all.flatMap { curvature in
    DescentOptions.Solver.available(for: curvature).map { Path(curvature: curvature, solver: $0) }
  }

  var testDescription: String { "\(curvature.name) \(solver.rawValue)" }
}

/// The whole battery for every curvature and solver, in both precisions and over all shapes.
@Suite struct BatteryTests {
  @Test(arguments: Path.all) func everyIdentity(_ path: Path) {
    func run<S: RealScalar>(_ type: S.Type) -> Findings {
      let subject = Subject<LinearHead<S>>(path.curvature, path.solver)
      var findings = Findings()
      for (index, shape) in Shape.all.enumerated() {
        let problem = HeadProblem<S>(shape, seed: UInt64(100 + index))
        findings.merge(subject.battery(problem, damping: index % 2 == 0 ? 0.3 : 0.03))
      }
      findings.report("\(path.testDescription) \(S.precisionName)")
      return findings
    }
    #expect(run(Float.self).violations.isEmpty)
    #expect(run(Double.self).violations.isEmpty)
  }
}
