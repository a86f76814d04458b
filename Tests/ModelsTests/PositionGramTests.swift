import LinearAlgebra
import TestSupport
import Testing

@testable import Models

@Suite struct PositionGramTests {
  struct Case: Sendable {
    var rows: Int
    var positions: Int
    var inputs: Int
    var outputs: Int
  }

  /// Few and many positions: several examples in a block, a last block that is shorter, examples that are cut.
  static let cases = [
    Case(rows: 6, positions: 1, inputs: 5, outputs: 3),
    Case(rows: 7, positions: 4, inputs: 3, outputs: 6),
    Case(rows: 40, positions: 9, inputs: 4, outputs: 5),
    Case(rows: 35, positions: 16, inputs: 2, outputs: 3),
    Case(rows: 5, positions: 70, inputs: 3, outputs: 4),
    Case(rows: 3, positions: 390, inputs: 3, outputs: 2),
    Case(rows: 1, positions: 700, inputs: 2, outputs: 2),
  ]

  static func slice(_ count: Int, isPenalised: Bool) -> ParameterLayout.Slice {
    var layout = ParameterLayout()
    layout.append("w", shape: [count], isPenalised: isPenalised)
    return layout.slices[0]
  }

  /// x_it[k] of a row.
  static func element(_ layout: PositionGram<Double>.Layout, _ t: Int, _ k: Int, _ positions: Int, _ width: Int) -> Int
  {
    switch layout {
    case .positionsFirst: t * width + k
    case .channelsFirst: k * positions + t
    }
  }

  /// Gradients of the examples, then the sums of their cotangents.
  static func explicitRows<S: RealScalar>(
    _ item: Case, _ layout: PositionGram<Double>.Layout, _ a: Matrix<S>, _ x: Matrix<S>
  ) -> (weight: [[Double]], bias: [[Double]]) {
    var (weight, bias): ([[Double]], [[Double]]) = ([], [])
    for i in 0..<item.rows {
      var g = [Double](repeating: 0, count: item.outputs * item.inputs)
      var sums = [Double](repeating: 0, count: item.outputs)
      for t in 0..<item.positions {
        for o in 0..<item.outputs {
          let c = Double(a[i, element(layout, t, o, item.positions, item.outputs)])
          sums[o] += c
          for k in 0..<item.inputs {
            g[o * item.inputs + k] += c * Double(x[i, element(layout, t, k, item.positions, item.inputs)])
          }
        }
      }
      weight.append(g)
      bias.append(sums)
    }
    return (weight, bias)
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  static func check<S: RealScalar>(
    _ type: S.Type, _ item: Case, _ layout: PositionGram<Double>.Layout, _ way: PositionSize.Way?,
    gradientBytes: Int = 16 << 20
  ) -> Findings {
    let seed: UInt64 = 9
    var findings = Findings("\(item) \(layout) \(way.map { "\($0)" } ?? "cheaper") seed \(seed) \(S.precisionName)")
    var generator = SeededGenerator(seed: seed)
    let a: Matrix<S> = generator.matrix(item.rows, item.positions * item.outputs)
    let x: Matrix<S> = generator.matrix(item.rows, item.positions * item.inputs)
    let (weight, bias) = explicitRows(item, layout, a, x)
    var positionGram = PositionGram<S>(
      positions: item.positions, inputs: item.inputs, outputs: item.outputs,
      layout: layout == .positionsFirst ? .positionsFirst : .channelsFirst)
    positionGram.forcedWay = way
    positionGram.size.gradientBytes = gradientBytes
    let limit = tolerance(S.self, double: 1e-13, float: 5e-5)
    // Which part each slice goes into, and whether there is a bias.
    for (weightPart, biasPart) in [(true, false), (false, true), (true, nil)] as [(Bool, Bool?)] {
      var gram = Linearizations.RowGram<S>()
      gram.reset(rows: item.rows)
      for _ in 0..<2 {
        positionGram.add(
          a, x, weight: slice(item.outputs * item.inputs, isPenalised: weightPart),
          bias: biasPart.map { slice(item.outputs, isPenalised: $0) }, into: &gram)
      }
      for (isPenalised, part) in [(true, gram.penalised), (false, gram.free)] {
        for i in 0..<item.rows {
          for j in 0...i {
            func value(_ i: Int, _ j: Int) -> Double {
              (weightPart == isPenalised ? 2 * dot(weight[i], weight[j]) : 0)
                + (biasPart == isPenalised ? 2 * dot(bias[i], bias[j]) : 0)
            }
            let scale = max((value(i, i) * value(j, j)).squareRoot(), .leastNormalMagnitude)
            findings.expect((Double(part[i, j]) - value(i, j)).magnitude / scale, atMost: limit, "row gram")
          }
        }
      }
    }
    for hasBias in [true, false] {
      let start: [S] = generator.vector(item.rows)
      var norms = start
      positionGram.addSquaredNorms(a, x, hasBias: hasBias, into: &norms)
      for i in 0..<item.rows {
        let expected = Double(start[i]) + dot(weight[i], weight[i]) + (hasBias ? dot(bias[i], bias[i]) : 0)
        findings.expect(relativeError(Double(norms[i]), to: expected), atMost: limit, "squared norms")
      }
    }
    findings.report("position gram \(S.precisionName)")
    return findings
  }

  @Test(arguments: cases, [PositionSize.Way.doubleSum, .gradients, nil])
  func explicitRows(item: Case, way: PositionSize.Way?) {
    var findings = Findings()
    for layout in [PositionGram<Double>.Layout.positionsFirst, .channelsFirst] {
      findings.merge(Self.check(Float.self, item, layout, way))
      findings.merge(Self.check(Double.self, item, layout, way))
    }
    #expect(findings.violations.isEmpty)
  }

  /// So little memory that gradients are formed for 16 rows of the weight at a time, and for 4 at last.
  @Test func rowsOfTheWeight() {
    let item = Case(rows: 4, positions: 3, inputs: 7, outputs: 36)
    var size = PositionSize(item)
    size.gradientBytes = 4 * 7 * 4 * 20
    #expect(size.gradientRows(rows: 4, bytes: 4) == 20)
    size.gradientBytes = 1000
    #expect(size.gradientRows(rows: 4, bytes: 4) == 16)
    var findings = Findings()
    for layout in [PositionGram<Double>.Layout.positionsFirst, .channelsFirst] {
      findings.merge(Self.check(Float.self, item, layout, .gradients, gradientBytes: 1000))
      findings.merge(Self.check(Double.self, item, layout, .gradients, gradientBytes: 1000))
    }
    #expect(findings.violations.isEmpty)
  }

  /// A dense layer on a sequence.
  @Test func dense() {
    func check<S: RealScalar>(_ type: S.Type) -> Findings {
      let layer = Layers.Dense(4)
      var check = ImageLayerCheck<S>(layer, input: [6, 3], rows: 5, seed: 1)
      let slices = check.site.slices
      func naive(_ x: [Double], _ values: [Double]) -> [Double] {
        (0..<24).map { at in
          let (t, o) = (at / 4, at % 4)
          return (0..<3).reduce(values[slices[1].offset + o]) {
            $0 + values[slices[0].offset + 3 * o + $1] * x[3 * t + $1]
          }
        }
      }
      return check.run({ layer.makeLinearization(at: $0, as: S.self) }, forward: naive)
    }
    var findings = check(Float.self)
    findings.merge(check(Double.self))
    #expect(findings.violations.isEmpty)
  }

  /// Shapes at which both ways were timed on one core: the faster by a tenth at least.
  @Test func cheaperWay() {
    func way(_ rows: Int, _ positions: Int, _ outputs: Int, _ inputs: Int, bytes: Int = 4) -> PositionSize.Way {
      PositionSize(positions: positions, inputs: inputs, outputs: outputs).gramWay(rows: rows, bytes: bytes)
    }
    #expect(way(128, 4, 64, 64) == .doubleSum)
    #expect(way(8, 49, 512, 4608) == .doubleSum)
    #expect(way(64, 16, 256, 256) == .gradients)
    #expect(way(64, 16, 256, 256, bytes: 8) == .gradients)
    #expect(way(64, 16, 64, 576) == .gradients)
    #expect(way(32, 64, 128, 576) == .gradients)
    #expect(way(16, 256, 64, 288) == .gradients)
    #expect(way(128, 10, 20, 20) == .gradients)
    #expect(PositionSize(positions: 16, inputs: 256, outputs: 256).normsWay == .doubleSum)
    #expect(PositionSize(positions: 256, inputs: 288, outputs: 64).normsWay == .gradients)
  }

  @Test func costs() {
    let size = PositionSize(positions: 16, inputs: 20, outputs: 30)
    // 2 B T m n + B^2 m n; B T (B T + 256) (m + n + 1).
    #expect(size.gramFlops(.gradients, rows: 50) == 2 * 50 * 16 * 600 + 2500 * 600)
    #expect(size.gramFlops(.doubleSum, rows: 50) == 800 * 1056 * 51)
    #expect(size.normFlops(.gradients) == 2 * 17 * 600)
    #expect(size.normFlops(.doubleSum) == 2 * 256 * 51)
    var gram = PositionGram<Double>(positions: 16, inputs: 20, outputs: 30, layout: .positionsFirst)
    gram.forcedWay = .gradients
    let costs = gram.costs(rows: 50)
    #expect(costs.rowGram == size.gramFlops(.gradients, rows: 50) + 50 * 30 * 16 + 2500 * 30)
    #expect(costs.rowGramBytes == 50 * 600 * 8)
    #expect(costs.rowSquaredNorms == 50 * size.normFlops(.gradients) + 50 * 30 * 16)
    // Never much more than a few rows of the weight for all examples.
    let large = PositionSize(positions: 49, inputs: 4608, outputs: 512)
    #expect(large.gramBytes(.gradients, rows: 128, bytes: 4) == 128 * 4608 * 16 * 4)
    #expect(large.gramBytes(.doubleSum, rows: 128, bytes: 4) < 16e6)
  }

  func identical<S: RealScalar>(_ type: S.Type, _ item: Case) {
    var generator = SeededGenerator(seed: 12)
    let a: Matrix<S> = generator.matrix(item.rows, item.positions * item.outputs)
    let x: Matrix<S> = generator.matrix(item.rows, item.positions * item.inputs)
    for way in PositionSize.Way.allCases {
      let results = onThreads { () -> [S] in
        var positionGram = PositionGram<S>(
          positions: item.positions, inputs: item.inputs, outputs: item.outputs, layout: .positionsFirst)
        positionGram.forcedWay = way
        var gram = Linearizations.RowGram<S>()
        gram.reset(rows: item.rows)
        positionGram.add(
          a, x, weight: Self.slice(1, isPenalised: true), bias: Self.slice(1, isPenalised: false), into: &gram)
        var norms = [S](repeating: 0, count: item.rows)
        positionGram.addSquaredNorms(a, x, hasBias: true, into: &norms)
        return gram.penalised.elements + gram.free.elements + norms
      }
      #expect(areIdentical(results), "\(S.precisionName) \(way)")
    }
  }

  @Test func threads() {
    identical(Float.self, Case(rows: 100, positions: 10, inputs: 40, outputs: 60))
    identical(Double.self, Case(rows: 6, positions: 300, inputs: 50, outputs: 20))
  }
}

extension PositionSize {
  init(_ item: PositionGramTests.Case) {
    self.init(positions: item.positions, inputs: item.inputs, outputs: item.outputs)
  }
}
