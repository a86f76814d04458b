import LinearAlgebra
import TestSupport
import Testing

@testable import Models

/// Another layer with some of its parameters frozen.
struct PartlyFrozen: Layer {
  var type: String { "partly frozen \(layer.type)" }
  let layer: any Layer
  let names: Set<String>

  func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] { try layer.outputShape(for: input) }

  func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
    layer.parameters(for: input).map {
      var spec = $0
      spec.isFrozen = spec.isFrozen || names.contains(spec.name)
      return spec
    }
  }

  func makeLinearization<Scalar: RealScalar>(
    at site: Layers.Site, as type: Scalar.Type
  ) -> any LayerLinearization<Scalar> { layer.makeLinearization(at: site, as: type) }
}

struct NormalizationTests {
  static let cases: [LayerCase] = [
    LayerCase(layer: Layers.LayerNorm(), input: [7]),
    LayerCase(layer: Layers.LayerNorm(epsilon: 0.1), input: [35], rows: 1),
    LayerCase(layer: Layers.LayerNorm(), input: [3, 18], rows: 4),
    LayerCase(layer: Layers.LayerNorm(affine: false), input: [4, 5]),
    LayerCase(layer: Layers.GroupNorm(groups: 1), input: [4, 3, 3]),
    LayerCase(layer: Layers.GroupNorm(groups: 2), input: [6, 5, 4], rows: 4),
    LayerCase(layer: Layers.GroupNorm(groups: 6), input: [6, 1, 9], rows: 3),
    LayerCase(layer: Layers.GroupNorm(groups: 2, epsilon: 1e-3), input: [36]),
    LayerCase(layer: Layers.GroupNorm(groups: 2, affine: false), input: [4, 2, 3]),
    LayerCase(layer: Layers.BatchNorm(statistics: .frozen), input: [19]),
    LayerCase(layer: Layers.BatchNorm(epsilon: 0.1, statistics: .frozen), input: [3, 5, 4]),
    LayerCase(layer: Layers.BatchNorm(affine: false, statistics: .frozen), input: [3, 2, 2]),
  ]

  @Test(arguments: cases.indices) func productsAreRight(number: Int) {
    let test = Self.cases[number]
    var variants = [
      test,
      LayerCase(layer: PartlyFrozen(layer: test.layer, names: ["weight", "bias"]), input: test.input, rows: test.rows),
    ]
    for name in ["weight", "bias"] {
      variants.append(
        LayerCase(layer: PartlyFrozen(layer: test.layer, names: [name]), input: test.input, rows: test.rows, seed: 2))
    }
    for variant in variants {
      let findings = variant.check(title: "normalisation")
      #expect(findings.violations.isEmpty, "\(findings.violations)")
    }
  }

  /// Mean and variance over `count` consecutive elements, in wide numbers.
  func normalized<S: RealScalar>(_ x: [S], count: Int, epsilon: Wide) -> [Wide] {
    stride(from: 0, to: x.count, by: count).flatMap { start in
      let part = x[start..<start + count].map { Wide($0) }
      let mean = part.reduce(0, +) / Wide(count)
      let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Wide(count)
      return part.map { ($0 - mean) / (variance + epsilon).squareRoot() }
    }
  }

  /// The largest error of a forward pass without gain and bias, relative to one.
  func error<S: RealScalar>(_ layer: any Layer, _ input: [Int], group: Int, shift: Double, as type: S.Type) -> Double {
    var generator = SeededGenerator(seed: 9)
    let width = input.reduce(1, *)
    let x: [S] = (0..<3 * width).map { _ in S(shift + generator.normal()) }
    var linearization = layer.makeLinearization(at: Layers.Site(path: "0", input: input, slices: []), as: S.self)
    var output = Matrix<S>(rows: 0, columns: 0)
    linearization.forward(
      at: Layers.Point(input: Matrix(rows: 3, columns: width, elements: x), values: []), into: &output)
    let exact = normalized(x, count: group, epsilon: 1e-5)
    return zip(output.elements, exact).reduce(0) { largest($0, Double((Wide($1.0) - $1.1).magnitude)) }
  }

  /// Also far from zero, where sums of squares would have no digits left.
  @Test func valuesAreThoseOfTheFormula() {
    for shift in [0, 1000.0] {
      for (layer, input, group) in [
        (Layers.LayerNorm(affine: false), [100], 100), (Layers.LayerNorm(affine: false), [3, 37], 37),
        (Layers.GroupNorm(groups: 2, affine: false), [6, 4, 5], 60),
        (Layers.GroupNorm(groups: 3, affine: false), [9], 3),
      ] as [(any Layer, [Int], Int)] {
        #expect(error(layer, input, group: group, shift: shift, as: Float.self) < 4e-6, "\(layer.type) \(shift)")
        #expect(error(layer, input, group: group, shift: shift, as: Double.self) < 1e-14, "\(layer.type) \(shift)")
      }
    }
  }

  /// A group of equal elements has no direction to divide by: epsilon keeps it finite.
  @Test func equalElementsBecomeTheBias() {
    var test = LayerCase(layer: Layers.LayerNorm(), input: [8], rows: 2)
    test.seed = 3
    var checks = LayerProbe<Float>(test, limit: 0)
    checks.point.input.fill(with: 0.1)
    checks.layer.forward(at: checks.point, into: &checks.output)
    let bias = checks.slices[1]
    #expect(checks.output.row(1).elementsEqual(checks.point.values[bias.range]))
    #expect(checks.pullback(checks.cotangents).elements.isFinite)
  }

  @Test func gainsStartAtOneAndNothingIsPenalised() {
    for layer in [Layers.LayerNorm(), Layers.GroupNorm(groups: 2), Layers.BatchNorm()] as [any Layer] {
      let specs = layer.parameters(for: [4])
      #expect(specs[0].name == "weight" && specs[0].initializer == .ones && !specs[0].isFrozen)
      #expect(specs[1].name == "bias" && specs[1].initializer == .zeros && !specs[1].isFrozen)
      #expect(specs.allSatisfy { !$0.isPenalised && $0.shape == [4] })
    }
    let statistics = Layers.BatchNorm().parameters(for: [4, 2, 2])[2...]
    #expect(statistics.map(\.name) == ["running_mean", "running_var"] && statistics.allSatisfy { $0.isFrozen })
    #expect(statistics.map(\.initializer) == [.zeros, .ones])
    #expect(Layers.LayerNorm(affine: false).parameters(for: [4]).isEmpty)
  }

  @Test func shapesThatDoNotFitAreRefused() throws {
    let image = #expect(throws: Layers.Failure.self) { try Layers.LayerNorm().outputShape(for: [3, 2, 2]) }
    #expect(image?.message.contains("group_norm(groups: 1)") == true)
    let groups = #expect(throws: Layers.Failure.self) { try Layers.GroupNorm(groups: 4).outputShape(for: [6, 2, 2]) }
    #expect(groups?.message.contains("6 channels, got 4") == true)
    #expect(throws: Layers.Failure.self) { try Layers.GroupNorm(groups: 0).outputShape(for: [6]) }
    #expect(throws: Layers.Failure.self) { try Layers.GroupNorm(groups: 2).outputShape(for: [6, 2]) }
    #expect(throws: Layers.Failure.self) { try Layers.BatchNorm().outputShape(for: [6, 2]) }
    for epsilon in [0, -1, Double.nan, .infinity] {
      #expect(throws: Layers.Failure.self) { try Layers.LayerNorm(epsilon: epsilon).outputShape(for: [6]) }
    }
    #expect(try Layers.GroupNorm(groups: 3).outputShape(for: [6, 2, 2]) == [6, 2, 2])
  }

  @Test func batchStatisticsAreNotTrained() throws {
    let error = #expect(throws: Layers.Failure.self) { try Layers.BatchNorm().checkTrainable() }
    for word in ["couples the examples", "layer_norm", "group_norm", "frozen"] {
      #expect(error?.message.contains(word) == true, "\(word)")
    }
    try Layers.BatchNorm(statistics: .frozen).checkTrainable()
    // In a frozen trunk it is evaluated, and nothing of it is trained.
    let trunk: [any Layer] = [
      Layers.Frozen(Layers.Residual([Layers.Dense(4), Layers.BatchNorm()])), Layers.Frozen(Layers.BatchNorm()),
      Layers.Dense(3),
    ]
    try Network<Float>(Architecture(input: [4], layers: trunk)).checkTrainable()
    let inNetwork = #expect(throws: Layers.Failure.self) {
      try Network<Float>(Architecture(input: [4], layers: [Layers.BatchNorm(), Layers.Dense(3)])).checkTrainable()
    }
    #expect(inNetwork?.path == "0")
  }

  @Test func resultsDoNotDependOnThreads() {
    for (layer, input, rows) in [
      (Layers.LayerNorm(), [70, 64], 40), (Layers.LayerNorm(), [300], 500),
      (Layers.GroupNorm(groups: 4), [16, 15, 15], 50),
      (Layers.BatchNorm(statistics: .frozen), [16, 15, 15], 50),
    ] as [(any Layer, [Int], Int)] {
      let test = LayerCase(layer: layer, input: input, rows: rows)
      #expect(test.isDeterministic(as: Float.self) && test.isDeterministic(as: Double.self), "\(layer.type)")
    }
  }
}
