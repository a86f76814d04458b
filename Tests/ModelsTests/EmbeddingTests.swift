import LinearAlgebra
import TestSupport
import Testing

@testable import Models

/// Token numbers [rows, positions], few enough that examples share many.
func randomTokens<S: RealScalar>(
  _ rows: Int, _ positions: Int, vocabulary: Int, _ generator: inout SeededGenerator
) -> Matrix<S> {
  Matrix(
    rows: rows, columns: positions,
    elements: (0..<rows * positions).map { _ in S(generator.index(below: vocabulary)) })
}

@Suite(.serialized) struct EmbeddingTests {
  static let batches: [(rows: Int, positions: Int, vocabulary: Int, width: Int, padding: Int?)] = [
    (1, 1, 1, 1, nil), (5, 7, 6, 19, nil), (6, 9, 5, 3, 2), (4, 1, 3, 5, 0), (7, 12, 40, 33, 39), (5, 6, 2, 8, 1),
  ]

  func rules<S: RealScalar>(_ type: S.Type) throws {
    for (batch, seed) in zip(Self.batches, UInt64(0)...) {
      var generator = SeededGenerator(seed: seed)
      var tokens: Matrix<S> = randomTokens(batch.rows, batch.positions, vocabulary: batch.vocabulary, &generator)
      if let padding = batch.padding {
        for t in 0..<batch.positions { tokens[batch.rows - 1, t] = S(padding) }
      }
      let masked = batch.padding.map { $0 * batch.width..<($0 + 1) * batch.width } ?? 0..<0
      let layers: [any Layer] = [
        Embedding(vocabulary: batch.vocabulary, width: batch.width, padding: batch.padding),
        EmbeddingBag(vocabulary: batch.vocabulary, width: batch.width, padding: batch.padding),
      ]
      for layer in layers {
        var probe = try LayerProbe<S>(
          layer, input: [batch.positions], rows: batch.rows, features: tokens, seed: seed)
        let findings = probe.check("\(layer.type) \(batch)", masked: masked)
        findings.report("embeddings")
        #expect(findings.violations.isEmpty)
        guard let padding = batch.padding else { continue }
        // The row of the padding token is never trained.
        let cotangents: Matrix<S> = generator.matrix(batch.rows, probe.outputWidth)
        let gradient = probe.parameterPullback(cotangents, rowWeights: nil)
        let start = probe.layout["0.weight"]!.offset + padding * batch.width
        #expect(gradient[start..<start + batch.width].allSatisfy { $0 == 0 })
      }
    }
  }

  @Test func rules() throws {
    try rules(Double.self)
    try rules(Float.self)
  }

  func positionalRules<S: RealScalar>(_ type: S.Type) throws {
    for (rows, shape) in [(1, [1, 1]), (5, [4, 3]), (3, [6, 17])] {
      for layer in [PositionalEmbedding(), MeanPositions()] as [any Layer] {
        var probe = try LayerProbe<S>(layer, input: shape, rows: rows, seed: 3)
        let findings = probe.check("\(layer.type) \(rows) \(shape)")
        findings.report("positions")
        #expect(findings.violations.isEmpty)
      }
    }
  }

  @Test func positionalRules() throws {
    try positionalRules(Double.self)
    try positionalRules(Float.self)
  }

  /// Against the definitions.
  func values<S: RealScalar>(_ type: S.Type) throws {
    let tokens = Matrix<S>(rows: 3, columns: 3, elements: [2, 0, 2, 1, 1, 0, 1, 1, 1])
    var plain = try LayerProbe<S>(
      Embedding(vocabulary: 3, width: 2, padding: 1), input: [3], rows: 3, features: tokens, seed: 1)
    let start = plain.layout["0.weight"]!.offset
    let weight = Array(plain.point.values[start..<start + 6])
    func row(_ token: Int) -> [S] { Array(weight[2 * token..<2 * token + 2]) }
    #expect(plain.output().elements == tokens.elements.flatMap { row(Int($0)) }, "the padding row reads as stored")

    var bag = try LayerProbe<S>(
      EmbeddingBag(vocabulary: 3, width: 2, padding: 1), input: [3], rows: 3, features: tokens, seed: 1)
    let mean = (0..<2).map { (row(2)[$0] + row(0)[$0] + row(2)[$0]) * (1 / S(3)) }
    let expected = mean + row(0) + [0, 0]
    #expect(largestDifference(bag.output().elements, expected) <= epsilon(S.self))

    var positional = try LayerProbe<S>(PositionalEmbedding(), input: [2, 2], rows: 2, seed: 1)
    let shift = positional.point.values[positional.layout["0.weight"]!.range]
    let sum = zip(positional.point.input.elements, Array(shift) + Array(shift)).map { $0 + $1 }
    #expect(positional.output().elements == sum)

    var mean2 = try LayerProbe<S>(
      MeanPositions(), input: [2, 2], rows: 2,
      features: Matrix(rows: 2, columns: 4, elements: [1, 2, 5, 8, -1, 0, 1, 3]), seed: 1)
    #expect(mean2.output().elements == [3, 5, 0, 1.5])
  }

  @Test func values() throws {
    try values(Double.self)
    try values(Float.self)
  }

  /// The same bits on any number of threads, at sizes where the work is really cut.
  func threads<S: RealScalar>(_ type: S.Type) throws {
    let (rows, positions, vocabulary, width) = (60, 50, 90, 160)
    var generator = SeededGenerator(seed: 8)
    let tokens: Matrix<S> = randomTokens(rows, positions, vocabulary: vocabulary, &generator)
    let layers: [any Layer] = [
      Embedding(vocabulary: vocabulary, width: width, padding: 3),
      EmbeddingBag(vocabulary: vocabulary, width: width, padding: 3),
    ]
    for layer in layers {
      let probe = try LayerProbe<S>(layer, input: [positions], rows: rows, features: tokens, seed: 8)
      let cotangents: Matrix<S> = generator.matrix(rows, probe.outputWidth)
      #expect(areIdentical(onThreads { everything(probe, cotangents) }), "\(layer.type)")
    }
    let probe = try LayerProbe<S>(MeanPositions(), input: [positions, width], rows: rows, seed: 8)
    let cotangents: Matrix<S> = generator.matrix(rows, width)
    #expect(areIdentical(onThreads { everything(probe, cotangents) }), "mean_positions")
  }

  @Test func threads() throws {
    try threads(Double.self)
    try threads(Float.self)
  }

  /// An estimate of the Gram's cost for the tokens at hand.
  @Test func gramCost() throws {
    func cost(_ tokens: [Double]) throws -> Double {
      let features = Matrix<Double>(rows: 3, columns: 2, elements: tokens)
      var probe = try LayerProbe<Double>(
        Embedding(vocabulary: 9, width: 4), input: [2], rows: 3, features: features, seed: 1)
      _ = probe.output()
      return probe.linearization.costs(rows: 3).rowGram
    }
    #expect(try cost([0, 1, 2, 3, 4, 5]) == 24 + 2 * 6 * 4, "an entry meets itself")
    #expect(try cost([0, 0, 0, 0, 0, 0]) == 24 + 2 * 6 * 4, "equal tokens of an example are one entry")
    #expect(try cost([0, 1, 0, 1, 0, 1]) == 24 + 2 * 12 * 4)
  }

  @Test func refusals() throws {
    func message(_ layer: any Layer, _ input: [Int]) -> String {
      do throws(LayerError) { return "\(try layer.outputShape(for: input))" } catch { return error.message }
    }
    #expect(message(Embedding(vocabulary: 5, width: 3), [4]) == "[4, 3]")
    #expect(message(EmbeddingBag(vocabulary: 5, width: 3), [4]) == "[3]")
    #expect(message(PositionalEmbedding(), [4, 3]) == "[4, 3]")
    #expect(message(MeanPositions(), [4, 3]) == "[3]")
    for layer in [Embedding(vocabulary: 5, width: 3, padding: 5), EmbeddingBag(vocabulary: 5, width: 3, padding: -1)]
      as [any Layer]
    {
      #expect(message(layer, [4]).hasPrefix("expected a padding token in 0..<5"))
      #expect(message(layer, [4, 4]) == "expected [positions] of token numbers, got [4, 4]")
    }
    #expect(message(Embedding(vocabulary: 0, width: 3), [4]).hasPrefix("expected a vocabulary of 1 to 16777216"))
    #expect(message(EmbeddingBag(vocabulary: 2, width: 0), [4]) == "expected a width of at least 1, got 0")
    #expect(message(PositionalEmbedding(), [4]) == "expected [positions, n], got [4]")
    #expect(message(MeanPositions(), [4, 3, 2]) == "expected [positions, n], got [4, 3, 2]")
  }

  func tokenNumbers<S: RealScalar>(_ type: S.Type) throws {
    for layer in [Embedding(vocabulary: 7, width: 3), EmbeddingBag(vocabulary: 7, width: 3)] as [any Layer] {
      for bad in [12.5, 7, -1, 3.5, .nan, .infinity, -0.25] as [S] {
        var features = Matrix<S>(rows: 700, columns: 3)
        #expect(throws: Never.self) { try layer.checkInput(features) }
        features[650, 1] = bad
        features[690, 2] = bad
        do throws(LayerError) {
          try layer.checkInput(features)
          Issue.record("\(bad) is no token")
        } catch {
          #expect(error.message == "row 650, column 1: expected a token number in 0..<7, got \(bad)")
        }
      }
    }
  }

  @Test func tokenNumbers() throws {
    try tokenNumbers(Double.self)
    try tokenNumbers(Float.self)
  }

  #if os(Linux) || os(macOS)
    @Test func tokenOutOfRangeStops() async {
      await #expect(processExitsWith: .failure) {
        let features = Matrix<Float>(rows: 1, columns: 2, elements: [0, 3])
        var probe = try LayerProbe<Float>(
          Embedding(vocabulary: 3, width: 2), input: [2], rows: 1, features: features, seed: 1)
        _ = probe.output()
      }
    }
  #endif
}

/// All numbers that a layer gives for these cotangents, one after the other.
func everything<S: RealScalar>(_ probe: LayerProbe<S>, _ cotangents: Matrix<S>) -> [S] {
  var probe = probe
  let rows = probe.point.rows
  let isTrained = !probe.ownTrainable.isEmpty
  var result = probe.output().elements
  let inputTangent: Matrix<S>? = probe.takesTokens ? nil : probe.generator.matrix(rows, probe.point.input.columns)
  let tangent: [S]? = isTrained ? probe.generator.vector(probe.layout.trainableCount) : nil
  result += probe.pushforward(inputTangent, tangent).elements
  probe.linearization.prepare(cotangents, at: probe.point)
  var inputCotangents = Matrix<S>(rows: 0, columns: 0)
  probe.linearization.pullback(cotangents, at: probe.point, into: &inputCotangents)
  result += inputCotangents.elements
  guard let tangent else { return result }
  result += probe.parameterPullback(cotangents, rowWeights: probe.generator.vector(rows))
  var numbers = [S](repeating: 0, count: rows)
  probe.linearization.addRowProducts(tangent, cotangents, at: probe.point, into: &numbers)
  probe.linearization.addRowSquaredNorms(of: cotangents, at: probe.point, into: &numbers)
  var gram = RowGram<S>()
  gram.reset(rows: rows)
  probe.linearization.addRowGram(of: cotangents, at: probe.point, into: &gram)
  return result + numbers + gram.penalised.elements + gram.free.elements
}
