import LinearAlgebra

extension Layers {
  /// A layer whose parameters stay as they are. At the start of a network it costs its forward pass and nothing else.
  /// A batch normalisation in it is evaluated with its running statistics, as nothing of it is trained.
  public struct Frozen: Layer {
    public var type: String { "frozen" }
    public var layer: any Layer

    public init(_ layer: some Layer) { self.layer = layer }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] { try layer.outputShape(for: input) }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      layer.parameters(for: input).map {
        var spec = $0
        spec.isFrozen = true
        return spec
      }
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { layer.makeLinearization(at: site, as: type) }

    public var takesTokens: Bool { layer.takesTokens }

    public func checkInput<Scalar: RealScalar>(_ features: Matrix<Scalar>) throws(Layers.Failure) {
      try layer.checkInput(features)
    }

    public var parts: [any Layer] { [layer] }
  }
}
