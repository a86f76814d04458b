/// Rows of a table [V, D] picked by token numbers [B, T]: what embeddings are made of.
///
/// Tokens are integers in 0..<V, held as numbers of the precision at hand; anything else is a mistake of the
/// programmer, whom `firstInvalid` tells in advance. A token equal to `padding` stands for nothing: neither is its row
/// read, nor changed. All is memory-bound: D numbers for each token.
package enum TokenRows {
  /// Token numbers are exact in single precision up to here.
  package static let vocabularyLimit = 1 << 24

  static let grain = 2e5

  /// Index into the elements of the first token that is no integer in 0..<vocabulary.
  package static func firstInvalid<Scalar>(_ tokens: MatrixView<Scalar>, vocabulary: Int) -> Int? {
    precondition(vocabulary <= vocabularyLimit, "token numbers are exact up to \(vocabularyLimit)")
    let found = tokens.withPointer {
      Scalar.kernels.pointee.sequence.firstInvalidToken($0, tokens.rows * tokens.columns, Int32(vocabulary))
    }
    return found < 0 ? nil : found
  }

  /// result [B, T D] = the tokens' rows, zeros for padding.
  package static func gather<Scalar>(
    _ table: MatrixView<Scalar>, _ tokens: MatrixView<Scalar>, padding: Int?, into result: inout Matrix<Scalar>
  ) {
    check(tokens, table.rows)
    let (count, width, padding) = (tokens.rows * tokens.columns, table.columns, number(padding))
    result.reshape(rows: tokens.rows, columns: tokens.columns * width)
    table.withPointer { table in
      tokens.withPointer { tokens in
        result.elements.withMutablePointer { out in
          Partition.forEach(count, work: Double(count * width), grain: grain) { r in
            let k = r.lowerBound
            Scalar.kernels.pointee.sequence.gatherTokens(table, width, tokens + k, r.count, padding, out + k * width)
          }
        }
      }
    }
  }

  /// scales [B] = one over the number of an example's tokens that are not padding, 0 if there is none.
  package static func scales<Scalar>(_ tokens: MatrixView<Scalar>, padding: Int?, into scales: inout [Scalar]) {
    let (rows, positions, padding) = (tokens.rows, tokens.columns, number(padding))
    scales.resize(to: rows)
    tokens.withPointer { tokens in
      scales.withMutablePointer { Scalar.kernels.pointee.sequence.tokenScales(tokens, rows, positions, padding, $0) }
    }
  }

  /// result [B, D] = scales_i sum_t (row of token_it): the mean, with `scales` of above.
  package static func mean<Scalar>(
    _ table: MatrixView<Scalar>, _ tokens: MatrixView<Scalar>, scales: [Scalar], padding: Int?,
    into result: inout Matrix<Scalar>
  ) {
    check(tokens, table.rows)
    precondition(scales.count == tokens.rows, "a scale for each example")
    let (rows, positions, width, padding) = (tokens.rows, tokens.columns, table.columns, number(padding))
    result.reshape(rows: rows, columns: width)
    table.withPointer { table in
      tokens.withPointer { tokens in
        scales.withPointer { scales in
          result.elements.withMutablePointer { out in
            Partition.forEach(rows, work: Double(rows * positions * width), grain: grain) { r in
              let i = r.lowerBound
              Scalar.kernels.pointee.sequence.meanTokens(
                table, width, tokens + i * positions, r.count, positions, padding, scales + i, out + i * width)
            }
          }
        }
      }
    }
  }

  /// result[offset...] as [V, D] = alpha sum_it (w_i a_it at the row of token_it) + beta result; beta 0 clears.
  ///
  /// Cotangents a are [B, T D], or [B, D] for all tokens of an example alike. Adds on one thread: that reads the
  /// cotangents once from end to end, and two threads took no less time for their columns, or for their tokens.
  package static func scatter<Scalar>(
    _ a: MatrixView<Scalar>, weights w: [Scalar]?, alpha: Scalar, _ tokens: MatrixView<Scalar>, padding: Int?,
    beta: Scalar, into result: inout [Scalar], at offset: Int, vocabulary: Int, width: Int
  ) {
    check(tokens, vocabulary)
    let isShared = checkCotangents(a, tokens, width)
    let (rows, positions, padding) = (tokens.rows, tokens.columns, number(padding))
    precondition(offset + vocabulary * width <= result.count, "a table [\(vocabulary), \(width)] does not fit")
    precondition(w.map { $0.count == rows } ?? true, "a weight for each example")
    scale(&result, offset..<offset + vocabulary * width, by: beta)
    a.withPointer { a in
      tokens.withPointer { tokens in
        (w ?? []).withPointer { weights in
          let weights = w == nil ? nil : weights
          result.withMutablePointer { table in
            Scalar.kernels.pointee.sequence.scatterTokens(
              a, isShared, weights, alpha, tokens, rows, positions, padding, table + offset, width)
          }
        }
      }
    }
  }

  /// result_i += w_i sum_t a_it . (row of token_it), with a as in `scatter`.
  package static func addDots<Scalar>(
    _ a: MatrixView<Scalar>, weights w: [Scalar]?, _ tokens: MatrixView<Scalar>, padding: Int?,
    _ table: MatrixView<Scalar>, into result: inout [Scalar]
  ) {
    check(tokens, table.rows)
    let (rows, positions, width, padding) = (tokens.rows, tokens.columns, table.columns, number(padding))
    let isShared = checkCotangents(a, tokens, width)
    precondition(result.count == rows && w.map { $0.count == rows } ?? true, "a number for each example")
    let stride = isShared != 0 ? width : positions * width
    a.withPointer { a in
      tokens.withPointer { tokens in
        (w ?? []).withPointer { weights in
          let weights = w == nil ? nil : weights
          table.withPointer { table in
            result.withMutablePointer { out in
              Partition.forEach(rows, work: Double(rows * positions * width), grain: grain) { r in
                let i = r.lowerBound
                Scalar.kernels.pointee.sequence.addTokenDots(
                  a + i * stride, isShared, weights.map { $0 + i }, tokens + i * positions, r.count, positions,
                  padding, table, width, out + i)
              }
            }
          }
        }
      }
    }
  }

  /// With 0 they are not read.
  private static func scale<Scalar: RealScalar>(_ x: inout [Scalar], _ range: Range<Int>, by factor: Scalar) {
    if factor == 1 { return }
    guard factor == 0 else { return x.scale(by: factor, range: range) }
    x.withMutablePointer { x in
      Partition.forEach(range.count, step: 16, work: Double(range.count), grain: grain) { r in
        (x + range.lowerBound + r.lowerBound).update(repeating: 0, count: r.count)
      }
    }
  }

  /// 1 if the cotangents are one row for all tokens of an example.
  private static func checkCotangents<Scalar>(
    _ a: MatrixView<Scalar>, _ tokens: MatrixView<Scalar>, _ width: Int
  ) -> Int {
    precondition(
      a.rows == tokens.rows && (a.columns == width || a.columns == tokens.columns * width),
      "cotangents [\(a.rows), \(a.columns)] of [\(tokens.rows), \(tokens.columns)] tokens and width \(width)")
    return a.columns == width ? 1 : 0
  }

  /// Kernels index with them.
  static func check<Scalar>(_ tokens: MatrixView<Scalar>, _ vocabulary: Int) {
    precondition(
      firstInvalid(tokens, vocabulary: vocabulary) == nil, "token numbers must be integers in 0..<\(vocabulary)")
  }

  static func number(_ padding: Int?) -> Int32 { padding.map { Int32($0) } ?? -1 }
}
