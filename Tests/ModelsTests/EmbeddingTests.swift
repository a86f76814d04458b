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
    (1, 1, 1, 1, nil), (5, 7, 6, 19, nil), (6, 9, 5, 3, 2), (8, 1, 3, 5, 0), (7, 12, 40, 33, 39), (9, 2, 2, 8, 1),
  ]

  @Test func rules() {
    for (batch, seed) in zip(Self.batches, UInt64(1)...) {
      let padding = batch.padding.map { $0 * batch.width..<($0 + 1) * batch.width } ?? 0..<0
      let layers: [any Layer] = [
        Layers.Embedding(vocabulary: batch.vocabulary, width: batch.width, padding: batch.padding),
        Layers.EmbeddingBag(vocabulary: batch.vocabulary, width: batch.width, padding: batch.padding),
      ]
      for layer in layers {
        let test = LayerCase(
          layer: layer, input: [batch.positions], rows: batch.rows, seed: seed, vocabulary: batch.vocabulary,
          untrained: padding)
        #expect(test.check().violations.isEmpty)
        checkTokens(test, padding, as: Double.self)
        checkTokens(test, padding, as: Float.self)
      }
    }
  }

  /// Nothing reaches tokens, or the row of the padding token; and that row moves nothing.
  func checkTokens<S: RealScalar>(_ test: LayerCase, _ padding: Range<Int>, as type: S.Type) {
    var checks = LayerProbe<S>(test, limit: 0)
    #expect(checks.pullback(checks.cotangents).elements.allSatisfy { $0 == 0 })
    let gradient = checks.parameterPullback(checks.rowWeights)
    var tangent = checks.tangent
    for k in padding {
      #expect(gradient[checks.slices[0].offset + k] == 0)
      tangent[checks.slices[0].offset + k] = 1
    }
    #expect(checks.pushforward(nil, tangent) == checks.pushforward(nil, checks.tangent))
  }

  @Test func positionalRules() {
    for (rows, shape) in [(1, [1, 1]), (5, [4, 3]), (3, [6, 17])] {
      for layer in [Layers.PositionalEmbedding(), Layers.MeanPositions()] as [any Layer] {
        #expect(LayerCase(layer: layer, input: shape, rows: rows).check().violations.isEmpty)
      }
    }
  }

  /// Against the definitions.
  func values<S: RealScalar>(_ type: S.Type) {
    func outputs(_ layer: any Layer, _ input: [Int], _ features: [S]) -> (output: [S], weight: [S]) {
      var checks = LayerProbe<S>(
        LayerCase(layer: layer, input: input, vocabulary: layer.takesTokens ? 1 : nil), limit: 0)
      let columns = input.reduce(1, *)
      checks.point.input = Matrix(rows: features.count / columns, columns: columns, elements: features)
      checks.layer.forward(at: checks.point, into: &checks.output)
      return (checks.output.elements, checks.slices.isEmpty ? [] : Array(checks.point.values[checks.slices[0].range]))
    }
    let tokens: [S] = [2, 0, 2, 1, 1, 0, 1, 1, 1]
    let plain = outputs(Layers.Embedding(vocabulary: 3, width: 2, padding: 1), [3], tokens)
    let expected = tokens.flatMap { plain.weight[2 * Int($0)..<2 * Int($0) + 2] }
    #expect(plain.output == expected, "the padding row reads as stored")

    let bag = outputs(Layers.EmbeddingBag(vocabulary: 3, width: 2, padding: 1), [3], tokens)
    var mean: [S] = []
    for d in 0..<2 { mean.append((2 * bag.weight[4 + d] + bag.weight[d]) / 3) }
    let means: [S] = mean + Array(bag.weight[..<2]) + [0, 0]
    #expect(largestDifference(bag.output, means) <= epsilon(S.self))

    let features: [S] = [1, 2, 5, 8, -1, 0, 1, 3]
    let positional = outputs(Layers.PositionalEmbedding(), [2, 2], features)
    let sums: [S] = zip(features, positional.weight + positional.weight).map { $0 + $1 }
    #expect(positional.output == sums)
    #expect(outputs(Layers.MeanPositions(), [2, 2], features).output == [3, 5, 0, 1.5])
  }

  @Test func values() {
    values(Double.self)
    values(Float.self)
  }

  /// Against sums over all pairs of positions.
  @Test func gramOfEqualTokens() {
    let (positions, width) = (4, 3)
    for isBag in [false, true] {
      let layer: any Layer =
        isBag
        ? Layers.EmbeddingBag(vocabulary: 4, width: width, padding: 3)
        : Layers.Embedding(vocabulary: 4, width: width, padding: 3)
      var checks = LayerProbe<Double>(
        LayerCase(layer: layer, input: [positions], rows: 7, seed: 9, vocabulary: 4), limit: 0)
      for t in 0..<positions { checks.point.input[2, t] = 3 }
      checks.layer.forward(at: checks.point, into: &checks.output)
      let (tokens, cotangents) = (checks.point.input, checks.cotangents)
      func cotangent(_ i: Int, _ t: Int) -> [Double] {
        if !isBag { return Array(cotangents.row(i).dropFirst(t * width).prefix(width)) }
        let count = tokens.row(i).count { $0 != 3 }
        return cotangents.row(i).map { $0 / Double(count) }
      }
      var gram = Linearizations.RowGram<Double>()
      gram.reset(rows: 7)
      checks.layer.addRowGram(of: checks.cotangents, at: checks.point, into: &gram)
      for i in 0..<7 {
        for j in 0...i {
          var sum = 0.0
          for t in 0..<positions where tokens[i, t] != 3 {
            for u in 0..<positions where tokens[i, t] == tokens[j, u] {
              sum += zip(cotangent(i, t), cotangent(j, u)).reduce(0) { $0 + $1.0 * $1.1 }
            }
          }
          #expect((gram.penalised[i, j] - sum).magnitude < 1e-14 * max(1, sum.magnitude), "\(i) \(j)")
        }
      }
      #expect(gram.free.elements.allSatisfy { $0 == 0 })
    }
  }

  /// At sizes where the work is really cut.
  @Test func resultsDoNotDependOnThreads() {
    let (rows, positions, vocabulary, width) = (60, 50, 90, 160)
    let layers: [any Layer] = [
      Layers.Embedding(vocabulary: vocabulary, width: width, padding: 3),
      Layers.EmbeddingBag(vocabulary: vocabulary, width: width, padding: 3),
    ]
    for layer in layers {
      let test = LayerCase(layer: layer, input: [positions], rows: rows, vocabulary: vocabulary)
      #expect(test.isDeterministic(as: Float.self) && test.isDeterministic(as: Double.self), "\(layer.type)")
    }
    let mean = LayerCase(layer: Layers.MeanPositions(), input: [positions, width], rows: rows)
    #expect(mean.isDeterministic(as: Float.self) && mean.isDeterministic(as: Double.self))
  }

  /// The Gram's cost is that of the tokens at hand.
  @Test func gramCost() {
    func cost(_ tokens: [Double]) -> Double {
      let layer = Layers.Embedding(vocabulary: 9, width: 4)
      var checks = LayerProbe<Double>(LayerCase(layer: layer, input: [2], rows: 3, vocabulary: 9), limit: 0)
      checks.point.input = Matrix(rows: 3, columns: 2, elements: tokens)
      checks.layer.forward(at: checks.point, into: &checks.output)
      return checks.layer.costs(rows: 3).rowGram
    }
    #expect(cost([0, 1, 2, 3, 4, 5]) == 24 + 2 * 6 * 4, "an entry meets itself")
    #expect(cost([0, 0, 0, 0, 0, 0]) == 24 + 2 * 6 * 4, "equal tokens of an example are one entry")
    #expect(cost([0, 1, 0, 1, 0, 1]) == 24 + 2 * 12 * 4)
  }

  @Test func refusals() throws {
    func message(_ layer: any Layer, _ input: [Int]) -> String {
      do throws(Layers.Failure) { return "\(try layer.outputShape(for: input))" } catch { return error.message }
    }
    #expect(message(Layers.Embedding(vocabulary: 5, width: 3), [4]) == "[4, 3]")
    #expect(message(Layers.EmbeddingBag(vocabulary: 5, width: 3), [4]) == "[3]")
    #expect(message(Layers.PositionalEmbedding(), [4, 3]) == "[4, 3]")
    #expect(message(Layers.MeanPositions(), [4, 3]) == "[3]")
    for layer in [
      Layers.Embedding(vocabulary: 5, width: 3, padding: 5), Layers.EmbeddingBag(vocabulary: 5, width: 3, padding: -1),
    ]
      as [any Layer]
    {
      #expect(message(layer, [4]).hasPrefix("expected a padding token in 0..<5"))
      #expect(message(layer, [4, 4]) == "expected [positions] of token numbers, got [4, 4]")
    }
    #expect(message(Layers.Embedding(vocabulary: 0, width: 3), [4]).hasPrefix("expected a vocabulary of 1 to 16777216"))
    #expect(message(Layers.EmbeddingBag(vocabulary: 2, width: 0), [4]) == "expected a width of at least 1, got 0")
    #expect(message(Layers.PositionalEmbedding(), [4]) == "expected [positions, n], got [4]")
    #expect(message(Layers.MeanPositions(), [4, 3, 2]) == "expected [positions, n], got [4, 3, 2]")
  }

  func tokenNumbers<S: RealScalar>(_ type: S.Type) throws {
    for layer in [Layers.Embedding(vocabulary: 7, width: 3), Layers.EmbeddingBag(vocabulary: 7, width: 3)]
      as [any Layer]
    {
      for bad in [12.5, 7, -1, 3.5, .nan, .infinity, -0.25] as [S] {
        var features = Matrix<S>(rows: 700, columns: 3)
        #expect(throws: Never.self) { try layer.checkInput(features) }
        features[650, 1] = bad
        features[690, 2] = bad
        do throws(Layers.Failure) {
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
      await #expect(processExitsWith: .success) { EmbeddingTests.forward(last: 2) }
      await #expect(processExitsWith: .failure) { EmbeddingTests.forward(last: 3) }
    }

    static func forward(last token: Float) {
      let layer = Layers.Embedding(vocabulary: 3, width: 2)
      var checks = LayerProbe<Float>(LayerCase(layer: layer, input: [2], vocabulary: 3), limit: 0)
      checks.point.input[4, 1] = token
      checks.layer.forward(at: checks.point, into: &checks.output)
    }
  #endif
}
