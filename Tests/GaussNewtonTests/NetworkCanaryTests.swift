import GaussNewton
import LinearAlgebra
import Models
import TestSupport
import Testing

/// The battery must find out a network with a broken layer in it, wherever it is.
@Suite struct NetworkCanaryTests {
  /// A network with a layer to spoil, and what the checks call that layer.
  struct Place: Sendable {
    let name: String
    let input: [Int]
    let layers: @Sendable (LayerFault) -> [any Layer]
  }

  static let places = [
    Place(name: "1 (dense)", input: [3]) {
      [Layers.Dense(4), TamperedLayer(Layers.Dense(4), $0), Layers.Activation(.tanh), Layers.Dense(3)]
    },
    Place(name: "1 (layer_norm)", input: [3]) {
      [Layers.Dense(4), TamperedLayer(Layers.LayerNorm(), $0), Layers.Activation(.tanh), Layers.Dense(3)]
    },
    Place(name: "1.body.1 (dense)", input: [3]) {
      [
        Layers.Dense(4), Layers.Residual([Layers.Activation(.tanh), TamperedLayer(Layers.Dense(4), $0)]),
        Layers.Dense(3),
      ]
    },
    Place(name: "1 (conv2d)", input: [1, 3, 3]) {
      [
        Layers.Conv2D(channels: 2, kernel: 2), TamperedLayer(Layers.Conv2D(channels: 2, kernel: 1), $0),
        Layers.Activation(.tanh),
        Layers.Flatten(), Layers.Dense(3),
      ]
    },
  ]

  /// The right network is the reference of the broken one.
  func problem(_ place: Place, _ fault: LayerFault) throws -> Problem<Network<Double>> {
    let right = NetworkCase(place.name, place.input, place.layers(.none))
    let broken = try Network<Double>(Architecture(input: place.input, layers: place.layers(fault)))
    return try right.problem(Double.self).with { _ in broken }
  }

  /// The identities that are about the fault itself.
  static let direct: [LayerFault: String] = [
    .pullback: "adjoint", .pushforward: "pushforward", .parameterPullback: "adjoint", .rowWeights: "adjoint",
    .beta: "weighted pullback with alpha and beta", .rowProducts: "row products", .rowGram: "row Gram",
    .rowSquaredNorms: "row norms",
  ]

  @Test(arguments: LayerFault.allCases.filter { $0 != .none }) func brokenLayersAreFoundOut(_ fault: LayerFault) throws
  {
    for place in Self.places {
      let violated = try problem(place, fault).battery(damping: 0.3).violated
      #expect(violated.contains(try #require(Self.direct[fault])), "\(fault.rawValue) in \(place.name)")
    }
  }

  /// And named, by the checks of the linearisation.
  @Test(arguments: LayerFault.allCases.filter { $0 != .none }) func brokenLayersAreNamed(_ fault: LayerFault) throws {
    for place in Self.places {
      let problem = try problem(place, fault)
      let report = checkLinearization(problem.model, at: problem.parameters, inputs: problem.batch.inputs)
      #expect(report.faultyLayers == [place.name], "\(fault.rawValue): \(report)")
    }
  }

  /// The directions alone give it away, where the solver uses what is broken.
  @Test(arguments: [
    (LayerFault.pullback, Path(curvature: .fgn, solver: .gram)), (.pullback, Path(curvature: .ggn, solver: .cg)),
    (.pushforward, Path(curvature: .ggn, solver: .cg)), (.parameterPullback, Path(curvature: .fgn, solver: .cg)),
    (.rowProducts, Path(curvature: .fgn, solver: .cg)), (.rowGram, Path(curvature: .fgn, solver: .gram)),
    (.rowGram, Path(curvature: .fisher, solver: .gramCG)), (.rowWeights, Path(curvature: .fgn, solver: .gram)),
  ])
  func brokenDirectionsAreFoundOut(_ fault: LayerFault, _ path: Path) throws {
    for place in Self.places {
      let problem = try problem(place, fault)
      var findings = Findings()
      Subject<Network<Double>>(path.curvature, path.solver)
        .checkDirection(problem, DenseReference(problem), damping: 0.3, &findings)
      #expect(findings.violated.contains("row space = parameter space"), "\(place.name)")
    }
  }
}
