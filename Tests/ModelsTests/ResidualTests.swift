import LinearAlgebra
import TestSupport
import Testing

@testable import Models

struct ResidualTests {
  static let cases: [LayerCase] = [
    LayerCase(layer: Residual([Dense(7)]), input: [7]),
    LayerCase(layer: Residual([Dense(5), Activation(.tanh), Dense(7)]), input: [7]),
    LayerCase(layer: Residual([LayerNorm(), Dense(4), Activation(.gelu)], shortcut: [Dense(4)]), input: [6]),
    LayerCase(layer: Residual([Activation(.tanh)], shortcut: [Activation(.sigmoid), Bias()]), input: [6]),
    LayerCase(layer: Residual([Bias(), Activation(.tanh)], shortcut: [Activation(.sigmoid)]), input: [3, 2, 4]),
    LayerCase(layer: Residual([Activation(.silu)]), input: [3, 4]),
    LayerCase(layer: Residual([Frozen(Dense(5)), Activation(.tanh), Dense(6)]), input: [6]),
    LayerCase(layer: Residual([Dense(6), Activation(.tanh), Frozen(Dense(6))]), input: [6]),
    LayerCase(layer: Frozen(Residual([Dense(6), Activation(.tanh)], shortcut: [Dense(6)])), input: [6]),
    LayerCase(
      layer: Residual(
        [Residual([Dense(6), Activation(.softplus)]), Activation(.tanh), Residual([GroupNorm(groups: 2)])],
        shortcut: [Residual([BatchNorm(statistics: .frozen)], shortcut: [Bias()])]), input: [6]),
    LayerCase(layer: Residual([Dropout(0.5), Dense(6)]), input: [6], dropoutSeed: 4),
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
    let layer = Residual([Dense(4), Activation(.relu), Dense(3)], shortcut: [Dense(3, bias: false)])
    #expect(
      layer.parameters(for: [5]).map(\.name) == [
        "body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias", "shortcut.0.weight",
      ])
    #expect(layer.parameters(for: [5]).map(\.shape) == [[4, 5], [4], [3, 4], [3], [3, 5]])
  }

  @Test func branchesThatDoNotFitAreRefused() throws {
    func error(_ layer: Residual, _ input: [Int]) -> LayerError? {
      #expect(throws: LayerError.self) { try layer.outputShape(for: input) }
    }
    #expect(error(Residual([Dense(4)]), [5])?.message.contains("[4] and [5]") == true)
    #expect(error(Residual([Dense(4)], shortcut: [Dense(3)]), [5])?.message.contains("[4] and [3]") == true)
    #expect(error(Residual([]), [5]) != nil)
    #expect(error(Residual([Dense(4), LayerNorm(epsilon: 0)]), [4])?.path == "body.1")
    let positions = error(Residual([Dense(4)], shortcut: [Dense(4), Frozen(Positions())]), [3, 4])
    #expect(positions?.path == "shortcut.1" && positions?.message.contains("top level") == true)
  }

  /// Errors name the place in the whole network.
  @Test func errorsInsideNameThePlace() throws {
    let inner = Residual([Dense(4), Residual([BatchNorm()])])
    let error = #expect(throws: LayerError.self) { try inner.checkTrainable() }
    #expect(error?.path == "body.1.body.0" && error?.type == "batch_norm")
    let network = try Network<Float>(Architecture(input: [4], layers: [Dense(4), inner, Dense(3)]))
    let refused = #expect(throws: LayerError.self) { try network.checkTrainable() }
    #expect(refused?.path == "1.body.1.body.0")
    let wrong = Architecture(input: [4], layers: [Dense(4), Residual([Dense(4), Residual([Dense(5)])]), Dense(3)])
    let misfit = #expect(throws: LayerError.self) { try Network<Float>(wrong) }
    #expect(misfit?.path == "1.body.1")
    try Residual([BatchNorm(statistics: .frozen)]).checkTrainable()
  }

  @Test func resultsDoNotDependOnThreads() {
    let layer = Residual([Dense(200), Activation(.tanh), Dense(300)], shortcut: [LayerNorm(), Activation(.gelu)])
    let test = LayerCase(layer: layer, input: [300], rows: 200)
    #expect(test.isDeterministic(as: Float.self) && test.isDeterministic(as: Double.self))
  }

  /// What is not trained costs nothing but its input products.
  @Test func costsAreThoseOfTheLayers() {
    func costs(_ layer: any Layer) -> LayerCosts {
      let test = LayerCase(layer: layer, input: [6])
      return layer.makeLinearization(at: test.site, as: Float.self).costs(rows: 10)
    }
    let (dense, residual) = (costs(Dense(6)), costs(Residual([Dense(6)], shortcut: [Dense(6)])))
    #expect(residual.parameters == 2 * dense.parameters && residual.rowGram == 2 * dense.rowGram)
    #expect(residual.rowSquaredNorms == 2 * dense.rowSquaredNorms)
    #expect(residual.input == 2 * dense.input + 60)
    let frozen = costs(Residual([Frozen(Dense(6))]))
    #expect(frozen.parameters == 0 && frozen.rowGram == 0 && frozen.input == dense.input + 60)
  }
}
