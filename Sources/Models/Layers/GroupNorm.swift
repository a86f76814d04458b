import LinearAlgebra

extension Layers {
  /// y = weight h + bias, h = (x - mean) / sqrt(variance + epsilon), mean and biased variance over groups of
  /// neighbouring channels of each example; weight and bias for each channel (Wu & He 2018, arXiv 1803.08494; PyTorch's
  /// nn.GroupNorm).
  ///
  /// On [C, H, W] or [C]. Weights start at one, biases at zero, and neither is penalised. Some 10 flops an element for
  /// each product; the row Gram costs 2 B^2 C.
  public struct GroupNorm: Layer {
    public var type: String { "group_norm" }
    public var groups: Int
    public var epsilon: Double
    public var isAffine: Bool

    /// - Parameters:
    ///   - groups: divides the channels.
    ///   - affine: whether there is a weight and a bias.
    public init(groups: Int, epsilon: Double = 1e-5, affine: Bool = true) {
      self.groups = groups
      self.epsilon = epsilon
      isAffine = affine
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard input.count == 1 || input.count == 3 else {
        throw Layers.Failure(
          "expected [channels, height, width] or [channels], got \(input): see layer_norm for sequences")
      }
      guard groups >= 1, input[0].isMultiple(of: groups) else {
        throw Layers.Failure("expected a number of groups that divides the \(input[0]) channels, got \(groups)")
      }
      try checkEpsilon(epsilon)
      return input
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] { isAffine ? gainAndBias(input[0]) : [] }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { NormalizationLinearization(at: site, groups: groups, epsilon: epsilon) }
  }
}

/// The weight and bias of a normalisation.
func gainAndBias(_ count: Int) -> [Layers.ParameterSpec] {
  [
    Layers.ParameterSpec("weight", shape: [count], isPenalised: false, initializer: .ones),
    Layers.ParameterSpec("bias", shape: [count], isPenalised: false),
  ]
}

func checkEpsilon(_ epsilon: Double) throws(Layers.Failure) {
  guard epsilon > 0 && epsilon.isFinite else { throw Layers.Failure("expected a positive epsilon, got \(epsilon)") }
}

/// Layer or group normalisation on one batch: keeps h and 1 / sqrt(variance + epsilon).
struct NormalizationLinearization<Scalar: RealScalar>: ChannelLinearization {
  let slices: [ParameterLayout.Slice]
  var parameters: ChannelParameters<Scalar>
  private let groups: Int
  private let epsilon: Double
  private var normalized = Matrix<Scalar>(rows: 0, columns: 0)
  private var inverseDeviations: [Scalar] = []

  init(at site: Layers.Site, groups: Int, epsilon: Double) {
    slices = site.slices
    self.groups = groups
    self.epsilon = epsilon
    parameters = ChannelParameters(ChannelLayout(shape: site.input), gain: slices.first, bias: slices.last)
  }

  private var layout: ChannelLayout { parameters.layout }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    Normalization.forward(
      point.input, layout, groups: groups, epsilon: epsilon, gain: parameters.gain(in: point.values),
      bias: parameters.bias(in: point.values), into: &output, normalized: &normalized,
      inverseDeviations: &inverseDeviations)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    let (gain, bias) = (parameters.gainTangent(in: tangent), parameters.biasTangent(in: tangent))
    if let inputTangent {
      Normalization.tangent(
        inputTangent, layout, groups: groups, normalized: normalized, inverseDeviations: inverseDeviations,
        gain: parameters.gain(in: point.values), gainTangent: gain, biasTangent: bias, into: &result)
    } else if let gain {
      Channels.affine(normalized, layout, factor: gain, offset: bias, into: &result)
    } else {
      Channels.fill(&result, rows: point.rows, layout, with: bias)
    }
  }

  mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {
    parameters.prepare(cotangents, normalized)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    Normalization.cotangent(
      cotangents, layout, groups: groups, normalized: normalized, inverseDeviations: inverseDeviations,
      gain: parameters.gain(in: point.values), into: &result)
  }

  func costs(rows: Int) -> Layers.Costs {
    var costs = parameters.costs(rows: rows)
    costs.input = 10 * Double(rows * layout.width)
    return costs
  }
}
