import LinearAlgebra

extension Layers {
  /// y = weight (x - running_mean) / sqrt(running_var + epsilon) + bias for each channel of [C, H, W] or feature of
  /// [n]: batch normalisation as it is evaluated (Ioffe & Szegedy 2015, arXiv 1502.03167; PyTorch's nn.BatchNorm2d in
  /// eval mode), for models that were trained with it.
  ///
  /// The running statistics are parameters that stay as they are. Weights start at one, biases at zero, and neither is
  /// penalised. 3 flops an element for each product; the row Gram costs 2 B^2 C.
  public struct BatchNorm: Layer {
    /// What training normalises by.
    public enum Statistics: String, Sendable, Codable, CaseIterable {
      /// Those of the batch: training is refused, because an example's output then depends on all the others and there
      /// is no row of the Jacobian for it.
      case batch
      /// The running statistics, which then no longer move.
      case frozen
    }

    public var type: String { "batch_norm" }
    public var epsilon: Double
    public var isAffine: Bool
    public var statistics: Statistics

    /// - Parameter affine: whether there is a weight and a bias.
    public init(epsilon: Double = 1e-5, affine: Bool = true, statistics: Statistics = .batch) {
      self.epsilon = epsilon
      isAffine = affine
      self.statistics = statistics
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard input.count == 1 || input.count == 3 else {
        throw Layers.Failure("expected [channels, height, width] or [n], got \(input)")
      }
      try checkEpsilon(epsilon)
      return input
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      let statistics = [
        Layers.ParameterSpec("running_mean", shape: [input[0]], isPenalised: false, isFrozen: true),
        Layers.ParameterSpec("running_var", shape: [input[0]], isPenalised: false, isFrozen: true, initializer: .ones),
      ]
      return isAffine ? gainAndBias(input[0]) + statistics : statistics
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { BatchNormLinearization(self, at: site) }

    public func checkTrainable() throws(Layers.Failure) {
      guard statistics == .frozen else {
        throw Layers.Failure(
          "batch normalisation couples the examples of a batch, so there is no row of the Jacobian for each example: use "
            + "layer_norm or group_norm, or statistics \"frozen\", which keeps the running statistics as they are")
      }
    }
  }
}

/// Batch normalisation by the running statistics on one batch: J_x is diagonal.
struct BatchNormLinearization<Scalar: RealScalar>: ChannelLinearization {
  let slices: [ParameterLayout.Slice]
  var parameters: ChannelParameters<Scalar>
  private let mean: ParameterLayout.Slice
  private let variance: ParameterLayout.Slice
  private let epsilon: Double
  /// 1 / sqrt(running_var + epsilon) [1, C], and the same times the weight and its tangent.
  private var inverseDeviations = Matrix<Scalar>(rows: 0, columns: 0)
  private var factors = Matrix<Scalar>(rows: 0, columns: 0)
  private var tangentFactors = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ layer: Layers.BatchNorm, at site: Layers.Site) {
    slices = site.slices
    epsilon = layer.epsilon
    (mean, variance) = (slices[slices.count - 2], slices[slices.count - 1])
    parameters = ChannelParameters(
      ChannelLayout(shape: site.input), gain: layer.isAffine ? slices[0] : nil, bias: layer.isAffine ? slices[1] : nil)
  }

  private var layout: ChannelLayout { parameters.layout }

  private func view(_ values: [Scalar], _ slice: ParameterLayout.Slice) -> MatrixView<Scalar> {
    MatrixView(values, offset: slice.offset, rows: 1, columns: layout.channels)
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    Normalization.inverseDeviations(of: view(point.values, variance), epsilon: epsilon, into: &inverseDeviations)
    scale(by: parameters.gain(in: point.values), into: &factors)
    Channels.affine(
      point.input, layout, shift: view(point.values, mean), factor: factors.view,
      offset: parameters.bias(in: point.values), into: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    let bias = parameters.biasTangent(in: tangent)
    if let inputTangent {
      Channels.affine(inputTangent, layout, factor: factors.view, offset: bias, into: &result)
    } else {
      Channels.fill(&result, rows: point.rows, layout, with: bias)
    }
    if let gain = parameters.gainTangent(in: tangent) {
      scale(by: gain, into: &tangentFactors)
      Channels.affine(
        point.input, layout, shift: view(point.values, mean), factor: tangentFactors.view, accumulate: true,
        into: &result)
    }
  }

  mutating func prepare(_ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>) {
    parameters.prepare(
      cotangents, point.input, shift: view(point.values, mean), factor: inverseDeviations.view)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    Channels.affine(cotangents, layout, factor: factors.view, into: &result)
  }

  func costs(rows: Int) -> Layers.Costs {
    var costs = parameters.costs(rows: rows)
    costs.input = 4 * Double(rows * layout.width)
    return costs
  }

  /// result = v / sqrt(running_var + epsilon).
  private func scale(by v: MatrixView<Scalar>, into result: inout Matrix<Scalar>) {
    Channels.affine(inverseDeviations, ChannelLayout(shape: [layout.channels]), factor: v, into: &result)
  }
}
