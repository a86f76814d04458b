import LinearAlgebra

extension Layers {
  /// y = weight h + bias, h = (x - mean) / sqrt(variance + epsilon), mean and biased variance over the last dimension
  /// of [n], or of [positions, n] at each position (Ba, Kiros & Hinton 2016, arXiv 1607.06450; PyTorch's nn.LayerNorm).
  ///
  /// Weights start at one, biases at zero, and neither is penalised. Some 10 flops an element for each product; the row
  /// Gram costs 2 B^2 n.
  public struct LayerNorm: Layer {
    public var type: String { "layer_norm" }
    public var epsilon: Double
    public var isAffine: Bool

    /// - Parameter affine: whether there is a weight and a bias.
    public init(epsilon: Double = 1e-5, affine: Bool = true) {
      self.epsilon = epsilon
      isAffine = affine
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard (1...2).contains(input.count) else {
        throw Layers.Failure("expected [n] or [positions, n], got \(input): for images use group_norm(groups: 1)")
      }
      try checkEpsilon(epsilon)
      return input
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      isAffine ? gainAndBias(input[input.count - 1]) : []
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { NormalizationLinearization(at: site, groups: 1, epsilon: epsilon) }
  }
}
