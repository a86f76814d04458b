import LinearAlgebra

extension Layers {
  /// From here on every position of an example is a row of its own: [T, D] becomes T rows of [D].
  ///
  /// For token classification and language models. Positions that `Inputs.rows` leaves out (padding, no label) cost
  /// nothing after it. Moves no numbers and has no parameters; it stands at the top level of a network, once.
  public struct Positions: Layer {
    public var type: String { "positions" }

    public init() {}

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard input.count == 2 else { throw Layers.Failure("expected [positions, n], got \(input)") }
      return [input[1]]
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> {
      preconditionFailure("positions are a network's own business: Network.init refuses them inside other layers")
    }
  }
}
