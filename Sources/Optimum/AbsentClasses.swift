import LinearAlgebra
import RealModule
import Training

/// Classes of which there are no examples, where there is a bias.
///
/// The objective then has no minimum: it falls for ever as their biases do, to that of the problem without these classes.
/// That problem is solved; their weights are zero, and their biases so far below that what they add is a rounding error.
struct AbsentClasses<Scalar: RealScalar> {
  let problem: SoftmaxRegression.Problem<Scalar>
  /// The problem without them.
  let reduced: SoftmaxRegression.Problem<Scalar>
  /// Classes that there are examples of, ascending.
  private let present: [Int]

  /// Nil where there are none, or fewer than two others.
  init?(_ problem: SoftmaxRegression.Problem<Scalar>) throws {
    let shares = problem.classShares
    let present = shares.indices.filter { shares[$0] > 0 }
    guard problem.hasIntercept, present.count >= 2, present.count < problem.classes else { return nil }
    var numbers = [Int32](repeating: 0, count: problem.classes)
    for (k, c) in present.enumerated() { numbers[c] = Int32(k) }
    self.problem = problem
    self.present = present
    // Rows of weight zero may be of an absent class, and count for nothing.
    reduced = try SoftmaxRegression.Problem(
      features: problem.features, labels: problem.labels.map { numbers[Int($0)] }, classes: present.count,
      weights: problem.weights, l2: problem.l2)
  }

  /// Of a start [C, D] and [C] or without, what the others have.
  func reduce(_ start: [Scalar]) -> [Scalar] {
    let width = problem.width
    var result = present.flatMap { start[$0 * width..<($0 + 1) * width] }
    if start.count > problem.classes * width { result += present.map { start[problem.classes * width + $0] } }
    return result
  }

  /// The result with all classes.
  func expand(_ result: SoftmaxRegression.Result<Scalar>) throws -> SoftmaxRegression.Result<Scalar> {
    let (width, classes, few) = (problem.width, problem.classes, present.count)
    let largest = Double(try FeatureMoments(reduced).largestNorm)
    // No example has a log sum e^z below this.
    let least = (0..<few).map { k in
      let norm = result.values.squaredNorm(in: k * width..<(k + 1) * width).squareRoot()
      return Double(result.values[few * width + k]) - norm * largest
    }.max()!
    var full = result
    full.values = [Scalar](repeating: 0, count: classes * width)
    var bias = [Scalar](repeating: Scalar(least - 40), count: classes)
    for (k, c) in present.enumerated() {
      full.values.replaceSubrange(c * width..<(c + 1) * width, with: result.values[k * width..<(k + 1) * width])
      bias[c] = result.values[few * width + k]
    }
    full.values += bias
    let added = Double(classes - few) * Double.exp(-40)
    full.certificate.objective += added
    full.certificate.gapBound? += added
    return full
  }
}
