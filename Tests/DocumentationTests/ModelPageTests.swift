import FastGaussNewton
import Testing

/// The tables of docs/models.md against the layers and the checks.
@Suite struct ModelPageTests {
  static func page() throws -> String { try Repository.text("docs/models.md") }

  /// Each row of the table of layers.
  static func rows() throws -> [String] {
    try #require(try page().section("## Layers")).components(separatedBy: "\n").filter { $0.hasPrefix("| `") }
  }

  @Test func everyLayerHasItsRow() throws {
    let rows = try Self.rows()
    let names = try Repository.files(in: "Sources/Models/Layers", suffix: ".swift").flatMap {
      try Repository.text($0).captures(#"^ *public struct (\w+): Layer\b"#)
    }
    #expect(names.count >= 20)
    for name in names { #expect(rows.contains { $0.contains("`Layers.\(name)(") }, "\(name)") }
    let listed = try rows.flatMap { try $0.components(separatedBy: "|")[1].captures(#"`Layers\.(\w+)\("#) }
    #expect(Set(listed) == Set(names))
  }

  /// The parameters that a layer asks for are named in its row, with as many sizes.
  @Test(arguments: [
    (Layers.Dense(3) as any Layer, [2]), (Layers.Bias(), [2]), (Layers.LayerNorm(), [3, 2]),
    (Layers.GroupNorm(groups: 1), [2, 3, 3]),
    (Layers.BatchNorm(), [2]), (Layers.Conv2D(channels: 2, kernel: 2), [2, 3, 3]),
    (Layers.Embedding(vocabulary: 3, width: 2), [4]),
    (Layers.EmbeddingBag(vocabulary: 3, width: 2), [4]), (Layers.PositionalEmbedding(), [3, 2]),
    (Layers.SelfAttention(heads: 1), [3, 2]),
    (Layers.Activation(.gelu), [2]), (Layers.Flatten(), [2, 2]), (Layers.Dropout(0.5), [2]),
    (Layers.MaxPool2D(kernel: 2), [1, 4, 4]),
    (Layers.AveragePool2D(kernel: 2), [1, 4, 4]), (Layers.GlobalAveragePool(), [2, 3, 3]),
    (Layers.MeanPositions(), [3, 2]),
    (Layers.Positions(), [3, 2]),
  ])
  func parametersAreNamed(_ layer: any Layer, _ input: [Int]) throws {
    let row = try #require(try Self.rows().first { $0.contains("`Layers.\(Swift.type(of: layer))(") })
    let cell = row.components(separatedBy: "|")[3]
    let named = try cell.captures(#"`([a-z_.]+)`"#)
    let specs = layer.parameters(for: input)
    #expect(specs.isEmpty == cell.allSatisfy { $0 == " " }, "\(row)")
    for spec in specs where !spec.name.hasSuffix("bias") {
      #expect(named.contains(spec.name), "\(spec.name)")
    }
  }

  @Test func everyCheckIsExplained() throws {
    let section = try #require(try Self.page().section("## Reading the report"))
    let explained = section.components(separatedBy: "\n").filter { $0.hasPrefix("| ") }
      .map { $0.components(separatedBy: "|")[1] }
    for check in Linearizations.Report.Check.allCases {
      let name = check.rawValue.replacingOccurrences(of: ", inputs", with: "")
      #expect(explained.contains { $0.contains(name) }, "\(name)")
    }
  }

  /// The gain of the examples with a pullback that forgets the gain.
  struct BrokenScale: Layer {
    var type: String { "scale" }

    func parameters(for input: [Int]) -> [Layers.ParameterSpec] { ModelExamples.Scale().parameters(for: input) }

    func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { Broken(right: ModelExamples.ScaleLinearization(slices: site.slices)) }

    struct Broken<Scalar: RealScalar>: LayerLinearization {
      var right: ModelExamples.ScaleLinearization<Scalar>
      var slices: [ParameterLayout.Slice] { right.slices }

      mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
        right.forward(at: point, into: &output)
      }

      mutating func pushforward(
        _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
        into result: inout Matrix<Scalar>
      ) {
        right.pushforward(inputTangent, tangent, at: point, into: &result)
      }

      mutating func pullback(
        _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
      ) {
        result = cotangents
      }

      mutating func parameterPullback(
        _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
        beta: ParameterLayout.Factors<Scalar>,
        at point: Layers.Point<Scalar>, into result: inout [Scalar]
      ) {
        right.parameterPullback(
          cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: point, into: &result)
      }
    }
  }

  /// The report that the page shows is what such a layer gets, but for the lines that passed.
  @Test func theReportIsReal() throws {
    let model = try Network<Double>(
      Architecture(input: [4], layers: [Layers.Dense(6), Layers.Activation(.tanh), BrokenScale(), Layers.Dense(3)]))
    var generator = SeededGenerator(seed: 1)
    var parameters = model.initialParameters(using: &generator)
    for j in parameters.values.indices { parameters.values[j] += 0.3 * generator.normal() }
    let features = Matrix<Double>(rows: 5, columns: 4, elements: (0..<20).map { _ in generator.normal() })
    let report = checkLinearization(model, at: parameters, inputs: Inputs(features))
    let lines = report.description.components(separatedBy: "\n")
    let shown = lines.enumerated().filter { $0.offset < 2 || !$0.element.hasSuffix("ok") }.map(\.element)
    let page = try Self.page()
    #expect(page.contains(shown.joined(separator: "\n")), "\(shown.joined(separator: "\n"))")
  }
}
