import LinearAlgebra

extension Layers {
  /// y = x * weight + bias on images [C, H, W] -> [O, H', W'], as PyTorch's nn.Conv2d: a cross-correlation with weight
  /// [O, C / groups, kernel height, kernel width], zeros as padding, and bias [O].
  ///
  /// H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1, and W' alike. A product with K inputs of an
  /// output and L = H' W' positions costs 2 O K L flops an example. Its part of the row Gram: `PositionGram`, for each
  /// group.
  public struct Conv2D: Layer {
    public var type: String { "conv2d" }
    /// O.
    public var channels: Int
    public var kernel: Layers.Extent
    public var stride: Layers.Extent
    public var padding: Layers.Extent
    public var dilation: Layers.Extent
    public var groups: Int
    public var hasBias: Bool
    public var initialization: Layers.Initializer.Name

    /// - Parameters:
    ///   - channels: of the output, at least 1.
    ///   - padding: zeros on every side.
    ///   - dilation: from one kernel element to the next, in pixels.
    ///   - groups: parts that input and output channels are cut into; each output sees its own part. They must divide
    ///     both.
    ///   - initialization: of the weight; the bias starts at zero.
    public init(
      channels: Int, kernel: Layers.Extent, stride: Layers.Extent = 1, padding: Layers.Extent = 0,
      dilation: Layers.Extent = 1, groups: Int = 1,
      bias: Bool = true, initialization: Layers.Initializer.Name = .heNormal
    ) {
      self.channels = channels
      self.kernel = kernel
      self.stride = stride
      self.padding = padding
      self.dilation = dilation
      self.groups = groups
      hasBias = bias
      self.initialization = initialization
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      let (inputs, size) = try ImageShape.read(input)
      guard channels >= 1 else { throw Layers.Failure("expected at least 1 channel, got \(channels)") }
      guard groups >= 1, inputs.isMultiple(of: groups), channels.isMultiple(of: groups) else {
        throw Layers.Failure("groups must divide the channels, \(inputs) and \(channels), got \(groups)")
      }
      let output = try ImageShape.output(size, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
      return [channels, output.height, output.width]
    }

    public func parameters(for input: [Int]) -> [Layers.ParameterSpec] {
      let area = kernel.height * kernel.width
      let weight = Layers.ParameterSpec(
        "weight", shape: [channels, input[0] / groups, kernel.height, kernel.width], isPenalised: true,
        initializer: initialization.initializer(fanIn: input[0] / groups * area, fanOut: channels / groups * area))
      return hasBias ? [weight, Layers.ParameterSpec("bias", shape: [channels], isPenalised: false)] : [weight]
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { ConvolutionLinearization(self, at: site) }
  }
}

/// A convolution on one batch: `Convolution` for the products, a `PositionGram` for each group.
struct ConvolutionLinearization<Scalar: RealScalar>: LayerLinearization {
  let slices: [ParameterLayout.Slice]
  let shape: Convolution.Shape
  private var grams: [PositionGram<Scalar>]
  private var workspace = Convolution.Workspace<Scalar>()
  private var product = Matrix<Scalar>(rows: 0, columns: 0)
  private var sums = Matrix<Scalar>(rows: 0, columns: 0)

  init(_ layer: Layers.Conv2D, at site: Layers.Site, gramWay: PositionSize.Way? = nil) {
    slices = site.slices
    let window = SlidingWindow(
      input: (site.input[1], site.input[2]), kernel: layer.kernel.pair, stride: layer.stride.pair,
      padding: layer.padding.pair, dilation: layer.dilation.pair)
    let shape = Convolution.Shape(
      window: window, channels: site.input[0], outputs: layer.channels, groups: layer.groups)
    self.shape = shape
    grams = (0..<layer.groups).map {
      var gram = PositionGram<Scalar>(shape, group: $0)
      gram.forcedWay = gramWay
      return gram
    }
  }

  private var weight: ParameterLayout.Slice { slices[0] }
  private var bias: ParameterLayout.Slice? { slices.count > 1 ? slices[1] : nil }

  private func weight(_ values: [Scalar]) -> MatrixView<Scalar> {
    MatrixView(values, offset: weight.offset, rows: shape.outputs, columns: shape.fanIn)
  }

  private func bias(_ values: [Scalar]) -> MatrixView<Scalar>? {
    bias.map { MatrixView(values, offset: $0.offset, rows: 1, columns: shape.outputs) }
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    Convolution.apply(
      shape, point.input, weight: weight(point.values), bias: bias(point.values), into: &output, using: &workspace)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    if let inputTangent {
      Convolution.apply(
        shape, inputTangent, weight: weight(point.values), bias: nil, into: &result, using: &workspace)
    }
    if let tangent {
      Convolution.apply(
        shape, point.input, weight: weight(tangent), bias: bias(tangent), beta: inputTangent == nil ? 0 : 1,
        into: &result, using: &workspace)
    }
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    Convolution.applyTransposed(
      shape, cotangents, weight: weight(point.values), into: &result, using: &workspace)
  }

  mutating func parameterPullback(
    _ cotangents: Matrix<Scalar>, rowWeights: [Scalar]?, alpha: ParameterLayout.Factors<Scalar>,
    beta: ParameterLayout.Factors<Scalar>,
    at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    Convolution.weightGradient(
      shape, point.input, cotangents, weights: rowWeights, alpha: alpha[weight], beta: beta[weight], into: &result,
      at: weight.offset, using: &workspace)
    guard let bias else { return }
    Pooling.sums(cotangents, planes: shape.outputs, into: &sums)
    RowKernels.columnSums(
      sums.view, weights: rowWeights, alpha: alpha[bias], beta: beta[bias], into: &result, at: bias.offset)
  }

  /// Half of a pushforward, into memory that is kept.
  mutating func addRowProducts(
    _ tangent: [Scalar], _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    var image = exchange(&product, with: Matrix(rows: 0, columns: 0))
    pushforward(nil, tangent, at: point, into: &image)
    RowKernels.addDots(cotangents.view, image.view, into: &result)
    product = image
  }

  mutating func addRowGram(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into gram: inout Linearizations.RowGram<Scalar>
  ) {
    let (weight, bias) = (weight, bias)
    for group in grams.indices {
      grams[group].add(cotangents, point.input, weight: weight, bias: bias, into: &gram)
    }
  }

  mutating func addRowSquaredNorms(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout [Scalar]
  ) {
    let hasBias = bias != nil
    for group in grams.indices {
      grams[group].addSquaredNorms(cotangents, point.input, hasBias: hasBias, into: &result)
    }
  }

  /// Windows and cotangents at each position, unfolded into memory of their own: B L (K + O) numbers. None for groups.
  func addKroneckerPairs(
    of cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>,
    to pairs: inout [Linearizations.KroneckerPair<Scalar>]
  ) {
    guard shape.groups == 1 else { return }
    let windows = PositionRows.windows(point.input, of: shape).flattened()
    let outputs = PositionRows.channelsFirst(cotangents, positions: shape.positions, width: shape.outputs).flattened()
    pairs.append(
      Linearizations.KroneckerPair(
        weight: weight, bias: bias, input: windows.view, cotangents: outputs.view, positions: shape.positions))
  }

  func costs(rows: Int) -> Layers.Costs {
    let product = shape.flops(rows: rows)
    return grams.reduce(Layers.Costs(input: product, parameters: product)) { $0 + $1.costs(rows: rows) }
  }
}
