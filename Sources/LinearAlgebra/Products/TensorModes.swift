/// One index of a tensor, row-major: the tensor is [before, size, after].
package struct TensorMode: Sendable, Codable, Equatable {
  package var before: Int
  package var size: Int
  package var after: Int

  /// The modes of a shape, sizes of 1 left out.
  package static func all(of shape: [Int]) -> [TensorMode] {
    let count = shape.reduce(1, *)
    var before = 1
    var result: [TensorMode] = []
    for size in shape {
      if size > 1 { result.append(TensorMode(before: before, size: size, after: count / (before * size))) }
      before *= size
    }
    return result
  }

  package var count: Int { before * size * after }
}

/// Products along one mode of tensors that are slices of long vectors.
package enum TensorModes {
  /// result [n, n] += X X^T, X [n, count / n] the unfolding of x[offset...] along the mode; both triangles. 2 n count
  /// flops.
  package static func addGram<Scalar: RealScalar>(
    of x: [Scalar], at offset: Int, _ mode: TensorMode, to result: inout Matrix<Scalar>
  ) {
    guard mode.after > 1 else {
      let rows = MatrixView(x, offset: offset, rows: mode.before, columns: mode.size)
      return KroneckerProducts.addColumnGram(rows, alpha: 1, beta: 1, to: &result)
    }
    for i in 0..<mode.before {
      let part = MatrixView(
        x, offset: offset + i * mode.size * mode.after, rows: mode.size, columns: mode.after)
      Products.timesTransposed(part, part, beta: 1, into: &result)
    }
  }

  /// y[offset...] = x[offset...] with each vector along the mode multiplied by a symmetric p [n, n]. 2 n count flops.
  package static func multiply<Scalar: RealScalar>(
    _ p: Matrix<Scalar>, _ x: [Scalar], at offset: Int, _ mode: TensorMode, into y: inout [Scalar]
  ) {
    let (before, n, after) = (mode.before, mode.size, mode.after)
    precondition(p.rows == n && p.columns == n && offset + mode.count <= min(x.count, y.count), "shapes differ")
    let work = 2 * Double(n) * Double(mode.count)
    p.elements.withPointer { p in
      x.withPointer { x in
        y.withMutablePointer { y in
          let (x, y) = (x + offset, y + offset)
          if after == 1 {
            Partition.forEach(before, step: 16, work: work, grain: Products.grain) { r in
              let shape = GEMMShape(m: r.count, n: n, k: n, lda: n, ldb: n, ldc: n)
              Scalar.kernels.pointee.main.gemm(shape, 1, x + r.lowerBound * n, p, 0, y + r.lowerBound * n)
            }
          } else if before == 1 {
            Partition.forEach(after, step: 16, work: work, grain: Products.grain) { r in
              let shape = GEMMShape(m: n, n: r.count, k: n, lda: n, ldb: after, ldc: after)
              Scalar.kernels.pointee.main.gemm(shape, 1, p, x + r.lowerBound, 0, y + r.lowerBound)
            }
          } else {
            Partition.forEach(before, work: work, grain: Products.grain) { r in
              let shape = GEMMShape(m: n, n: after, k: n, lda: n, ldb: after, ldc: after)
              for i in r { Scalar.kernels.pointee.main.gemm(shape, 1, p, x + i * n * after, 0, y + i * n * after) }
            }
          }
        }
      }
    }
  }
}
