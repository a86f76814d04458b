import LinearAlgebra

extension Layers {
  /// y_t = row x_t of a table: [T] token numbers become [T, D], as PyTorch's nn.Embedding.
  ///
  /// Tokens are integers in 0..<V, held as features; the layer is the first of a network. The row of the `padding`
  /// token is used as it is and never trained. weight [V, D], penalised, normal with variance 1 / D.
  public struct Embedding: Layer {
    public var type: String { "embedding" }
    public var vocabulary: Int
    public var width: Int
    public var padding: Int?

    /// - Parameters:
    ///   - vocabulary: V, at most 2^24.
    ///   - width: D.
    ///   - padding: the token number whose row is not trained.
    public init(vocabulary: Int, width: Int, padding: Int? = nil) {
      self.vocabulary = vocabulary
      self.width = width
      self.padding = padding
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      try TokenTable.check(input, vocabulary, width, padding)
      return [input[0], width]
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] { TokenTable.parameters(vocabulary, width) }

    public var takesTokens: Bool { true }

    public func checkInput<Scalar: RealScalar>(_ features: Matrix<Scalar>) throws(Layers.Failure) {
      try TokenTable.checkTokens(features, vocabulary)
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { EmbeddingLinearization(self, at: site) }
  }
}

/// What embeddings share.
enum TokenTable {
  static func check(_ input: [Int], _ vocabulary: Int, _ width: Int, _ padding: Int?) throws(Layers.Failure) {
    guard input.count == 1 else { throw Layers.Failure("expected [positions] of token numbers, got \(input)") }
    guard (1...TokenRows.vocabularyLimit).contains(vocabulary) else {
      throw Layers.Failure("expected a vocabulary of 1 to \(TokenRows.vocabularyLimit) tokens, got \(vocabulary)")
    }
    guard width >= 1 else { throw Layers.Failure("expected a width of at least 1, got \(width)") }
    if let padding, !(0..<vocabulary).contains(padding) {
      throw Layers.Failure("expected a padding token in 0..<\(vocabulary), got \(padding)")
    }
  }

  static func parameters(_ vocabulary: Int, _ width: Int) -> [Layers.ParameterSpec] {
    let deviation = 1 / Double(width).squareRoot()
    return [
      Layers.ParameterSpec(
        "weight", shape: [vocabulary, width], isPenalised: true, initializer: .normal(deviation: deviation))
    ]
  }

  static func checkTokens<Scalar>(_ features: Matrix<Scalar>, _ vocabulary: Int) throws(Layers.Failure) {
    guard let place = TokenRows.firstInvalid(features.view, vocabulary: vocabulary) else { return }
    let (row, column) = place.quotientAndRemainder(dividingBy: features.columns)
    throw Layers.Failure(
      "row \(row), column \(column): expected a token number in 0..<\(vocabulary), got \(features[row, column])")
  }
}

/// An embedding on one batch. Nothing is differentiated with respect to tokens; a row of M touches the rows of its own
/// tokens only, so that two examples meet where they share one.
struct EmbeddingLinearization<Scalar: RealScalar>: LayerLinearization {
  let slices: [ParameterLayout.Slice]
  private let positions: Int
  private let vocabulary: Int
  private let width: Int
  private let padding: Int?
  private var groups = TokenGroups()
  private var sums = Matrix<Scalar>(rows: 0, columns: 0)
  private var overlap = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ layer: Layers.Embedding, at site: Layers.Site) {
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
    TokenRows.gather(table(point.values), point.input.view, padding: nil, into: &output)
    if isTrainable { groups.assign(point.input.view, vocabulary: vocabulary, padding: padding) }
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    if let tangent {
      TokenRows.gather(table(tangent), point.input.view, padding: padding, into: &result)
    } else {
      result.reshape(rows: point.rows, columns: positions * width)
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
    TokenRows.scatter(
      cotangents.view, weights: rowWeights, alpha: alpha[slices[0]], point.input.view, padding: padding,
      beta: beta[slices[0]], into: &result, at: slices[0].offset, vocabulary: vocabulary, width: width)
  }

  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    TokenRows.addDots(
      cotangents.view, weights: nil, point.input.view, padding: padding, table(tangent), into: &result)
  }

  /// The sum over t, t' with the same token of delta_it . delta_jt': cotangents of equal tokens of an example are added
  /// first.
  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    groups.sum(cotangents.view, into: &sums)
    groups.gram(of: sums, into: &overlap)
    gram.add(overlap, to: slices[0])
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    groups.sum(cotangents.view, into: &sums)
    groups.addSquaredNorms(of: sums, into: &result)
  }

  /// Exact for the batch at hand: the Gram depends on how many tokens examples share.
  func costs(rows: Int) -> Layers.Costs {
    let touched = Double(rows * positions) * Double(width)
    return Layers.Costs(
      input: touched, parameters: 2 * touched + Double(slices[0].count),
      rowGram: touched + 2 * Double(groups.pairs) * Double(width),
      rowGramBytes: touched * Double(MemoryLayout<Scalar>.stride), rowSquaredNorms: 3 * touched)
  }
}
