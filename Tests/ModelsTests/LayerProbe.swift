import LinearAlgebra
import TestSupport

@testable import Models

/// One layer on one random batch, with parameters of others before and behind its own, and checks of all its products
/// against each other.
struct LayerProbe<S: RealScalar> {
  var linearization: any LayerLinearization<S>
  var point: LayerPoint<S>
  let layout: ParameterLayout
  let outputWidth: Int
  let takesTokens: Bool
  var generator: SeededGenerator

  /// `features` are random numbers if they are not given.
  init(_ layer: any Layer, input: [Int], rows: Int, features: Matrix<S>? = nil, seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var layout = ParameterLayout()
    layout.append("before", shape: [3], isPenalised: true)
    for spec in layer.parameters(for: input) {
      layout.append("0.\(spec.name)", shape: spec.shape, isPenalised: spec.isPenalised, isFrozen: spec.isFrozen)
    }
    layout.append("behind", shape: [2], isPenalised: false)
    layout.append("frozen", shape: [4], isPenalised: true, isFrozen: true)
    self.layout = layout
    let own = layout.slices.filter { $0.name.hasPrefix("0.") }
    outputWidth = try layer.outputShape(for: input).reduce(1, *)
    takesTokens = layer.takesTokens
    linearization = layer.makeLinearization(at: LayerSite(path: "0", input: input, slices: own), as: S.self)
    point = LayerPoint(
      input: features ?? generator.matrix(rows, input.reduce(1, *)), values: generator.vector(layout.count, scale: 0.5))
    self.generator = generator
  }

  var ownTrainable: [ParameterSlice] { linearization.slices.filter { !$0.isFrozen } }

  mutating func output() -> Matrix<S> {
    var result = Matrix<S>(rows: 0, columns: 0)
    linearization.forward(at: point, into: &result)
    return result
  }

  mutating func pushforward(_ inputTangent: Matrix<S>?, _ tangent: [S]?) -> Matrix<S> {
    var result = Matrix<S>(rows: 0, columns: 0)
    linearization.pushforward(inputTangent, tangent, at: point, into: &result)
    return result
  }

  mutating func parameterPullback(_ cotangents: Matrix<S>, rowWeights: [S]?) -> [S] {
    var result = [S](repeating: .nan, count: layout.trainableCount)
    for k in result.indices where !ownTrainable.contains(where: { $0.range.contains(k) }) { result[k] = 0 }
    linearization.parameterPullback(
      cotangents, rowWeights: rowWeights, alpha: SliceFactors(1), beta: SliceFactors(0), at: point, into: &result)
    return result
  }

  /// All the rules, as relative errors; `masked` are elements of the tangent that must be zero for a difference quotient
  /// to be right.
  mutating func check(_ name: String, masked: Range<Int> = 0..<0) -> Findings {
    var findings = Findings("\(name) \(S.precisionName)")
    let limit = tolerance(S.self, double: 1e-12, float: 1e-4)
    let (rows, own) = (point.rows, ownTrainable)
    let output = self.output()
    findings.expect(output.rows == rows && output.columns == outputWidth, "output shape")
    let inputTangent: Matrix<S>? = takesTokens ? nil : generator.matrix(rows, point.input.columns)
    let tangent: [S]? = own.isEmpty ? nil : generator.vector(layout.trainableCount)
    let change = pushforward(inputTangent, tangent)
    if S.self == Double.self {
      var slopeTangent = tangent
      for k in masked { slopeTangent?[layout["0.weight"]!.offset + k] = 0 }
      let change = pushforward(inputTangent, slopeTangent)
      let slope = differenceQuotient(inputTangent, slopeTangent)
      findings.expect(relativeError(change.elements, slope.elements.map(Double.init)), atMost: 1e-8, "pushforward")
    }
    if let inputTangent, let tangent {
      var sum = pushforward(inputTangent, nil)
      sum.combine(1, pushforward(nil, tangent))
      findings.expect(relativeError(sum.elements, change.elements.map(Double.init)), atMost: limit, "parts")
    }

    let cotangents: Matrix<S> = generator.matrix(rows, outputWidth)
    linearization.prepare(cotangents, at: point)
    var inputCotangents = Matrix<S>(rows: 0, columns: 0)
    linearization.pullback(cotangents, at: point, into: &inputCotangents)
    findings.expect(inputCotangents.rows == rows && inputCotangents.columns == point.input.columns, "input shape")
    var (right, size) = (0.0, 0.0)
    func add(_ a: [S], _ b: [S]) {
      for k in a.indices {
        right += Double(a[k]) * Double(b[k])
        size += (Double(a[k]) * Double(b[k])).magnitude
      }
    }
    if let inputTangent { add(inputCotangents.elements, inputTangent.elements) }
    if takesTokens { findings.expect(inputCotangents.elements.allSatisfy { $0 == 0 }, "no cotangents of tokens") }
    if let tangent { add(parameterPullback(cotangents, rowWeights: nil), tangent) }
    var left = 0.0
    for k in change.elements.indices { left += Double(change.elements[k]) * Double(cotangents.elements[k]) }
    findings.expect((left - right).magnitude / size, atMost: limit / 10, "<u, J v> = <J^T u, v>")
    guard let tangent else { return findings }

    // The rows of M, one by one.
    var m = Matrix<S>(rows: rows, columns: layout.trainableCount)
    for i in 0..<rows {
      var unit = [S](repeating: 0, count: rows)
      unit[i] = 1
      let row = parameterPullback(cotangents, rowWeights: unit)
      for k in row.indices { m[i, k] = row[k] }
    }
    let weights: [S] = generator.vector(rows)
    let old: [S] = generator.vector(layout.trainableCount)
    var pulled = old
    let (alpha, beta) = (SliceFactors<S>(penalised: 0.7, free: -1.3), SliceFactors<S>(penalised: 0.4, free: 1))
    linearization.parameterPullback(
      cotangents, rowWeights: weights, alpha: alpha, beta: beta, at: point, into: &pulled)
    var expected = old.map(Double.init)
    for slice in own {
      for k in slice.range {
        expected[k] *= Double(beta[slice])
        for i in 0..<rows { expected[k] += Double(alpha[slice]) * Double(weights[i]) * Double(m[i, k]) }
      }
    }
    findings.expect(relativeError(pulled, expected), atMost: limit, "parameterPullback")

    var products: [S] = generator.vector(rows)
    expected = products.map(Double.init)
    for i in 0..<rows {
      for k in tangent.indices { expected[i] += Double(m[i, k]) * Double(tangent[k]) }
    }
    linearization.addRowProducts(tangent, cotangents, at: point, into: &products)
    findings.expect(relativeError(products, expected), atMost: limit, "addRowProducts")

    var gram = RowGram<S>()
    gram.reset(rows: rows)
    linearization.addRowGram(of: cotangents, at: point, into: &gram)
    linearization.addRowGram(of: cotangents, at: point, into: &gram)
    var norms: [S] = generator.vector(rows)
    let before = norms
    linearization.addRowSquaredNorms(of: cotangents, at: point, into: &norms)
    var (diagonal, sums): ([Double], [Double]) = (before.map(Double.init), [])
    var parts: [S] = []
    for (part, isPenalised) in [(gram.penalised, true), (gram.free, false)] {
      let columns = own.filter { $0.isPenalised == isPenalised }.flatMap { Array($0.range) }
      for i in 0..<rows {
        for j in 0...i {
          let sum = columns.reduce(0.0) { $0 + Double(m[i, $1]) * Double(m[j, $1]) }
          sums.append(2 * sum)
          parts.append(part[i, j])
          if i == j { diagonal[i] += sum }
        }
      }
    }
    findings.expect(relativeError(parts, sums), atMost: limit, "addRowGram")
    findings.expect(relativeError(norms, diagonal), atMost: limit, "addRowSquaredNorms")
    return findings
  }

  /// The derivative of the outputs along a change, by differences of fourth order.
  private mutating func differenceQuotient(_ inputTangent: Matrix<S>?, _ tangent: [S]?) -> Matrix<S> {
    let (center, step) = (point, S(2e-4))
    var result = output()
    result.clear()
    for (distance, factor) in [(1, 8), (-1, -8), (2, -1), (-2, 1)] as [(S, S)] {
      if let inputTangent { point.input.combine(distance * step, inputTangent) }
      if let tangent { point.values.combine(distance * step, tangent, range: 0..<tangent.count) }
      result.combine(factor / (12 * step), output())
      point = center
    }
    _ = output()
    return result
  }
}
