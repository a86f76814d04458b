import LinearAlgebra

extension Layers {
  /// y = the mean of the rows of a table that the tokens name: [T] token numbers become [D], as PyTorch's
  /// nn.EmbeddingBag with mode "mean".
  ///
  /// Tokens equal to `padding` are left out; without any other the mean is zero. Tokens are integers in 0..<V, held as
  /// features; the layer is the first of a network. weight [V, D], penalised, normal with variance 1 / D.
  public struct EmbeddingBag: Layer {
    public var type: String { "embedding_bag" }
    public var vocabulary: Int
    public var width: Int
    public var padding: Int?

    /// - Parameters:
    ///   - vocabulary: V, at most 2^24.
    ///   - width: D.
    ///   - padding: the token number that stands for nothing.
    public init(vocabulary: Int, width: Int, padding: Int? = nil) {
      self.vocabulary = vocabulary
      self.width = width
      self.padding = padding
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      try TokenTable.check(input, vocabulary, width, padding)
      return [width]
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] { TokenTable.parameters(vocabulary, width) }

    public var takesTokens: Bool { true }

    public func checkInput<Scalar: RealScalar>(_ features: Matrix<Scalar>) throws(Layers.Failure) {
      try TokenTable.checkTokens(features, vocabulary)
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { EmbeddingBagLinearization(self, at: site) }
  }
}

/// A bag of embeddings on one batch: a dense layer on the sparse rows of token counts, divided by their sums.
struct EmbeddingBagLinearization<Scalar: RealScalar>: LayerLinearization {
  let slices: [ParameterLayout.Slice]
  private let positions: Int
  private let vocabulary: Int
  private let width: Int
  private let padding: Int?
  /// 1 / n_i, over the tokens that are not padding.
  private var scales: [Scalar] = []
  private var groups = TokenGroups()
  private var shares = Matrix<Scalar>(rows: 0, columns: 0)
  private var overlap = Matrix<Scalar>(rows: 0, columns: 0)
  private var (norms, shareNorms): ([Scalar], [Scalar]) = ([], [])

  init(_ layer: Layers.EmbeddingBag, at site: Layers.Site) {
    slices = site.slices
    positions = site.input[0]
    vocabulary = layer.vocabulary
    width = layer.width
    padding = layer.padding
  }

  private func table(_ values: [Scalar]) -> MatrixView<Scalar> {
    MatrixView(values, offset: slices[0].offset, rows: vocabulary, columns: width)
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    TokenRows.scales(point.input.view, padding: padding, into: &scales)
    TokenRows.mean(table(point.values), point.input.view, scales: scales, padding: padding, into: &output)
    guard isTrainable else { return }
    groups.assign(point.input.view, vocabulary: vocabulary, padding: padding)
    groups.weigh(by: scales, into: &shares)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    if let tangent {
      TokenRows.mean(table(tangent), point.input.view, scales: scales, padding: padding, into: &result)
    } else {
      result.reshape(rows: point.rows, columns: width)
      result.clear()
    }
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    result.reshape(rows: point.rows, columns: positions)
    result.clear()
  }

  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    norms.resize(to: point.rows)
    norms.fill(with: 0)
    if let rowWeights { RowKernels.addProducts(rowWeights, scales, into: &norms) }
    TokenRows.scatter(
      cotangents.view, weights: rowWeights == nil ? scales : norms, alpha: alpha[slices[0]], point.input.view,
      padding: padding, beta: beta[slices[0]], into: &result, at: slices[0].offset, vocabulary: vocabulary,
      width: width)
  }

  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    TokenRows.addDots(
      cotangents.view, weights: scales, point.input.view, padding: padding, table(tangent), into: &result)
  }

  /// (delta_i . delta_j) times the pairs of equal tokens in i and j, over n_i n_j.
  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    groups.gram(of: shares, into: &overlap)
    gram.addDense(cotangents.view, cotangents.view, inputGram: overlap, weight: slices[0], bias: nil)
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    norms.resize(to: point.rows)
    shareNorms.resize(to: point.rows)
    shareNorms.fill(with: 0)
    RowKernels.dots(cotangents.view, cotangents.view, into: &norms)
    groups.addSquaredNorms(of: shares, into: &shareNorms)
    RowKernels.addProducts(norms, shareNorms, into: &result)
  }

  /// Exact for the batch at hand: the Gram depends on how many tokens examples share.
  func costs(rows: Int) -> Layers.Costs {
    let touched = Double(rows * positions) * Double(width)
    return Layers.Costs(
      input: touched, parameters: 2 * touched + Double(slices[0].count),
      rowGram: 2 * Double(groups.pairs) + Double(rows) * Double(rows) * Double(width),
      rowSquaredNorms: 2 * Double(rows) * Double(positions + width))
  }
}
