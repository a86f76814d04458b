import LinearAlgebra
import TestSupport
import Testing

@testable import Models

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite(.serialized) struct AttentionTests {
  static let layers: [(layer: SelfAttention, shape: [Int], rows: Int)] = [
    (SelfAttention(heads: 1), [1, 2], 2), (SelfAttention(heads: 2), [5, 6], 3),
    (SelfAttention(heads: 3, causal: true), [6, 9], 2),
    (SelfAttention(heads: 4, causal: true, bias: false), [19, 8], 2),
    (SelfAttention(heads: 1, bias: false), [3, 5], 4),
  ]

  func rules<S: RealScalar>(_ type: S.Type) throws {
    for ((layer, shape, rows), seed) in zip(Self.layers, UInt64(10)...) {
      var probe = try LayerProbe<S>(layer, input: shape, rows: rows, seed: seed)
      let findings = probe.check("\(layer) \(shape)")
      findings.report("attention")
      #expect(findings.violations.isEmpty)
    }
  }

  @Test func rules() throws {
    try rules(Double.self)
    try rules(Float.self)
  }

  /// The definition in plain loops, in double.
  static func reference(
    _ layer: SelfAttention, _ shape: [Int], _ x: [Double], _ parameter: (String) -> [Double]?
  ) -> [Double] {
    let (positions, width) = (shape[0], shape[1])
    let headWidth = width / layer.heads
    func dense(_ x: [Double], _ name: String, _ biasName: String, _ outputs: Int) -> [Double] {
      let (weight, bias) = (parameter(name)!, parameter(biasName))
      return (0..<positions * outputs).map { k in
        let (t, o) = (k / outputs, k % outputs)
        return (0..<width).reduce(bias?[o] ?? 0) { $0 + weight[o * width + $1] * x[t * width + $1] }
      }
    }
    let projected = dense(x, "in_proj_weight", "in_proj_bias", 3 * width)
    var attended = [Double](repeating: 0, count: positions * width)
    for h in 0..<layer.heads {
      for t in 0..<positions {
        let seen = layer.isCausal ? t + 1 : positions
        let scores = (0..<seen).map { u in
          (0..<headWidth).reduce(0.0) { sum, d in
            let column = h * headWidth + d
            return sum + projected[t * 3 * width + column] * projected[u * 3 * width + width + column]
          } / Double(headWidth).squareRoot()
        }
        let powers = scores.map { exp($0 - scores.max()!) }
        let total = powers.reduce(0, +)
        for u in 0..<seen {
          for d in 0..<headWidth {
            let column = h * headWidth + d
            attended[t * width + column] += powers[u] / total * projected[u * 3 * width + 2 * width + column]
          }
        }
      }
    }
    return dense(attended, "out_proj.weight", "out_proj.bias", width)
  }

  func forward<S: RealScalar>(_ type: S.Type) throws {
    for ((layer, shape, rows), seed) in zip(Self.layers, UInt64(20)...) {
      var probe = try LayerProbe<S>(layer, input: shape, rows: rows, seed: seed)
      let output = probe.output()
      for i in 0..<rows {
        let expected = Self.reference(layer, shape, probe.point.input.row(i).map(Double.init)) { name in
          probe.layout["0.\(name)"].map { probe.point.values[$0.range].map(Double.init) }
        }
        let error = relativeError(Array(output.row(i)), expected)
        #expect(error < tolerance(S.self, double: 1e-14, float: 1e-6), "\(layer) \(shape) \(S.precisionName)")
      }
    }
  }

  @Test func forward() throws {
    try forward(Double.self)
    try forward(Float.self)
  }

  /// Scores far apart neither overflow nor leave the sum of one.
  @Test func largeScores() throws {
    var probe = try LayerProbe<Float>(SelfAttention(heads: 2, causal: true), input: [17, 4], rows: 2, seed: 5)
    probe.point.input.scale(by: 300)
    let output = probe.output()
    for i in 0..<2 {
      let expected = Self.reference(
        SelfAttention(heads: 2, causal: true), [17, 4], probe.point.input.row(i).map(Double.init)
      ) { name in probe.layout["0.\(name)"].map { probe.point.values[$0.range].map(Double.init) } }
      #expect(relativeError(Array(output.row(i)), expected) < 1e-3)
    }
  }

  /// A position of a causal layer does not depend on what follows.
  @Test func causality() throws {
    var probe = try LayerProbe<Double>(SelfAttention(heads: 2, causal: true), input: [6, 4], rows: 1, seed: 6)
    let output = probe.output()
    for column in 4 * 4..<6 * 4 { probe.point.input[0, column] += 3 }
    let changed = probe.output()
    #expect(Array(output.row(0)[..<16]) == Array(changed.row(0)[..<16]))
    #expect(largestDifference(Array(output.row(0)[16...]), Array(changed.row(0)[16...])) > 1e-3)
  }

  func threads<S: RealScalar>(_ type: S.Type) throws {
    for isCausal in [false, true] {
      var probe = try LayerProbe<S>(SelfAttention(heads: 2, causal: isCausal), input: [33, 16], rows: 70, seed: 8)
      let cotangents: Matrix<S> = probe.generator.matrix(70, 33 * 16)
      let shape = Attention(positions: 33, width: 16, heads: 2, isCausal: isCausal)
      #expect(70 * shape.flops > 4e6, "the work is cut")
      let fixed = probe
      #expect(areIdentical(onThreads { products(fixed, cotangents) }))
    }
  }

  private func products<S: RealScalar>(_ probe: LayerProbe<S>, _ cotangents: Matrix<S>) -> [S] {
    var probe = probe
    var result = probe.output().elements
    result += probe.pushforward(cotangents, probe.generator.vector(probe.layout.trainableCount)).elements
    probe.linearization.prepare(cotangents, at: probe.point)
    result += probe.parameterPullback(cotangents, rowWeights: probe.generator.vector(70))
    var inputCotangents = Matrix<S>(rows: 0, columns: 0)
    probe.linearization.pullback(cotangents, at: probe.point, into: &inputCotangents)
    return result + inputCotangents.elements
  }

  @Test func threads() throws {
    try threads(Double.self)
    try threads(Float.self)
  }

  @Test func parameters() {
    let specs = SelfAttention(heads: 2).parameters(for: [7, 4])
    #expect(specs.map(\.name) == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"])
    #expect(specs.map(\.shape) == [[12, 4], [12], [4, 4], [4]])
    #expect(specs.map(\.isPenalised) == [true, false, true, false])
    #expect(specs[0].initializer == .glorotUniform(fanIn: 4, fanOut: 12))
    #expect(SelfAttention(heads: 2, bias: false).parameters(for: [7, 4]).map(\.shape) == [[12, 4], [4, 4]])
  }

  @Test func costs() throws {
    let probe = try LayerProbe<Double>(SelfAttention(heads: 2), input: [5, 6], rows: 3, seed: 1)
    let costs = probe.linearization.costs(rows: 3)
    let dense = 2.0 * 15 * 6 * 6
    let core = 2 * 3 * 4.0 * 25 * 6
    #expect(costs.input == 4 * dense + core)
    #expect(costs.inner == dense + core)
    #expect(costs.parameters == 4 * dense)
  }

  @Test func refusals() {
    func message(_ layer: SelfAttention, _ input: [Int]) -> String {
      do throws(LayerError) { return "\(try layer.outputShape(for: input))" } catch { return error.message }
    }
    #expect(message(SelfAttention(heads: 2), [3, 4]) == "[3, 4]")
    #expect(message(SelfAttention(heads: 2), [4]) == "expected [positions, n], got [4]")
    let expected = "expected a number of heads that divides the width 4, got "
    #expect(message(SelfAttention(heads: 3), [3, 4]) == expected + "3")
    #expect(message(SelfAttention(heads: 0), [3, 4]) == expected + "0")
  }
}
