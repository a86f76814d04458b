/// Products of sparse rows with dense matrices.
///
/// They take a range of rows of a matrix without a copy, and allocate nothing once a work area has its size. Two
/// layouts of a weight: as parameters have it, [C, D], and packed, its transpose [D, C], where an entry of X is a
/// multiple of one contiguous row. Packed is the faster by far where X has more entries than `packedEntries(D)`; a
/// smaller batch would spend its time on transposing.
///
/// With n entries in the rows, C outputs and D columns: 2 n C flops each; packed reads n (C + 1) scalars and n 32-bit
/// column numbers, and writes m C (or reads and writes n C). Pieces write only what is theirs, and every sum is over
/// ascending rows or entries: the same bits on any number of threads.
package enum SparseProducts {
  /// A weight in the other layout, kept from call to call: D C scalars, once rows with many entries came by.
  package struct Workspace<Scalar: RealScalar>: Sendable {
    var packed: [Scalar] = []
    package init() {}
  }

  /// Multiply-adds that a piece is worth at least: some 20 microseconds.
  static let grain = 1e5

  /// Entries from which packing a weight of `columns` columns pays.
  package static func packedEntries(_ columns: Int) -> Int { 2 * columns }

  // MARK: X W^T

  /// result [m, C] = alpha X[rows] wt + beta result, with `packed` wt [D, C].
  package static func timesTransposed<Scalar>(
    _ x: SparseMatrix<Scalar>, rows: Range<Int>, packed: [Scalar], alpha: Scalar = 1, beta: Scalar = 0,
    into result: inout Matrix<Scalar>
  ) {
    let (width, classes) = (x.columns, result.columns)
    precondition(packed.count == width * classes && result.rows == rows.count, "shapes of x w^T do not match")
    let work = Double(x.entryCount(of: rows) + rows.count) * Double(classes)
    withPointers(x, rows) { starts, columns, values in
      packed.withPointer { packed in
        result.elements.withMutablePointer { out in
          Partition.forEach(rows.count, work: work, grain: grain) { r in
            Scalar.kernels.pointee.sparse.forward(
              starts + r.lowerBound, columns, values, packed, width, classes, alpha, beta,
              out + r.lowerBound * classes, r.count)
          }
        }
      }
    }
  }

  /// result [m, C] = alpha X[rows] w^T + beta result, with w [C, D], packed where that pays.
  package static func timesTransposed<Scalar>(
    _ x: SparseMatrix<Scalar>, rows: Range<Int>, _ w: MatrixView<Scalar>, alpha: Scalar = 1, beta: Scalar = 0,
    into result: inout Matrix<Scalar>, using workspace: inout Workspace<Scalar>
  ) {
    let (width, classes) = (x.columns, w.rows)
    precondition(
      w.columns == width && result.rows == rows.count && result.columns == classes, "shapes of x w^T do not match")
    let entries = x.entryCount(of: rows)
    if entries >= packedEntries(width) {
      pack(w, into: &workspace.packed)
      return timesTransposed(x, rows: rows, packed: workspace.packed, alpha: alpha, beta: beta, into: &result)
    }
    let work = Double(entries + rows.count) * Double(classes)
    withPointers(x, rows) { starts, columns, values in
      w.withPointer { w in
        result.elements.withMutablePointer { out in
          Partition.forEach(classes, step: 4, work: work, grain: grain) { c in
            Scalar.kernels.pointee.sparse.forwardRows(
              starts, columns, values, w, width, classes, alpha, beta, out, rows.count, c.lowerBound, c.upperBound)
          }
        }
      }
    }
  }

  // MARK: R^T X

  /// packed [D, C] += alpha X[rows]^T r, with r [m, C].
  package static func addTransposed<Scalar>(
    _ x: SparseMatrix<Scalar>, rows: Range<Int>, _ r: MatrixView<Scalar>, alpha: Scalar = 1,
    toPacked packed: inout [Scalar]
  ) {
    let (width, classes) = (x.columns, r.columns)
    precondition(packed.count == width * classes && r.rows == rows.count, "shapes of r^T x do not match")
    let work = Double(x.entryCount(of: rows)) * Double(classes)
    // Bands of classes; where these are few, also parts of the columns that have about as many entries each.
    let bands = Partition.Pieces(
      total: classes, size: max(8, (classes / max(1, min(classes / 32, Partition.maximumPieces)) + 7) / 8 * 8))
    let parts = work < 2 * grain || bands.count >= 4 ? 1 : (3 + bands.count) / bands.count
    let ends = (parts > 1 ? SparseLoops.quantiles(x, rows, parts: parts) : []) + [width]
    withPointers(x, rows) { starts, columns, values in
      r.withPointer { r in
        packed.withMutablePointer { out in
          Partition.run(work < 2 * grain ? 1 : bands.count * parts) { piece in
            let (band, part) = (piece / parts, piece % parts)
            let c = work < 2 * grain ? 0..<classes : bands[band]
            Scalar.kernels.pointee.sparse.transposed(
              starts, columns, values, r, classes, alpha, out, rows.count, part == 0 ? 0 : ends[part - 1], ends[part],
              c.lowerBound, c.upperBound)
          }
        }
      }
    }
  }

  /// result[offset...] as [C, D] = alpha r^T X[rows] + beta result, with r [m, C]: the gradient of a weight, written
  /// straight into a parameter slice.
  package static func transposedTimes<Scalar>(
    _ r: MatrixView<Scalar>, _ x: SparseMatrix<Scalar>, rows: Range<Int>, alpha: Scalar = 1, beta: Scalar = 0,
    into result: inout [Scalar], at offset: Int = 0, using workspace: inout Workspace<Scalar>
  ) {
    let (width, classes) = (x.columns, r.columns)
    precondition(r.rows == rows.count && offset + width * classes <= result.count, "shapes of r^T x do not match")
    let entries = x.entryCount(of: rows)
    if entries >= packedEntries(width) {
      workspace.packed.resize(to: width * classes)
      workspace.packed.fill(with: 0)
      addTransposed(x, rows: rows, r, toPacked: &workspace.packed)
      return unpack(workspace.packed, classes: classes, alpha: alpha, beta: beta, into: &result, at: offset)
    }
    let work = Double(entries + (beta == 1 ? 0 : width / 4)) * Double(classes)
    withPointers(x, rows) { starts, columns, values in
      r.withPointer { r in
        result.withMutablePointer { out in
          Partition.forEach(classes, step: 4, work: work, grain: grain) { c in
            Scalar.kernels.pointee.sparse.transposedRows(
              starts, columns, values, r, classes, alpha, beta, out + offset, width, rows.count, c.lowerBound,
              c.upperBound)
          }
        }
      }
    }
  }

  // MARK: Layouts

  /// packed [D, C] = the transpose of w [C, D].
  package static func pack<Scalar>(_ w: MatrixView<Scalar>, into packed: inout [Scalar]) {
    packed.resize(to: w.rows * w.columns)
    w.withPointer { source in
      packed.withMutablePointer { addTranspose(source, rows: w.rows, columns: w.columns, 1, 0, $0) }
    }
  }

  /// result[offset...] as [C, D] = alpha times the transpose of `packed` [D, C], + beta result.
  package static func unpack<Scalar: RealScalar>(
    _ packed: [Scalar], classes: Int, alpha: Scalar = 1, beta: Scalar = 0, into result: inout [Scalar],
    at offset: Int = 0
  ) {
    precondition(classes > 0 && packed.count % classes == 0 && offset + packed.count <= result.count, "shapes differ")
    let width = packed.count / classes
    packed.withPointer { packed in
      result.withMutablePointer { addTranspose(packed, rows: width, columns: classes, alpha, beta, $0 + offset) }
    }
  }

  private static func addTranspose<Scalar: RealScalar>(
    _ x: UnsafePointer<Scalar>, rows: Int, columns: Int, _ alpha: Scalar, _ beta: Scalar,
    _ out: UnsafeMutablePointer<Scalar>
  ) {
    Partition.forEach(columns, step: 16, work: Double(rows) * Double(columns), grain: grain) { r in
      Scalar.kernels.pointee.sparse.addTranspose(x, rows, columns, alpha, beta, out, r.lowerBound, r.upperBound)
    }
  }

  // MARK: Rows among themselves

  /// A dense row for each thread, kept from call to call: D scalars each.
  package struct GramWorkspace<Scalar: RealScalar>: Sendable {
    var row: [Scalar] = []
    package init() {}
  }

  /// Lower triangle of result [m, m] = X[rows] X[rows]^T: each row in turn is laid out in full, and its products with
  /// the rows before it cost their entries. m n flops.
  package static func lowerGram<Scalar>(
    _ x: SparseMatrix<Scalar>, rows: Range<Int>, into result: inout Matrix<Scalar>,
    using workspace: inout GramWorkspace<Scalar>
  ) {
    let (count, width) = (rows.count, x.columns)
    precondition(result.rows == count && result.columns == count, "the Gram of \(count) rows is square")
    let work = Double(count) * Double(x.entryCount(of: rows)) / 2
    let pieces = Partition.pieces(count, step: 1, work: work, grain: grain)
    let workers = Partition.workers(pieces.count)
    if workspace.row.count < workers * width { workspace.row.resize(to: workers * width) }
    withPointers(x, rows) { starts, columns, values in
      workspace.row.withMutablePointer { row in
        result.elements.withMutablePointer { out in
          // Later rows cost more, so they go first.
          Partition.run(pieces.count, workers: workers) { piece, worker in
            let r = pieces[pieces.count - 1 - piece]
            Scalar.kernels.pointee.sparse.gram(
              starts, columns, values, row + worker * width, out, count, r.lowerBound, r.upperBound)
          }
        }
      }
    }
  }

  /// result_i += |x_i|^2 of X[rows].
  package static func addSquaredNorms<Scalar>(
    _ x: SparseMatrix<Scalar>, rows: Range<Int>, into result: inout [Scalar]
  ) {
    precondition(result.count == rows.count, "a number for each row")
    withPointers(x, rows) { starts, _, values in
      result.withMutablePointer { out in
        Partition.forEach(rows.count, work: Double(x.entryCount(of: rows)), grain: 2 * grain) { r in
          Scalar.kernels.pointee.sparse.addSquares(starts + r.lowerBound, values, out + r.lowerBound, r.count)
        }
      }
    }
  }

  private static func withPointers<Scalar: RealScalar>(
    _ x: SparseMatrix<Scalar>, _ rows: Range<Int>,
    _ body: (UnsafePointer<Int>, UnsafePointer<Int32>, UnsafePointer<Scalar>) -> Void
  ) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= x.rows, "rows \(rows) of \(x.rows)")
    guard !rows.isEmpty else { return body([0], [0], [0]) }
    x.rowStarts.withUnsafeBufferPointer { starts in
      x.columnIndices.withUnsafeBufferPointer { columns in
        x.values.withPointer { values in
          // No columns, no entries: nothing is read.
          body(
            starts.baseAddress! + rows.lowerBound, columns.baseAddress ?? UnsafePointer(bitPattern: 4)!, values)
        }
      }
    }
  }
}
