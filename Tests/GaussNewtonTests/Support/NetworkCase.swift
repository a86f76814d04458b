import GaussNewton
import LinearAlgebra
import Models
import Optimization
import TestSupport
import Testing

/// A small network with a batch: what the battery runs on besides heads.
struct NetworkCase: Sendable, CustomTestStringConvertible {
  var name: String
  var input: [Int]
  var layers: [any Layer]
  /// Examples.
  var count = 5
  /// Features are token numbers below it.
  var vocabulary: Int?
  /// The rows there are, of a network whose rows are positions.
  var rows: [Int32]?
  var dropoutSeed: DropoutSeed?
  var isSmooth = true

  init(_ name: String, _ input: [Int], _ layers: [any Layer]) {
    (self.name, self.input, self.layers) = (name, input, layers)
  }

  var testDescription: String { name }

  func with(_ change: (inout NetworkCase) -> Void) -> NetworkCase {
    var result = self
    change(&result)
    return result
  }

  /// The same random point and batch in any precision: numbers that Float holds.
  func problem<S: RealScalar>(_ type: S.Type, seed: UInt64 = 31) throws -> Problem<Network<S>> {
    let network = try Network<S>(Architecture(input: input, layers: layers))
    let wide = try Network<Double>(Architecture(input: input, layers: layers))
    var generator = SeededGenerator(seed: seed)
    var start = wide.initialParameters(using: &generator).values
    for slice in wide.layout.slices {
      for j in slice.range {
        // Variances stay positive; everything else moves away from zeros and ones.
        start[j] = slice.name.hasSuffix("running_var") ? 0.5 + generator.uniform() : start[j] + 0.3 * generator.normal()
      }
    }
    let width = network.inputWidth
    let elements = (0..<count * width).map { _ in
      vocabulary.map { S(generator.index(below: $0)) } ?? S(Float(generator.normal()))
    }
    var inputs = Inputs(Matrix(rows: count, columns: width, elements: elements))
    inputs.rows = rows
    inputs.dropoutSeed = dropoutSeed
    let rowCount = rows?.count ?? count * network.rowsPerExample
    let labels = generator.labels(rowCount, classes: network.outputWidth)
    let weights = (0..<rowCount).map { $0 == 0 ? 2 : S(generator.index(below: 4)) }
    return Problem(
      model: network, parameters: Parameters(layout: network.layout, values: start.map { S(Float($0)) }),
      batch: Batch(inputs: inputs, labels: labels, weights: weights), l2: 0.02,
      name: "\(name) seed \(seed) \(S.precisionName)",
      oracle: { parameters, inputs in
        var exact = Inputs<Double>(inputs.dense.converted())
        exact.rows = inputs.rows
        exact.dropoutSeed = inputs.dropoutSeed
        return WideOutputs(
          wide, Parameters(layout: wide.layout, values: parameters.values.map { Double($0) }), exact)
      }, slack: 4, isExchangeable: dropoutSeed == nil, isSmooth: isSmooth)
  }
}

extension NetworkCase {
  /// Every layer, with trained layers before and after it.
  static let layers: [NetworkCase] = [
    NetworkCase("dense", [3], [Dense(4), Activation(.tanh), Dense(3, bias: false)]),
    NetworkCase("relu", [3], [Dense(4), Activation(.relu), Dense(3)]).with { $0.isSmooth = false },
    NetworkCase("leaky relu", [3], [Dense(4), Activation(.leakyReLU(slope: 0.1)), Dense(3)])
      .with { $0.isSmooth = false },
    NetworkCase("sigmoid", [3], [Dense(4), Activation(.sigmoid), Dense(3)]),
    NetworkCase("gelu", [3], [Dense(4), Activation(.gelu), Dense(3)]),
    NetworkCase("silu", [3], [Dense(4), Activation(.silu), Dense(3)]),
    NetworkCase("softplus", [3], [Dense(4), Activation(.softplus), Dense(3)]),
    NetworkCase("bias", [3], [Bias(), Activation(.tanh), Bias(), Dense(3)]),
    NetworkCase("layer norm", [3], [Dense(4), LayerNorm(), Activation(.tanh), Dense(3)]),
    NetworkCase("layer norm without gain", [3], [Dense(4), LayerNorm(affine: false), Dense(3)]),
    NetworkCase("layer norm of positions", [2, 3], [Dense(4), LayerNorm(), Activation(.gelu), Flatten(), Dense(3)]),
    NetworkCase("group norm", [4, 2, 2], [GroupNorm(groups: 2), Activation(.tanh), Flatten(), Dense(3)]),
    NetworkCase("batch norm", [3], [Dense(4), BatchNorm(statistics: .frozen), Activation(.tanh), Dense(3)]),
    NetworkCase("dropout", [3], [Dense(6), Dropout(0.4), Activation(.tanh), Dense(3)]).with { $0.dropoutSeed = 4 },
    NetworkCase(
      "residual", [3],
      [Dense(4), Residual([Dense(3), Activation(.tanh), Dense(4)]), Residual([Dense(3)], shortcut: [Dense(3)])]
        + [Activation(.tanh), Dense(3)]),
    NetworkCase("conv2d", [2, 3, 3], [Conv2D(channels: 3, kernel: 2), Activation(.tanh), Flatten(), Dense(3)]),
    NetworkCase(
      "conv2d, strided, padded, grouped", [2, 4, 5],
      [
        Conv2D(channels: 2, kernel: 3, stride: 2, padding: 1, groups: 2), Activation(.tanh),
        Conv2D(channels: 2, kernel: 2, padding: 1, dilation: 2, bias: false), Flatten(), Dense(3),
      ]),
    NetworkCase("max pool", [1, 4, 4], [Conv2D(channels: 2, kernel: 1), MaxPool2D(kernel: 2), Flatten(), Dense(3)])
      .with { $0.isSmooth = false },
    NetworkCase(
      "average pool", [1, 4, 4],
      [
        Conv2D(channels: 3, kernel: 2, padding: 1), Activation(.tanh), AveragePool2D(kernel: 2),
        GlobalAveragePool(), Dense(3),
      ]),
    NetworkCase(
      "embedding", [4], [Embedding(vocabulary: 5, width: 3), Activation(.tanh), Flatten(), Dense(3)]
    )
    .with { $0.vocabulary = 5 },
    NetworkCase("embedding bag", [4], [EmbeddingBag(vocabulary: 6, width: 4, padding: 0), Activation(.tanh), Dense(3)])
      .with { $0.vocabulary = 6 },
    NetworkCase(
      "positional embedding", [3, 2], [Dense(3), PositionalEmbedding(), Activation(.tanh), Flatten(), Dense(3)]),
    NetworkCase("self-attention", [3, 2], [Dense(4), SelfAttention(heads: 2), MeanPositions(), Dense(3)]),
    NetworkCase(
      "causal self-attention", [3, 2], [SelfAttention(heads: 1, causal: true, bias: false), Flatten(), Dense(3)]),
    NetworkCase("positions", [3, 2], [Dense(4), Activation(.tanh), Positions(), Dense(4), LayerNorm(), Dense(3)]),
    NetworkCase(
      "positions of a frozen trunk", [3, 2], [Frozen(Dense(4)), Positions(), Dense(4), Activation(.tanh), Dense(3)]
    )
    .with { $0.rows = [0, 1, 3, 4, 5, 8, 12, 14] },
    NetworkCase("frozen trunk", [3], [Frozen(Dense(4)), Activation(.tanh), Dense(4), Activation(.tanh), Dense(3)]),
    NetworkCase("frozen between", [3], [Dense(4), Frozen(Dense(4)), Activation(.tanh), Dense(3)]),
  ]

  /// Networks as they are used, small.
  static let networks: [NetworkCase] = [
    NetworkCase(
      "residual convolutional", [1, 4, 4],
      [
        Conv2D(channels: 3, kernel: 3, padding: 1), GroupNorm(groups: 3), Activation(.relu),
        Residual([
          Conv2D(channels: 3, kernel: 3, padding: 1), GroupNorm(groups: 1), Activation(.relu),
          Conv2D(channels: 3, kernel: 1),
        ]),
        MaxPool2D(kernel: 2), Activation(.relu), GlobalAveragePool(), Dense(3),
      ]
    ).with { $0.isSmooth = false },
    NetworkCase(
      "layer-normalised perceptron", [4],
      [
        Dense(6), LayerNorm(), Activation(.gelu), Residual([LayerNorm(), Dense(5), Activation(.gelu), Dense(6)]),
        Dense(4),
      ]),
    NetworkCase(
      "perceptron with dropout", [4],
      [Dropout(0.2), Dense(8), Activation(.tanh), Dropout(0.5), Dense(6), Activation(.tanh), Dropout(0.3), Dense(4)]
    ).with { $0.dropoutSeed = 11 },
    NetworkCase(
      "attention classifier", [4],
      [Embedding(vocabulary: 7, width: 3), PositionalEmbedding()] + block(heads: 3) + block(heads: 1)
        + [LayerNorm(), MeanPositions(), Dense(3)]
    ).with { $0.vocabulary = 7 },
    NetworkCase(
      "embedding-bag classifier", [5],
      [EmbeddingBag(vocabulary: 8, width: 5, padding: 0), Dense(6), Activation(.relu), Dense(4)]
    ).with { ($0.vocabulary, $0.isSmooth, $0.count) = (8, false, 7) },
    NetworkCase(
      "token classifier", [4],
      [Embedding(vocabulary: 6, width: 3), PositionalEmbedding()] + block(heads: 1) + [Positions(), LayerNorm()]
        + [Dense(4), Activation(.gelu), Dense(3)]
    ).with { ($0.vocabulary, $0.count, $0.rows) = (6, 4, [0, 1, 2, 4, 7, 8, 9, 10, 11, 13]) },
    NetworkCase(
      "batch norm with frozen statistics", [2, 4, 4],
      [
        Conv2D(channels: 3, kernel: 3, bias: false), BatchNorm(statistics: .frozen), Activation(.silu), Flatten(),
        Dense(5), BatchNorm(statistics: .frozen), Activation(.tanh), Dense(3),
      ]),
  ]

  /// An attention block that normalises first, of width 3.
  private static func block(heads: Int) -> [any Layer] {
    [
      Residual([LayerNorm(), SelfAttention(heads: heads)]),
      Residual([LayerNorm(), Dense(4), Activation(.gelu), Dense(3)]),
    ]
  }

  static var all: [NetworkCase] { layers + networks }
}
