import LinearAlgebra

/// What L-BFGS remembers: the last steps s [P] and changes y [P] of the gradient, and products with the inverse
/// curvature that they make of a first one (Nocedal & Wright 2006, algorithm 7.4).
package struct CurvaturePairs<Scalar: RealScalar>: Codable, Sendable {
  /// A step s [P], the change y [P] of the gradient over it, and y . s.
  package struct Pair: Codable, Sendable {
    package var step: [Scalar]
    package var change: [Scalar]
    package var curvature: Double
  }

  /// The oldest first.
  package private(set) var pairs: [Pair] = []
  /// The inverse curvature before pairs are put in: y . s / y . y of the last.
  package private(set) var scale = 1.0

  package init() {}

  package var isEmpty: Bool { pairs.isEmpty }

  package mutating func forget() {
    pairs = []
    scale = 1
  }

  /// Turns a gradient [P] into a direction of descent -H g, by the two loops over the pairs.
  ///
  /// - Parameter metric: multiplies by the first inverse curvature.
  package func turn(_ vector: inout [Scalar], metric: (inout [Scalar]) -> Void) {
    vector.scale(by: -1)
    var products: [Double] = []
    for pair in pairs.reversed() {
      products.append(Double(pair.step.dot(vector)) / pair.curvature)
      vector.combine(Scalar(-products[products.count - 1]), pair.change)
    }
    metric(&vector)
    for pair in pairs {
      let product = products.removeLast()
      vector.combine(Scalar(product - Double(pair.change.dot(vector)) / pair.curvature), pair.step)
    }
  }

  /// Adds the pair of a step `length` along `direction`, over which the gradient changed by `change`, whose memory is
  /// exchanged. Pairs without curvature are passed over.
  package mutating func remember(
    _ change: inout [Scalar], direction: [Scalar], length: Double, history: Int, minimumCurvature: Double
  ) {
    let curvature = length * Double(change.dot(direction))
    let square = Double(change.dot(change))
    guard curvature > minimumCurvature, square.isFinite else { return }
    var pair = pairs.count == history ? pairs.removeFirst() : Pair(step: [], change: [], curvature: 0)
    pair.step.resize(to: direction.count)
    pair.step.combine(Scalar(length), direction, beta: 0)
    pair.change.resize(to: direction.count)
    swap(&pair.change, &change)
    pair.curvature = curvature
    scale = curvature / square
    pairs.append(pair)
  }
}
