import CKernels

/// Normalisation of each row over groups of its channels, and its tangents and cotangents, cut over the groups.
///
/// A group's n elements x have mean m and biased variance v. With r = 1 / sqrt(v + epsilon) and h = (x - m) r,
///
///     y = gain h + bias
///     tangent:    gain dh + gain_t h + bias_t,  dh = r (t - mean(t) - h mean(h t))
///     cotangent:  r (u - mean(u) - h mean(h u)),  u = gain c
///
/// Ba, Kiros & Hinton 2016 (arXiv 1607.06450), Wu & He 2018 (arXiv 1803.08494).
package enum Normalization {
  /// Writes y and keeps h, in the shape of x, and r [rows * repeats * groups]. The variance is about a mean that is
  /// itself computed from deviations: no cancellation where the mean is large. Some 10 flops an element.
  package static func forward<Scalar>(
    _ x: Matrix<Scalar>, _ layout: ChannelLayout, groups: Int, epsilon: Double, gain: MatrixView<Scalar>,
    bias: MatrixView<Scalar>, into y: inout Matrix<Scalar>, normalized h: inout Matrix<Scalar>,
    inverseDeviations: inout [Scalar]
  ) {
    let cut = Cut(x, layout, groups)
    y.reshape(rows: x.rows, columns: x.columns)
    h.reshape(rows: x.rows, columns: x.columns)
    inverseDeviations.resize(to: cut.segments)
    let epsilon = Scalar(epsilon)
    x.elements.withPointer { x in
      Channels.withVector(gain, layout) { gain in
        Channels.withVector(bias, layout) { bias in
          h.elements.withMutablePointer { h in
            inverseDeviations.withMutablePointer { inverse in
              y.elements.withMutablePointer { y in
                cut.run { segment, i, count in
                  Scalar.kernels.pointee.normalization.forward(
                    x + i, gain!, bias!, epsilon, h + i, inverse + segment, y + i, count, groups, cut.channels,
                    layout.spatial)
                }
              }
            }
          }
        }
      }
    }
  }

  /// result = J_x t, plus what tangents of gain and bias do; those may be nil.
  package static func tangent<Scalar>(
    _ t: Matrix<Scalar>, _ layout: ChannelLayout, groups: Int, normalized h: Matrix<Scalar>,
    inverseDeviations: [Scalar], gain: MatrixView<Scalar>, gainTangent: MatrixView<Scalar>?,
    biasTangent: MatrixView<Scalar>?, into result: inout Matrix<Scalar>
  ) {
    let cut = Cut(t, layout, groups)
    precondition(h.rows == t.rows && h.columns == t.columns && inverseDeviations.count == cut.segments, "shapes differ")
    result.reshape(rows: t.rows, columns: t.columns)
    t.elements.withPointer { t in
      h.elements.withPointer { h in
        inverseDeviations.withPointer { inverse in
          Channels.withVector(gain, layout) { gain in
            Channels.withVector(gainTangent, layout) { gainTangent in
              Channels.withVector(biasTangent, layout) { biasTangent in
                result.elements.withMutablePointer { result in
                  cut.run { segment, i, count in
                    Scalar.kernels.pointee.normalization.tangent(
                      t + i, h + i, inverse + segment, gain!, gainTangent, biasTangent, result + i, count, groups,
                      cut.channels, layout.spatial)
                  }
                }
              }
            }
          }
        }
      }
    }
  }

  /// result = J_x^T c.
  package static func cotangent<Scalar>(
    _ c: Matrix<Scalar>, _ layout: ChannelLayout, groups: Int, normalized h: Matrix<Scalar>,
    inverseDeviations: [Scalar], gain: MatrixView<Scalar>, into result: inout Matrix<Scalar>
  ) {
    let cut = Cut(c, layout, groups)
    precondition(h.rows == c.rows && h.columns == c.columns && inverseDeviations.count == cut.segments, "shapes differ")
    result.reshape(rows: c.rows, columns: c.columns)
    c.elements.withPointer { c in
      h.elements.withPointer { h in
        inverseDeviations.withPointer { inverse in
          Channels.withVector(gain, layout) { gain in
            result.elements.withMutablePointer { result in
              cut.run { segment, i, count in
                Scalar.kernels.pointee.normalization.cotangent(
                  c + i, h + i, inverse + segment, gain!, result + i, count, groups, cut.channels, layout.spatial)
              }
            }
          }
        }
      }
    }
  }

  /// result [1, C] = 1 / sqrt(variance + epsilon).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func inverseDeviations<Scalar: RealScalar>(
    of variance: MatrixView<Scalar>, epsilon: Double, into result: inout Matrix<Scalar>
  ) {
    let count = variance.rows * variance.columns
    result.reshape(rows: 1, columns: count)
    variance.withPointer { variance in
      for k in 0..<count { result[0, k] = 1 / (variance[k] + Scalar(epsilon)).squareRoot() }
    }
  }

  /// The groups of all rows, one after the other: a piece begins with any row's first group.
  private struct Cut {
    let rows: Int
    let groups: Int
    let channels: Int
    let size: Int
    var segments: Int { rows * groups }

    init<Scalar>(_ x: Matrix<Scalar>, _ layout: ChannelLayout, _ groups: Int) {
      precondition(x.columns == layout.width && layout.channels % groups == 0, "shapes differ")
      rows = x.rows * layout.repeats
      self.groups = groups
      channels = layout.channels / groups
      size = channels * layout.spatial
    }

    /// Body gets the first segment of a piece, its first element and how many segments there are.
    func run(_ body: (Int, Int, Int) -> Void) {
      Partition.forEach(rows, work: Double(segments * size), grain: RowKernels.grain) { r in
        body(r.lowerBound * groups, r.lowerBound * groups * size, r.count * groups)
      }
    }
  }
}

/// The kernels behind `Channels` and `Normalization`; CNormalization.h says what each does.
struct NormalizationKernels<Scalar>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>

  let affine: @Sendable (Input, Input?, Input?, Input?, Int32, Output, Int, Int, Int) -> Void
  let sums: @Sendable (Input, Input?, Input?, Input?, Output, Int, Int, Int, Int) -> Void
  let forward: @Sendable (Input, Input, Input, Scalar, Output, Output, Output, Int, Int, Int, Int) -> Void
  let tangent: @Sendable (Input, Input, Input, Input, Input?, Input?, Output, Int, Int, Int, Int) -> Void
  let cotangent: @Sendable (Input, Input, Input, Input, Output, Int, Int, Int, Int) -> Void
}

extension NormalizationKernels<Float> {
  init() {
    self.init(
      affine: fgn_channel_affine_f, sums: fgn_channel_sums_f, forward: fgn_normalize_f,
      tangent: fgn_normalize_tangent_f, cotangent: fgn_normalize_cotangent_f)
  }
}

extension NormalizationKernels<Double> {
  init() {
    self.init(
      affine: fgn_channel_affine_d, sums: fgn_channel_sums_d, forward: fgn_normalize_d,
      tangent: fgn_normalize_tangent_d, cotangent: fgn_normalize_cotangent_d)
  }
}
