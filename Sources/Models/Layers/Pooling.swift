import LinearAlgebra

extension Layers {
  /// The maximum of each window, [C, H, W] -> [C, H', W'], as PyTorch's nn.MaxPool2d. Padding is -infinity. Where
  /// several inputs of a window are the largest, the derivative is that of the first.
  public struct MaxPool2D: Layer {
    public var type: String { "max_pool2d" }
    public var kernel: Layers.Extent
    public var stride: Layers.Extent
    public var padding: Layers.Extent

    /// - Parameters:
    ///   - stride: the kernel's size if it is nil.
    ///   - padding: at most half of the kernel.
    public init(kernel: Layers.Extent, stride: Layers.Extent? = nil, padding: Layers.Extent = 0) {
      self.kernel = kernel
      self.stride = stride ?? kernel
      self.padding = padding
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      try PoolingShape.output(input, kernel: kernel, stride: stride, padding: padding)
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> {
      MaximumLinearization(PoolingShape(site.input, kernel: kernel, stride: stride, padding: padding))
    }
  }
}

extension Layers {
  /// The mean of each window, [C, H, W] -> [C, H', W'], as PyTorch's nn.AvgPool2d: padding counts as zeros.
  public struct AveragePool2D: Layer {
    public var type: String { "avg_pool2d" }
    public var kernel: Layers.Extent
    public var stride: Layers.Extent
    public var padding: Layers.Extent

    /// - Parameters:
    ///   - stride: the kernel's size if it is nil.
    ///   - padding: at most half of the kernel.
    public init(kernel: Layers.Extent, stride: Layers.Extent? = nil, padding: Layers.Extent = 0) {
      self.kernel = kernel
      self.stride = stride ?? kernel
      self.padding = padding
    }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      try PoolingShape.output(input, kernel: kernel, stride: stride, padding: padding)
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> {
      MeanLinearization(PoolingShape(site.input, kernel: kernel, stride: stride, padding: padding))
    }
  }
}

extension Layers {
  /// The mean of each channel, [C, H, W] -> [C].
  public struct GlobalAveragePool: Layer {
    public var type: String { "global_avg_pool" }

    public init() {}

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] { [try ImageShape.read(input).channels] }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> {
      ChannelMeanLinearization(channels: site.input[0], pixels: site.input[1] * site.input[2])
    }
  }
}

/// Channels and the windows that slide over each.
struct PoolingShape: Sendable {
  let channels: Int
  let window: SlidingWindow

  init(_ input: [Int], kernel: Layers.Extent, stride: Layers.Extent, padding: Layers.Extent) {
    channels = input[0]
    window = SlidingWindow(
      input: (input[1], input[2]), kernel: kernel.pair, stride: stride.pair, padding: padding.pair)
  }

  /// An operation for each input of each window.
  func costs(rows: Int) -> Layers.Costs {
    Layers.Costs(input: Double(rows * channels) * Double(window.outputs * window.area))
  }

  static func output(
    _ input: [Int], kernel: Layers.Extent, stride: Layers.Extent, padding: Layers.Extent
  ) throws(Layers.Failure) -> [Int] {
    let (channels, size) = try ImageShape.read(input)
    guard 2 * padding.height <= kernel.height && 2 * padding.width <= kernel.width else {
      throw Layers.Failure("expected a padding of at most half of the kernel \(kernel), got \(padding)")
    }
    let output = try ImageShape.output(size, kernel: kernel, stride: stride, padding: padding)
    return [channels, output.height, output.width]
  }
}

/// Keeps where each maximum came from; its products move numbers there and back.
struct MaximumLinearization<Scalar: RealScalar>: LayerLinearization {
  private let shape: PoolingShape
  private var index: [Int32] = []

  init(_ shape: PoolingShape) { self.shape = shape }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    Pooling.maximum(point.input, shape.window, planes: shape.channels, into: &output, index: &index)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    guard let inputTangent else { preconditionFailure("a layer without parameters needs a tangent of its input") }
    Pooling.take(inputTangent, at: index, shape.window, planes: shape.channels, into: &result)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    Pooling.put(cotangents, at: index, shape.window, planes: shape.channels, into: &result)
  }

  func costs(rows: Int) -> Layers.Costs { shape.costs(rows: rows) }
}

/// Linear: it keeps nothing.
struct MeanLinearization<Scalar: RealScalar>: LayerLinearization {
  private let shape: PoolingShape

  init(_ shape: PoolingShape) { self.shape = shape }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    Pooling.mean(point.input, shape.window, planes: shape.channels, into: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    guard let inputTangent else { preconditionFailure("a layer without parameters needs a tangent of its input") }
    Pooling.mean(inputTangent, shape.window, planes: shape.channels, into: &result)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    Pooling.meanTransposed(cotangents, shape.window, planes: shape.channels, into: &result)
  }

  func costs(rows: Int) -> Layers.Costs { shape.costs(rows: rows) }
}

/// Linear: it keeps nothing.
struct ChannelMeanLinearization<Scalar: RealScalar>: LayerLinearization {
  private let channels: Int
  private let pixels: Int

  init(channels: Int, pixels: Int) {
    self.channels = channels
    self.pixels = pixels
  }

  private var scale: Scalar { 1 / Scalar(pixels) }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    Pooling.sums(point.input, planes: channels, scale: scale, into: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    guard let inputTangent else { preconditionFailure("a layer without parameters needs a tangent of its input") }
    Pooling.sums(inputTangent, planes: channels, scale: scale, into: &result)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    Pooling.spread(cotangents, size: pixels, scale: scale, into: &result)
  }

  func costs(rows: Int) -> Layers.Costs { Layers.Costs(input: Double(rows * channels) * Double(pixels)) }
}
