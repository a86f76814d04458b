import LinearAlgebra

extension Linearizations {
  /// What a weight [out, in] that is applied to N rows leaves behind: the rows that came in and the cotangents that
  /// came back. The gradient of the weight is cotangents^T input, and its curvature is close to a Kronecker product of
  /// their second moments (arXiv 1503.05671; at several positions alike, arXiv 1602.01407).
  ///
  /// The views share the linearisation's memory: let go of them before the next product.
  public struct KroneckerPair<Scalar: RealScalar>: Sendable {
    /// [out, in].
    public var weight: ParameterLayout.Slice
    /// [out], if there is one: a column of ones beside the input.
    public var bias: ParameterLayout.Slice?
    /// [N, in].
    package var input: MatrixView<Scalar>
    /// [N, out].
    package var cotangents: MatrixView<Scalar>
    /// T: rows of an example, N = B T.
    public var positions: Int

    package init(
      weight: ParameterLayout.Slice, bias: ParameterLayout.Slice?, input: MatrixView<Scalar>,
      cotangents: MatrixView<Scalar>,
      positions: Int = 1
    ) {
      self.weight = weight
      self.bias = bias
      self.input = input
      self.cotangents = cotangents
      self.positions = positions
    }
  }
}
