import LinearAlgebra
import TestSupport
import Testing

@testable import Models

struct ResidualTests {
  static let cases: [LayerCase] = [
    LayerCase(layer: Layers.Residual([Layers.Dense(7)]), input: [7]),
    LayerCase(layer: Layers.Residual([Layers.Dense(5), Layers.Activation(.tanh), Layers.Dense(7)]), input: [7]),
    LayerCase(
      layer: Layers.Residual(
        [Layers.LayerNorm(), Layers.Dense(4), Layers.Activation(.gelu)], shortcut: [Layers.Dense(4)]), input: [6]),
    LayerCase(
      layer: Layers.Residual([Layers.Activation(.tanh)], shortcut: [Layers.Activation(.sigmoid), Layers.Bias()]),
      input: [6]),
    LayerCase(
      layer: Layers.Residual([Layers.Bias(), Layers.Activation(.tanh)], shortcut: [Layers.Activation(.sigmoid)]),
      input: [3, 2, 4]),
    LayerCase(layer: Layers.Residual([Layers.Activation(.silu)]), input: [3, 4]),
    LayerCase(
      layer: Layers.Residual([Layers.Frozen(Layers.Dense(5)), Layers.Activation(.tanh), Layers.Dense(6)]), input: [6]),
    LayerCase(
      layer: Layers.Residual([Layers.Dense(6), Layers.Activation(.tanh), Layers.Frozen(Layers.Dense(6))]), input: [6]),
    LayerCase(
      layer: Layers.Frozen(Layers.Residual([Layers.Dense(6), Layers.Activation(.tanh)], shortcut: [Layers.Dense(6)])),
      input: [6]),
    LayerCase(
      layer: Layers.Residual(
        [
          Layers.Residual([Layers.Dense(6), Layers.Activation(.softplus)]), Layers.Activation(.tanh),
          Layers.Residual([Layers.GroupNorm(groups: 2)]),
        ],
        shortcut: [Layers.Residual([Layers.BatchNorm(statistics: .frozen)], shortcut: [Layers.Bias()])]), input: [6]),
    LayerCase(layer: Layers.Residual([Layers.Dropout(0.5), Layers.Dense(6)]), input: [6], dropoutSeed: 4),
  ]

  @Test(arguments: cases.indices) func productsAreRight(number: Int) {
    for rows in [1, 5] {
      var test = Self.cases[number]
      test.rows = rows
      let findings = test.check(title: "residual")
      #expect(findings.violations.isEmpty, "case \(number): \(findings.violations)")
    }
  }

  @Test func parametersAreNamedByBranch() {
    let layer = Layers.Residual(
      [Layers.Dense(4), Layers.Activation(.relu), Layers.Dense(3)], shortcut: [Layers.Dense(3, bias: false)])
    #expect(
      layer.parameters(for: [5]).map(\.name) == [
        "body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias", "shortcut.0.weight",
      ])
    #expect(layer.parameters(for: [5]).map(\.shape) == [[4, 5], [4], [3, 4], [3], [3, 5]])
  }

  @Test func branchesThatDoNotFitAreRefused() throws {
    func error(_ layer: Layers.Residual, _ input: [Int]) -> Layers.Failure? {
      #expect(throws: Layers.Failure.self) { try layer.outputShape(for: input) }
    }
    #expect(error(Layers.Residual([Layers.Dense(4)]), [5])?.message.contains("[4] and [5]") == true)
    #expect(
      error(Layers.Residual([Layers.Dense(4)], shortcut: [Layers.Dense(3)]), [5])?.message.contains("[4] and [3]")
        == true)
    #expect(error(Layers.Residual([]), [5]) != nil)
    #expect(error(Layers.Residual([Layers.Dense(4), Layers.LayerNorm(epsilon: 0)]), [4])?.path == "body.1")
    let positions = error(
      Layers.Residual([Layers.Dense(4)], shortcut: [Layers.Dense(4), Layers.Frozen(Layers.Positions())]), [3, 4])
    #expect(positions?.path == "shortcut.1" && positions?.message.contains("top level") == true)
  }

  /// Errors name the place in the whole network.
  @Test func errorsInsideNameThePlace() throws {
    let inner = Layers.Residual([Layers.Dense(4), Layers.Residual([Layers.BatchNorm()])])
    let error = #expect(throws: Layers.Failure.self) { try inner.checkTrainable() }
    #expect(error?.path == "body.1.body.0" && error?.type == "batch_norm")
    let network = try Network<Float>(Architecture(input: [4], layers: [Layers.Dense(4), inner, Layers.Dense(3)]))
    let refused = #expect(throws: Layers.Failure.self) { try network.checkTrainable() }
    #expect(refused?.path == "1.body.1.body.0")
    let wrong = Architecture(
      input: [4],
      layers: [
        Layers.Dense(4), Layers.Residual([Layers.Dense(4), Layers.Residual([Layers.Dense(5)])]), Layers.Dense(3),
      ])
    let misfit = #expect(throws: Layers.Failure.self) { try Network<Float>(wrong) }
    #expect(misfit?.path == "1.body.1")
    try Layers.Residual([Layers.BatchNorm(statistics: .frozen)]).checkTrainable()
  }

  @Test func resultsDoNotDependOnThreads() {
    let layer = Layers.Residual(
      [Layers.Dense(200), Layers.Activation(.tanh), Layers.Dense(300)],
      shortcut: [Layers.LayerNorm(), Layers.Activation(.gelu)])
    let test = LayerCase(layer: layer, input: [300], rows: 200)
    #expect(test.isDeterministic(as: Float.self) && test.isDeterministic(as: Double.self))
  }

  /// What is not trained costs nothing but its input products.
  @Test func costsAreThoseOfTheLayers() {
    func costs(_ layer: any Layer) -> Layers.Costs {
      let test = LayerCase(layer: layer, input: [6])
      return layer.makeLinearization(at: test.site, as: Float.self).costs(rows: 10)
    }
    let (dense, residual) = (
      costs(Layers.Dense(6)), costs(Layers.Residual([Layers.Dense(6)], shortcut: [Layers.Dense(6)]))
    )
    #expect(residual.parameters == 2 * dense.parameters && residual.rowGram == 2 * dense.rowGram)
    #expect(residual.rowSquaredNorms == 2 * dense.rowSquaredNorms)
    #expect(residual.input == 2 * dense.input + 60)
    let frozen = costs(Layers.Residual([Layers.Frozen(Layers.Dense(6))]))
    #expect(frozen.parameters == 0 && frozen.rowGram == 0 && frozen.input == dense.input + 60)
  }
}
