import LinearAlgebra

extension Layers {
  /// y = x + W on [T, D]: a learned vector for each position. weight [T, D], penalised, normal with deviation 0.02.
  public struct PositionalEmbedding: Layer {
    public var type: String { "positional_embedding" }

    public init() {}

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard input.count == 2 else { throw Layers.Failure("expected [positions, n], got \(input)") }
      return input
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      [Layers.ParameterSpec("weight", shape: input, isPenalised: true, initializer: .normal(deviation: 0.02))]
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { PositionalEmbeddingLinearization(slices: site.slices) }
  }
}

/// A positional embedding on one batch; the rows of M are the cotangents themselves.
struct PositionalEmbeddingLinearization<Scalar: RealScalar>: LayerLinearization {
  let slices: [ParameterLayout.Slice]
  private var products = Matrix<Scalar>(rows: 0, columns: 0)
  private var workspace = Products.Workspace<Scalar>()

  init(slices: [ParameterLayout.Slice]) { self.slices = slices }

  private func row(_ values: [Scalar]) -> MatrixView<Scalar> {
    MatrixView(values, offset: slices[0].offset, rows: 1, columns: slices[0].count)
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    output.copy(point.input)
    RowKernels.add(row(point.values), to: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    if let inputTangent {
      result.copy(inputTangent)
      if let tangent { RowKernels.add(row(tangent), to: &result) }
    } else if let tangent {
      result.reshape(rows: point.rows, columns: slices[0].count)
      RowKernels.fill(&result, with: row(tangent))
    }
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) { result.copy(cotangents) }

  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    RowKernels.columnSums(
      cotangents.view, weights: rowWeights, alpha: alpha[slices[0]], beta: beta[slices[0]], into: &result,
      at: slices[0].offset)
  }

  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    products.reshape(rows: point.rows, columns: 1)
    Products.timesTransposed(cotangents.view, row(tangent), into: &products, using: &workspace)
    result.combine(1, products.elements)
  }

  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) { gram.addRows(cotangents.view, to: slices[0]) }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) { RowKernels.addDots(cotangents.view, cotangents.view, into: &result) }

  func costs(rows: Int) -> Layers.Costs {
    let elements = Double(rows) * Double(slices[0].count)
    return Layers.Costs(
      input: elements, parameters: 2 * elements, rowGram: Double(rows) * elements, rowSquaredNorms: 2 * elements)
  }
}
