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
  static let layers: [(layer: Layers.SelfAttention, shape: [Int], rows: Int)] = [
    (Layers.SelfAttention(heads: 1), [1, 2], 2), (Layers.SelfAttention(heads: 2), [5, 6], 3),
    (Layers.SelfAttention(heads: 3, causal: true), [6, 9], 2),
    (Layers.SelfAttention(heads: 4, causal: true, bias: false), [19, 8], 2),
    (Layers.SelfAttention(heads: 1, bias: false), [3, 5], 4),
  ]

  @Test func rules() {
    for ((layer, shape, rows), seed) in zip(Self.layers, UInt64(1)...) {
      #expect(LayerCase(layer: layer, input: shape, rows: rows, seed: seed).check().violations.isEmpty)
    }
  }

  /// The definition in plain loops, in double.
  static func reference(
    _ layer: Layers.SelfAttention, _ shape: [Int], _ x: [Double], _ parameter: (String) -> [Double]?
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

  /// The largest relative error of an example's output.
  private func forwardError<S: RealScalar>(_ layer: Layers.SelfAttention, _ shape: [Int], _ checks: LayerProbe<S>)
    -> Double
  {
    (0..<checks.point.rows).reduce(0) { worst, i in
      let expected = Self.reference(layer, shape, checks.point.input.row(i).map(Double.init)) { name in
        checks.layout[name].map { checks.point.values[$0.range].map(Double.init) }
      }
      return largest(worst, relativeError(Array(checks.output.row(i)), expected))
    }
  }

  @Test func forward() {
    for ((layer, shape, rows), seed) in zip(Self.layers, UInt64(20)...) {
      let test = LayerCase(layer: layer, input: shape, rows: rows, seed: seed)
      #expect(forwardError(layer, shape, LayerProbe<Double>(test, limit: 0)) < 1e-14, "\(layer) \(shape)")
      #expect(forwardError(layer, shape, LayerProbe<Float>(test, limit: 0)) < 1e-6, "\(layer) \(shape)")
    }
  }

  /// Scores far apart neither overflow nor leave the sum of one.
  @Test func largeScores() {
    let layer = Layers.SelfAttention(heads: 2, causal: true)
    var checks = LayerProbe<Float>(LayerCase(layer: layer, input: [17, 4], rows: 2), limit: 0)
    checks.point.input.scale(by: 300)
    checks.layer.forward(at: checks.point, into: &checks.output)
    #expect(forwardError(layer, [17, 4], checks) < 1e-3)
  }

  /// A position of a causal layer does not depend on what follows.
  @Test func causality() {
    let layer = Layers.SelfAttention(heads: 2, causal: true)
    var checks = LayerProbe<Double>(LayerCase(layer: layer, input: [6, 4], rows: 1), limit: 0)
    let output = checks.output
    for column in 4 * 4..<6 * 4 { checks.point.input[0, column] += 3 }
    checks.layer.forward(at: checks.point, into: &checks.output)
    #expect(output.row(0)[..<16] == checks.output.row(0)[..<16])
    #expect(largestDifference(Array(output.row(0)[16...]), Array(checks.output.row(0)[16...])) > 1e-3)
  }

  /// At sizes where the work is really cut.
  @Test func resultsDoNotDependOnThreads() {
    for isCausal in [false, true] {
      let test = LayerCase(layer: Layers.SelfAttention(heads: 2, causal: isCausal), input: [33, 16], rows: 70)
      #expect(70 * Attention(positions: 33, width: 16, heads: 2, isCausal: isCausal).flops > 4e6)
      #expect(test.isDeterministic(as: Float.self) && test.isDeterministic(as: Double.self))
    }
  }

  @Test func parameters() {
    let specs = Layers.SelfAttention(heads: 2).parameters(for: [7, 4])
    #expect(specs.map(\.name) == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"])
    #expect(specs.map(\.shape) == [[12, 4], [12], [4, 4], [4]])
    #expect(specs.map(\.isPenalised) == [true, false, true, false])
    #expect(specs[0].initializer == .glorotUniform(fanIn: 4, fanOut: 12))
    #expect(Layers.SelfAttention(heads: 2, bias: false).parameters(for: [7, 4]).map(\.shape) == [[12, 4], [4, 4]])
  }

  @Test func costs() {
    let test = LayerCase(layer: Layers.SelfAttention(heads: 2), input: [5, 6])
    let costs = test.layer.makeLinearization(at: test.site, as: Double.self).costs(rows: 3)
    let dense = 2.0 * 15 * 6 * 6
    let core = 2 * 3 * 4.0 * 25 * 6
    #expect(costs.input == 4 * dense + core)
    #expect(costs.inner == dense + core)
    #expect(costs.parameters == 4 * dense)
  }

  @Test func refusals() {
    func message(_ layer: Layers.SelfAttention, _ input: [Int]) -> String {
      do throws(Layers.Failure) { return "\(try layer.outputShape(for: input))" } catch { return error.message }
    }
    #expect(message(Layers.SelfAttention(heads: 2), [3, 4]) == "[3, 4]")
    #expect(message(Layers.SelfAttention(heads: 2), [4]) == "expected [positions, n], got [4]")
    let expected = "expected a number of heads that divides the width 4, got "
    #expect(message(Layers.SelfAttention(heads: 3), [3, 4]) == expected + "3")
    #expect(message(Layers.SelfAttention(heads: 0), [3, 4]) == expected + "0")
  }
}
