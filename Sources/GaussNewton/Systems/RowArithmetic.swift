import LinearAlgebra

/// Loops over [B] vectors, compiled for each precision: in a generic build they would cost more than the step.
enum RowArithmetic {
  /// sigma = sqrt(w) root, a root below `floor` being raised to it: 0 keeps the direction exact.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func whiten<S: RealScalar>(_ roots: [S], _ weights: [S], floor: S, _ result: inout [S]) {
    for i in 0..<roots.count {
      let weight = weights.isEmpty ? 1 : weights[i]
      result[i] = (roots[i] < floor ? floor : roots[i]) * weight.squareRoot()
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func target<S: RealScalar>(
    _ residual: [S], _ weights: [S], _ root: [S], _ center: [S], _ target: inout [S]
  ) {
    for i in 0..<root.count {
      let weighted = residual[i] * (weights.isEmpty ? 1 : weights[i])
      target[i] = weighted - root[i] * root[i] * center[i]
    }
  }

  @specialized(where S == Float)
  @specialized(where S == Double)
  static func hasHardRows<S: RealScalar>(_ target: [S], _ root: [S]) -> Bool {
    for i in 0..<root.count where target[i].magnitude > 100 * root[i] { return true }
    return false
  }

  /// alpha_0 of the Jacobi start; of the hard rows only, if asked, with zeros elsewhere. Norm i is diagonal[i * step].
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func jacobi<S: RealScalar>(
    _ target: [S], _ root: [S], diagonal: [S], step: Int, shift: S, onlyHard: Bool, _ alpha: inout [S]
  ) {
    for i in 0..<root.count {
      let skip = onlyHard && !(target[i].magnitude > 100 * root[i])
      alpha[i] = skip ? 0 : target[i] / (shift + root[i] * root[i] * diagonal[i * step])
    }
  }

  /// Right-hand side for u after the start alpha_0, with image = G alpha_0: sigma (g alpha_0 - image) on rows that
  /// were started, t / sigma - sigma image on the others. `right` holds t before.
  @specialized(where S == Float)
  @specialized(where S == Double)
  static func remainder<S: RealScalar>(
    _ right: inout [S], _ root: [S], diagonal: [S], step: Int, _ alpha: [S], _ image: [S], onlyHard: Bool
  ) {
    for i in 0..<root.count {
      if onlyHard && !(right[i].magnitude > 100 * root[i]) {
        right[i] = root[i] > 0 ? right[i] / root[i] - root[i] * image[i] : 0
      } else {
        right[i] = root[i] * (diagonal[i * step] * alpha[i] - image[i])
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
