import LinearAlgebra
import Losses

/// The B x B system of a curvature with one row for each example, and the arithmetic on its [B] vectors.
///
/// With sigma = sqrt(weight s) (or sqrt(weight) v for Fisher), v the weighted residual, c = M d_0 the margins' change
/// along a given d_0, G = M C M^T the row Gram in the metric C and mu = B lambda, the direction is
/// d = d_0 + C M^T alpha with
///
///     (sigma^2 G + mu) alpha = v - sigma^2 c.
///
/// The symmetric unknown is u = alpha / sigma, whose right-hand side v / sigma = e^(-m/2) overflows for hard
/// examples and drowns all other rows long before. So the solvers start from the Jacobi solution, which is bounded
/// as alpha_0 = w / (mu + sigma^2 g), w = v - sigma^2 c, g = diag G, and solve only for the rest:
///
///     (sigma G sigma + mu) u = sigma (g alpha_0 - G alpha_0),      alpha = alpha_0 + sigma u.
///
/// Every quantity in it is bounded for any margin, and nothing cancels for small damping.
struct RowSystem<Scalar: RealScalar>: Sendable {
  /// sigma [B].
  var root: [Scalar] = []
  /// w = v - sigma^2 c [B].
  var target: [Scalar] = []
  /// v [B].
  var residual: [Scalar] = []
  /// c [B]; zeros without a centre.
  var center: [Scalar] = []
  /// mu = B lambda.
  var shift: Scalar = 0

  /// Below this s, sqrt(s) = e^(-|m|/2) / (1 + e^-|m|) is floored: 0 keeps the direction exact.
  mutating func prepare(_ rows: some LossRows<Scalar>, curvature: Curvature, floor: Scalar) {
    root.resize(to: rows.count)
    residual.resize(to: rows.count)
    target.resize(to: rows.count)
    center.resize(to: rows.count)
    center.fill(with: 0)
    RowArithmetic.roots(
      rows.rootWeight, rows.residual, rows.weights ?? [], fisher: curvature == .fisher, floor: floor.squareRoot(),
      &root, &residual)
  }

  /// Mean of sigma^2 norms: the mean diagonal of the whitened Gram.
  func meanDiagonal(_ squaredNorms: [Scalar]) -> Double {
    RowArithmetic.meanDiagonal(root, squaredNorms)
  }

  mutating func setTarget() { RowArithmetic.target(residual, root, center, &target) }

  /// Whether u's own right-hand side w / sigma spans more than conjugate gradient can resolve: some row's is over 100
  /// (a margin below -9.2).
  var hasHardRows: Bool { RowArithmetic.hasHardRows(target, root) }
}

/// Loops over [B] vectors, compiled for each precision: in a generic build they would cost more than the step.
enum RowArithmetic {
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func roots<S: RealScalar>(
    _ rootWeight: [S], _ residual: [S], _ weights: [S], fisher: Bool, floor: S, _ root: inout [S], _ target: inout [S]
  ) {
    for i in 0..<root.count {
      let base = fisher ? residual[i].magnitude : rootWeight[i]
      let weight = weights.isEmpty ? 1 : weights[i]
      root[i] = (base < floor ? floor : base) * weight.squareRoot()
      target[i] = residual[i] * weight
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func meanDiagonal<S: RealScalar>(_ root: [S], _ norms: [S]) -> Double {
    var total = 0.0
    for i in 0..<root.count { total += Double(root[i] * root[i]) * Double(norms[i]) }
    return total / Double(root.count)
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func target<S: RealScalar>(_ residual: [S], _ root: [S], _ center: [S], _ target: inout [S]) {
    for i in 0..<root.count { target[i] = residual[i] - root[i] * root[i] * center[i] }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func hasHardRows<S: RealScalar>(_ target: [S], _ root: [S]) -> Bool {
    for i in 0..<root.count where target[i].magnitude > 100 * root[i] { return true }
    return false
  }

  /// alpha_0 of the Jacobi start; of the hard rows only, if asked, with zeros elsewhere.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func jacobi<S: RealScalar>(
    _ target: [S], _ root: [S], _ norms: [S], shift: S, onlyHard: Bool, _ alpha: inout [S]
  ) {
    for i in 0..<root.count {
      let skip = onlyHard && !(target[i].magnitude > 100 * root[i])
      alpha[i] = skip ? 0 : target[i] / (shift + root[i] * root[i] * norms[i])
    }
  }

  /// Right-hand side for u after the start alpha_0, with image = G alpha_0: sigma (g alpha_0 - image) on rows that
  /// were started, w / sigma - sigma image on the others.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func remainder<S: RealScalar>(
    _ target: [S], _ root: [S], _ norms: [S], _ alpha: [S], _ image: [S], onlyHard: Bool, _ right: inout [S]
  ) {
    for i in 0..<root.count {
      if onlyHard && !(target[i].magnitude > 100 * root[i]) {
        right[i] = root[i] > 0 ? target[i] / root[i] - root[i] * image[i] : 0
      } else {
        right[i] = root[i] * (norms[i] * alpha[i] - image[i])
      }
    }
  }

  /// alpha += root u.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func addScaled<S: RealScalar>(_ root: [S], _ u: [S], _ alpha: inout [S]) {
    for i in 0..<root.count { alpha[i] += root[i] * u[i] }
  }

  /// x *= root.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func multiply<S: RealScalar>(_ x: inout [S], by root: [S]) {
    for i in 0..<root.count { x[i] *= root[i] }
  }

  /// a . b in double, where it does not overflow.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func dot<S: RealScalar>(_ a: [S], _ b: [S]) -> Double {
    var total = 0.0
    for i in 0..<a.count { total += Double(a[i]) * Double(b[i]) }
    return total
  }

  /// sum_i (sigma_i c_i + image_i)^2 / B with image = sigma G alpha: d^T F d.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func quadratic<S: RealScalar>(_ root: [S], _ center: [S], _ image: [S]) -> Double {
    var total = 0.0
    for i in 0..<root.count {
      let change = Double(root[i]) * Double(center[i]) + Double(image[i])
      total += change * change
    }
    return total / Double(root.count)
  }
}
