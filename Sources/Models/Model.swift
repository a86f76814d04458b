import LinearAlgebra

/// What a model maps to outputs.
public struct Inputs<Scalar: RealScalar>: Sendable {
  /// [B, D], in memory: one row for each example.
  public var features: Features<Scalar>
  /// The features' own Gram X X^T [B, B], its lower triangle, where it is known already (frozen features, cached).
  public var gram: Matrix<Scalar>?
  /// For a model with T output rows for each example: which of the B T rows there are, ascending; nil for all. Row t of
  /// example i has number i T + t. What is left out (padding, positions without a label) costs no output.
  public var rows: [Int32]?
  /// Of the dropout masks; nil, as in evaluation, drops nothing. The same seed gives the same masks.
  public var dropoutSeed: Layers.DropoutSeed?

  public init(_ features: Matrix<Scalar>, gram: Matrix<Scalar>? = nil) {
    self.init(.dense(features), gram: gram)
  }

  /// - Parameter features: in memory.
  public init(_ features: Features<Scalar>, gram: Matrix<Scalar>? = nil) {
    self.features = features
    self.gram = gram
  }

  /// The features as a matrix, which they must be: what models see that do not take sparse ones.
  public var dense: Matrix<Scalar> {
    get { features.dense }
    _modify { yield &features.dense }
  }
}

extension Layers {
  /// What dropout masks are drawn from.
  public struct DropoutSeed: Sendable, Codable, Hashable, ExpressibleByIntegerLiteral {
    public var value: UInt64
    /// k: the batch is k copies of the same examples, one after the other, and each copy has the same masks.
    public var copies = 1

    public init(_ value: UInt64) { self.value = value }
    public init(integerLiteral value: UInt64) { self.value = value }
  }
}

extension Inputs {
  /// The same examples k times, one copy after the other; row r of copy c has number c R + r of the outputs' rows.
  public func copied(_ count: Int, rowsPerExample: Int) -> Inputs {
    let examples = features.rows
    let index = (0..<Int32(count * examples)).map { $0 % Int32(examples) }
    var result = Inputs(features.gatheredInMemory(index))
    if let rows {
      result.rows = (0..<count).flatMap { copy in rows.map { $0 + Int32(copy * examples * rowsPerExample) } }
    }
    result.dropoutSeed = dropoutSeed
    result.dropoutSeed?.copies *= count
    return result
  }
}

/// A differentiable map from parameters and inputs to outputs.
///
/// `LinearHead` and `Network` are models. To write one of your own, give it a layout and a linearisation with a forward
/// pass, a pushforward and a pullback; everything else has a default that is right and slow. `checkLinearization` tests
/// the result. A runnable example: docs/models.md.
public protocol Model<Scalar>: Sendable {
  associatedtype Scalar: RealScalar
  associatedtype LinearizationType: Linearization where LinearizationType.Scalar == Scalar
  /// Names and shapes of the parameters.
  var layout: ParameterLayout { get }
  /// D.
  var inputWidth: Int { get }
  /// C.
  var outputWidth: Int { get }
  /// T, output rows for each example: 1, unless positions are classified.
  var rowsPerExample: Int { get }
  /// Weights to train (penalised slices), 1 for a head: each adds a part of its own to the row Gram.
  var layerCount: Int { get }
  /// Whether the features' own Gram X X^T spares work: where the first thing that happens to them is a product with
  /// trained weights.
  var usesFeatureGram: Bool { get }
  /// Whether features may be sparse; `Inputs.dense` is there only where they are not.
  var takesSparseFeatures: Bool { get }
  /// Numbers that a forward pass keeps for each example, about: sets how many examples are evaluated at once.
  var activationsPerExample: Int { get }
  /// Work areas for linearising; keep one and move it from batch to batch.
  func makeLinearization() -> LinearizationType
  /// Parameters to start from.
  func initialParameters(using generator: inout SeededGenerator) -> Parameters<Scalar>
  /// Throws if the model can be evaluated but not trained, and says why and what to use.
  func checkTrainable() throws(Layers.Failure)
  /// Throws if dense features [N, D] are not what the model takes, beyond their count: a token number out of range.
  func checkFeatures(_ features: Matrix<Scalar>) throws(Layers.Failure)
}

extension Model {
  public var rowsPerExample: Int { 1 }
  public var layerCount: Int { 1 }
  public var usesFeatureGram: Bool { false }
  public var takesSparseFeatures: Bool { false }
  public var activationsPerExample: Int { max(inputWidth, outputWidth * rowsPerExample) }

  public func initialParameters(using generator: inout SeededGenerator) -> Parameters<Scalar> {
    Parameters(layout: layout, using: &generator)
  }

  public func checkTrainable() throws(Layers.Failure) {}
  public func checkFeatures(_ features: Matrix<Scalar>) throws(Layers.Failure) {}

  /// Throws if the model does not take these features, beyond their count: sparse ones, or what `checkFeatures` says.
  public func check(_ features: Features<Scalar>) throws(Layers.Failure) {
    guard !features.isSparse || takesSparseFeatures else {
      throw Layers.Failure(
        "sparse features need a linear head: expected dense features, as layers take, got sparse ones")
    }
    if case .dense(let matrix) = features { try checkFeatures(matrix) }
  }
}
