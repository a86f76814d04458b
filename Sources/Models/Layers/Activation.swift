import LinearAlgebra

/// A scalar function applied to every element.
///
/// Names in architecture files: relu, leaky_relu, tanh, sigmoid, gelu, silu, softplus. Values and slopes are at most 5
/// units in the last place off.
package typealias ActivationFunction = ElementwiseFunction

extension Layers {
  /// y = f(x), element by element, on any shape: J_x is diagonal, with the slopes f'(x).
  ///
  /// The forward pass computes the slopes with the values; a product with J_x or its transpose is one multiplication an
  /// element. ReLU's slope at 0 is 0, as in PyTorch.
  public struct Activation: Layer {
    public var function: ElementwiseFunction

    public init(_ function: ElementwiseFunction) { self.function = function }

    public var type: String {
      switch function {
      case .relu: "relu"
      case .leakyReLU: "leaky_relu"
      case .tanh: "tanh"
      case .sigmoid: "sigmoid"
      case .gelu: "gelu"
      case .silu: "silu"
      case .softplus: "softplus"
      }
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { ActivationLinearization(function, width: site.input.reduce(1, *)) }
  }
}

/// An activation on one batch: keeps the slopes [rows, n].
struct ActivationLinearization<Scalar: RealScalar>: LayerLinearization {
  private let function: ElementwiseFunction
  private let width: Int
  private var slopes = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ function: ElementwiseFunction, width: Int) {
    self.function = function
    self.width = width
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    Elementwise.apply(function, to: point.input, into: &output, slope: &slopes)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    Elementwise.multiply(slopes, required(inputTangent), into: &result)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    Elementwise.multiply(slopes, cotangents, into: &result)
  }

  /// A few tens of flops an element for the value; the products need one.
  func costs(rows: Int) -> Layers.Costs { Layers.Costs(input: Double(rows * width)) }
}
