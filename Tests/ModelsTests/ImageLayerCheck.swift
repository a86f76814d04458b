import LinearAlgebra
import Models
import TestSupport

/// Every rule of one layer on random data, against loops, differences, adjoints and explicit rows.
struct ImageLayerCheck<S: RealScalar> {
  let layer: any Layer
  let input: [Int]
  let rows: Int
  let layout: ParameterLayout
  let site: Layers.Site
  let point: Layers.Point<S>
  let outputWidth: Int
  var generator: SeededGenerator
  var findings: Findings

  /// The layer's slices stand between two others, so that offsets matter.
  init(_ layer: any Layer, input: [Int], rows: Int, seed: UInt64) {
    self.layer = layer
    self.input = input
    self.rows = rows
    guard let output = try? layer.outputShape(for: input) else { preconditionFailure("\(layer) refuses \(input)") }
    outputWidth = output.reduce(1, *)
    var layout = ParameterLayout()
    layout.append("before", shape: [3], isPenalised: true)
    for spec in layer.parameters(for: input) {
      layout.append(spec.name, shape: spec.shape, isPenalised: spec.isPenalised)
    }
    layout.append("after", shape: [2], isPenalised: false)
    self.layout = layout
    site = Layers.Site(path: "1", input: input, slices: Array(layout.slices.dropFirst().dropLast()))
    var generator = SeededGenerator(seed: seed)
    point = Layers.Point(
      input: generator.matrix(rows, input.reduce(1, *)), values: generator.vector(layout.count))
    self.generator = generator
    findings = Findings("\(layer) \(input) rows \(rows) seed \(seed) \(S.precisionName)")
  }

  private var limit: Double { tolerance(S.self, double: 2e-14, float: 1e-5) }

  mutating func run(
    _ make: (Layers.Site) -> any LayerLinearization<S>, forward: ([Double], [Double]) -> [Double]
  ) -> Findings {
    func open(_ linearization: some LayerLinearization<S>, _ check: inout ImageLayerCheck) {
      var linearization = linearization
      check.checkForward(&linearization, forward)
      check.checkAdjoints(&linearization)
      if !check.site.slices.isEmpty { check.checkRows(&linearization) }
    }
    open(make(site), &self)
    return findings
  }

  private func output(_ at: Layers.Point<S>, _ linearization: inout some LayerLinearization<S>) -> Matrix<S> {
    var y = memory(outputWidth)
    linearization.forward(at: at, into: &y)
    return y
  }

  /// Results come into memory that holds something: NaN.
  private func memory(_ columns: Int) -> Matrix<S> {
    Matrix(rows: rows, columns: columns, elements: [S](repeating: .nan, count: rows * columns))
  }

  private mutating func checkForward(
    _ linearization: inout some LayerLinearization<S>, _ forward: ([Double], [Double]) -> [Double]
  ) {
    let y = output(point, &linearization)
    findings.expect(y.rows == rows && y.columns == outputWidth, "shape of outputs")
    let expected = (0..<rows).flatMap { i in
      forward(point.input.row(i).map { Double($0) }, point.values.map { Double($0) })
    }
    findings.expect(relativeError(y.elements, expected), atMost: limit, "forward")
    guard S.self == Double.self else { return }
    let (dx, t) = (generator.matrix(rows, point.input.columns, as: S.self), tangent())
    func moved(_ h: S) -> Matrix<S> {
      var other = point
      other.input.combine(h, dx)
      other.values.combine(h, t)
      return output(other, &linearization)
    }
    let h: S = 1e-6
    var difference = moved(h)
    difference.combine(-1, moved(-h))
    difference.scale(by: 1 / (2 * h))
    _ = output(point, &linearization)
    var product = memory(outputWidth)
    linearization.pushforward(dx, site.slices.isEmpty ? nil : t, at: point, into: &product)
    findings.expect(
      relativeError(product.elements, difference.elements.map { Double($0) }), atMost: 1e-8, "central differences")
  }

  private mutating func tangent() -> [S] { generator.vector(layout.trainableCount) }

  private mutating func checkAdjoints(_ linearization: inout some LayerLinearization<S>) {
    _ = output(point, &linearization)
    let dx: Matrix<S> = generator.matrix(rows, point.input.columns)
    let u: Matrix<S> = generator.matrix(rows, outputWidth)
    var (jx, back) = (memory(outputWidth), memory(dx.columns))
    linearization.pushforward(dx, nil, at: point, into: &jx)
    linearization.prepare(u, at: point)
    linearization.pullback(u, at: point, into: &back)
    findings.expect(back.rows == rows && back.columns == dx.columns, "shape of pulled-back cotangents")
    expectEqual(u.elements, jx.elements, back.elements, dx.elements, "<u, Jx v> = <Jx^T u, v>")
    guard !site.slices.isEmpty else { return }
    let t = tangent()
    var (jt, both) = (memory(outputWidth), memory(outputWidth))
    linearization.pushforward(nil, t, at: point, into: &jt)
    var g = [S](repeating: 0, count: layout.trainableCount)
    linearization.parameterPullback(
      u, rowWeights: nil, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), at: point, into: &g)
    expectEqual(u.elements, jt.elements, g, t, "<u, Jt v> = <Jt^T u, v>")
    linearization.pushforward(dx, t, at: point, into: &both)
    jt.combine(1, jx)
    findings.expect(
      relativeError(both.elements, jt.elements.map { Double($0) }), atMost: limit, "both tangents at once")
  }

  /// a . b = c . d, relative to |a| |b|.
  private mutating func expectEqual(_ a: [S], _ b: [S], _ c: [S], _ d: [S], _ identity: String) {
    let (left, right) = (wideDot(a, b), wideDot(c, d))
    let scale = (wideDot(a, a) * wideDot(b, b)).squareRoot()
    findings.expect((left - right).magnitude / scale, atMost: limit, identity)
  }

  private func wideDot(_ a: [S], _ b: [S]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }

  private mutating func checkRows(_ linearization: inout some LayerLinearization<S>) {
    _ = output(point, &linearization)
    let u: Matrix<S> = generator.matrix(rows, outputWidth)
    linearization.prepare(u, at: point)
    let explicit = (0..<rows).map { i in
      var unit = [S](repeating: 0, count: rows)
      unit[i] = 1
      var row = [S](repeating: 0, count: layout.trainableCount)
      linearization.parameterPullback(
        u, rowWeights: unit, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), at: point, into: &row)
      return row.map { Double($0) }
    }
    checkPullback(&linearization, u, explicit)
    checkGram(&linearization, u, explicit)
    let (t, start): ([S], [S]) = (tangent(), generator.vector(rows))
    var products = start
    linearization.addRowProducts(t, u, at: point, into: &products)
    let expected = explicit.enumerated().map { i, row in
      Double(start[i]) + zip(row, t).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    findings.expect(relativeError(products, expected), atMost: 10 * limit, "row products")
  }

  private mutating func checkPullback(
    _ linearization: inout some LayerLinearization<S>, _ u: Matrix<S>, _ explicit: [[Double]]
  ) {
    let (weights, old): ([S], [S]) = (generator.vector(rows), tangent())
    let (alpha, beta) = (
      ParameterLayout.Factors<S>(penalised: 0.5, free: -2), ParameterLayout.Factors<S>(penalised: 3, free: 0.25)
    )
    for (weights, beta) in [(weights, beta), (weights, ParameterLayout.Factors(0)), (nil, beta)] {
      // With beta 0 the old result must not be read.
      var result = beta == ParameterLayout.Factors(0) ? old.map { _ in S.nan } : old
      let before = result
      linearization.parameterPullback(u, rowWeights: weights, alpha: alpha, beta: beta, at: point, into: &result)
      var expected = before.map { Double($0) }
      for slice in site.slices {
        for k in slice.range {
          let sum = (0..<rows).reduce(0) { $0 + Double(weights?[$1] ?? 1) * explicit[$1][k] }
          let rest = beta == ParameterLayout.Factors(0) ? 0 : Double(beta[slice]) * Double(old[k])
          expected[k] = Double(alpha[slice]) * sum + rest
        }
      }
      let own = site.slices.flatMap { Array($0.range) }
      findings.expect(
        relativeError(own.map { result[$0] }, own.map { expected[$0] }), atMost: 10 * limit,
        "parameter pullback with weights and factors")
      for k in result.indices where !own.contains(k) {
        findings.expect(bits([result[k]]) == bits([before[k]]), "other slices stay")
      }
    }
  }

  private mutating func checkGram(
    _ linearization: inout some LayerLinearization<S>, _ u: Matrix<S>, _ explicit: [[Double]]
  ) {
    func product(_ i: Int, _ j: Int, _ isPenalised: Bool) -> Double {
      site.slices.filter { $0.isPenalised == isPenalised }.flatMap { Array($0.range) }
        .reduce(0) { $0 + explicit[i][$1] * explicit[j][$1] }
    }
    for repetition in 0..<2 {
      var gram = Linearizations.RowGram<S>()
      gram.reset(rows: rows)
      for _ in 0...repetition { linearization.addRowGram(of: u, at: point, into: &gram) }
      for (isPenalised, part) in [(true, gram.penalised), (false, gram.free)] {
        for i in 0..<rows {
          for j in 0...i {
            let scale = (product(i, i, isPenalised) * product(j, j, isPenalised)).squareRoot()
            let error = (Double(part[i, j]) - Double(repetition + 1) * product(i, j, isPenalised)).magnitude
            findings.expect(
              error / max(scale, .leastNormalMagnitude), atMost: 10 * limit,
              isPenalised ? "row gram of the weight" : "row gram of the bias")
          }
        }
      }
    }
    let start: [S] = generator.vector(rows)
    var norms = start
    linearization.addRowSquaredNorms(of: u, at: point, into: &norms)
    for i in 0..<rows {
      let expected = Double(start[i]) + product(i, i, true) + product(i, i, false)
      findings.expect(relativeError(Double(norms[i]), to: expected), atMost: 10 * limit, "squared norms")
    }
  }
}
