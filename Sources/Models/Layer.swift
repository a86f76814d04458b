import Errors
import LinearAlgebra

/// One layer of a network: what it is, without numbers. Its `LayerLinearization` does the work, in either precision.
///
/// Shapes are those of one example, without the batch: [n] for features, [C, H, W] for images (as in PyTorch), [T, D]
/// for sequences of T positions. A batch of activations is a matrix [rows, product of the shape], row-major, so that
/// flattening moves nothing. A layer of your own in about thirty lines: docs/models.md.
public protocol Layer: Sendable {
  /// What it is called in architecture files and messages, such as "dense".
  var type: String { get }

  /// The shape that it makes of `input`.
  /// - Throws: `Layers.Failure` if it does not take that shape.
  func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int]

  /// Its parameters for that input shape, in the order of a model file.
  func parameters(for input: [Int]) -> [Layers.ParameterSpec]

  /// Work areas for linearising at `site`.
  func makeLinearization<Scalar: RealScalar>(
    at site: Layers.Site, as type: Scalar.Type
  ) -> any LayerLinearization<Scalar>

  /// Throws if the layer can be evaluated but not trained.
  func checkTrainable() throws(Layers.Failure)

  /// Whether its input is token numbers: then it can only be the first layer of a network.
  var takesTokens: Bool { get }

  /// Throws if it cannot take `features` [N, D], whose shape fits, and says which row and column. Only the first layer
  /// of a network is asked.
  func checkInput<Scalar: RealScalar>(_ features: Matrix<Scalar>) throws(Layers.Failure)

  /// The layers that it is made of.
  var parts: [any Layer] { get }
}

extension Layer {
  public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] { input }
  public func parameters(for input: [Int]) -> [Layers.ParameterSpec] { [] }
  public func checkTrainable() throws(Layers.Failure) {}
  public var takesTokens: Bool { false }
  public func checkInput<Scalar: RealScalar>(_ features: Matrix<Scalar>) throws(Layers.Failure) {}
  public var parts: [any Layer] { [] }
}

extension Layers {
  /// A parameter that a layer asks for.
  public struct ParameterSpec: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
    public var isPenalised: Bool
    public var isFrozen: Bool
    public var initializer: Layers.Initializer

    /// - Parameters:
    ///   - name: as in PyTorch's state_dict, without the layer's own path: "weight".
    ///   - isPenalised: whether L2 applies; yes for weights, no for biases and gains.
    public init(
      _ name: String, shape: [Int], isPenalised: Bool, isFrozen: Bool = false, initializer: Layers.Initializer = .zeros
    ) {
      self.name = name
      self.shape = shape
      self.isPenalised = isPenalised
      self.isFrozen = isFrozen
      self.initializer = initializer
    }

    /// The same under a path: "2" makes "weight" "2.weight".
    public func under(_ path: String) -> Layers.ParameterSpec {
      var result = self
      result.name = "\(path).\(name)"
      return result
    }
  }
}

extension Layers {
  /// Where a layer stands in a network: its input shape and its parameters' slices, in the order of its specs.
  public struct Site: Sendable {
    /// As in names of parameters: "3", or "2.body.0".
    public var path: String
    public var input: [Int]
    public var slices: [ParameterLayout.Slice]

    public init(path: String, input: [Int], slices: [ParameterLayout.Slice]) {
      self.path = path
      self.input = input
      self.slices = slices
    }
  }
}

extension Layers {
  /// What a layer's forward pass saw, given to it again with every product. Layers keep what they computed, not this.
  public struct Point<Scalar: RealScalar>: Sendable {
    /// [rows, n].
    public var input: Matrix<Scalar>
    /// All parameters of the network; a layer reads its slices.
    public var values: [Scalar]
    /// The input's own Gram, lower triangle, where it is known.
    public var inputGram: Matrix<Scalar>?
    /// Seed of the dropout masks, nil for none.
    public var dropoutSeed: Layers.DropoutSeed?

    public init(
      input: Matrix<Scalar>, values: [Scalar], inputGram: Matrix<Scalar>? = nil, dropoutSeed: Layers.DropoutSeed? = nil
    ) {
      self.input = input
      self.values = values
      self.inputGram = inputGram
      self.dropoutSeed = dropoutSeed
    }

    public var rows: Int { input.rows }
  }
}

/// A layer at one point: y = f(x, theta), and the products with its two Jacobians J_x and J_theta, by hand-written
/// tangent and cotangent rules.
///
/// Each function shapes its matrix result itself. A layer without parameters has `forward`, `pushforward` and
/// `pullback`; the rest have defaults. What follows a `prepare` is about its cotangents, until the next.
public protocol LayerLinearization<Scalar>: Sendable {
  associatedtype Scalar: RealScalar

  /// The parameters' slices, as in the site.
  var slices: [ParameterLayout.Slice] { get }

  /// y [rows, m]. Keeps what the products below need.
  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>)

  /// result [rows, m] = J_x inputTangent + J_theta tangent, nil standing for zeros; one of them is not nil.
  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>)

  /// Told of the output cotangents [rows, m] before any of the functions below. Composite layers carry them back here.
  mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>)

  /// result [rows, n] = J_x^T cotangents.
  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>)

  /// result = alpha J_theta^T diag(rowWeights) cotangents + beta result on the layer's trainable slices; nil weights
  /// are ones.
  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar])

  /// result_i += cotangent_i . (J_theta tangent)_i.
  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar])

  /// For each slice, in order, the gradients [rows, count] of the single rows: J_theta,i^T cotangent_i. Default: a
  /// parameter pullback for each row.
  mutating func rowGradients(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Matrix<Scalar>])

  /// Adds this layer's part of the row Gram. Default: by `rowGradients`.
  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>)

  /// Adds its diagonal to `result` [rows]. Default: by `rowGradients`.
  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar])

  /// Adds the pairs of its trainable weights, after `prepare`. Default: none.
  func addKroneckerPairs(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>,
    to pairs: inout [Linearizations.KroneckerPair<Scalar>])

  /// Flops of the products for so many rows.
  func costs(rows: Int) -> Layers.Costs
}

extension Layers {
  /// Flops of a layer's products; a multiply-add is two.
  public struct Costs: Sendable {
    /// A product with J_x or its transpose, and the forward pass.
    public var input: Double
    /// What of `input` is spent even where the layer's own input has no tangent and needs no cotangent: layers made of
    /// others carry both inside.
    public var inner: Double
    /// A product with J_theta or its transpose.
    public var parameters: Double
    public var rowGram: Double
    /// Work areas of the row Gram, beyond rows x rows matrices.
    public var rowGramBytes: Double
    public var rowSquaredNorms: Double

    public init(
      input: Double = 0, inner: Double = 0, parameters: Double = 0, rowGram: Double = 0, rowGramBytes: Double = 0,
      rowSquaredNorms: Double = 0
    ) {
      self.input = input
      self.inner = inner
      self.parameters = parameters
      self.rowGram = rowGram
      self.rowGramBytes = rowGramBytes
      self.rowSquaredNorms = rowSquaredNorms
    }

    public static func + (a: Layers.Costs, b: Layers.Costs) -> Layers.Costs {
      Layers.Costs(
        input: a.input + b.input, inner: a.inner + b.inner, parameters: a.parameters + b.parameters,
        rowGram: a.rowGram + b.rowGram, rowGramBytes: max(a.rowGramBytes, b.rowGramBytes),
        rowSquaredNorms: a.rowSquaredNorms + b.rowSquaredNorms)
    }
  }
}

extension LayerLinearization {
  public var slices: [ParameterLayout.Slice] { [] }

  public var isTrainable: Bool { slices.contains { !$0.isFrozen } }

  public mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {}

  public mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    precondition(!isTrainable, "a layer with parameters needs parameterPullback")
  }

  public mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    guard isTrainable else { return }
    var outputs = Matrix<Scalar>(rows: 0, columns: 0)
    pushforward(nil, tangent, at: point, into: &outputs)
    RowKernels.addDots(cotangents.view, outputs.view, into: &result)
  }

  public mutating func rowGradients(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Matrix<Scalar>]
  ) {
    var unit = [Scalar](repeating: 0, count: point.rows)
    var buffer = [Scalar](repeating: 0, count: slices.map(\.range.upperBound).max() ?? 0)
    for (slice, k) in zip(slices, 0...) { result[k].reshape(rows: point.rows, columns: slice.count) }
    for i in 0..<point.rows {
      unit[i] = 1
      parameterPullback(
        cotangents, rowWeights: unit, alpha: ParameterLayout.Factors(1), beta: ParameterLayout.Factors(0), at: point,
        into: &buffer)
      unit[i] = 0
      for (slice, k) in zip(slices, 0...) where !slice.isFrozen {
        for j in 0..<slice.count { result[k][i, j] = buffer[slice.offset + j] }
      }
    }
  }

  public mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    guard isTrainable else { return }
    var gradients = [Matrix<Scalar>](repeating: Matrix(rows: 0, columns: 0), count: slices.count)
    rowGradients(of: cotangents, at: point, into: &gradients)
    for (slice, rows) in zip(slices, gradients) where !slice.isFrozen { gram.addRows(rows.view, to: slice) }
  }

  public mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    guard isTrainable else { return }
    var gradients = [Matrix<Scalar>](repeating: Matrix(rows: 0, columns: 0), count: slices.count)
    rowGradients(of: cotangents, at: point, into: &gradients)
    for (slice, rows) in zip(slices, gradients) where !slice.isFrozen {
      RowKernels.addDots(rows.view, rows.view, into: &result)
    }
  }

  public func addKroneckerPairs(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>,
    to pairs: inout [Linearizations.KroneckerPair<Scalar>]
  ) {}

  /// For a layer that has few operations an element; counts row gradients as a parameter pullback for each row.
  public func costs(rows: Int) -> Layers.Costs {
    let parameters = Double(slices.reduce(0) { $1.isFrozen ? $0 : $0 + $1.count })
    let product = 2 * Double(rows) * parameters
    return Layers.Costs(
      input: product, parameters: product,
      rowGram: Double(rows) * product + Double(rows * rows) * parameters,
      rowGramBytes: Double(rows) * parameters * Double(MemoryLayout<Scalar>.stride),
      rowSquaredNorms: Double(rows) * product)
  }
}

extension Layers {
  /// A layer does not fit its place: says which, what was expected and what was got.
  public struct Failure: FGNError, Equatable {
    /// Path of the layer, "" while it is not known.
    public var path: String
    public var type: String
    public var message: String

    public init(_ message: String, path: String = "", type: String = "") {
      self.message = message
      self.path = path
      self.type = type
    }

    public var code: ErrorCode { .badModel }

    public func text(_ words: (Remedy) -> String) -> String {
      path.isEmpty ? message : "layer \(path) (\(type)): \(message)"
    }

    /// The same error with the place filled in; if it has one, that lies inside this one.
    public func at(_ path: String, _ type: String) -> Layers.Failure {
      if self.path.isEmpty { return Layers.Failure(message, path: path, type: type) }
      return Layers.Failure(message, path: "\(path).\(self.path)", type: self.type)
    }
  }
}
