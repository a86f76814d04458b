import CKernels

/// Maxima and means over windows of planes, and their transposes. Matrices are [B, planes * pixels]; every function
/// shapes its result. Memory-bound; cut over the planes of all examples.
package enum Pooling {
  /// Elements that a piece is worth at least.
  static let grain = 5e4

  /// Maximum of each window, the first of equals, and where in its plane it is. Padding is -infinity; a NaN in the
  /// window is its maximum.
  package static func maximum<Scalar>(
    _ x: Matrix<Scalar>, _ window: SlidingWindow, planes: Int, into result: inout Matrix<Scalar>,
    index: inout [Int32]
  ) {
    let (all, size, count) = (x.rows * planes, window.inputs, window.outputs)
    precondition(x.columns == planes * size && size <= Int(Int32.max), "shapes differ")
    result.reshape(rows: x.rows, columns: planes * count)
    if index.count != all * count { index = [Int32](repeating: 0, count: all * count) }
    let kernel = Scalar.kernels.pointee.image.maxPool
    x.elements.withPointer { x in
      result.elements.withMutablePointer { out in
        index.withUnsafeMutableBufferPointer { index in
          guard let index = index.baseAddress else { return }
          Partition.forEach(all, work: Double(all * count * window.area), grain: grain) { r in
            let start = r.lowerBound
            window.withGeometry {
              kernel(x + start * size, $0, r.count, out + start * count, index + start * count)
            }
          }
        }
      }
    }
  }

  /// result = x at `index`, plane by plane: the tangent of `maximum`.
  package static func take<Scalar>(
    _ x: Matrix<Scalar>, at index: [Int32], _ window: SlidingWindow, planes: Int, into result: inout Matrix<Scalar>
  ) {
    let (all, size, count) = (x.rows * planes, window.inputs, window.outputs)
    precondition(x.columns == planes * size && index.count == all * count, "shapes differ")
    result.reshape(rows: x.rows, columns: planes * count)
    let kernel = Scalar.kernels.pointee.image.take
    x.elements.withPointer { x in
      result.elements.withMutablePointer { out in
        index.withUnsafeBufferPointer { index in
          guard let index = index.baseAddress else { return }
          Partition.forEach(all, work: Double(all * count), grain: grain) { r in
            let start = r.lowerBound
            kernel(x + start * size, index + start * count, out + start * count, r.count, size, count)
          }
        }
      }
    }
  }

  /// The transpose of `take`: every element of x is added where it came from, the rest is zero.
  package static func put<Scalar>(
    _ x: Matrix<Scalar>, at index: [Int32], _ window: SlidingWindow, planes: Int, into result: inout Matrix<Scalar>
  ) {
    let (all, size, count) = (x.rows * planes, window.inputs, window.outputs)
    precondition(x.columns == planes * count && index.count == all * count, "shapes differ")
    result.reshape(rows: x.rows, columns: planes * size)
    let (kernel, combineRows) = (Scalar.kernels.pointee.image.put, Scalar.kernels.pointee.image.combineRows)
    x.elements.withPointer { x in
      result.elements.withMutablePointer { out in
        index.withUnsafeBufferPointer { index in
          guard let index = index.baseAddress else { return }
          Partition.forEach(all, work: Double(all * count), grain: grain) { r in
            let start = r.lowerBound
            combineRows(0, nil, 0, nil, 0, out + start * size, size, r.count, size)
            kernel(x + start * count, index + start * count, out + start * size, r.count, size, count)
          }
        }
      }
    }
  }

  /// Mean of each window; padding counts as zeros.
  package static func mean<Scalar>(
    _ x: Matrix<Scalar>, _ window: SlidingWindow, planes: Int, into result: inout Matrix<Scalar>
  ) {
    let (all, size, count) = (x.rows * planes, window.inputs, window.outputs)
    precondition(x.columns == planes * size, "shapes differ")
    result.reshape(rows: x.rows, columns: planes * count)
    let kernel = Scalar.kernels.pointee.image.averagePool
    forEachPlane(x, &result, all, work: count * window.area) { x, out, start, planes in
      window.withGeometry { kernel(x + start * size, $0, planes, out + start * count) }
    }
  }

  /// The transpose of `mean`.
  package static func meanTransposed<Scalar>(
    _ x: Matrix<Scalar>, _ window: SlidingWindow, planes: Int, into result: inout Matrix<Scalar>
  ) {
    let (all, size, count) = (x.rows * planes, window.inputs, window.outputs)
    precondition(x.columns == planes * count, "shapes differ")
    result.reshape(rows: x.rows, columns: planes * size)
    let kernels = Scalar.kernels.pointee.image
    let (kernel, combineRows) = (kernels.averagePoolTransposed, kernels.combineRows)
    forEachPlane(x, &result, all, work: count * window.area) { x, out, start, planes in
      combineRows(0, nil, 0, nil, 0, out + start * size, size, planes, size)
      window.withGeometry { kernel(x + start * count, $0, planes, out + start * size) }
    }
  }

  /// result [B, planes] = scale * sum over the plane, x [B, planes * size].
  package static func sums<Scalar>(
    _ x: Matrix<Scalar>, planes: Int, scale: Scalar = 1, into result: inout Matrix<Scalar>
  ) {
    let (all, size) = (x.rows * planes, x.columns / planes)
    precondition(x.columns == planes * size, "shapes differ")
    result.reshape(rows: x.rows, columns: planes)
    let kernel = Scalar.kernels.pointee.image.rowSums
    forEachPlane(x, &result, all, work: size) { x, out, start, planes in
      kernel(x + start * size, scale, out + start, planes, size)
    }
  }

  /// The transpose of `sums`: result [B, planes * size] is scale * x in the whole plane.
  package static func spread<Scalar>(
    _ x: Matrix<Scalar>, size: Int, scale: Scalar = 1, into result: inout Matrix<Scalar>
  ) {
    let all = x.rows * x.columns
    result.reshape(rows: x.rows, columns: x.columns * size)
    let kernel = Scalar.kernels.pointee.image.spreadRows
    forEachPlane(x, &result, all, work: size) { x, out, start, planes in
      kernel(x + start, scale, out + start * size, planes, size)
    }
  }

  private static func forEachPlane<Scalar: RealScalar>(
    _ x: Matrix<Scalar>, _ result: inout Matrix<Scalar>, _ all: Int, work: Int,
    _ body: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int, Int) -> Void
  ) {
    x.elements.withPointer { x in
      result.elements.withMutablePointer { out in
        Partition.forEach(all, work: Double(all * work), grain: grain) { body(x, out, $0.lowerBound, $0.count) }
      }
    }
  }
}
