import CKernels

/// A step of momentum for each element: v <- momentum v + g, x <- kept x - alongVelocity v - alongGradient g.
package struct MomentumUpdate: Sendable {
  package var momentum: Double
  package var alongGradient: Double
  package var alongVelocity: Double

  package init(momentum: Double, alongGradient: Double, alongVelocity: Double) {
    self.momentum = momentum
    self.alongGradient = alongGradient
    self.alongVelocity = alongVelocity
  }

  /// One pass over `range` of the three arrays.
  package func apply<Scalar: RealScalar>(
    to x: inout [Scalar], gradient: [Scalar], velocity: inout [Scalar], range: Range<Int>, kept: Scalar
  ) {
    precondition(
      range.upperBound <= min(x.count, gradient.count, velocity.count),
      "range \(range) in vectors of \(x.count), \(gradient.count) and \(velocity.count)")
    let numbers = [Scalar(momentum), Scalar(alongGradient), Scalar(alongVelocity), kept]
    x.withMutablePointer { x in
      gradient.withPointer { g in
        velocity.withMutablePointer { v in
          numbers.withPointer { numbers in
            Partition.forEach(range.count, step: 16, work: Double(range.count), grain: [Scalar].vectorGrain) { r in
              let i = range.lowerBound + r.lowerBound
              Scalar.kernels.pointee.update.momentum(numbers, x + i, g + i, v + i, r.count)
            }
          }
        }
      }
    }
  }
}

/// Adam's step for each element: m <- beta1 m + (1 - beta1) g, v <- beta2 v + (1 - beta2) g^2,
/// x <- kept x - rate m / (root sqrt(v) + epsilon). Bias correction is in `rate` and `root`.
package struct AdamUpdate: Sendable {
  package var beta1: Double
  package var beta2: Double
  package var epsilon: Double
  package var rate: Double
  package var root: Double

  package init(beta1: Double, beta2: Double, epsilon: Double, rate: Double, root: Double) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.rate = rate
    self.root = root
  }

  /// One pass over `range` of the four arrays.
  package func apply<Scalar: RealScalar>(
    to x: inout [Scalar], gradient: [Scalar], first: inout [Scalar], second: inout [Scalar], range: Range<Int>,
    kept: Scalar
  ) {
    precondition(
      range.upperBound <= min(x.count, gradient.count, first.count, second.count),
      "range \(range) in vectors of \(x.count), \(gradient.count), \(first.count) and \(second.count)")
    let numbers = [Scalar(beta1), Scalar(beta2), Scalar(epsilon), Scalar(rate), Scalar(root), kept]
    x.withMutablePointer { x in
      gradient.withPointer { g in
        first.withMutablePointer { m in
          second.withMutablePointer { v in
            numbers.withPointer { numbers in
              Partition.forEach(
                range.count, step: 16, work: Double(range.count), grain: [Scalar].vectorGrain / 4
              ) { r in
                let i = range.lowerBound + r.lowerBound
                Scalar.kernels.pointee.update.adam(numbers, x + i, g + i, m + i, v + i, r.count)
              }
            }
          }
        }
      }
    }
  }
}

extension Array where Element: RealScalar {
  /// The sum of absolute values, added in double.
  package var absoluteSum: Double {
    let total = count
    return withPointer { Element.kernels.pointee.update.absoluteSum($0, total) }
  }
}

/// Kernels that update parameters.
struct UpdateKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>

  let momentum: @Sendable (Input, Output, Input, Output, Int) -> Void
  let adam: @Sendable (Input, Output, Input, Output, Output, Int) -> Void
  let absoluteSum: @Sendable (Input, Int) -> Double
}

extension UpdateKernels<Float> {
  static let float = UpdateKernels(
    momentum: fgn_momentum_f, adam: fgn_adam_f, absoluteSum: fgn_abs_sum_f)
}

extension UpdateKernels<Double> {
  static let double = UpdateKernels(
    momentum: fgn_momentum_d, adam: fgn_adam_d, absoluteSum: fgn_abs_sum_d)
}
