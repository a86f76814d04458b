import LinearAlgebra

extension Layers {
  /// Any shape becomes [n], n the product of its sizes. The numbers stay in their order.
  public struct Flatten: Layer {
    public var type: String { "flatten" }

    public init() {}

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] { [input.reduce(1, *)] }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { FlattenLinearization() }
  }
}

/// Everything is the identity.
struct FlattenLinearization<Scalar: RealScalar>: LayerLinearization {
  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    output.copy(point.input)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    result.copy(required(inputTangent))
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    result.copy(cotangents)
  }

  func costs(rows: Int) -> Layers.Costs { Layers.Costs() }
}

extension Matrix {
  /// Takes shape and elements of `other`, into the memory it has.
  mutating func copy(_ other: Matrix) {
    reshape(rows: other.rows, columns: other.columns)
    assign(other.view)
  }
}

extension LayerLinearization {
  /// The input tangent of a layer without parameters, where there must be one.
  func required(_ inputTangent: Matrix<Scalar>?) -> Matrix<Scalar> {
    guard let inputTangent else { preconditionFailure("a layer without parameters needs a tangent of its input") }
    return inputTangent
  }
}
