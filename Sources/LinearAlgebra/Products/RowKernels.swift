/// Operations on each row of a batch, cut over rows. Formulas and conventions: docs/mathematics.md.
package enum RowKernels {
  /// Elements that one piece is worth at least: some 20 microseconds of exponentials.
  static let grain = 5e4

  /// Turns logits [B, C] into margin rows a = e_y - q in place, and fills four [B] vectors.
  ///
  /// With L the log-sum-exp over the competitors and m = z_y - L: `margin` m, `loss` log(1 + e^-m), `residual`
  /// 1 - p_y, `rootWeight` sqrt(p_y (1 - p_y)). Right and finite for every finite m; NaN logits give a NaN loss.
  /// One exponential for each element.
  package static func margins<Scalar>(
    _ logits: inout Matrix<Scalar>, labels: [Int32], margin: inout [Scalar], loss: inout [Scalar],
    residual: inout [Scalar], rootWeight: inout [Scalar]
  ) {
    let (rows, classes) = (logits.rows, logits.columns)
    precondition(
      labels.count == rows && margin.count == rows && loss.count == rows && residual.count == rows
        && rootWeight.count == rows, "one label and one value for each of \(rows) rows")
    precondition(labels.allSatisfy { $0 >= 0 && $0 < Int32(classes) }, "labels must be in 0..<\(classes)")
    logits.elements.withMutablePointer { z in
      labels.withUnsafeBufferPointer { labels in
        margin.withMutablePointer { m in
          loss.withMutablePointer { l in
            residual.withMutablePointer { v in
              rootWeight.withMutablePointer { s in
                Partition.forEach(rows, work: Double(rows * classes), grain: grain) { r in
                  let i = r.lowerBound
                  Scalar.kernels.pointee.main.marginRows(
                    z + i * classes, r.count, classes, labels.baseAddress! + i, m + i, l + i, v + i, s + i)
                }
              }
            }
          }
        }
      }
    }
  }

  /// t_i <- kept_i a_i (a_i . t_i) + rest_i (diag(q_i) - q_i q_i^T) t_i in place: one row's curvature times t_i.
  /// (kept, rest) = (s, v) is the GGN, (s, 0) FGN, (0, v) the within-competitor covariance, (v^2, 0) Fisher. `t` is
  /// [k B, C]: k stacked copies of the batch.
  package static func curvature<Scalar>(
    _ a: Matrix<Scalar>, labels: [Int32], kept: [Scalar], rest: [Scalar], times t: inout Matrix<Scalar>
  ) {
    let classes = a.columns
    precondition(kept.count == a.rows && rest.count == a.rows, "shapes differ")
    forEachCopy(a, labels, &t) { a, labels, t, i, count in
      kept.withPointer { kept in
        rest.withPointer { rest in
          Scalar.kernels.pointee.main.curvatureRows(a + i * classes, labels + i, kept + i, rest + i, t, count, classes)
        }
      }
    }
  }

  /// u_i <- N_i u_i, or N_i^T u_i, in place, where N_i = diag(sqrt p_i) (I - 1 p_i^T) and N_i^T N_i = diag(p_i) - p_i
  /// p_i^T. `u` is [k B, C]: k stacked copies of the batch.
  package static func root<Scalar>(
    _ a: Matrix<Scalar>, labels: [Int32], residual: [Scalar], transposed: Bool, times u: inout Matrix<Scalar>
  ) {
    let classes = a.columns
    precondition(residual.count == a.rows, "shapes differ")
    let kernel = transposed ? Scalar.kernels.pointee.main.rootTransposedRows : Scalar.kernels.pointee.main.rootRows
    forEachCopy(a, labels, &u) { a, labels, u, i, count in
      residual.withPointer { v in kernel(a + i * classes, labels + i, v + i, u, count, classes) }
    }
  }

  /// Margin rows become softmax probabilities in place: p_k = (1 - p_y) q_k, and p_y.
  package static func probabilities<Scalar>(_ a: inout Matrix<Scalar>, labels: [Int32], residual: [Scalar]) {
    let (rows, classes) = (a.rows, a.columns)
    precondition(labels.count == rows && residual.count == rows, "shapes differ")
    a.elements.withMutablePointer { a in
      labels.withUnsafeBufferPointer { labels in
        residual.withPointer { v in Scalar.kernels.pointee.main.probabilities(a, labels.baseAddress!, v, rows, classes)
        }
      }
    }
  }

  /// How many competitors are at least as high as the true class, for each row of logits [B, C].
  package static func ranks<Scalar>(_ logits: Matrix<Scalar>, labels: [Int32]) -> [Int32] {
    let (rows, classes) = (logits.rows, logits.columns)
    precondition(labels.count == rows && labels.allSatisfy { $0 >= 0 && $0 < Int32(classes) }, "a label for each row")
    var result = [Int32](repeating: 0, count: rows)
    result.withUnsafeMutableBufferPointer { result in
      labels.withUnsafeBufferPointer { labels in
        logits.elements.withPointer { z in
          guard let labels = labels.baseAddress, let result = result.baseAddress else { return }
          Partition.forEach(rows, work: Double(rows * classes), grain: 4 * grain) { r in
            let i = r.lowerBound
            Scalar.kernels.pointee.main.ranks(z + i * classes, labels + i, result + i, r.count, classes)
          }
        }
      }
    }
    return result
  }

  /// The column of the highest logit in each row; the first of equals.
  package static func argmax<Scalar>(_ logits: Matrix<Scalar>) -> [Int32] {
    var result = [Int32](repeating: 0, count: logits.rows)
    let (rows, classes) = (logits.rows, logits.columns)
    result.withUnsafeMutableBufferPointer { result in
      logits.elements.withPointer { z in
        if let result = result.baseAddress { Scalar.kernels.pointee.main.argmax(z, result, rows, classes) }
      }
    }
    return result
  }

  /// Each row of logits becomes its softmax, in place.
  package static func softmax<Scalar>(_ logits: inout Matrix<Scalar>) {
    let (rows, classes) = (logits.rows, logits.columns)
    logits.elements.withMutablePointer { z in
      Partition.forEach(rows, work: Double(rows * classes), grain: grain) { r in
        Scalar.kernels.pointee.main.softmax(z + r.lowerBound * classes, r.count, classes)
      }
    }
  }

  /// result_i = a_i . b_i.
  package static func dots<Scalar>(_ a: MatrixView<Scalar>, _ b: MatrixView<Scalar>, into result: inout [Scalar]) {
    result.fill(with: 0)
    addDots(a, b, into: &result)
  }

  /// result_i += a_i b_i, for [B] vectors.
  package static func addProducts<Scalar: RealScalar>(_ a: [Scalar], _ b: [Scalar], into result: inout [Scalar]) {
    precondition(a.count == result.count && b.count == result.count, "shapes differ")
    let count = result.count
    a.withPointer { a in
      b.withPointer { b in
        result.withMutablePointer { Scalar.kernels.pointee.main.addRowDots(a, b, $0, count, 1) }
      }
    }
  }

  /// Adds `row`, a 1 x C view, to every row.
  package static func add<Scalar>(_ row: MatrixView<Scalar>, to result: inout Matrix<Scalar>) {
    let (rows, columns) = (result.rows, result.columns)
    precondition(row.rows == 1 && row.columns == columns, "a row of \(columns) elements")
    row.withPointer { row in
      result.elements.withMutablePointer { out in
        Partition.forEach(rows, work: Double(rows * columns), grain: 4 * grain) { r in
          for i in r { Scalar.kernels.pointee.main.axpby(1, row, 1, out + i * columns, columns) }
        }
      }
    }
  }

  /// result_i += a_i . b_i.
  package static func addDots<Scalar>(_ a: MatrixView<Scalar>, _ b: MatrixView<Scalar>, into result: inout [Scalar]) {
    let (rows, columns) = (a.rows, a.columns)
    precondition(b.rows == rows && b.columns == columns && result.count == rows, "shapes differ")
    a.withPointer { a in
      b.withPointer { b in
        result.withMutablePointer { out in
          Partition.forEach(rows, work: Double(rows * columns), grain: 4 * grain) { r in
            let i = r.lowerBound
            Scalar.kernels.pointee.main.addRowDots(a + i * columns, b + i * columns, out + i, r.count, columns)
          }
        }
      }
    }
  }

  /// result_i = w_i a_i.
  package static func scale<Scalar>(_ a: MatrixView<Scalar>, by w: [Scalar], into result: inout Matrix<Scalar>) {
    let (rows, columns) = (a.rows, a.columns)
    precondition(w.count == rows && result.rows == rows && result.columns == columns, "shapes differ")
    a.withPointer { a in
      w.withPointer { w in
        result.elements.withMutablePointer { out in
          Partition.forEach(rows, work: Double(rows * columns), grain: 4 * grain) { r in
            let i = r.lowerBound
            Scalar.kernels.pointee.main.scaleRows(a + i * columns, w + i, out + i * columns, r.count, columns)
          }
        }
      }
    }
  }

  /// a_i <- w_i a_i; `a` is [k B, C], k stacked copies of a batch with B weights.
  package static func scale<Scalar>(_ a: inout Matrix<Scalar>, by w: [Scalar]) {
    let (rows, columns, count) = (a.rows, a.columns, w.count)
    precondition(count > 0 ? rows % count == 0 : rows == 0, "one weight for each row")
    a.elements.withMutablePointer { a in
      w.withPointer { w in
        for copy in stride(from: 0, to: rows, by: max(1, count)) {
          Partition.forEach(count, work: Double(count * columns), grain: 4 * grain) { r in
            let start = a + (copy + r.lowerBound) * columns
            Scalar.kernels.pointee.main.scaleRows(start, w + r.lowerBound, start, r.count, columns)
          }
        }
      }
    }
  }

  /// Every row becomes `row`, a 1 x C view: what a product with beta 1 then adds to.
  package static func fill<Scalar>(_ result: inout Matrix<Scalar>, with row: MatrixView<Scalar>) {
    let (rows, columns) = (result.rows, result.columns)
    precondition(row.rows == 1 && row.columns == columns, "a row of \(columns) elements")
    row.withPointer { row in
      result.elements.withMutablePointer { out in
        Partition.forEach(rows, work: Double(rows * columns), grain: 4 * grain) { r in
          Scalar.kernels.pointee.main.fillRows(row, out + r.lowerBound * columns, r.count, columns)
        }
      }
    }
  }

  /// result[offset...] as [C] = alpha sum_i w_i a_i + beta result; ones where `w` is nil.
  package static func columnSums<Scalar>(
    _ a: MatrixView<Scalar>, weights w: [Scalar]?, alpha: Scalar = 1, beta: Scalar = 0, into result: inout [Scalar],
    at offset: Int = 0
  ) {
    let (rows, columns) = (a.rows, a.columns)
    precondition(w.map { $0.count == rows } ?? true && offset + columns <= result.count, "shapes differ")
    let w = w ?? []
    a.withPointer { a in
      w.withPointer { weights in
        let weights = w.isEmpty ? nil : weights
        result.withMutablePointer { out in
          Partition.forEach(columns, step: 64, work: Double(rows * columns), grain: 4 * grain) { r in
            let k = r.lowerBound
            Scalar.kernels.pointee.main.columnSums(
              a + k, columns, weights, alpha, beta, out + offset + k, rows, r.count)
          }
        }
      }
    }
  }

  /// Rows `index` of `x`, in that order; all of them if it is nil.
  package static func gather<Scalar>(_ x: MatrixView<Scalar>, _ index: [Int32]?, into result: inout Matrix<Scalar>) {
    let columns = x.columns
    guard let index else {
      result.reshape(rows: x.rows, columns: columns)
      return result.assign(x)
    }
    result.reshape(rows: index.count, columns: columns)
    precondition(index.allSatisfy { $0 >= 0 && $0 < Int32(x.rows) }, "row numbers must be in 0..<\(x.rows)")
    x.withPointer { x in
      result.elements.withMutablePointer { out in
        for (row, from) in index.enumerated() {
          (out + row * columns).update(from: x + Int(from) * columns, count: columns)
        }
      }
    }
  }

  /// Row index_i of `result` becomes w_i x_i, every other row zero; a nil index is all rows, nil weights are ones. No
  /// index comes twice.
  package static func scatter<Scalar>(
    _ x: MatrixView<Scalar>, weights w: [Scalar]?, to index: [Int32]?, into result: inout Matrix<Scalar>
  ) {
    let columns = x.columns
    precondition(result.columns == columns && w.map { $0.count == x.rows } ?? true, "shapes differ")
    precondition(index?.allSatisfy { $0 >= 0 && $0 < Int32(result.rows) } ?? (x.rows == result.rows), "rows differ")
    if index != nil { result.clear() }
    x.withPointer { x in
      result.elements.withMutablePointer { out in
        for row in 0..<(index?.count ?? result.rows) {
          let to = out + (index.map { Int($0[row]) } ?? row) * columns
          Scalar.kernels.pointee.main.axpby(w?[row] ?? 1, x + row * columns, 0, to, columns)
        }
      }
    }
  }

  /// Calls `body` with pieces of `t` [k B, C], k stacked copies of a batch whose rows are `a` [B, C]: where the piece
  /// starts, the number of its first row in the batch, and its rows.
  private static func forEachCopy<Scalar>(
    _ a: Matrix<Scalar>, _ labels: [Int32], _ t: inout Matrix<Scalar>,
    _ body: (UnsafePointer<Scalar>, UnsafePointer<Int32>, UnsafeMutablePointer<Scalar>, Int, Int) -> Void
  ) {
    let (rows, classes) = (a.rows, a.columns)
    precondition(labels.count == rows && t.columns == classes, "shapes differ")
    guard rows > 0 else { return }
    precondition(t.rows % rows == 0, "\(t.rows) rows are not copies of \(rows)")
    let all = t.rows
    a.elements.withPointer { a in
      labels.withUnsafeBufferPointer { labels in
        let labels = labels.baseAddress!
        t.elements.withMutablePointer { t in
          Partition.forEach(all, work: Double(all * classes), grain: grain) { r in
            var next = r.lowerBound
            while next < r.upperBound {
              let i = next % rows
              let count = min(rows - i, r.upperBound - next)
              body(a, labels, t + next * classes, i, count)
              next += count
            }
          }
        }
      }
    }
  }
}
