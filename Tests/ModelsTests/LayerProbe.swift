import LinearAlgebra
import TestSupport

@testable import Models

/// A layer alone on a batch of random numbers: its parameters lie behind others in the flat buffer.
struct LayerCase {
  let layer: any Layer
  let input: [Int]
  var rows = 5
  var seed: UInt64 = 1
  var dropoutSeed: Layers.DropoutSeed?
  /// Keeps inputs from where a function has a kink, so that differences exist.
  var isAwayFromZero = false
  /// Inputs are token numbers below it, and do not move.
  var vocabulary: Int?
  /// Elements of the layer's first slice that are read but not trained: tangents are zero there.
  var untrained = 0..<0

  var layout: ParameterLayout {
    var layout = ParameterLayout()
    layout.append("before", shape: [3], isPenalised: true)
    for spec in layer.parameters(for: input) {
      layout.append(
        spec.name, shape: spec.shape, isPenalised: spec.isPenalised, isFrozen: spec.isFrozen,
        initializer: spec.initializer)
    }
    layout.append("after", shape: [2], isPenalised: false)
    layout.append("after, frozen", shape: [2], isPenalised: false, isFrozen: true)
    return layout
  }

  var site: Layers.Site {
    Layers.Site(path: "3", input: input, slices: Array(layout.slices.dropFirst().dropLast(2)))
  }

  var width: Int { input.reduce(1, *) }
  var outputWidth: Int { (try? layer.outputShape(for: input))?.reduce(1, *) ?? 0 }
}

/// Everything a layer's products must satisfy, at one point.
struct LayerProbe<S: RealScalar> {
  let layout: ParameterLayout
  let slices: [ParameterLayout.Slice]
  /// Trained slices only.
  let trained: [ParameterLayout.Slice]
  var point: Layers.Point<S>
  let inputTangent: Matrix<S>
  let tangent: [S]
  let cotangents: Matrix<S>
  let rowWeights: [S]
  var layer: any LayerLinearization<S>
  var output = Matrix<S>(rows: 0, columns: 0)
  private var limit: Double

  init(_ test: LayerCase, limit: Double) {
    layout = test.layout
    slices = test.site.slices
    trained = slices.filter { !$0.isFrozen }
    var generator = SeededGenerator(seed: test.seed)
    var parameters = Parameters<Double>(layout: layout, using: &generator)
    // Gains and variances stay positive.
    for k in parameters.values.indices { parameters.values[k] += 0.6 * generator.uniform() - 0.3 }
    func draw(_ count: Int) -> [S] { (0..<count).map { _ in S(Float(generator.normal())) } }
    point = Layers.Point(
      input: Matrix(rows: test.rows, columns: test.width, elements: draw(test.rows * test.width)),
      values: parameters.values.map { S(Float($0)) }, dropoutSeed: test.dropoutSeed)
    if test.isAwayFromZero {
      for k in 0..<point.input.rows {
        for j in 0..<test.width where abs(point.input[k, j]) < 0.05 { point.input[k, j] += 0.1 }
      }
    }
    var inputTangent = Matrix(rows: test.rows, columns: test.width, elements: draw(test.rows * test.width))
    var tangent = draw(layout.trainableCount)
    if let vocabulary = test.vocabulary {
      for k in 0..<point.input.rows {
        for j in 0..<test.width { point.input[k, j] = S(generator.index(below: vocabulary)) }
      }
      inputTangent.clear()
    }
    for k in test.untrained { tangent[slices[0].offset + k] = 0 }
    (self.inputTangent, self.tangent) = (inputTangent, tangent)
    cotangents = Matrix(rows: test.rows, columns: test.outputWidth, elements: draw(test.rows * test.outputWidth))
    rowWeights = draw(test.rows)
    layer = test.layer.makeLinearization(at: test.site, as: S.self)
    layer.forward(at: point, into: &output)
    self.limit = limit
  }

  private var none: Matrix<S> { Matrix(rows: 0, columns: 0) }
  /// Parameters' tangent, if there is something to move.
  private var ownTangent: [S]? { trained.isEmpty ? nil : tangent }

  mutating func pushforward(_ inputTangent: Matrix<S>?, _ tangent: [S]?) -> Matrix<S> {
    var result = none
    layer.pushforward(inputTangent, tangent, at: point, into: &result)
    return result
  }

  mutating func pullback(_ cotangents: Matrix<S>) -> Matrix<S> {
    var result = none
    layer.prepare(cotangents, at: point)
    layer.pullback(cotangents, at: point, into: &result)
    return result
  }

  mutating func parameterPullback(
    _ weights: [S]?, alpha: ParameterLayout.Factors<S> = ParameterLayout.Factors(1),
    beta: ParameterLayout.Factors<S> = ParameterLayout.Factors(0),
    from start: [S]? = nil
  ) -> [S] {
    var result = start ?? [S](repeating: 0, count: layout.trainableCount)
    layer.prepare(cotangents, at: point)
    layer.parameterPullback(cotangents, rowWeights: weights, alpha: alpha, beta: beta, at: point, into: &result)
    return result
  }

  /// J_theta,i^T c_i [R, P], by one-hot row weights.
  mutating func rows() -> [[S]] {
    (0..<point.rows).map { i in
      var unit = [S](repeating: 0, count: point.rows)
      unit[i] = 1
      return parameterPullback(unit)
    }
  }

  mutating func run(_ context: String) -> Findings {
    var findings = Findings(context)
    checkInput(&findings)
    if !trained.isEmpty {
      checkParameters(&findings)
      checkRows(&findings)
    }
    return findings
  }

  private mutating func checkInput(_ findings: inout Findings) {
    findings.expect(output.rows == point.rows && output.elements.isFinite, "output is finite")
    let along = pushforward(inputTangent, nil)
    findings.expect(along.columns == output.columns && along.rows == output.rows, "shape of a pushforward")
    let back = pullback(cotangents)
    findings.expect(back.columns == point.input.columns && back.rows == point.rows, "shape of a pullback")
    findings.expect(
      adjointError((cotangents.elements, along.elements), (back.elements, inputTangent.elements)), atMost: limit,
      "<u, J v> = <J^T u, v>, input")
    let both = pushforward(inputTangent, ownTangent)
    var sum = along
    if let ownTangent { sum.combine(1, pushforward(nil, ownTangent)) }
    findings.expect(relativeError(both.elements, doubles(sum.elements)), atMost: limit, "tangents add up")
  }

  private mutating func checkParameters(_ findings: inout Findings) {
    let image = pushforward(nil, tangent)
    var (dense, own) = (parameterPullback(nil), tangent)
    findings.expect(
      adjointError((cotangents.elements, image.elements), (dense, tangent)), atMost: limit,
      "<u, J v> = <J^T u, v>, parameters")
    // Other slices are neither read nor written.
    for k in own.indices where !trained.contains(where: { $0.range.contains(k) }) {
      findings.expect(dense[k] == 0, "other slices stay")
      own[k] = .nan
      dense[k] = .nan
    }
    findings.expect(bits(pushforward(nil, own).elements) == bits(image.elements), "other slices are not read")
    // alpha J^T diag(w) c + beta start, with factors for each kind of slice.
    let (alpha, beta) = (
      ParameterLayout.Factors<S>(penalised: 0.5, free: -2), ParameterLayout.Factors<S>(penalised: 3, free: 0.25)
    )
    let weighted = parameterPullback(rowWeights)
    let result = parameterPullback(rowWeights, alpha: alpha, beta: beta, from: tangent)
    var expected = doubles(tangent)
    for slice in trained {
      for k in slice.range {
        expected[k] = Double(alpha[slice]) * Double(weighted[k]) + Double(beta[slice]) * Double(tangent[k])
      }
    }
    findings.expect(relativeError(result, expected), atMost: limit, "alpha and beta")
    var unread = tangent
    for slice in trained { for k in slice.range { unread[k] = .nan } }
    let fresh = parameterPullback(rowWeights, from: unread)
    for slice in trained {
      findings.expect(fresh[slice.range].elementsEqual(weighted[slice.range]), "beta 0 does not read the result")
    }
    // Row products.
    layer.prepare(cotangents, at: point)
    var products = rowWeights
    layer.addRowProducts(tangent, cotangents, at: point, into: &products)
    for i in 0..<point.rows {
      let exact = dot(cotangents.row(i), image.row(i))
      findings.expect(
        abs(Double(products[i]) - Double(rowWeights[i]) - exact.value) / (1 + exact.size), atMost: limit,
        "row products")
    }
  }

  private mutating func checkRows(_ findings: inout Findings) {
    let rows = rows()
    let weighted = parameterPullback(rowWeights)
    var sum = [Double](repeating: 0, count: weighted.count)
    for (row, weight) in zip(rows, rowWeights) { for k in row.indices { sum[k] += Double(weight) * Double(row[k]) } }
    findings.expect(relativeError(weighted, sum), atMost: limit, "row weights")

    layer.prepare(cotangents, at: point)
    var gradients = [Matrix<S>](repeating: none, count: slices.count)
    layer.rowGradients(of: cotangents, at: point, into: &gradients)
    var gram = Linearizations.RowGram<S>()
    gram.reset(rows: point.rows)
    layer.addRowGram(of: cotangents, at: point, into: &gram)
    layer.addRowGram(of: cotangents, at: point, into: &gram)
    var norms = rowWeights
    layer.addRowSquaredNorms(of: cotangents, at: point, into: &norms)
    for i in 0..<point.rows {
      for (k, slice) in slices.enumerated() where !slice.isFrozen {
        findings.expect(
          relativeError(Array(gradients[k].row(i)), doubles(Array(rows[i][slice.range]))), atMost: limit,
          "row gradients")
      }
      for j in 0...i {
        for isPenalised in [true, false] {
          let (mine, part) = (
            isPenalised ? gram.penalised : gram.free, trained.filter { $0.isPenalised == isPenalised }
          )
          var (value, size) = (0.0, 0.0)
          for slice in part {
            let product = dot(rows[i][slice.range], rows[j][slice.range])
            value += product.value
            size += product.size
          }
          findings.expect(abs(Double(mine[i, j]) / 2 - value) / (1 + size), atMost: limit, "row Gram")
        }
      }
      let square = dot(rows[i][...], rows[i][...])
      findings.expect(
        abs(Double(norms[i]) - Double(rowWeights[i]) - square.value) / (1 + square.value), atMost: limit,
        "squared norms")
    }
  }

  private func adjointError(_ a: ([S], [S]), _ b: ([S], [S])) -> Double {
    let (first, second) = (dot(a.0[...], a.1[...]), dot(b.0[...], b.1[...]))
    return abs(first.value - second.value) / max(first.size, second.size, .leastNormalMagnitude)
  }
}

/// In double: the sum, and the sum of absolute values, which rounding is relative to.
private func dot<S: RealScalar>(_ a: ArraySlice<S>, _ b: ArraySlice<S>) -> (value: Double, size: Double) {
  zip(a, b).reduce(into: (0, 0)) {
    let product = Double($1.0) * Double($1.1)
    $0.value += product
    $0.size += abs(product)
  }
}

private func doubles<S: RealScalar>(_ x: [S]) -> [Double] { x.map { Double($0) } }

extension LayerCase {
  /// All checks in both precisions: identities in each, derivatives in double, float against double.
  func check(
    double: Double = 1e-13, float: Double = 2e-6, differences: Double = 1e-9, title: String = #function
  ) -> Findings {
    let context = "\(layer.type) \(input) rows \(rows) seed \(seed)"
    var wide = LayerProbe<Double>(self, limit: double)
    var narrow = LayerProbe<Float>(self, limit: float)
    var findings = wide.run("float64 " + context)
    findings.report(title + ", float64")
    var other = narrow.run("float32 " + context)
    other.report(title + ", float32")
    other.merge(findings)
    findings = Findings(context)
    checkDifferences(&wide, differences, &findings)
    findings.expect(relativeError(narrow.output.elements, wide.output.elements), atMost: float, "float: output")
    let own: [Double]? = wide.trained.isEmpty ? nil : wide.tangent
    findings.expect(
      relativeError(
        narrow.pushforward(narrow.inputTangent, own.map { $0.map { Float($0) } }).elements,
        wide.pushforward(wide.inputTangent, own).elements), atMost: float, "float: pushforward")
    findings.expect(
      relativeError(narrow.pullback(narrow.cotangents).elements, wide.pullback(wide.cotangents).elements),
      atMost: float, "float: pullback")
    if own != nil {
      findings.expect(
        relativeError(
          narrow.parameterPullback(narrow.rowWeights), wide.parameterPullback(wide.rowWeights)), atMost: float,
        "float: parameter pullback")
    }
    checkReuse(&wide, &findings)
    findings.report(title)
    findings.merge(other)
    return findings
  }

  /// The pushforward against fourth-order central differences of the forward pass.
  private func checkDifferences(_ checks: inout LayerProbe<Double>, _ limit: Double, _ findings: inout Findings) {
    func output(_ step: Double, _ inputTangent: Matrix<Double>?, _ tangent: [Double]?) -> [Double] {
      var point = checks.point
      if let inputTangent { point.input.combine(step, inputTangent) }
      if let tangent {
        for slice in checks.trained { point.values.combine(step, tangent, range: slice.range) }
      }
      var result = Matrix<Double>(rows: 0, columns: 0)
      var layer = self.layer.makeLinearization(at: site, as: Double.self)
      layer.forward(at: point, into: &result)
      return result.elements
    }
    let step = 3e-4
    let own: [Double]? = checks.trained.isEmpty ? nil : checks.tangent
    let input = vocabulary == nil ? checks.inputTangent : nil
    let cases: [(String, Matrix<Double>?, [Double]?)] = [
      ("input", input, nil), ("parameters", nil, own), ("both", input, own),
    ]
    for (name, inputTangent, tangent) in cases where inputTangent != nil || tangent != nil {
      let values = [-2, -1, 1, 2].map { output($0 * step, inputTangent, tangent) }
      let expected = values[0].indices.map {
        (values[0][$0] - 8 * values[1][$0] + 8 * values[2][$0] - values[3][$0]) / (12 * step)
      }
      let result = checks.pushforward(inputTangent, tangent).elements
      findings.expect(relativeError(result, to: expected), atMost: limit, "differences, \(name)")
    }
  }

  /// The same bits after the work areas have had other sizes.
  private func checkReuse(_ checks: inout LayerProbe<Double>, _ findings: inout Findings) {
    let fresh = results(&checks)
    for rows in [1, self.rows + 3] {
      var other = self
      other.rows = rows
      let elsewhere = LayerProbe<Double>(other, limit: 0).point
      var output = Matrix<Double>(rows: 0, columns: 0)
      checks.layer.forward(at: elsewhere, into: &output)
    }
    checks.layer.forward(at: checks.point, into: &checks.output)
    findings.expect(bits(results(&checks)) == bits(fresh), "the same bits when work areas are used again")
  }

  /// Output and all products in a row.
  func results<S: RealScalar>(_ checks: inout LayerProbe<S>) -> [S] {
    let own: [S]? = checks.trained.isEmpty ? nil : checks.tangent
    var all = checks.output.elements + checks.pushforward(checks.inputTangent, own).elements
    all += checks.pullback(checks.cotangents).elements
    guard own != nil else { return all }
    all += checks.parameterPullback(checks.rowWeights)
    var (norms, gram) = (checks.rowWeights, Linearizations.RowGram<S>())
    gram.reset(rows: checks.point.rows)
    checks.layer.addRowProducts(checks.tangent, checks.cotangents, at: checks.point, into: &norms)
    checks.layer.addRowSquaredNorms(of: checks.cotangents, at: checks.point, into: &norms)
    checks.layer.addRowGram(of: checks.cotangents, at: checks.point, into: &gram)
    for i in 0..<checks.point.rows { all += gram.penalised.row(i).prefix(i + 1) + gram.free.row(i).prefix(i + 1) }
    return all + norms
  }

  /// Whether all results are the same bit for bit on 1, 2 and 3 threads, and those of the last row, where rows do not
  /// depend on each other, what they are for that row alone. Rows and shape should be large enough for the work to be
  /// cut.
  func isDeterministic<S: RealScalar>(as type: S.Type, rowsAreIndependent: Bool = true) -> Bool {
    let drawn = LayerProbe<S>(self, limit: 0)
    let all = onThreads {
      var checks = drawn
      checks.layer.forward(at: checks.point, into: &checks.output)
      return results(&checks)
    }
    guard areIdentical(all) else { return false }
    return !rowsAreIndependent || lastRowError(drawn) < tolerance(S.self, double: 1e-13, float: 2e-6)
  }

  private func lastRowError<S: RealScalar>(_ drawn: LayerProbe<S>) -> Double {
    func last(_ x: Matrix<S>) -> Matrix<S> { Matrix(rows: 1, columns: x.columns, elements: Array(x.row(x.rows - 1))) }
    func products(_ layer: any LayerLinearization<S>, _ point: Layers.Point<S>, _ select: (Matrix<S>) -> Matrix<S>)
      -> [Matrix<S>]
    {
      var layer = layer
      var results = [Matrix<S>](repeating: Matrix(rows: 0, columns: 0), count: 3)
      let cotangents = select(drawn.cotangents)
      layer.forward(at: point, into: &results[0])
      layer.pushforward(select(drawn.inputTangent), nil, at: point, into: &results[1])
      layer.prepare(cotangents, at: point)
      layer.pullback(cotangents, at: point, into: &results[2])
      return results
    }
    var alone = drawn.point
    alone.input = last(alone.input)
    let pairs = zip(products(drawn.layer, drawn.point) { $0 }, products(drawn.layer, alone, last))
    return pairs.reduce(0) { largest($0, relativeError($1.1.elements, last($1.0).elements.map { Double($0) })) }
  }
}
