import TestSupport
import Testing

@testable import LinearAlgebra
@testable import Models

@Suite struct ConvolutionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var layer: Layers.Conv2D
    var input: [Int]
    var rows = 5
    var testDescription: String { "\(input) \(layer.kernel) of \(layer.channels) in \(layer.groups)" }
  }

  /// Strides, paddings, dilations and groups; planes that are cut, and that fill a block together; windows that see
  /// padding only; one position; one pixel.
  static let cases = [
    Case(layer: Layers.Conv2D(channels: 4, kernel: 3, padding: 1), input: [3, 6, 7]),
    Case(layer: Layers.Conv2D(channels: 3, kernel: Layers.Extent(height: 2, width: 3), bias: false), input: [2, 5, 6]),
    Case(layer: Layers.Conv2D(channels: 6, kernel: 3, stride: 2, padding: 1, groups: 2), input: [4, 9, 8]),
    Case(
      layer: Layers.Conv2D(
        channels: 5, kernel: Layers.Extent(height: 3, width: 2), stride: Layers.Extent(height: 2, width: 3),
        padding: Layers.Extent(height: 2, width: 1), dilation: Layers.Extent(height: 2, width: 1)), input: [3, 8, 9]),
    Case(layer: Layers.Conv2D(channels: 4, kernel: 1, groups: 2), input: [6, 5, 5], rows: 15),
    Case(layer: Layers.Conv2D(channels: 4, kernel: 4), input: [4, 4, 4], rows: 9),
    Case(layer: Layers.Conv2D(channels: 3, kernel: 3, padding: 1), input: [2, 3, 40]),
    Case(layer: Layers.Conv2D(channels: 5, kernel: 2, padding: 4, groups: 5), input: [5, 4, 4]),
    Case(layer: Layers.Conv2D(channels: 2, kernel: 3, padding: 1), input: [2, 24, 24], rows: 3),
    Case(layer: Layers.Conv2D(channels: 3, kernel: 3, padding: 2, dilation: 2), input: [2, 7, 6]),
    Case(layer: Layers.Conv2D(channels: 2, kernel: 1), input: [3, 24, 24], rows: 3),
    Case(layer: Layers.Conv2D(channels: 2, kernel: 3, stride: 3), input: [2, 9, 10]),
    Case(layer: Layers.Conv2D(channels: 4, kernel: 1, stride: 2, bias: false), input: [2, 5, 6]),
    Case(layer: Layers.Conv2D(channels: 2, kernel: 3, padding: 5), input: [1, 2, 1]),
    Case(layer: Layers.Conv2D(channels: 2, kernel: 3, padding: 1, bias: false), input: [1, 15, 14], rows: 3),
    Case(layer: Layers.Conv2D(channels: 20, kernel: 3, padding: 1), input: [1, 7, 7], rows: 13),
  ]

  /// One example by the definition.
  static func naive(
    _ layer: Layers.Conv2D, _ input: [Int], _ slices: [ParameterLayout.Slice], _ x: [Double], _ values: [Double]
  )
    -> [Double]
  {
    let (height, width) = (input[1], input[2])
    guard let output = try? layer.outputShape(for: input) else { return [] }
    let (inputs, outputs) = (input[0] / layer.groups, layer.channels / layer.groups)
    var result: [Double] = []
    for o in 0..<layer.channels {
      for y in 0..<output[1] {
        for z in 0..<output[2] {
          var sum = layer.hasBias ? values[slices[1].offset + o] : 0
          for c in 0..<inputs {
            for p in 0..<layer.kernel.height {
              for q in 0..<layer.kernel.width {
                let row = y * layer.stride.height - layer.padding.height + p * layer.dilation.height
                let column = z * layer.stride.width - layer.padding.width + q * layer.dilation.width
                guard (0..<height).contains(row) && (0..<width).contains(column) else { continue }
                let channel = o / outputs * inputs + c
                let k = ((o * inputs + c) * layer.kernel.height + p) * layer.kernel.width + q
                sum += values[slices[0].offset + k] * x[(channel * height + row) * width + column]
              }
            }
          }
          result.append(sum)
        }
      }
    }
    return result
  }

  static func check<S: RealScalar>(_ type: S.Type, _ item: Case, _ way: PositionSize.Way?) -> Findings {
    var check = ImageLayerCheck<S>(item.layer, input: item.input, rows: item.rows, seed: 5)
    let slices = check.site.slices
    let findings = check.run(
      { ConvolutionLinearization(item.layer, at: $0, gramWay: way) },
      forward: { naive(item.layer, item.input, slices, $0, $1) })
    findings.report("convolution \(S.precisionName)")
    return findings
  }

  @Test(arguments: cases, [PositionSize.Way.doubleSum, .gradients])
  func rules(item: Case, way: PositionSize.Way) {
    var findings = Self.check(Float.self, item, way)
    findings.merge(Self.check(Double.self, item, way))
    #expect(findings.violations.isEmpty)
  }

  /// alpha and beta of the product itself, for blocks of one example and of several.
  @Test(arguments: [6, 16], [true, false]) func addedTo(side: Int, hasBias: Bool) {
    let window = SlidingWindow(input: (side, side), kernel: (3, 3))
    let shape = Convolution.Shape(window: window, channels: 2, outputs: 3)
    var generator = SeededGenerator(seed: 1)
    let x: Matrix<Double> = generator.matrix(4, shape.inputWidth)
    let (weight, bias): (Matrix<Double>, Matrix<Double>) = (generator.matrix(3, 18), generator.matrix(1, 3))
    let old: Matrix<Double> = generator.matrix(4, shape.outputWidth)
    var workspace = Convolution.Workspace<Double>()
    var (plain, result) = (old, old)
    let row = hasBias ? bias.view : nil
    Convolution.apply(shape, x, weight: weight.view, bias: row, into: &plain, using: &workspace)
    Convolution.apply(shape, x, weight: weight.view, bias: row, beta: 0.5, into: &result, using: &workspace)
    plain.combine(0.5, old)
    #expect(relativeError(result.elements, plain.elements) < 1e-15)
  }

  @Test func shapes() throws {
    let conv = Layers.Conv2D(channels: 8, kernel: Layers.Extent(height: 3, width: 5), stride: 2, padding: 1, groups: 2)
    #expect(try conv.outputShape(for: [4, 9, 10]) == [8, 5, 4])
    #expect(
      conv.parameters(for: [4, 9, 10]) == [
        Layers.ParameterSpec("weight", shape: [8, 2, 3, 5], isPenalised: true, initializer: .heNormal(fanIn: 30)),
        Layers.ParameterSpec("bias", shape: [8], isPenalised: false),
      ])
    let glorot = Layers.Conv2D(channels: 6, kernel: 3, groups: 2, bias: false, initialization: .glorotNormal)
    #expect(
      glorot.parameters(for: [4, 9, 10]) == [
        Layers.ParameterSpec(
          "weight", shape: [6, 2, 3, 3], isPenalised: true, initializer: .glorotNormal(fanIn: 18, fanOut: 27))
      ])
  }

  @Test func refusals() {
    func message(_ layer: Layers.Conv2D, _ input: [Int]) -> String? {
      do { _ = try layer.outputShape(for: input) } catch { return error.message }
      return nil
    }
    #expect(message(Layers.Conv2D(channels: 4, kernel: 3), [5]) == "expected [channels, height, width], got [5]")
    #expect(
      message(Layers.Conv2D(channels: 4, kernel: 3, groups: 2), [3, 8, 8])
        == "groups must divide the channels, 3 and 4, got 2")
    #expect(
      message(Layers.Conv2D(channels: 3, kernel: 3, groups: 2), [4, 8, 8])
        == "groups must divide the channels, 4 and 3, got 2")
    #expect(message(Layers.Conv2D(channels: 3, kernel: 3, groups: 0), [3, 8, 8]) != nil)
    #expect(
      message(Layers.Conv2D(channels: 4, kernel: Layers.Extent(height: 5, width: 3), padding: 1), [3, 2, 8])
        == "a kernel of 5 x 3 is larger than the padded input of 4 x 10")
    #expect(
      message(Layers.Conv2D(channels: 4, kernel: 3, dilation: 4), [3, 8, 9])
        == "a kernel of 3 x 3, 9 x 9 with its dilation, is larger than the padded input of 8 x 9")
    #expect(message(Layers.Conv2D(channels: 4, kernel: 3, dilation: 4), [3, 9, 9]) == nil)
    #expect(message(Layers.Conv2D(channels: 0, kernel: 3), [3, 8, 8]) == "expected at least 1 channel, got 0")
    #expect(
      message(Layers.Conv2D(channels: 4, kernel: 0), [3, 8, 8]) == "expected a kernel of at least 1 x 1, got 0 x 0")
    #expect(message(Layers.Conv2D(channels: 4, kernel: 3, stride: 0), [3, 8, 8]) != nil)
    #expect(message(Layers.Conv2D(channels: 4, kernel: 3, padding: -1), [3, 8, 8]) != nil)
    #expect(message(Layers.Conv2D(channels: 4, kernel: 3, dilation: 0), [3, 8, 8]) != nil)
  }

  @Test func costs() throws {
    let site = Layers.Site(path: "0", input: [8, 6, 6], slices: [])
    let costs = ConvolutionLinearization<Float>(Layers.Conv2D(channels: 4, kernel: 3, groups: 2), at: site).costs(
      rows: 10)
    // 10 examples, 4 outputs, 36 inputs of each, 16 positions.
    #expect(costs.input == 2 * 10 * 4 * 36 * 16)
    #expect(costs.parameters == costs.input)
    let group = PositionGram<Float>(positions: 16, inputs: 36, outputs: 2, layout: .channelsFirst).costs(rows: 10)
    #expect(costs.rowGram == 2 * group.rowGram)
    #expect(costs.rowSquaredNorms == 2 * group.rowSquaredNorms)
    #expect(costs.rowGramBytes == group.rowGramBytes)
  }

  /// A network of all image layers: its row Gram and products against explicit rows.
  @Test func network() throws {
    let network = try Network<Double>(
      Architecture(
        input: [2, 10, 10],
        layers: [
          Layers.Conv2D(channels: 4, kernel: 3, padding: 1), Layers.MaxPool2D(kernel: 2),
          Layers.Conv2D(channels: 6, kernel: 2, groups: 2),
          Layers.AveragePool2D(kernel: 3, stride: 1, padding: 1), Layers.GlobalAveragePool(), Layers.Dense(3),
        ]))
    var generator = SeededGenerator(seed: 8)
    let parameters = network.initialParameters(using: &generator)
    var linearization = network.makeLinearization()
    var outputs = Matrix<Double>(rows: 0, columns: 0)
    linearization.linearize(at: parameters, inputs: Inputs(generator.matrix(6, 200)), outputs: &outputs)
    #expect(outputs.rows == 6 && outputs.columns == 3)
    linearization.backpropagate(generator.matrix(6, 3))
    let rows = linearization.explicitRows()
    var gram = Linearizations.RowGram<Double>()
    linearization.rowGram(into: &gram)
    let t: [Double] = generator.vector(network.layout.trainableCount)
    var products = [Double](repeating: 0, count: 6)
    linearization.rowProducts(t, into: &products)
    for i in 0..<6 {
      #expect((products[i] - zip(rows.row(i), t).reduce(0) { $0 + $1.0 * $1.1 }).magnitude < 1e-12)
      for j in 0...i {
        let expected = zip(rows.row(i), rows.row(j)).reduce(0) { $0 + $1.0 * $1.1 }
        #expect((gram.penalised[i, j] + gram.free[i, j] - expected).magnitude < 1e-12)
      }
    }
  }

  func identical<S: RealScalar>(_ type: S.Type, _ layer: Layers.Conv2D, _ input: [Int], rows: Int) throws {
    let check = ImageLayerCheck<S>(layer, input: input, rows: rows, seed: 6)
    let cut = ConvolutionLinearization<S>(layer, at: check.site)
    #expect(Convolution.Run<S>(cut.shape, rows: rows).pieces.count > 2)
    var generator = SeededGenerator(seed: 7)
    let u: Matrix<S> = generator.matrix(rows, check.outputWidth)
    let w: [S] = generator.vector(rows)
    for way in PositionSize.Way.allCases {
      let results = onThreads { () -> [S] in
        var linearization = ConvolutionLinearization<S>(layer, at: check.site, gramWay: way)
        var (y, back) = (Matrix<S>(rows: 0, columns: 0), Matrix<S>(rows: 0, columns: 0))
        linearization.forward(at: check.point, into: &y)
        linearization.pullback(u, at: check.point, into: &back)
        var g = [S](repeating: 0, count: check.layout.count)
        linearization.parameterPullback(
          u, rowWeights: w, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), at: check.point,
          into: &g)
        var gram = Linearizations.RowGram<S>()
        gram.reset(rows: rows)
        linearization.addRowGram(of: u, at: check.point, into: &gram)
        var norms = [S](repeating: 0, count: rows)
        linearization.addRowSquaredNorms(of: u, at: check.point, into: &norms)
        return y.elements + back.elements + g + gram.penalised.elements + gram.free.elements + norms
      }
      #expect(areIdentical(results), "\(S.precisionName) \(way)")
    }
  }

  @Test func threads() throws {
    try identical(Float.self, Layers.Conv2D(channels: 16, kernel: 3, padding: 1), [8, 16, 16], rows: 24)
    try identical(Double.self, Layers.Conv2D(channels: 16, kernel: 3, padding: 1, groups: 2), [16, 10, 10], rows: 60)
  }
}
