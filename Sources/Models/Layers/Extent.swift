import LinearAlgebra

extension Layers {
  /// A height and a width in pixels. An integer literal is both: `kernel: 3`.
  public struct Extent: Sendable, Equatable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public var height: Int
    public var width: Int

    public init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }

    public init(integerLiteral side: Int) { self.init(height: side, width: side) }

    /// As in messages: "3 x 5".
    public var description: String { "\(height) x \(width)" }

    var pair: (Int, Int) { (height, width) }
    var smallest: Int { min(height, width) }
  }
}

/// Checks that convolution and pooling have in common, and the images that they make.
enum ImageShape {
  /// The channels, height and width of an input shape.
  static func read(_ input: [Int]) throws(Layers.Failure) -> (channels: Int, size: Layers.Extent) {
    guard input.count == 3 else { throw Layers.Failure("expected [channels, height, width], got \(input)") }
    return (input[0], Layers.Extent(height: input[1], width: input[2]))
  }

  /// Height and width after windows have slid over `size`.
  static func output(
    _ size: Layers.Extent, kernel: Layers.Extent, stride: Layers.Extent, padding: Layers.Extent,
    dilation: Layers.Extent = 1
  ) throws(Layers.Failure) -> Layers.Extent {
    guard kernel.smallest >= 1 else { throw Layers.Failure("expected a kernel of at least 1 x 1, got \(kernel)") }
    guard stride.smallest >= 1 else { throw Layers.Failure("expected a stride of at least 1, got \(stride)") }
    guard padding.smallest >= 0 else { throw Layers.Failure("expected a padding of at least 0, got \(padding)") }
    guard dilation.smallest >= 1 else { throw Layers.Failure("expected a dilation of at least 1, got \(dilation)") }
    let output = Layers.Extent(
      height: SlidingWindow.outputs(size.height, kernel.height, stride.height, padding.height, dilation.height),
      width: SlidingWindow.outputs(size.width, kernel.width, stride.width, padding.width, dilation.width))
    guard output.smallest >= 1 else {
      let reach = Layers.Extent(
        height: dilation.height * (kernel.height - 1) + 1, width: dilation.width * (kernel.width - 1) + 1)
      let spread = dilation == 1 ? "" : ", \(reach) with its dilation,"
      let padded = Layers.Extent(height: size.height + 2 * padding.height, width: size.width + 2 * padding.width)
      throw Layers.Failure("a kernel of \(kernel)\(spread) is larger than the padded input of \(padded)")
    }
    return output
  }
}
