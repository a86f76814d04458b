import LinearAlgebra

extension Layers {
  /// How a parameter slice starts: the variances of the literature, drawn from a seeded generator.
  ///
  /// `fanIn` is how many inputs an output sums over, `fanOut` how many outputs an input goes into: in and out of a
  /// dense layer; channels times kernel area for a convolution.
  public enum Initializer: Sendable, Codable, Equatable {
    case zeros
    case ones
    /// Normal with this standard deviation.
    case normal(deviation: Double)
    /// Uniform in -bound...bound.
    case uniform(bound: Double)
    /// Normal with variance 2 / fanIn: keeps the scale through ReLU layers (He et al. 2015, arXiv 1502.01852).
    case heNormal(fanIn: Int)
    /// Uniform with variance 2 / fanIn.
    case heUniform(fanIn: Int)
    /// Normal with variance 2 / (fanIn + fanOut): for tanh and sigmoid (Glorot & Bengio 2010).
    case glorotNormal(fanIn: Int, fanOut: Int)
    /// Uniform with variance 2 / (fanIn + fanOut).
    case glorotUniform(fanIn: Int, fanOut: Int)

    /// Writes the elements of `slice`.
    func fill<Scalar: RealScalar>(
      _ values: inout [Scalar], _ slice: ParameterLayout.Slice, using generator: inout SeededGenerator
    ) {
      for i in slice.range { values[i] = Scalar(next(using: &generator)) }
    }

    private func next(using generator: inout SeededGenerator) -> Double {
      func normal(_ variance: Double) -> Double { variance.squareRoot() * generator.normal() }
      func uniform(_ variance: Double) -> Double { (3 * variance).squareRoot() * (2 * generator.uniform() - 1) }
      return switch self {
      case .zeros: 0
      case .ones: 1
      case .normal(let deviation): normal(deviation * deviation)
      case .uniform(let bound): uniform(bound * bound / 3)
      case .heNormal(let fanIn): normal(2 / Double(fanIn))
      case .heUniform(let fanIn): uniform(2 / Double(fanIn))
      case .glorotNormal(let fanIn, let fanOut): normal(2 / Double(fanIn + fanOut))
      case .glorotUniform(let fanIn, let fanOut): uniform(2 / Double(fanIn + fanOut))
      }
    }
  }
}

extension Layers.Initializer {
  /// An initializer by name, as layers and architecture files give it; the layer knows its fans.
  public enum Name: String, Sendable, Codable, CaseIterable {
    case heNormal = "he_normal"
    case heUniform = "he_uniform"
    case glorotNormal = "glorot_normal"
    case glorotUniform = "glorot_uniform"
    case zeros

    public func initializer(fanIn: Int, fanOut: Int) -> Layers.Initializer {
      switch self {
      case .heNormal: .heNormal(fanIn: fanIn)
      case .heUniform: .heUniform(fanIn: fanIn)
      case .glorotNormal: .glorotNormal(fanIn: fanIn, fanOut: fanOut)
      case .glorotUniform: .glorotUniform(fanIn: fanIn, fanOut: fanOut)
      case .zeros: .zeros
      }
    }
  }
}
