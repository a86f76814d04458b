/// Conjugate gradient on (K + shift I) x = b, K symmetric positive semidefinite.
///
/// The solver owns its four vectors and reuses them, so an iteration allocates nothing. Each iteration is one
/// product with K. Source: Hestenes & Stiefel 1952; the stopping norm below follows docs/mathematics.md.
package struct ConjugateGradient<Scalar: RealScalar>: Sendable {
  /// What "small" means for a residual e = b - (K + shift I) x.
  package enum Norm: Sendable {
    /// |e|.
    case euclidean
    /// sqrt(e^T K e): for K = R R^T this is |R^T e|, the residual of the same system in parameter space. It takes
    /// the product of the next iteration, whose step is then not taken: it does not have to make this norm smaller.
    /// At the iteration limit the reported value is that of one iteration before.
    case image
  }

  package struct Options: Sendable, Codable {
    /// Stop when the residual's norm is at most this times `scale`.
    package var tolerance: Double
    package var maximumIterations: Int

    package init(tolerance: Double = 1e-3, maximumIterations: Int = 100) {
      self.tolerance = tolerance
      self.maximumIterations = maximumIterations
    }
  }

  /// b - (K + shift I) x where the last solve stopped.
  package private(set) var residual: [Scalar] = []
  private var direction: [Scalar] = []
  private var image: [Scalar] = []
  private var previousImage: [Scalar] = []

  package init() {}

  /// Adds to `x` the solution of (K + shift I) x = b, starting from zero; `x` must hold zeros (or an offset).
  ///
  /// - Parameters:
  ///   - scale: what the tolerance is relative to, in the chosen norm; nil is the norm of `b` itself (`euclidean`
  ///     only: in the `image` norm the first iteration sets it).
  package mutating func solve<Operator: LinearOperator>(
    _ operator: inout Operator, shift: Scalar, _ b: [Scalar], adding x: inout [Scalar], norm: Norm = .euclidean,
    scale: Double? = nil, options: Options
  ) -> SolveReport where Operator.Scalar == Scalar {
    let n = b.count
    precondition(`operator`.dimension == n && x.count == n, "operator, right-hand side and solution differ in length")
    residual.resize(to: n)
    direction.resize(to: n)
    image.resize(to: n)
    previousImage.resize(to: n)
    residual.combine(1, b, beta: 0)
    direction.combine(1, b, beta: 0)
    var squared = Double(residual.dot(residual))
    var reference = scale ?? (norm == .euclidean ? squared.squareRoot() : 0)
    var report = SolveReport(outcome: .converged)
    guard squared.isFinite else {
      report.outcome = .notFinite
      return report
    }
    guard squared > 0 else { return report }
    var beta = 0.0
    while true {
      `operator`.apply(direction, into: &image)
      report.products += 1
      if norm == .image {
        // K e = K p - beta K p_previous, so |R^T e|^2 = e . K e costs two dots of this length.
        // (What the last solve left in previousImage may be NaN.)
        var energy = Double(residual.dot(image))
        if beta != 0 { energy -= beta * Double(residual.dot(previousImage)) }
        let size = energy < 0 ? 0 : energy.squareRoot()
        if reference == 0 { reference = size }
        report.residual = reference > 0 ? size / reference : 0
        previousImage.combine(1, image, beta: 0)
      }
      image.combine(shift, direction)
      let curvature = Double(direction.dot(image))
      guard curvature.isFinite, curvature > 0 else {
        report.outcome = curvature.isFinite ? .notPositiveDefinite : .notFinite
        return report
      }
      if norm == .image && report.residual <= options.tolerance { return report }
      let step = Scalar(squared / curvature)
      x.combine(step, direction)
      `operator`.accumulate(step)
      residual.combine(-step, image)
      report.iterations += 1
      let next = Double(residual.dot(residual))
      if norm == .euclidean { report.residual = next.squareRoot() / reference }
      guard next.isFinite else {
        report.outcome = .notFinite
        return report
      }
      if next == 0 { report.residual = 0 }
      if next == 0 || (norm == .euclidean && report.residual <= options.tolerance) { return report }
      if report.iterations >= options.maximumIterations {
        report.outcome = .iterationLimit
        return report
      }
      beta = next / squared
      squared = next
      direction.combine(1, residual, beta: Scalar(beta))
    }
  }
}
