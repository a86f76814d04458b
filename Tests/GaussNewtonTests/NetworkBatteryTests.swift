import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport
import Testing

/// The battery over networks: every layer in a small network, and networks as they are used, in both precisions and by
/// every solver.
///
/// The dense reference has its Jacobian from pushforwards of the network itself in Double, which `checkLinearization`
/// compares with finite differences first, layer by layer; all that follows from it (rows, curvatures, solves) is
/// formed densely in parameter space and in the widest precision.
@Suite struct NetworkBatteryTests {
  @Test(arguments: NetworkCase.all) func linearizationIsRight(_ network: NetworkCase) throws {
    func run<S: RealScalar>(_ type: S.Type) throws {
      let problem = try network.problem(type)
      let report = checkLinearization(problem.model, at: problem.parameters, inputs: problem.batch.inputs)
      #expect(report.passed, "\(network.name) \(S.precisionName): \(report)")
      var findings = Findings()
      for verdict in report.verdicts where verdict.limit > 0 {
        findings.expect(verdict.error, atMost: verdict.limit, verdict.check.rawValue)
      }
      findings.report("checks \(S.precisionName) \(network.name)")
    }
    try run(Double.self)
    try run(Float.self)
  }

  @Test(arguments: NetworkCase.all) func everyIdentity(_ network: NetworkCase) throws {
    func run<S: RealScalar>(_ type: S.Type) throws {
      let findings = try network.problem(type).battery(damping: 0.3)
      findings.report("network \(S.precisionName)")
      #expect(findings.violations.isEmpty)
    }
    try run(Double.self)
    try run(Float.self)
  }

  @Test(arguments: NetworkCase.all) func fastIsBelowFull(_ network: NetworkCase) throws {
    func run<S: RealScalar>(_ type: S.Type) throws {
      let findings = try network.problem(type).checkOrder()
      findings.report("network order \(S.precisionName)")
      #expect(findings.violations.isEmpty)
    }
    try run(Double.self)
    try run(Float.self)
  }
}
