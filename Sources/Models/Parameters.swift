import LinearAlgebra

extension ParameterLayout {
  /// One named, shaped part of a flat parameter buffer.
  public struct Slice: Sendable, Codable, Equatable {
    /// As in a model file, for example "weight", or "0.weight" in a network.
    public let name: String
    /// For example [C, D], row-major.
    public let shape: [Int]
    /// Where its elements start in the buffer.
    public internal(set) var offset: Int
    /// Whether L2 applies: weights yes, biases and normalisation gains no.
    public let isPenalised: Bool
    /// Whether it stays as it is in training.
    public let isFrozen: Bool
    /// How it starts.
    public let initializer: Layers.Initializer

    public var count: Int { shape.reduce(1, *) }
    public var range: Range<Int> { offset..<offset + count }
  }
}

/// The slices of a parameter buffer, without gaps: first the P trainable elements, then the frozen ones.
///
/// So a direction, a gradient or a tangent is a vector [P], whose elements are where the parameters' are, and frozen
/// parameters cost no method anything.
public struct ParameterLayout: Sendable, Codable, Equatable {
  /// In the order in which they were declared.
  public private(set) var slices: [ParameterLayout.Slice] = []
  /// The slices that training changes.
  public private(set) var trainable: [ParameterLayout.Slice] = []
  /// P, elements that training changes.
  public private(set) var trainableCount = 0
  /// All elements.
  public private(set) var count = 0

  public init() {}

  /// Adds a slice at the end of the trainable ones, or of all if it is frozen.
  public mutating func append(
    _ name: String, shape: [Int], isPenalised: Bool, isFrozen: Bool = false, initializer: Layers.Initializer = .zeros
  ) {
    slices.append(
      ParameterLayout.Slice(
        name: name, shape: shape, offset: 0, isPenalised: isPenalised, isFrozen: isFrozen, initializer: initializer))
    trainableCount = slices.reduce(0) { $1.isFrozen ? $0 : $0 + $1.count }
    var (next, nextFrozen) = (0, trainableCount)
    for i in slices.indices {
      slices[i].offset = slices[i].isFrozen ? nextFrozen : next
      if slices[i].isFrozen { nextFrozen += slices[i].count } else { next += slices[i].count }
    }
    count = nextFrozen
    trainable = slices.filter { !$0.isFrozen }
  }

  public subscript(name: String) -> ParameterLayout.Slice? { slices.first { $0.name == name } }

  /// target [P] = factor * vector + beta * target, with a beta for each kind of slice.
  package func add<Scalar: RealScalar>(
    _ vector: [Scalar], factor: Scalar, beta: ParameterLayout.Factors<Scalar>, to target: inout [Scalar]
  ) {
    for slice in trainable { target.combine(factor, vector, range: slice.range, beta: beta[slice]) }
  }
}

/// All parameters of a model: one flat buffer with named slices.
///
/// ```swift
/// let head = LinearHead<Float>(features: 2, classes: 3)
/// var parameters = Parameters<Float>(layout: head.layout)  // zeros: weight [3, 2], then bias [3]
/// let bias = head.layout["bias"]!
/// parameters.values[bias.offset] = 1
/// ```
public struct Parameters<Scalar: RealScalar>: Sendable, Equatable {
  public let layout: ParameterLayout
  /// In the layout's order. The count must stay the layout's; models check it when they are linearised. (An
  /// observer here would copy the buffer at each in-place change.)
  public var values: [Scalar]

  /// Zeros.
  public init(layout: ParameterLayout) {
    self.layout = layout
    values = [Scalar](repeating: 0, count: layout.count)
  }

  /// Takes over `values`, whose count must be the layout's.
  public init(layout: ParameterLayout, values: [Scalar]) {
    precondition(values.count == layout.count, "the layout has \(layout.count) parameters, got \(values.count)")
    self.layout = layout
    self.values = values
  }

  /// Draws every slice by its initializer, in order.
  public init(layout: ParameterLayout, using generator: inout SeededGenerator) {
    self.init(layout: layout)
    for slice in layout.slices { slice.initializer.fill(&values, slice, using: &generator) }
  }

  /// A slice's elements, copied.
  public subscript(slice: ParameterLayout.Slice) -> [Scalar] { Array(values[slice.range]) }

  /// Moves the trainable parameters by `factor` times `direction` [P].
  public mutating func move(by factor: Scalar, along direction: [Scalar]) {
    precondition(direction.count == layout.trainableCount, "a direction has \(layout.trainableCount) elements")
    values.combine(factor, direction, range: 0..<layout.trainableCount)
  }

  /// Sum of squares over the penalised slices that training changes: |weight|^2 of the objective.
  public var penalisedSquaredNorm: Scalar {
    layout.trainable.reduce(0) { $1.isPenalised ? $0 + values.dot(values, range: $1.range) : $0 }
  }
}

extension ParameterLayout {
  /// A factor for the penalised slices and one for the others: all that L2 ever does to a scalar metric.
  ///
  /// With damping lambda and penalty l2 the inverse regularisation, scaled by lambda, is lambda / (lambda + l2) on
  /// weights and 1 on biases.
  public struct Factors<Scalar: RealScalar>: Sendable, Equatable {
    public var penalised: Scalar
    public var free: Scalar

    public init(penalised: Scalar, free: Scalar) {
      self.penalised = penalised
      self.free = free
    }

    /// The same factor everywhere.
    public init(_ factor: Scalar) { self.init(penalised: factor, free: factor) }

    public subscript(slice: ParameterLayout.Slice) -> Scalar { slice.isPenalised ? penalised : free }

    /// Both factors times `factor`.
    package func times(_ factor: Scalar) -> Factors {
      Factors(penalised: penalised * factor, free: free * factor)
    }
  }
}
