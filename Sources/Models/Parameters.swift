import LinearAlgebra

/// One named, shaped part of a flat parameter buffer.
public struct ParameterSlice: Sendable, Codable, Equatable {
  /// As in a model file, for example "weight".
  public let name: String
  /// For example [C, D], row-major.
  public let shape: [Int]
  /// Where its elements start in the buffer.
  public let offset: Int
  /// Whether L2 applies: weights yes, biases and normalisation gains no.
  public let isPenalised: Bool

  public var count: Int { shape.reduce(1, *) }
  public var range: Range<Int> { offset..<offset + count }
}

/// The slices of a parameter buffer, in order and without gaps.
public struct ParameterLayout: Sendable, Codable, Equatable {
  public private(set) var slices: [ParameterSlice] = []
  public var count: Int { slices.last.map { $0.range.upperBound } ?? 0 }

  public init() {}

  /// Adds a slice at the end.
  public mutating func append(_ name: String, shape: [Int], isPenalised: Bool) {
    slices.append(ParameterSlice(name: name, shape: shape, offset: count, isPenalised: isPenalised))
  }

  public subscript(name: String) -> ParameterSlice? { slices.first { $0.name == name } }
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

  /// A slice's elements, copied.
  public subscript(slice: ParameterSlice) -> [Scalar] { Array(values[slice.range]) }

  /// Sum of squares over the penalised slices: |weight|^2 of the objective.
  public var penalisedSquaredNorm: Scalar {
    layout.slices.reduce(0) { $1.isPenalised ? $0 + values.dot(values, range: $1.range) : $0 }
  }
}

/// A factor for the penalised slices and one for the others: all that L2 ever does to a scalar metric.
///
/// With damping lambda and penalty l2 the inverse regularisation, scaled by lambda, is lambda / (lambda + l2) on
/// weights and 1 on biases.
public struct SliceFactors<Scalar: RealScalar>: Sendable, Equatable {
  public var penalised: Scalar
  public var free: Scalar

  public init(penalised: Scalar, free: Scalar) {
    self.penalised = penalised
    self.free = free
  }

  /// The same factor everywhere.
  public init(_ factor: Scalar) { self.init(penalised: factor, free: factor) }

  public subscript(slice: ParameterSlice) -> Scalar { slice.isPenalised ? penalised : free }
}
