import LinearAlgebra

extension Layers {
  /// Multi-head self-attention on [T, D], as PyTorch's nn.MultiheadAttention with batch_first, without dropout and
  /// without a padding mask (Vaswani et al. 2017, arXiv 1706.03762):
  ///
  ///     q, k, v = x W_in^T + b_in,    y = concat over heads (softmax(q k^T / sqrt(D/H)) v) W_out^T + b_out
  ///
  /// in_proj_weight [3D, D], in_proj_bias [3D], out_proj.weight [D, D], out_proj.bias [D]. Weights start by Glorot's
  /// uniform rule, biases at zero. Flops for an example: 8 T D^2 + 4 T^2 D.
  public struct SelfAttention: Layer {
    public var type: String { "self_attention" }
    public var heads: Int
    public var isCausal: Bool
    public var hasBias: Bool

    /// - Parameters:
    ///   - heads: H, a divisor of the width D.
    ///   - causal: whether a position sees those up to itself only.
    public init(heads: Int, causal: Bool = false, bias: Bool = true) {
      self.heads = heads
      isCausal = causal
      hasBias = bias
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard input.count == 2 else { throw Layers.Failure("expected [positions, n], got \(input)") }
      guard heads >= 1, input[1] % heads == 0 else {
        throw Layers.Failure("expected a number of heads that divides the width \(input[1]), got \(heads)")
      }
      return input
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      let width = input[1]
      func weight(_ name: String, _ outputs: Int) -> Layers.ParameterSpec {
        Layers.ParameterSpec(
          name, shape: [outputs, width], isPenalised: true,
          initializer: .glorotUniform(fanIn: width, fanOut: outputs))
      }
      func bias(_ name: String, _ outputs: Int) -> [Layers.ParameterSpec] {
        hasBias ? [Layers.ParameterSpec(name, shape: [outputs], isPenalised: false)] : []
      }
      return [weight("in_proj_weight", 3 * width)] + bias("in_proj_bias", 3 * width)
        + [weight("out_proj.weight", width)] + bias("out_proj.bias", width)
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { SelfAttentionLinearization(self, at: site) }
  }
}

/// Self-attention on one batch: a dense layer on positions, the core without parameters, and another dense layer.
///
/// Cotangents are carried back to the first of them in `prepare`, and everything about parameters is theirs then.
struct SelfAttentionLinearization<Scalar: RealScalar>: LayerLinearization {
  let slices: [ParameterLayout.Slice]
  private let core: Attention
  private var projection: DenseLinearization<Scalar>
  private var output: DenseLinearization<Scalar>
  private var workspace = Attention.Workspace<Scalar>()
  /// Queries, keys and values [B, T 3D], and their tangents and cotangents.
  private var projected = Matrix<Scalar>(rows: 0, columns: 0)
  private var projectedTangents = Matrix<Scalar>(rows: 0, columns: 0)
  private var projectedCotangents = Matrix<Scalar>(rows: 0, columns: 0)
  /// [B, H T T].
  private var probabilities = Matrix<Scalar>(rows: 0, columns: 0)
  /// What the heads give [B, T D]; its tangents or cotangents.
  private var attended = Matrix<Scalar>(rows: 0, columns: 0)
  private var attendedWork = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ layer: Layers.SelfAttention, at site: Layers.Site) {
    slices = site.slices
    let (positions, width) = (site.input[0], site.input[1])
    core = Attention(positions: positions, width: width, heads: layer.heads, isCausal: layer.isCausal)
    let half = slices.count / 2
    func dense(_ outputs: Int, _ slices: ArraySlice<ParameterLayout.Slice>) -> DenseLinearization<Scalar> {
      DenseLinearization(
        Layers.Dense(outputs, bias: layer.hasBias),
        at: Layers.Site(path: site.path, input: site.input, slices: Array(slices)))
    }
    projection = dense(3 * width, slices[..<half])
    output = dense(width, slices[half...])
  }

  private func outputPoint(_ point: Layers.Point<Scalar>) -> Layers.Point<Scalar> {
    Layers.Point(input: attended, values: point.values)
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    projection.forward(at: point, into: &projected)
    core.forward(projected, probabilities: &probabilities, into: &attended)
    self.output.forward(at: outputPoint(point), into: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    projection.pushforward(inputTangent, tangent, at: point, into: &projectedTangents)
    core.pushforward(
      projectedTangents, at: projected, probabilities: probabilities, into: &attendedWork, using: &workspace)
    output.pushforward(attendedWork, tangent, at: outputPoint(point), into: &result)
  }

  mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {
    output.pullback(cotangents, at: outputPoint(point), into: &attendedWork)
    core.pullback(
      attendedWork, at: projected, probabilities: probabilities, into: &projectedCotangents, using: &workspace)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) { projection.pullback(projectedCotangents, at: point, into: &result) }

  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    projection.parameterPullback(
      projectedCotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: point, into: &result)
    output.parameterPullback(
      cotangents, rowWeights: rowWeights, alpha: alpha, beta: beta, at: outputPoint(point), into: &result)
  }

  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    projection.addRowProducts(tangent, projectedCotangents, at: point, into: &result)
    output.addRowProducts(tangent, cotangents, at: outputPoint(point), into: &result)
  }

  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    projection.addRowGram(of: projectedCotangents, at: point, into: &gram)
    output.addRowGram(of: cotangents, at: outputPoint(point), into: &gram)
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    projection.addRowSquaredNorms(of: projectedCotangents, at: point, into: &result)
    output.addRowSquaredNorms(of: cotangents, at: outputPoint(point), into: &result)
  }

  /// The core's products cost twice its forward pass; that one is counted as a product.
  func costs(rows: Int) -> Layers.Costs {
    let (first, last) = (projection.costs(rows: rows), output.costs(rows: rows))
    let inside = last.input + 2 * Double(rows) * core.flops
    return first + last + Layers.Costs(input: inside - last.input, inner: inside)
  }
}
