import LinearAlgebra

/// What a model maps to outputs: one row for each example.
public struct Inputs<Scalar: RealScalar>: Sendable {
  /// [B, D].
  public var features: Matrix<Scalar>
  /// The features' own Gram X X^T [B, B], its lower triangle, where it is known already (frozen features, cached).
  public var gram: Matrix<Scalar>?

  public init(_ features: Matrix<Scalar>, gram: Matrix<Scalar>? = nil) {
    self.features = features
    self.gram = gram
  }
}

/// A differentiable map from parameters and inputs to outputs.
public protocol Model<Scalar>: Sendable {
  associatedtype Scalar: RealScalar
  associatedtype LinearizationType: Linearization where LinearizationType.Scalar == Scalar
  /// Names and shapes of the parameters.
  var layout: ParameterLayout { get }
  /// D.
  var inputWidth: Int { get }
  /// C.
  var outputWidth: Int { get }
  /// Layers with parameters, 1 for a head: each adds a part of its own to the row Gram.
  var layerCount: Int { get }
  /// Work areas for linearising; keep one and move it from batch to batch.
  func makeLinearization() -> LinearizationType
  /// Parameters to start from.
  func initialParameters(using generator: inout SeededGenerator) -> Parameters<Scalar>
}

/// A model at one parameter point on one batch: outputs and the products with the Jacobian J = d outputs / d parameters.
///
/// J has a row for each output (B C of them) and a column for each parameter. It is never formed.
public protocol Linearization<Scalar>: Sendable {
  associatedtype Scalar: RealScalar

  /// Moves to `parameters` and `inputs` and writes the outputs [B, C]: one forward pass.
  mutating func linearize(at parameters: Parameters<Scalar>, inputs: Inputs<Scalar>, outputs: inout Matrix<Scalar>)

  /// result [B, C] = J tangent, tangent [P]. `productFlops` flops, no allocation.
  mutating func pushforward(_ tangent: [Scalar], into result: inout Matrix<Scalar>)

  /// result = alpha * J^T (diag(rowWeights) cotangents) + beta * result, with a factor for each kind of slice.
  /// Cotangents are [B, C], `rowWeights` [B] with nil for ones, result [P]. With beta 0 result is not read.
  mutating func pullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: SliceFactors<Scalar>, beta: SliceFactors<Scalar>,
    into result: inout [Scalar])

  /// Lower triangles of M M^T [B, B] in closed form, M the rows J_i^T cotangent_i, as the sum of two parts: over
  /// the penalised parameters and over the others. In the metric of L2 the Gram is a weighted sum of the two.
  mutating func rowGram(
    of cotangents: Matrix<Scalar>, penalised: inout Matrix<Scalar>, free: inout Matrix<Scalar>)

  /// The diagonal [B] of the row Gram, |J_i^T cotangent_i|^2, without the rest of it.
  mutating func rowSquaredNorms(of cotangents: Matrix<Scalar>, into result: inout [Scalar])

  /// Whether J_i J_i^T is a multiple of the identity for each example, as in a linear head.
  var isIsotropic: Bool { get }

  /// Both triangles of the K [B, B] for which J diag(metric) J^T = K x I_C, if there is one: a linear head has it.
  /// Returns false, and leaves `result` alone, if there is none.
  mutating func sharedGram(metric: SliceFactors<Scalar>, into result: inout Matrix<Scalar>) -> Bool

  /// Flops of one pushforward, which are those of one pullback.
  var productFlops: Double { get }
  /// Flops of `rowGram`.
  var rowGramFlops: Double { get }

  /// Lets go of the inputs, so that whoever owns them can change them without a copy.
  mutating func releaseInputs()
}

extension Linearization {
  public var isIsotropic: Bool { false }

  public mutating func sharedGram(metric: SliceFactors<Scalar>, into result: inout Matrix<Scalar>) -> Bool { false }
}
