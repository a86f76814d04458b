import LinearAlgebra
import TestSupport
import Testing

@testable import Models

/// An identity without parameters that may be asked for its forward pass only.
private struct ForwardOnly: Layer {
  var type: String { "forward_only" }

  func makeLinearization<Scalar: RealScalar>(
    at site: Layers.Site, as type: Scalar.Type
  ) -> any LayerLinearization<Scalar> { ForwardOnlyLinearization<Scalar>() }
}

private struct ForwardOnlyLinearization<Scalar: RealScalar>: LayerLinearization {
  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) { output = point.input }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) { Issue.record("a tangent went through frozen layers") }

  mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {
    Issue.record("cotangents went through frozen layers")
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) { Issue.record("cotangents went through frozen layers") }
}

@Suite(.serialized) struct PositionsTests {
  static let (positions, vocabulary, width) = (5, 7, 6)

  static let trained = Architecture(
    input: [positions],
    layers: [
      Layers.Embedding(vocabulary: vocabulary, width: width), Layers.PositionalEmbedding(),
      Layers.SelfAttention(heads: 2, causal: true),
      Layers.Positions(), Layers.Dense(4),
    ])

  static let frozen = Architecture(
    input: [positions],
    layers: [
      Layers.Frozen(Layers.Embedding(vocabulary: vocabulary, width: width)),
      Layers.Frozen(Layers.PositionalEmbedding()),
      Layers.Frozen(Layers.SelfAttention(heads: 3)), ForwardOnly(), Layers.Positions(), ForwardOnly(), Layers.Dense(4),
    ])

  /// A small language model.
  static let transformer = Architecture(
    input: [positions],
    layers: [
      Layers.Embedding(vocabulary: vocabulary, width: width), Layers.PositionalEmbedding(),
      Layers.Residual([Layers.LayerNorm(), Layers.SelfAttention(heads: 2, causal: true)]),
      Layers.Residual([Layers.LayerNorm(), Layers.Dense(8), Layers.Activation(.gelu), Layers.Dense(width)]),
      Layers.Positions(), Layers.LayerNorm(), Layers.Dense(4),
    ])

  /// Trained and frozen layers on both sides.
  static let mixed = Architecture(
    input: [positions],
    layers: [
      Layers.Frozen(Layers.Embedding(vocabulary: vocabulary, width: width)), ForwardOnly(),
      Layers.PositionalEmbedding(),
      Layers.Frozen(Layers.SelfAttention(heads: 2)), Layers.SelfAttention(heads: 1), Layers.Positions(),
      Layers.Frozen(Layers.Dense(5)), Layers.Dense(3),
    ])

  /// Nothing is trained behind the positions.
  static let frozenHead = Architecture(
    input: [positions],
    layers: [
      Layers.Embedding(vocabulary: vocabulary, width: width, padding: 2), Layers.Dense(4), Layers.Positions(),
      Layers.Frozen(Layers.Dense(3)),
    ])

  /// Positions first: no trunk.
  static let plain = Architecture(
    input: [positions, 3],
    layers: [Layers.Positions(), Layers.Dense(4), Layers.Frozen(Layers.Dense(3)), Layers.Dense(3)])

  /// Rows of all B T, with examples that have none, one and all of theirs.
  static let selections: [[Int32]?] = [nil, [0, 1, 2, 3, 4, 11, 15, 17], [6], [3, 19]]

  func rules<S: RealScalar>(_ type: S.Type) throws {
    let networks = [
      ("trained", Self.trained), ("frozen", Self.frozen), ("mixed", Self.mixed), ("frozen head", Self.frozenHead),
      ("plain", Self.plain), ("transformer", Self.transformer),
    ]
    for (name, architecture) in networks {
      for (selection, seed) in zip(Self.selections, UInt64(0)...) {
        var generator = SeededGenerator(seed: seed)
        let features: Matrix<S> =
          architecture.input.count == 1
          ? randomTokens(4, Self.positions, vocabulary: Self.vocabulary, &generator)
          : generator.matrix(4, Self.positions * 3)
        var probe = try NetworkProbe(architecture, features: features, rows: selection, seed: seed)
        #expect(probe.network.rowsPerExample == Self.positions)
        let masked = name == "frozen head" ? 2 * Self.width..<3 * Self.width : 0..<0
        let findings = probe.check("\(name) \(selection as Any)", masked: masked)
        findings.report("positions \(name)")
        #expect(findings.violations.isEmpty)
      }
    }
  }

  @Test func rules() throws {
    try rules(Double.self)
    try rules(Float.self)
  }

  /// Where examples are the rows, sequences have closed forms too.
  func wholeSequences<S: RealScalar>(_ type: S.Type) throws {
    let layers: [[any Layer]] = [
      [
        Layers.Embedding(vocabulary: 7, width: 6, padding: 2), Layers.PositionalEmbedding(),
        Layers.SelfAttention(heads: 2),
        Layers.MeanPositions(), Layers.Dense(3),
      ],
      [Layers.EmbeddingBag(vocabulary: 7, width: 6, padding: 2), Layers.Dense(4), Layers.Dense(3)],
      [
        Layers.Frozen(Layers.Embedding(vocabulary: 7, width: 6)), Layers.SelfAttention(heads: 2, bias: false),
        Layers.MeanPositions(), Layers.Dense(3),
      ],
    ]
    for (layers, seed) in zip(layers, UInt64(0)...) {
      var generator = SeededGenerator(seed: seed)
      let features: Matrix<S> = randomTokens(6, Self.positions, vocabulary: Self.vocabulary, &generator)
      let architecture = Architecture(input: [Self.positions], layers: layers)
      var probe = try NetworkProbe(architecture, features: features, rows: nil, seed: seed)
      let findings = probe.check(layers[0].type, masked: seed < 2 ? 12..<18 : 0..<0)
      findings.report("sequences")
      #expect(findings.violations.isEmpty)
    }
  }

  @Test func wholeSequences() throws {
    try wholeSequences(Double.self)
    try wholeSequences(Float.self)
  }

  /// Frozen slices lie behind the others, are in no tangent, and stay as they are.
  @Test func frozenParameters() throws {
    let network = try Network<Double>(Self.mixed)
    let layout = network.layout
    let frozen = layout.slices.filter(\.isFrozen)
    #expect(
      frozen.map(\.name) == ["0.weight"]
        + ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
        .map { "3.\($0)" } + ["6.weight", "6.bias"])
    #expect(frozen.allSatisfy { $0.offset >= layout.trainableCount })
    #expect(network.layerCount == 4, "weights to train: of positions, two of attention, of the last layer")
    var generator = SeededGenerator(seed: 1)
    let features: Matrix<Double> = randomTokens(4, Self.positions, vocabulary: Self.vocabulary, &generator)
    var probe = try NetworkProbe(Self.mixed, features: features, rows: [2, 9], seed: 1)
    let before = probe.parameters
    let outputs = probe.outputs()
    var result = [Double](repeating: .nan, count: layout.count)
    probe.linearization.pullback(
      generator.matrix(2, 3), rowWeights: nil, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0),
      into: &result)
    #expect(result[..<layout.trainableCount].allSatisfy { $0.isFinite })
    #expect(result[layout.trainableCount...].allSatisfy { $0.isNaN }, "no gradient of what is frozen")
    probe.parameters.move(by: 1, along: Array(result[..<layout.trainableCount]))
    #expect(probe.outputs() != outputs)
    for slice in frozen { #expect(probe.parameters[slice] == before[slice]) }
  }

  /// A frozen trunk costs its forward pass alone; a trained one is paid for in every product.
  @Test func costs() throws {
    func costs(_ architecture: Architecture, _ rows: [Int32]?) throws -> Linearizations.Costs {
      var generator = SeededGenerator(seed: 1)
      let features: Matrix<Double> = randomTokens(4, Self.positions, vocabulary: Self.vocabulary, &generator)
      var probe = try NetworkProbe(architecture, features: features, rows: rows, seed: 1)
      _ = probe.outputs()
      return probe.linearization.costs
    }
    let (head, width) = (2.0 * 3 * 6 * 4, Double(Self.width))
    let frozen = try costs(Self.frozen, [3, 8, 9])
    #expect(frozen.backpropagation == 0)
    #expect(frozen.pushforward == head)
    #expect(frozen.rowPullback == head)
    #expect(frozen.rowProducts == head)
    #expect(frozen.rowGram == 9 * (6 + 4))
    #expect(frozen.forward > 20 * 8 * width * width)
    let trained = try costs(Self.trained, [3, 8, 9])
    #expect(trained.backpropagation == head, "the head's cotangents go on to the trunk")
    let dense = 2.0 * 20 * width * width
    let core = 2 * 4 * 4.0 * 25 * width
    let trunk = 4 * dense + core + 20 * width + 4 * dense + 2 * 20 * width + (2 * 20 * width + 7 * width)
    #expect(trained.rowPullback == head + trunk)
    #expect(trained.pushforward == 2 * head + trunk)
    #expect(trained.rowProducts == head + trunk)
    #expect(trained.rowGram > 3 * trunk)
    let all = try costs(Self.trained, nil)
    var plain = try NetworkProbe<Double>(Self.plain, features: Matrix(rows: 4, columns: 15), rows: [1, 2], seed: 1)
    _ = plain.outputs()
    let (first, middle, last) = (2.0 * 2 * 3 * 4, 2.0 * 2 * 4 * 3, 2.0 * 2 * 3 * 3)
    #expect(plain.linearization.costs.backpropagation == middle + last)
    #expect(plain.linearization.costs.rowPullback == first + last, "the middle layer is frozen")
    #expect(all.rowSquaredNorms > 2 * trained.rowSquaredNorms, "five passes against two")
    #expect(all.rowSquaredNorms < all.rowGram)
  }

  /// Tokens of the wrong kind are refused by row and column, before training.
  @Test func features() throws {
    let network = try Network<Float>(Self.frozen)
    var features = Matrix<Float>(rows: 20, columns: Self.positions)
    #expect(throws: Never.self) { try network.checkFeatures(features) }
    features[17, 3] = 12.5
    #expect(
      throws: Layers.Failure(
        "row 17, column 3: expected a token number in 0..<7, got 12.5", path: "0", type: "frozen")
    ) { try network.checkFeatures(features) }
    let plain = try Network<Float>(Self.plain)
    #expect(throws: Never.self) {
      try plain.checkFeatures(Matrix(rows: 1, columns: 15, elements: .init(repeating: 0.5, count: 15)))
    }
  }

  @Test func places() {
    func message(_ input: [Int], _ layers: [any Layer]) -> String {
      do throws(Layers.Failure) {
        _ = try Network<Double>(Architecture(input: input, layers: layers))
        return ""
      } catch { return error.description }
    }
    let embedding = Layers.Embedding(vocabulary: 5, width: 3)
    #expect(message([4], [embedding, Layers.Positions(), Layers.Dense(2)]) == "")
    #expect(message([4], [Layers.Frozen(Layers.Frozen(embedding)), Layers.Positions(), Layers.Dense(2)]) == "")
    let first = "expected a first layer, got number 1: only the network's input has token numbers"
    #expect(
      message([4], [Layers.Dense(4), embedding, Layers.Positions(), Layers.Dense(2)]) == "layer 1 (embedding): " + first
    )
    #expect(
      message([4], [Layers.Dense(4), Layers.Frozen(Layers.EmbeddingBag(vocabulary: 5, width: 3)), Layers.Dense(2)])
        == "layer 1 (frozen): " + first)
    #expect(
      message([4], [embedding, Layers.Frozen(Layers.Positions()), Layers.Dense(2)])
        == "layer 1 (frozen): expected positions at the top level of the network, got them inside")
    #expect(
      message([4], [embedding, Layers.Dense(2), Layers.Positions()])
        == "layer 2 (positions): expected a layer after the positions, got none: put the layer that classifies behind them"
    )
    #expect(
      message([4], [embedding, Layers.Positions(), Layers.Positions(), Layers.Dense(2)])
        == "layer 2 (positions): expected [positions, n], got [3]")
    let inside = Layers.Residual(
      [Layers.Embedding(vocabulary: 5, width: 3)], shortcut: [Layers.Embedding(vocabulary: 5, width: 3)])
    #expect(
      message([4], [inside, Layers.MeanPositions(), Layers.Dense(2)])
        == "layer 0 (residual): expected embedding to be the network's first layer, got it inside")
    #expect(message([4], [embedding, Layers.Dense(2)]).contains("the network's output must be [classes]"))
  }

  func threads<S: RealScalar>(_ type: S.Type) throws {
    let architecture = Architecture(
      input: [24],
      layers: [
        Layers.Embedding(vocabulary: 50, width: 32), Layers.PositionalEmbedding(), Layers.SelfAttention(heads: 2),
        Layers.Positions(), Layers.Dense(9),
      ])
    var generator = SeededGenerator(seed: 2)
    let features: Matrix<S> = randomTokens(64, 24, vocabulary: 50, &generator)
    let rows = (0..<Int32(64 * 24)).filter { $0 % 3 != 1 }
    let fixed = try NetworkProbe(architecture, features: features, rows: rows, seed: 2)
    let cotangents: Matrix<S> = generator.matrix(rows.count, 9)
    let results = onThreads {
      var probe = fixed
      var result = probe.outputs().elements
      let tangent: [S] = probe.generator.vector(probe.count)
      var change = Matrix<S>(rows: 0, columns: 0)
      probe.linearization.pushforward(tangent, into: &change)
      var products = [S](repeating: 0, count: rows.count)
      probe.linearization.backpropagate(cotangents)
      probe.linearization.rowProducts(tangent, into: &products)
      result += change.elements + products + probe.pullback(cotangents, rowWeights: products)
      return result
    }
    #expect(areIdentical(results))
  }

  @Test func threads() throws {
    try threads(Double.self)
    try threads(Float.self)
  }
}
