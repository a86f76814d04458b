import LinearAlgebra

/// The row Gram of a weight that is used at several positions of each example (a convolution, a dense layer on a
/// sequence), with inputs h_it and output cotangents delta_it at the positions t:
///
///     sum over t, t' of (delta_it . delta_jt') (h_it . h_jt')
///
/// Either as this double sum, B^2 T^2 (m + n) flops, or from the gradients of the single examples, 2 B T m n + B^2 m n
/// flops and B m n numbers: whichever is cheaper.
public struct PositionGram<Scalar: RealScalar>: Sendable {
  /// How activations lie in a row.
  public enum Layout: Sendable {
    /// [T, n], as in a sequence.
    case positionsFirst
    /// [n, T], as the channels of an image.
    case channelsFirst
  }

  let positions: Int
  let inputs: Int
  let outputs: Int
  let layout: Layout
  private var gradients = Matrix<Scalar>(rows: 0, columns: 0)
  private var sums = Matrix<Scalar>(rows: 0, columns: 0)

  public init(positions: Int, inputs: Int, outputs: Int, layout: Layout) {
    self.positions = positions
    self.inputs = inputs
    self.outputs = outputs
    self.layout = layout
  }

  /// Adds the Gram for cotangents [B, T m] and inputs [B, T n].
  public mutating func add(
    _ cotangents: Matrix<Scalar>, _ input: Matrix<Scalar>, weight: ParameterSlice, bias: ParameterSlice?,
    into gram: inout RowGram<Scalar>
  ) {
    preconditionFailure("to come")
  }

  /// Adds its diagonal.
  public mutating func addSquaredNorms(
    _ cotangents: Matrix<Scalar>, _ input: Matrix<Scalar>, hasBias: Bool, into result: inout [Scalar]
  ) {
    preconditionFailure("to come")
  }

  public func costs(rows: Int) -> LayerCosts { LayerCosts() }
}
