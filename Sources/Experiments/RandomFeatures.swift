import LinearAlgebra
import RealModule
import Training

/// Random Fourier features (Rahimi & Recht 2007): sqrt(2 / m) cos(x W / h + b), W [D, m] standard normal and b [m]
/// uniform in 0..<2 pi, whose inner products are about those of the Gaussian kernel exp(-|x - x'|^2 / (2 h^2)), the
/// closer the larger m. A linear head on them is a kernel machine with fixed features.
///
/// The same seed gives the same features for any data; all are below sqrt(2 / m) in size.
///
/// ```swift
/// let kernel = RandomFeatures<Double>(inputs: 2, count: 512, bandwidth: 1.5, seed: 3)
/// let features = kernel.features(of: Matrix(rows: 2, columns: 2, elements: [0, 1, 1, 0]))
/// ```
public struct RandomFeatures<Scalar: RealScalar>: Sendable {
  /// W^T / h [m, D].
  private var weights: Matrix<Scalar>
  /// [m]
  private var phases: [Scalar]

  /// - Parameters:
  ///   - inputs: D, at least 1.
  ///   - count: m, at least 1.
  ///   - bandwidth: h, above 0, in units of the features.
  public init(inputs: Int, count: Int, bandwidth: Double, seed: UInt64) {
    precondition(inputs >= 1 && count >= 1 && bandwidth > 0, "random features need inputs, a count and a bandwidth")
    var generator = SeededGenerator(seed: seed, .randomFeatures)
    weights = Matrix(
      rows: count, columns: inputs,
      elements: (0..<count * inputs).map { _ in Scalar(generator.normal() / bandwidth) })
    phases = (0..<count).map { _ in Scalar(2 * .pi * generator.uniform()) }
  }

  /// [N, m] of inputs [N, D]; 2 N D m flops and N m cosines.
  public func features(of inputs: Matrix<Scalar>) -> Matrix<Scalar> {
    var products = Matrix<Scalar>(rows: inputs.rows, columns: phases.count)
    Products.timesTransposed(inputs.view, weights.view, into: &products)
    let features = CosineLoop.waves(products.elements, phases, scale: (2 / Double(phases.count)).squareRoot())
    return Matrix(rows: inputs.rows, columns: phases.count, elements: features)
  }
}

extension Split {
  /// With `count` random Fourier features in place of its own; the name becomes "letter 1024 random features".
  ///
  /// - Throws: `DataError` if features are not finite.
  public func randomFeatures(_ count: Int, bandwidth: Double, seed: UInt64) throws(DataError) -> Split {
    let map = RandomFeatures<Scalar>(inputs: training.featureCount, count: count, bandwidth: bandwidth, seed: seed)
    return try mapFeatures(name: "\(name) \(count) random features") { map.features(of: $0) }
  }
}

private enum CosineLoop {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func waves<S: RealScalar>(_ products: [S], _ phases: [S], scale: Double) -> [S] {
    var x = products
    for start in stride(from: 0, to: x.count, by: phases.count) {
      for j in 0..<phases.count { x[start + j] = S(scale * Double.cos(Double(x[start + j] + phases[j]))) }
    }
    return x
  }
}
