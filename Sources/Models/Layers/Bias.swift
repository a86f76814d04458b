import LinearAlgebra

extension Layers {
  /// y = x + b: a number for each feature of [n] or [positions, n], for each channel of [C, H, W].
  ///
  /// The parameter bias starts at zero and is not penalised. The row Gram costs B^2 C flops.
  public struct Bias: Layer {
    public var type: String { "bias" }

    public init() {}

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard (1...3).contains(input.count) else {
        throw Layers.Failure("expected [n], [positions, n] or [channels, height, width], got \(input)")
      }
      return input
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      [Layers.ParameterSpec("bias", shape: [ChannelLayout(shape: input).channels], isPenalised: false)]
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { BiasLinearization(site) }
  }
}

/// A bias on one batch: J_x is the identity.
struct BiasLinearization<Scalar: RealScalar>: ChannelLinearization {
  let slices: [ParameterLayout.Slice]
  var parameters: ChannelParameters<Scalar>

  init(_ site: Layers.Site) {
    slices = site.slices
    parameters = ChannelParameters(ChannelLayout(shape: site.input), gain: nil, bias: slices[0])
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    Channels.affine(point.input, parameters.layout, offset: parameters.bias(in: point.values), into: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    let offset = parameters.biasTangent(in: tangent)
    if let inputTangent {
      Channels.affine(inputTangent, parameters.layout, offset: offset, into: &result)
    } else {
      Channels.fill(&result, rows: point.rows, parameters.layout, with: offset)
    }
  }

  mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {
    parameters.prepare(cotangents, point.input)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    result.copy(cotangents)
  }

  func costs(rows: Int) -> Layers.Costs {
    var costs = parameters.costs(rows: rows)
    costs.input = 2 * Double(rows * parameters.layout.width)
    return costs
  }
}
