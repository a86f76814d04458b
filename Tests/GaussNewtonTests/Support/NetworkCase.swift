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
  var dropoutSeed: Layers.DropoutSeed?
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
    NetworkCase("dense", [3], [Layers.Dense(4), Layers.Activation(.tanh), Layers.Dense(3, bias: false)]),
    NetworkCase("relu", [3], [Layers.Dense(4), Layers.Activation(.relu), Layers.Dense(3)]).with { $0.isSmooth = false },
    NetworkCase("leaky relu", [3], [Layers.Dense(4), Layers.Activation(.leakyReLU(slope: 0.1)), Layers.Dense(3)])
      .with { $0.isSmooth = false },
    NetworkCase("sigmoid", [3], [Layers.Dense(4), Layers.Activation(.sigmoid), Layers.Dense(3)]),
    NetworkCase("gelu", [3], [Layers.Dense(4), Layers.Activation(.gelu), Layers.Dense(3)]),
    NetworkCase("silu", [3], [Layers.Dense(4), Layers.Activation(.silu), Layers.Dense(3)]),
    NetworkCase("softplus", [3], [Layers.Dense(4), Layers.Activation(.softplus), Layers.Dense(3)]),
    NetworkCase("bias", [3], [Layers.Bias(), Layers.Activation(.tanh), Layers.Bias(), Layers.Dense(3)]),
    NetworkCase("layer norm", [3], [Layers.Dense(4), Layers.LayerNorm(), Layers.Activation(.tanh), Layers.Dense(3)]),
    NetworkCase("layer norm without gain", [3], [Layers.Dense(4), Layers.LayerNorm(affine: false), Layers.Dense(3)]),
    NetworkCase(
      "layer norm of positions", [2, 3],
      [Layers.Dense(4), Layers.LayerNorm(), Layers.Activation(.gelu), Layers.Flatten(), Layers.Dense(3)]),
    NetworkCase(
      "group norm", [4, 2, 2],
      [Layers.GroupNorm(groups: 2), Layers.Activation(.tanh), Layers.Flatten(), Layers.Dense(3)]),
    NetworkCase(
      "batch norm", [3],
      [Layers.Dense(4), Layers.BatchNorm(statistics: .frozen), Layers.Activation(.tanh), Layers.Dense(3)]),
    NetworkCase("dropout", [3], [Layers.Dense(6), Layers.Dropout(0.4), Layers.Activation(.tanh), Layers.Dense(3)]).with
    { $0.dropoutSeed = 4 },
    NetworkCase(
      "residual", [3],
      [
        Layers.Dense(4), Layers.Residual([Layers.Dense(3), Layers.Activation(.tanh), Layers.Dense(4)]),
        Layers.Residual([Layers.Dense(3)], shortcut: [Layers.Dense(3)]),
      ]
        + [Layers.Activation(.tanh), Layers.Dense(3)]),
    NetworkCase(
      "conv2d", [2, 3, 3],
      [Layers.Conv2D(channels: 3, kernel: 2), Layers.Activation(.tanh), Layers.Flatten(), Layers.Dense(3)]),
    NetworkCase(
      "conv2d, strided, padded, grouped", [2, 4, 5],
      [
        Layers.Conv2D(channels: 2, kernel: 3, stride: 2, padding: 1, groups: 2), Layers.Activation(.tanh),
        Layers.Conv2D(channels: 2, kernel: 2, padding: 1, dilation: 2, bias: false), Layers.Flatten(), Layers.Dense(3),
      ]),
    NetworkCase(
      "max pool", [1, 4, 4],
      [Layers.Conv2D(channels: 2, kernel: 1), Layers.MaxPool2D(kernel: 2), Layers.Flatten(), Layers.Dense(3)]
    )
    .with { $0.isSmooth = false },
    NetworkCase(
      "average pool", [1, 4, 4],
      [
        Layers.Conv2D(channels: 3, kernel: 2, padding: 1), Layers.Activation(.tanh), Layers.AveragePool2D(kernel: 2),
        Layers.GlobalAveragePool(), Layers.Dense(3),
      ]),
    NetworkCase(
      "embedding", [4],
      [Layers.Embedding(vocabulary: 5, width: 3), Layers.Activation(.tanh), Layers.Flatten(), Layers.Dense(3)]
    )
    .with { $0.vocabulary = 5 },
    NetworkCase(
      "embedding bag", [4],
      [Layers.EmbeddingBag(vocabulary: 6, width: 4, padding: 0), Layers.Activation(.tanh), Layers.Dense(3)]
    )
    .with { $0.vocabulary = 6 },
    NetworkCase(
      "positional embedding", [3, 2],
      [Layers.Dense(3), Layers.PositionalEmbedding(), Layers.Activation(.tanh), Layers.Flatten(), Layers.Dense(3)]),
    NetworkCase(
      "self-attention", [3, 2],
      [Layers.Dense(4), Layers.SelfAttention(heads: 2), Layers.MeanPositions(), Layers.Dense(3)]),
    NetworkCase(
      "causal self-attention", [3, 2],
      [Layers.SelfAttention(heads: 1, causal: true, bias: false), Layers.Flatten(), Layers.Dense(3)]),
    NetworkCase(
      "positions", [3, 2],
      [
        Layers.Dense(4), Layers.Activation(.tanh), Layers.Positions(), Layers.Dense(4), Layers.LayerNorm(),
        Layers.Dense(3),
      ]),
    NetworkCase(
      "positions of a frozen trunk", [3, 2],
      [Layers.Frozen(Layers.Dense(4)), Layers.Positions(), Layers.Dense(4), Layers.Activation(.tanh), Layers.Dense(3)]
    )
    .with { $0.rows = [0, 1, 3, 4, 5, 8, 12, 14] },
    NetworkCase(
      "frozen trunk", [3],
      [
        Layers.Frozen(Layers.Dense(4)), Layers.Activation(.tanh), Layers.Dense(4), Layers.Activation(.tanh),
        Layers.Dense(3),
      ]),
    NetworkCase(
      "frozen between", [3],
      [Layers.Dense(4), Layers.Frozen(Layers.Dense(4)), Layers.Activation(.tanh), Layers.Dense(3)]),
  ]

  /// Networks as they are used, small.
  static let networks: [NetworkCase] = [
    NetworkCase(
      "residual convolutional", [1, 4, 4],
      [
        Layers.Conv2D(channels: 3, kernel: 3, padding: 1), Layers.GroupNorm(groups: 3), Layers.Activation(.relu),
        Layers.Residual([
          Layers.Conv2D(channels: 3, kernel: 3, padding: 1), Layers.GroupNorm(groups: 1), Layers.Activation(.relu),
          Layers.Conv2D(channels: 3, kernel: 1),
        ]),
        Layers.MaxPool2D(kernel: 2), Layers.Activation(.relu), Layers.GlobalAveragePool(), Layers.Dense(3),
      ]
    ).with { $0.isSmooth = false },
    NetworkCase(
      "layer-normalised perceptron", [4],
      [
        Layers.Dense(6), Layers.LayerNorm(), Layers.Activation(.gelu),
        Layers.Residual([Layers.LayerNorm(), Layers.Dense(5), Layers.Activation(.gelu), Layers.Dense(6)]),
        Layers.Dense(4),
      ]),
    NetworkCase(
      "perceptron with dropout", [4],
      [
        Layers.Dropout(0.2), Layers.Dense(8), Layers.Activation(.tanh), Layers.Dropout(0.5), Layers.Dense(6),
        Layers.Activation(.tanh), Layers.Dropout(0.3), Layers.Dense(4),
      ]
    ).with { $0.dropoutSeed = 11 },
    NetworkCase(
      "attention classifier", [4],
      [Layers.Embedding(vocabulary: 7, width: 3), Layers.PositionalEmbedding()] + block(heads: 3) + block(heads: 1)
        + [Layers.LayerNorm(), Layers.MeanPositions(), Layers.Dense(3)]
    ).with { $0.vocabulary = 7 },
    NetworkCase(
      "embedding-bag classifier", [5],
      [
        Layers.EmbeddingBag(vocabulary: 8, width: 5, padding: 0), Layers.Dense(6), Layers.Activation(.relu),
        Layers.Dense(4),
      ]
    ).with { ($0.vocabulary, $0.isSmooth, $0.count) = (8, false, 7) },
    NetworkCase(
      "token classifier", [4],
      [Layers.Embedding(vocabulary: 6, width: 3), Layers.PositionalEmbedding()] + block(heads: 1) + [
        Layers.Positions(), Layers.LayerNorm(),
      ]
        + [Layers.Dense(4), Layers.Activation(.gelu), Layers.Dense(3)]
    ).with { ($0.vocabulary, $0.count, $0.rows) = (6, 4, [0, 1, 2, 4, 7, 8, 9, 10, 11, 13]) },
    NetworkCase(
      "batch norm with frozen statistics", [2, 4, 4],
      [
        Layers.Conv2D(channels: 3, kernel: 3, bias: false), Layers.BatchNorm(statistics: .frozen),
        Layers.Activation(.silu), Layers.Flatten(),
        Layers.Dense(5), Layers.BatchNorm(statistics: .frozen), Layers.Activation(.tanh), Layers.Dense(3),
      ]),
  ]

  /// An attention block that normalises first, of width 3.
  private static func block(heads: Int) -> [any Layer] {
    [
      Layers.Residual([Layers.LayerNorm(), Layers.SelfAttention(heads: heads)]),
      Layers.Residual([Layers.LayerNorm(), Layers.Dense(4), Layers.Activation(.gelu), Layers.Dense(3)]),
    ]
  }

  static var all: [NetworkCase] { layers + networks }
}
