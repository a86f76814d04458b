import Foundation
import LinearAlgebra
import TestSupport
import Testing

@testable import Models

private let functions: [ActivationFunction] = [
  .relu, .leakyReLU(slope: 0.01), .leakyReLU(slope: 0.25), .tanh, .sigmoid, .gelu, .silu, .softplus,
]

/// f and f' by the definitions in wide numbers, and the size that their rounding errors are relative to: the largest
/// term, where the value is a difference.
private func reference(_ function: ActivationFunction, _ x: Wide) -> (value: Wide, slope: Wide, slopeSize: Wide) {
  let e = wideExp(-x.magnitude)
  let (own, other) = x < 0 ? (e / (1 + e), 1 / (1 + e)) : (1 / (1 + e), e / (1 + e))
  switch function {
  case .relu: return x > 0 ? (x, 1, 1) : (0, 0, 0)
  case .leakyReLU(let slope): return x > 0 ? (x, 1, 1) : (Wide(slope) * x, Wide(slope), Wide(slope))
  case .tanh:
    let square = wideExp(-2 * x.magnitude)
    let slope = 4 * square / ((1 + square) * (1 + square))
    return (tanh(x), slope, slope)
  case .sigmoid: return (own, own * other, own * other)
  case .gelu:
    let below = erfc(-x * Wide(0.5).squareRoot()) / 2
    let density = wideExp(-x * x / 2) / (2 * Wide.pi).squareRoot()
    return (x * below, below + x * density, max(below, (x * density).magnitude))
  case .silu:
    return (x * own, own * (1 + x * other), own * max(1, (x * other).magnitude))
  case .softplus: return (max(x, 0) + wideLog1p(e), own, own)
  }
}

/// Steps over the whole range, and magnitudes down to the smallest number.
private func grid<S: RealScalar>(_ type: S.Type) -> [S] {
  var points: [S] = [0, 1e-8, 1e-4, 0.5, 1, 2, 5, 20, 40, 100, 1e4, S.leastNonzeroMagnitude, S.leastNormalMagnitude]
  var generator = SeededGenerator(seed: 5)
  let end = S.self == Float.self ? 120.0 : 800.0
  for _ in 0..<3000 {
    points.append(S(generator.uniform()))
    points.append(S(generator.uniform() * 20))
    points.append(S(generator.uniform() * 40))
    points.append(S(generator.uniform() * end))
    points.append(S(pow(10, -generator.uniform() * (S.self == Float.self ? 44 : 320))))
  }
  return points + points.map { -$0 }
}

struct ActivationTests {
  func apply<S: RealScalar>(_ function: ActivationFunction, _ x: [S]) -> (value: [S], slope: [S]) {
    var (y, slope) = (Matrix<S>(rows: 0, columns: 0), Matrix<S>(rows: 0, columns: 0))
    Elementwise.apply(function, to: Matrix(rows: 1, columns: x.count, elements: x), into: &y, slope: &slope)
    return (y.elements, slope.elements)
  }

  /// The largest errors of value and slope in units in the last place.
  func errors<S: RealScalar>(_ function: ActivationFunction, as type: S.Type) -> (value: Double, slope: Double) {
    let points = grid(S.self)
    let (y, slope) = apply(function, points)
    var worst = (value: 0.0, slope: 0.0)
    func units(_ result: S, _ exact: Wide, _ size: Wide) -> Double {
      Double((Wide(result) - exact).magnitude / Wide(S(size).ulp))
    }
    for (k, x) in points.enumerated() {
      let exact = reference(function, Wide(x))
      worst.value = largest(worst.value, units(y[k], exact.value, exact.value))
      worst.slope = largest(worst.slope, units(slope[k], exact.slope, max(exact.slopeSize, exact.slope.magnitude)))
    }
    return worst
  }

  /// 5 units as documented; where no wider numbers exist, the reference has its own rounding.
  @Test(arguments: functions) func valuesAndSlopesAreRightToAFewUnits(function: ActivationFunction) {
    var findings = Findings("\(function)")
    for (name, error) in [
      ("float32", errors(function, as: Float.self)), ("float64", errors(function, as: Double.self)),
    ] {
      let limit = Wide.self == Double.self && name == "float64" ? 400.0 : 5
      findings.expect(error.value, atMost: limit, "value, \(name)")
      findings.expect(error.slope, atMost: limit, "slope, \(name)")
    }
    findings.report("activation \(function), units in the last place")
    #expect(findings.violations.isEmpty, "\(findings.violations)")
  }

  func limits<S: RealScalar>(_ function: ActivationFunction, as type: S.Type) {
    let (y, slope) = apply(function, [S.infinity, -S.infinity, S.nan, S.greatestFiniteMagnitude, 0, -0.0])
    let (top, bottom): (S, S) = [.tanh, .sigmoid].contains(function) ? (1, function == .tanh ? -1 : 0) : (.infinity, 0)
    #expect(y[0] == top)
    #expect(slope[0] == (top == 1 ? 0 : 1))
    if case .leakyReLU = function { #expect(y[1] == -S.infinity) } else { #expect(y[1] == bottom && slope[1] == 0) }
    #expect(y[2].isNaN && slope[2].isNaN)
    #expect(y[3] == (top == 1 ? 1 : S.greatestFiniteMagnitude))
    #expect(y[4] == y[5] && slope[4] == slope[5])
  }

  @Test(arguments: functions) func infinityAndNaNKeepTheirMeaning(function: ActivationFunction) {
    limits(function, as: Float.self)
    limits(function, as: Double.self)
  }

  @Test func aKinkHasTheSlopeOfItsLeftSide() {
    #expect(apply(.relu, [0.0, -0.0]).slope == [0, 0])
    #expect(apply(.leakyReLU(slope: 0.25), [0.0, -0.0] as [Float]).slope == [0.25, 0.25])
  }

  @Test(arguments: functions) func productsAreRight(function: ActivationFunction) {
    for (input, rows) in [([7], 5), ([3, 4, 2], 3), ([19], 1)] {
      var test = LayerCase(layer: Layers.Activation(function), input: input, rows: rows)
      test.isAwayFromZero = true
      let findings = test.check()
      #expect(findings.violations.isEmpty, "\(findings.violations)")
    }
  }

  @Test func namesAreThoseOfArchitectureFiles() {
    #expect(
      functions.map { Layers.Activation($0).type } == [
        "relu", "leaky_relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu", "softplus",
      ])
  }

  @Test func resultsDoNotDependOnThreads() {
    for function in [.relu, .gelu] as [ActivationFunction] {
      let test = LayerCase(layer: Layers.Activation(function), input: [1001], rows: 311)
      #expect(test.isDeterministic(as: Float.self) && test.isDeterministic(as: Double.self), "\(function)")
    }
  }

  @Test func biasesAndFlatteningAreRight() throws {
    for input in [[7], [3, 5], [4, 3, 2], [17], [2, 33], [3, 5, 7]] {
      let findings = LayerCase(layer: Layers.Bias(), input: input).check()
      #expect(findings.violations.isEmpty, "\(findings.violations)")
      let frozen = LayerCase(layer: Layers.Frozen(Layers.Bias()), input: input).check()
      #expect(frozen.violations.isEmpty, "\(frozen.violations)")
    }
    #expect(Layers.Bias().parameters(for: [4, 3, 2])[0].shape == [4])
    #expect(Layers.Bias().parameters(for: [3, 5])[0].shape == [5])
    #expect(throws: Layers.Failure.self) { try Layers.Bias().outputShape(for: [2, 2, 2, 2]) }
    for input in [[7], [3, 5], [4, 3, 2]] {
      let test = LayerCase(layer: Layers.Flatten(), input: input)
      let findings = test.check()
      #expect(findings.violations.isEmpty, "\(findings.violations)")
      let checks = LayerProbe<Float>(test, limit: 0)
      #expect(checks.output == checks.point.input)
      #expect(try Layers.Flatten().outputShape(for: input) == [input.reduce(1, *)])
    }
    let large = LayerCase(layer: Layers.Bias(), input: [5, 40, 40], rows: 40)
    #expect(large.isDeterministic(as: Float.self) && large.isDeterministic(as: Double.self))
  }
}
