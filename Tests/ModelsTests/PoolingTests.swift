import LinearAlgebra
import Models
import TestSupport
import Testing

@Suite struct PoolingTests {
  struct Case: Sendable {
    var kernel: Layers.Extent
    var stride: Layers.Extent?
    var padding: Layers.Extent = 0
    var input: [Int]
    var rows = 4
  }

  static let cases = [
    Case(kernel: 2, input: [3, 6, 8]),
    Case(kernel: 2, input: [2, 7, 5]),
    Case(kernel: 3, stride: 2, padding: 1, input: [2, 8, 9]),
    Case(kernel: 3, stride: 1, padding: 1, input: [2, 5, 40]),
    Case(
      kernel: Layers.Extent(height: 3, width: 2), stride: Layers.Extent(height: 1, width: 3),
      padding: Layers.Extent(height: 1, width: 0),
      input: [1, 4, 9]),
    Case(kernel: 5, stride: 3, padding: 2, input: [2, 3, 3]),
    Case(kernel: 1, input: [2, 3, 4]),
  ]

  /// One example: `reduce` of the inputs that each window sees, and of the window's area.
  static func naive(_ item: Case, _ x: [Double], reduce: ([Double], Int) -> Double) -> [Double] {
    let (stride, padding) = (item.stride ?? item.kernel, item.padding)
    let (height, width) = (item.input[1], item.input[2])
    var result: [Double] = []
    for c in 0..<item.input[0] {
      for y in 0...(height + 2 * padding.height - item.kernel.height) / stride.height {
        for z in 0...(width + 2 * padding.width - item.kernel.width) / stride.width {
          var seen: [Double] = []
          for row in 0..<item.kernel.height {
            for column in 0..<item.kernel.width {
              let (p, q) = (y * stride.height - padding.height + row, z * stride.width - padding.width + column)
              if (0..<height).contains(p) && (0..<width).contains(q) { seen.append(x[(c * height + p) * width + q]) }
            }
          }
          result.append(reduce(seen, item.kernel.height * item.kernel.width))
        }
      }
    }
    return result
  }

  static func check<S: RealScalar>(
    _ type: S.Type, _ layer: any Layer, _ item: Case, reduce: @escaping ([Double], Int) -> Double
  ) -> Findings {
    var check = ImageLayerCheck<S>(layer, input: item.input, rows: item.rows, seed: 3)
    let findings = check.run(
      { layer.makeLinearization(at: $0, as: S.self) }, forward: { x, _ in naive(item, x, reduce: reduce) })
    findings.report("\(layer.type) \(S.precisionName)")
    return findings
  }

  @Test(arguments: cases) func maximum(item: Case) {
    let layer = Layers.MaxPool2D(kernel: item.kernel, stride: item.stride, padding: item.padding)
    var findings = Self.check(Float.self, layer, item) { seen, _ in seen.max() ?? .nan }
    findings.merge(Self.check(Double.self, layer, item) { seen, _ in seen.max() ?? .nan })
    #expect(findings.violations.isEmpty)
  }

  @Test(arguments: cases) func mean(item: Case) {
    let layer = Layers.AveragePool2D(kernel: item.kernel, stride: item.stride, padding: item.padding)
    var findings = Self.check(Float.self, layer, item) { seen, area in seen.reduce(0, +) / Double(area) }
    findings.merge(Self.check(Double.self, layer, item) { seen, area in seen.reduce(0, +) / Double(area) })
    #expect(findings.violations.isEmpty)
  }

  @Test(arguments: [[3, 4, 5], [2, 1, 1], [4, 7, 9]]) func wholePlanes(input: [Int]) {
    let item = Case(kernel: Layers.Extent(height: input[1], width: input[2]), input: input)
    var findings = Self.check(Float.self, Layers.GlobalAveragePool(), item) { $0.reduce(0, +) / Double($1) }
    findings.merge(Self.check(Double.self, Layers.GlobalAveragePool(), item) { $0.reduce(0, +) / Double($1) })
    #expect(findings.violations.isEmpty)
  }

  /// Equals: the first of the window, in rows. NaN: it stays one. All -infinity: the first that is not padding.
  func special<S: RealScalar>(_ type: S.Type) {
    let layer = Layers.MaxPool2D(kernel: 3, stride: 2, padding: 1)
    var linearization = layer.makeLinearization(at: Layers.Site(path: "", input: [1, 3, 4], slices: []), as: S.self)
    func sources(_ x: [S]) -> (values: [S], origins: [S]) {
      let point = Layers.Point<S>(input: Matrix(rows: 1, columns: 12, elements: x), values: [])
      var (y, origins) = (Matrix<S>(rows: 0, columns: 0), Matrix<S>(rows: 0, columns: 0))
      linearization.forward(at: point, into: &y)
      linearization.pushforward(
        Matrix(rows: 1, columns: 12, elements: (0..<12).map { S($0) }), nil, at: point, into: &origins)
      return (y.elements, origins.elements)
    }
    // Windows of outputs: rows 0...1 or 1...2, columns 0...1 or 1...3.
    #expect(sources([S](repeating: 2, count: 12)) == ([2, 2, 2, 2], [0, 1, 4, 5]))
    #expect(sources([S](repeating: -.infinity, count: 12)).origins == [0, 1, 4, 5])
    var x: [S] = (0..<12).map { S($0) }
    x[1] = .nan
    let (values, origins) = sources(x)
    #expect(values[0].isNaN && values[1].isNaN && values[2] == 9 && values[3] == 11)
    #expect(origins == [1, 1, 9, 11])
  }

  @Test func equalsAndNaN() {
    special(Float.self)
    special(Double.self)
  }

  @Test func shapesAndRefusals() throws {
    #expect(try Layers.MaxPool2D(kernel: 2).outputShape(for: [3, 7, 8]) == [3, 3, 4])
    #expect(try Layers.AveragePool2D(kernel: 3, stride: 2, padding: 1).outputShape(for: [3, 7, 8]) == [3, 4, 4])
    #expect(try Layers.GlobalAveragePool().outputShape(for: [3, 7, 8]) == [3])
    func message(_ layer: any Layer, _ input: [Int]) -> String? {
      do { _ = try layer.outputShape(for: input) } catch { return error.message }
      return nil
    }
    for layer: any Layer in [Layers.MaxPool2D(kernel: 2), Layers.AveragePool2D(kernel: 2), Layers.GlobalAveragePool()] {
      #expect(message(layer, [4, 4]) == "expected [channels, height, width], got [4, 4]")
    }
    for layer: any Layer in [Layers.MaxPool2D(kernel: 3, padding: 2), Layers.AveragePool2D(kernel: 3, padding: 2)] {
      #expect(message(layer, [1, 4, 4]) == "expected a padding of at most half of the kernel 3 x 3, got 2 x 2")
    }
    for layer: any Layer in [Layers.MaxPool2D(kernel: 5), Layers.AveragePool2D(kernel: 5)] {
      #expect(message(layer, [1, 4, 6]) == "a kernel of 5 x 5 is larger than the padded input of 4 x 6")
    }
    #expect(message(Layers.MaxPool2D(kernel: 2, stride: 0), [1, 4, 4]) == "expected a stride of at least 1, got 0 x 0")
  }

  func identical<S: RealScalar>(_ type: S.Type, _ layer: any Layer) throws {
    let check = ImageLayerCheck<S>(layer, input: [8, 24, 24], rows: 30, seed: 2)
    var generator = SeededGenerator(seed: 4)
    let u: Matrix<S> = generator.matrix(30, check.outputWidth)
    let results = onThreads { () -> [S] in
      var linearization = layer.makeLinearization(at: check.site, as: S.self)
      var (y, tangent, back) = (u, u, u)
      linearization.forward(at: check.point, into: &y)
      linearization.pushforward(check.point.input, nil, at: check.point, into: &tangent)
      linearization.pullback(u, at: check.point, into: &back)
      return y.elements + tangent.elements + back.elements
    }
    #expect(areIdentical(results), "\(layer.type) \(S.precisionName)")
  }

  @Test func threads() throws {
    for layer: any Layer in [
      Layers.MaxPool2D(kernel: 3, stride: 2), Layers.AveragePool2D(kernel: 2), Layers.GlobalAveragePool(),
    ] {
      try identical(Float.self, layer)
      try identical(Double.self, layer)
    }
  }
}
