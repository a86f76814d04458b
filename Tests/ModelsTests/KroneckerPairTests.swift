import LinearAlgebra
import TestSupport
import Testing

@testable import Models

/// The product of a pair's cotangents and inputs is the gradient of its weight, in all kinds of models.
@Suite struct KroneckerPairTests {
  static func check<M: Model>(
    _ model: M, batch: Int, weights: [String], seed: UInt64 = 3
  ) where M.Scalar == Double {
    var generator = SeededGenerator(seed: seed)
    let parameters = model.initialParameters(using: &generator)
    var linearization = model.makeLinearization()
    var outputs = Matrix<Double>(rows: 0, columns: 0)
    let inputs = Inputs<Double>(generator.matrix(batch, model.inputWidth))
    linearization.linearize(at: parameters, inputs: inputs, outputs: &outputs)
    let cotangents: Matrix<Double> = generator.matrix(outputs.rows, outputs.columns)
    var gradient = [Double](repeating: 0, count: model.layout.trainableCount)
    linearization.pullback(
      cotangents, rowWeights: nil, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), into: &gradient)
    linearization.backpropagate(cotangents)
    let pairs = linearization.kroneckerPairs()
    #expect(pairs.map(\.weight.name) == weights)
    for pair in pairs {
      var product = [Double](repeating: 0, count: pair.weight.count)
      Products.transposedTimes(pair.cotangents, pair.input, into: &product)
      #expect(largestDifference(product, Array(gradient[pair.weight.range])) < 1e-12, "\(pair.weight.name)")
      #expect(pair.input.rows % pair.positions == 0 && pair.cotangents.rows == pair.input.rows)
      guard let bias = pair.bias else { continue }
      var sums = [Double](repeating: 0, count: bias.count)
      RowKernels.columnSums(pair.cotangents, weights: nil, into: &sums)
      #expect(largestDifference(sums, Array(gradient[bias.range])) < 1e-12, "\(bias.name)")
    }
  }

  @Test func head() {
    Self.check(LinearHead<Double>(features: 4, classes: 3), batch: 5, weights: ["weight"])
    Self.check(LinearHead<Double>(features: 4, classes: 3, intercept: false), batch: 5, weights: ["weight"])
  }

  @Test func networks() throws {
    let layers: [any Layer] = [
      Layers.Dense(6), Layers.Activation(.tanh), Layers.Frozen(Layers.Dense(5)),
      Layers.Residual([Layers.Dense(5), Layers.Activation(.relu)], shortcut: [Layers.Dense(5)]),
      Layers.LayerNorm(), Layers.Dense(3, bias: false),
    ]
    let model = try Network<Double>(Architecture(input: [4], layers: layers))
    Self.check(
      model, batch: 5, weights: ["0.weight", "3.body.0.weight", "3.shortcut.0.weight", "5.weight"])
  }

  @Test func convolutions() throws {
    let layers: [any Layer] = [
      Layers.Conv2D(channels: 3, kernel: 3, stride: 2, padding: 1), Layers.Activation(.relu),
      Layers.Conv2D(channels: 4, kernel: 1, bias: false), Layers.Conv2D(channels: 4, kernel: 2, groups: 2),
      Layers.Flatten(), Layers.Dense(3),
    ]
    let model = try Network<Double>(Architecture(input: [2, 5, 4], layers: layers))
    Self.check(model, batch: 3, weights: ["0.weight", "2.weight", "5.weight"])
  }

  @Test func positions() throws {
    let layers: [any Layer] = [
      Layers.Dense(4), Layers.Activation(.tanh), Layers.SelfAttention(heads: 2), Layers.Positions(), Layers.Dense(3),
    ]
    let model = try Network<Double>(Architecture(input: [3, 5], layers: layers))
    Self.check(model, batch: 4, weights: ["0.weight", "4.weight"])
  }
}
