import LinearAlgebra

extension Layers {
  /// y = mask x: each element is zero with probability `rate` and 1 / (1 - rate) times itself otherwise, so that its
  /// mean stays (Srivastava et al. 2014).
  ///
  /// The mask is a hash of `Layers.Point.dropoutSeed`, the layer's path and the element's number in the batch: one mask
  /// for all products of a linearisation, the same on any number of threads. Without a seed the layer is the identity.
  public struct Dropout: Layer {
    public var type: String { "dropout" }
    public var rate: Double

    /// - Parameter rate: in 0..<1.
    public init(_ rate: Double) { self.rate = rate }

    public func outputShape(for input: [Int]) throws(Layers.Failure) -> [Int] {
      guard rate >= 0 && rate < 1 else {
        throw Layers.Failure("expected a rate of at least 0 and below 1, got \(rate)")
      }
      return input
    }

    public func makeLinearization<Scalar: RealScalar>(
      at site: Layers.Site, as type: Scalar.Type
    ) -> any LayerLinearization<Scalar> { DropoutLinearization(rate, at: site) }
  }
}

/// Dropout on one batch: keeps the mask [rows, n].
struct DropoutLinearization<Scalar: RealScalar>: LayerLinearization {
  private let rate: Double
  private let width: Int
  /// Of the path: two layers do not share a mask.
  private let stream: UInt64
  private var mask = Matrix<Scalar>(rows: 0, columns: 0)
  private var isIdentity = true

  init(_ rate: Double, at site: Layers.Site) {
    self.rate = rate
    width = site.input.reduce(1, *)
    // FNV-1a, the same in every process.
    stream = site.path.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }

  mutating func forward(at point: Layers.Point<Scalar>, into output: inout Matrix<Scalar>) {
    isIdentity = point.dropoutSeed == nil || rate == 0
    if let seed = point.dropoutSeed, rate > 0 {
      var generator = SeededGenerator(seed: seed.value, stream: stream)
      Elementwise.dropoutMask(
        rate: rate, seed: generator.next(), rows: point.rows / seed.copies, columns: width, into: &mask)
      if seed.copies > 1 {
        let original = mask
        let index = (0..<Int32(point.rows)).map { $0 % Int32(original.rows) }
        RowKernels.gather(original.view, index, into: &mask)
      }
    }
    multiply(point.input, into: &output)
  }

  mutating func pushforward(
    _ inputTangent: Matrix<Scalar>?, _ tangent: [Scalar]?, at point: Layers.Point<Scalar>,
    into result: inout Matrix<Scalar>
  ) {
    multiply(required(inputTangent), into: &result)
  }

  mutating func pullback(
    _ cotangents: Matrix<Scalar>, at point: Layers.Point<Scalar>, into result: inout Matrix<Scalar>
  ) {
    multiply(cotangents, into: &result)
  }

  func costs(rows: Int) -> Layers.Costs { Layers.Costs(input: Double(rows * width)) }

  private func multiply(_ x: Matrix<Scalar>, into result: inout Matrix<Scalar>) {
    if isIdentity { result.copy(x) } else { Elementwise.multiply(mask, x, into: &result) }
  }
}
