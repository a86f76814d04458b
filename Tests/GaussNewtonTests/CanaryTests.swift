import GaussNewton
import LinearAlgebra
import Models
import TestSupport
import Testing

/// The battery must find out a broken model or a broken descent: a battery that cannot fail proves nothing.
@Suite struct CanaryTests {
  static let shape = Shape(batch: 14, features: 6, classes: 5, weighted: true, l2: 0.05)

  func battery(_ path: Path, _ fault: Fault, _ mutation: Mutation = .none, shape: Shape = Self.shape) -> Findings {
    let subject = Subject<WrappedHead<Double>>(path.curvature, path.solver, mutation: mutation)
    let problem = HeadProblem<Double>(shape, seed: 7).with { WrappedHead($0, fault: fault) }
    return subject.battery(problem, damping: 0.1)
  }

  /// The identities that are about the fault itself, whatever the solver.
  static let direct: [Fault: String] = [
    .transpose: "adjoint", .pullbackWithoutBias: "adjoint", .pushforwardWithoutBias: "adjoint",
    .gramWithoutBias: "row Gram", .normsWithoutBias: "row norms", .sharedGramWithoutBias: "shared Gram",
    .ignoresRowWeights: "adjoint", .ignoresBeta: "weighted pullback with alpha and beta",
    .ignoresPenalisedAlpha: "weighted pullback with alpha and beta",
  ]

  @Test(arguments: Path.all) func wholeModelPasses(_ path: Path) {
    #expect(battery(path, .none).violations.isEmpty)
  }

  @Test(arguments: Fault.allCases.filter { $0 != .none })
  func brokenModelsAreFoundOut(_ fault: Fault) throws {
    for path in Path.all {
      let violated = battery(path, fault).violated
      #expect(violated.contains(try #require(Self.direct[fault])), "\(fault.rawValue) \(path.testDescription)")
    }
  }

  /// And without the identities on the linearisation: the directions alone give it away, where the solver uses what is
  /// broken.
  @Test(arguments: [
    (Fault.transpose, DescentOptions.Solver.gram), (.transpose, .cg), (.transpose, .gramCG),
    (.pullbackWithoutBias, .gram),
    (.pullbackWithoutBias, .cg), (.pushforwardWithoutBias, .cg), (.gramWithoutBias, .gram), (.gramWithoutBias, .gramCG),
    (.ignoresRowWeights, .gram), (.ignoresRowWeights, .cg), (.ignoresPenalisedAlpha, .gram),
    (.ignoresPenalisedAlpha, .cg), (.ignoresBeta, .gram),
  ])
  func brokenDirectionsAreFoundOut(_ fault: Fault, _ solver: DescentOptions.Solver) {
    let violated = battery(Path(curvature: .fgn, solver: solver), fault).violated
    #expect(violated.contains("row space = parameter space"))
  }

  @Test(arguments: [Fault.sharedGramWithoutBias, .pullbackWithoutBias, .transpose])
  func brokenDualDirectionsAreFoundOut(_ fault: Fault) {
    let violated = battery(Path(curvature: .ggn, solver: .dual), fault).violated
    #expect(violated.contains("row space = parameter space"))
  }

  /// mu = lambda in place of mu = B lambda, and other slips of a descent.
  @Test(arguments: Mutation.allCases.filter { $0 != .none }, Path.all)
  func mutationsAreFoundOut(_ mutation: Mutation, _ path: Path) {
    var shape = Self.shape
    if mutation == .shiftIsDamping { shape.l2 = 0 }
    #expect(battery(path, .none, mutation, shape: shape).violated.contains("row space = parameter space"))
  }
}
