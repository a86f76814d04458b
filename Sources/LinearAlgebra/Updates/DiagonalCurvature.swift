/// Steps of methods that keep one number of curvature a parameter. Memory-bound, cut into fixed pieces.
package enum DiagonalCurvature {
  /// v[range] = alpha x[range]^2 + beta v[range], element by element.
  package static func addSquares<Scalar: RealScalar>(
    _ x: [Scalar], alpha: Scalar = 1, beta: Scalar = 1, to v: inout [Scalar], range: Range<Int>
  ) {
    check(range, x.count, v.count)
    x.withPointer { x in
      v.withMutablePointer { v in
        forEachPiece(range) { i, n in Scalar.kernels.pointee.curvature.addSquares(alpha, x + i, beta, v + i, n) }
      }
    }
  }

  /// y[range] = x[range] / sqrt(v[range]), v at least 0; 0 where v is 0.
  package static func divideByRoot<Scalar: RealScalar>(
    _ x: [Scalar], _ v: [Scalar], into y: inout [Scalar], range: Range<Int>
  ) {
    check(range, x.count, v.count, y.count)
    x.withPointer { x in
      v.withPointer { v in
        y.withMutablePointer { y in
          forEachPiece(range) { i, n in Scalar.kernels.pointee.curvature.divideByRoot(x + i, v + i, y + i, n) }
        }
      }
    }
  }

  /// y[range] = x[range] / (v[range] + shift), v at least 0 and shift above 0.
  package static func divide<Scalar: RealScalar>(
    _ x: [Scalar], _ v: [Scalar], shift: Scalar, into y: inout [Scalar], range: Range<Int>
  ) {
    check(range, x.count, v.count, y.count)
    x.withPointer { x in
      v.withPointer { v in
        y.withMutablePointer { y in
          forEachPiece(range) { i, n in Scalar.kernels.pointee.curvature.divideShifted(x + i, v + i, shift, y + i, n) }
        }
      }
    }
  }

  /// theta_k -= rate clip(m_k / max(gamma h_k, floor)) for the first m.count elements, clip to -1...1: no parameter
  /// moves by more than the rate.
  package static func moveClipped<Scalar: RealScalar>(
    _ theta: inout [Scalar], along m: [Scalar], curvature h: [Scalar], gamma: Scalar, floor: Scalar, rate: Scalar
  ) {
    check(0..<m.count, h.count, theta.count)
    let count = m.count
    m.withPointer { m in
      h.withPointer { h in
        theta.withMutablePointer { theta in
          forEachPiece(0..<count) { i, n in
            Scalar.kernels.pointee.curvature.moveClipped(m + i, h + i, gamma, floor, rate, theta + i, n)
          }
        }
      }
    }
  }

  private static func check(_ range: Range<Int>, _ counts: Int...) {
    precondition(counts.allSatisfy { range.upperBound <= $0 }, "range \(range) in vectors of \(counts) elements")
  }

  private static func forEachPiece(_ range: Range<Int>, _ body: (Int, Int) -> Void) {
    Partition.forEach(range.count, step: 16, work: Double(range.count), grain: [Float].vectorGrain) { r in
      body(range.lowerBound + r.lowerBound, r.count)
    }
  }
}
