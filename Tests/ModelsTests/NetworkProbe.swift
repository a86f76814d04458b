import LinearAlgebra
import TestSupport

@testable import Models

/// A network on one batch with random parameters, and checks of all its products.
struct NetworkProbe<S: RealScalar> {
  let network: Network<S>
  var linearization: Linearizations.OfNetwork<S>
  var parameters: Parameters<S>
  var inputs: Inputs<S>
  var generator: SeededGenerator

  init(_ architecture: Architecture, features: Matrix<S>, rows: [Int32]?, seed: UInt64) throws {
    generator = SeededGenerator(seed: seed)
    network = try Network(architecture)
    linearization = network.makeLinearization()
    parameters = Parameters(layout: network.layout, values: generator.vector(network.layout.count, scale: 0.7))
    inputs = Inputs(features)
    inputs.rows = rows
  }

  var count: Int { network.layout.trainableCount }
  var outputRows: Int { inputs.rows?.count ?? inputs.features.rows * network.rowsPerExample }

  mutating func outputs() -> Matrix<S> {
    var result = Matrix<S>(rows: 0, columns: 0)
    linearization.linearize(at: parameters, inputs: inputs, outputs: &result)
    return result
  }

  mutating func pullback(_ cotangents: Matrix<S>, rowWeights: [S]? = nil) -> [S] {
    var result = [S](repeating: .nan, count: count)
    linearization.pullback(
      cotangents, rowWeights: rowWeights, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0),
      into: &result)
    return result
  }

  /// All rules, as relative errors; `masked` are elements that no gradient reaches although they are read.
  mutating func check(_ name: String, masked: Range<Int> = 0..<0) -> Findings {
    var findings = Findings("\(name) \(S.precisionName)")
    let limit = tolerance(S.self, double: 1e-12, float: 1e-4)
    let (rows, classes) = (outputRows, network.outputWidth)
    let outputs = self.outputs()
    findings.expect(outputs.rows == rows && outputs.columns == classes, "output shape")
    if let selected = inputs.rows {
      inputs.rows = nil
      let all = self.outputs()
      let chosen = selected.flatMap { all.row(Int($0)) }
      findings.expect(relativeError(outputs.elements, chosen.map(Double.init)), atMost: limit, "selection")
      inputs.rows = selected
      _ = self.outputs()
    }

    let tangent: [S] = generator.vector(count)
    var change = Matrix<S>(rows: 0, columns: 0)
    linearization.pushforward(tangent, into: &change)
    if S.self == Double.self {
      var slopeTangent = tangent
      for k in masked { slopeTangent[k] = 0 }
      let slope = differenceQuotient(slopeTangent)
      var change = Matrix<S>(rows: 0, columns: 0)
      linearization.pushforward(slopeTangent, into: &change)
      findings.expect(relativeError(change.elements, slope.elements.map(Double.init)), atMost: 1e-8, "pushforward")
    }
    let cotangents: Matrix<S> = generator.matrix(rows, classes)
    let pulled = pullback(cotangents)
    var (left, right, size) = (0.0, 0.0, 0.0)
    for k in change.elements.indices { left += Double(change.elements[k]) * Double(cotangents.elements[k]) }
    for k in tangent.indices {
      right += Double(pulled[k]) * Double(tangent[k])
      size += (Double(pulled[k]) * Double(tangent[k])).magnitude
    }
    findings.expect((left - right).magnitude / size, atMost: limit / 10, "<u, J v> = <J^T u, v>")

    // The rows of M: pullbacks of cotangents that are zero elsewhere.
    var m: [[Double]] = []
    for i in 0..<rows {
      var single = Matrix<S>(rows: rows, columns: classes)
      for c in 0..<classes { single[i, c] = cotangents[i, c] }
      m.append(pullback(single).map(Double.init))
    }
    let weights: [S] = generator.vector(rows)
    let (alpha, beta) = (
      ParameterLayout.Factors<S>(penalised: 0.7, free: -1.3), ParameterLayout.Factors<S>(penalised: 0.4, free: 1)
    )
    let old: [S] = generator.vector(count)
    var expected = old.map(Double.init)
    for slice in network.layout.trainable {
      for k in slice.range {
        expected[k] *= Double(beta[slice])
        for i in 0..<rows { expected[k] += Double(alpha[slice]) * Double(weights[i]) * m[i][k] }
      }
    }
    var result = old
    linearization.pullback(cotangents, rowWeights: weights, alpha: alpha, beta: beta, into: &result)
    findings.expect(relativeError(result, expected), atMost: limit, "pullback")

    linearization.backpropagate(cotangents)
    var products = [S](repeating: .nan, count: rows)
    linearization.rowProducts(tangent, into: &products)
    findings.expect(
      relativeError(products, m.map { zip($0, tangent).reduce(0) { $0 + $1.0 * Double($1.1) } }), atMost: limit,
      "rowProducts")
    var gram = Linearizations.RowGram<S>()
    linearization.rowGram(into: &gram)
    var norms = [S](repeating: .nan, count: rows)
    linearization.rowSquaredNorms(into: &norms)
    // After the Gram and the norms the cotangents are still there.
    result = old
    linearization.pullback(rowWeights: weights, alpha: alpha, beta: beta, into: &result)
    findings.expect(relativeError(result, expected), atMost: limit, "pullback(rowWeights:)")
    var (parts, sums): ([S], [Double]) = ([], [])
    for (part, isPenalised) in [(gram.penalised, true), (gram.free, false)] {
      let columns = network.layout.trainable.filter { $0.isPenalised == isPenalised }.flatMap { Array($0.range) }
      for i in 0..<rows {
        for j in 0...i {
          parts.append(part[i, j])
          sums.append(columns.reduce(0) { $0 + m[i][$1] * m[j][$1] })
        }
      }
    }
    findings.expect(relativeError(parts, sums), atMost: limit, "rowGram")
    findings.expect(
      relativeError(norms, m.map { $0.reduce(0) { $0 + $1 * $1 } }), atMost: limit, "rowSquaredNorms")
    linearization.rowSquaredNorms(of: cotangents, into: &norms)
    findings.expect(
      relativeError(norms, m.map { $0.reduce(0) { $0 + $1 * $1 } }), atMost: limit, "rowSquaredNorms(of:)")

    // Work areas that held another batch change nothing.
    let whole = (inputs, outputs)
    inputs.dense = Matrix(rows: 1, columns: network.inputWidth)
    inputs.rows = nil
    _ = self.outputs()
    inputs = whole.0
    findings.expect(self.outputs() == whole.1, "again")
    return findings
  }

  /// The derivative of the outputs along a change, by differences of fourth order.
  private mutating func differenceQuotient(_ tangent: [S]) -> Matrix<S> {
    let (center, step) = (parameters, S(2e-4))
    var result = outputs()
    result.clear()
    for (distance, factor) in [(1, 8), (-1, -8), (2, -1), (-2, 1)] as [(S, S)] {
      parameters.move(by: distance * step, along: tangent)
      result.combine(factor / (12 * step), outputs())
      parameters = center
    }
    _ = outputs()
    return result
  }
}
