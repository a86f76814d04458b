/// Means over the positions of a sequence, and their transpose.
package enum PositionMeans {
  private static let grain = 2e5

  /// result [B, D] = the mean over positions of x [B, T D].
  package static func mean<Scalar>(_ x: MatrixView<Scalar>, positions: Int, into result: inout Matrix<Scalar>) {
    precondition(positions >= 1 && x.columns % positions == 0, "\(x.columns) columns are not \(positions) positions")
    let (rows, columns, width) = (x.rows, x.columns, x.columns / positions)
    result.reshape(rows: rows, columns: width)
    x.withPointer { x in
      result.elements.withMutablePointer { out in
        Partition.forEach(rows, work: Double(rows * columns), grain: grain) { r in
          let i = r.lowerBound
          Scalar.kernels.pointee.sequence.meanPositions(x + i * columns, r.count, positions, width, out + i * width)
        }
      }
    }
  }

  /// result [B, T D] = a_i / T at every position, a [B, D].
  package static func spread<Scalar>(_ a: MatrixView<Scalar>, positions: Int, into result: inout Matrix<Scalar>) {
    let (rows, width, columns) = (a.rows, a.columns, a.columns * positions)
    result.reshape(rows: rows, columns: columns)
    a.withPointer { a in
      result.elements.withMutablePointer { out in
        Partition.forEach(rows, work: Double(rows * columns), grain: grain) { r in
          let i = r.lowerBound
          Scalar.kernels.pointee.sequence.spreadPositions(a + i * width, r.count, positions, width, out + i * columns)
        }
      }
    }
  }
}
