/// How a row of a batch holds channels: as [repeats, channels, spatial].
package struct ChannelLayout: Sendable, Equatable {
  /// Positions of a sequence.
  package let repeats: Int
  package let channels: Int
  /// Elements of a channel that lie together: pixels of an image.
  package let spatial: Int

  /// Channels of an example's shape: the last dimension of [n] and [T, n], the first of [C, H, W].
  package init(shape: [Int]) {
    precondition(!shape.isEmpty, "a shape has at least one dimension")
    if shape.count == 3 {
      (repeats, channels, spatial) = (1, shape[0], shape[1] * shape[2])
    } else {
      (repeats, channels, spatial) = (shape.dropLast().reduce(1, *), shape[shape.count - 1], 1)
    }
  }

  /// Elements of a row.
  package var width: Int { repeats * channels * spatial }
  /// Whether a row has one element of each channel.
  package var isFlat: Bool { repeats * spatial == 1 }
}

/// Operations on rows with a number for each channel, cut over rows and positions. Vectors of such numbers are 1 x C
/// views.
package enum Channels {
  /// y = (x - shift) factor + offset, plus y if `accumulate`; in the shape of x. Nil is 0, 1 and 0.
  package static func affine<Scalar>(
    _ x: Matrix<Scalar>, _ layout: ChannelLayout, shift: MatrixView<Scalar>? = nil, factor: MatrixView<Scalar>? = nil,
    offset: MatrixView<Scalar>? = nil, accumulate: Bool = false, into y: inout Matrix<Scalar>
  ) {
    precondition(x.columns == layout.width, "a row of \(layout.width) elements")
    precondition(!accumulate || (y.rows == x.rows && y.columns == x.columns), "shapes differ")
    if !accumulate { y.reshape(rows: x.rows, columns: x.columns) }
    let (repeats, inner) = (x.rows * layout.repeats, layout.channels * layout.spatial)
    x.elements.withPointer { x in
      withVector(shift, layout) { shift in
        withVector(factor, layout) { factor in
          withVector(offset, layout) { offset in
            y.elements.withMutablePointer { y in
              Partition.forEach(repeats, work: Double(repeats * inner), grain: [Scalar].vectorGrain) { r in
                let i = r.lowerBound * inner
                Scalar.kernels.pointee.normalization.affine(
                  x + i, shift, factor, offset, accumulate ? 1 : 0, y + i, r.count, layout.channels, layout.spatial)
              }
            }
          }
        }
      }
    }
  }

  /// y [rows, width] = offset, the number of the channel.
  package static func fill<Scalar>(
    _ y: inout Matrix<Scalar>, rows: Int, _ layout: ChannelLayout, with offset: MatrixView<Scalar>?
  ) {
    y.reshape(rows: rows, columns: layout.width)
    y.clear()
    let (repeats, inner) = (rows * layout.repeats, layout.channels * layout.spatial)
    withVector(offset, layout) { offset in
      y.elements.withMutablePointer { y in
        Partition.forEach(repeats, work: Double(repeats * inner), grain: [Scalar].vectorGrain) { r in
          let start = y + r.lowerBound * inner
          Scalar.kernels.pointee.normalization.affine(
            start, nil, nil, offset, 0, start, r.count, layout.channels, layout.spatial)
        }
      }
    }
  }

  /// sums [rows, C]: each row's sums of c over a channel.
  package static func sums<Scalar>(_ c: Matrix<Scalar>, _ layout: ChannelLayout, into sums: inout Matrix<Scalar>) {
    precondition(c.columns == layout.width, "a row of \(layout.width) elements")
    addUp(c, nil, layout, nil, nil, into: &sums)
  }

  /// sums [rows, C]: each row's sums of c (x - shift) factor over a channel. Nil is 0 and 1.
  package static func sums<Scalar>(
    _ c: Matrix<Scalar>, times x: Matrix<Scalar>, _ layout: ChannelLayout, shift: MatrixView<Scalar>? = nil,
    factor: MatrixView<Scalar>? = nil, into sums: inout Matrix<Scalar>
  ) {
    precondition(c.columns == layout.width && x.columns == layout.width && x.rows == c.rows, "shapes differ")
    x.elements.withPointer { x in
      withVector(shift, layout) { shift in
        withVector(factor, layout) { factor in addUp(c, x, layout, shift, factor, into: &sums) }
      }
    }
  }

  private static func addUp<Scalar>(
    _ c: Matrix<Scalar>, _ x: UnsafePointer<Scalar>?, _ layout: ChannelLayout, _ shift: UnsafePointer<Scalar>?,
    _ factor: UnsafePointer<Scalar>?, into sums: inout Matrix<Scalar>
  ) {
    sums.reshape(rows: c.rows, columns: layout.channels)
    let (rows, width) = (c.rows, c.columns)
    c.elements.withPointer { c in
      sums.elements.withMutablePointer { sums in
        Partition.forEach(rows, work: Double(rows * width), grain: [Scalar].vectorGrain) { r in
          let i = r.lowerBound
          Scalar.kernels.pointee.normalization.sums(
            c + i * width, x.map { $0 + i * width }, shift, factor, sums + i * layout.channels, r.count,
            layout.repeats, layout.channels, layout.spatial)
        }
      }
    }
  }

  /// result_i += a_i . v, v a 1 x C view.
  package static func addProducts<Scalar>(
    _ a: MatrixView<Scalar>, _ v: MatrixView<Scalar>, into result: inout [Scalar]
  ) {
    let (rows, columns) = (a.rows, a.columns)
    precondition(v.rows == 1 && v.columns == columns && result.count == rows, "shapes differ")
    a.withPointer { a in
      v.withPointer { v in
        result.withMutablePointer { out in
          Partition.forEach(rows, work: Double(rows * columns), grain: [Scalar].vectorGrain) { r in
            for i in r { Scalar.kernels.pointee.main.addRowDots(a + i * columns, v, out + i, 1, columns) }
          }
        }
      }
    }
  }

  static func withVector<Scalar>(
    _ vector: MatrixView<Scalar>?, _ layout: ChannelLayout, _ body: (UnsafePointer<Scalar>?) -> Void
  ) {
    guard let vector else { return body(nil) }
    precondition(vector.rows == 1 && vector.columns == layout.channels, "a number for each channel")
    vector.withPointer { body($0) }
  }
}
