/// Which examples of a batch share which tokens: the sparse side of an embedding's row Gram.
///
/// An entry is a token that an example has, however often; entries of one token are neighbours, in the order of the
/// examples. Found by a counting sort, B T + V steps.
package struct TokenGroups: Sendable {
  /// B.
  package private(set) var rows = 0
  /// Pairs of examples i >= j and tokens that both have: the dot products of a Gram.
  package private(set) var pairs = 0
  private var positions = 0
  private var count = 0
  private var start: [Int32] = []
  private var order: [Int32] = []
  /// Begin and end of each entry's places in `order`.
  private var bounds: [Int32] = []
  private var row: [Int32] = []
  private var group: [Int32] = []

  package init() {}

  /// Takes tokens [B, T], integers in 0..<vocabulary; those equal to `padding` are left out.
  package mutating func assign<Scalar>(_ tokens: MatrixView<Scalar>, vocabulary: Int, padding: Int?) {
    TokenRows.check(tokens, vocabulary)
    (rows, positions) = (tokens.rows, tokens.columns)
    let total = rows * positions
    precondition(total <= Int32.max, "a batch of at most \(Int32.max) tokens")
    Self.grow(&start, vocabulary + 1)
    Self.grow(&order, total)
    Self.grow(&bounds, 2 * total)
    Self.grow(&row, total)
    Self.grow(&group, total)
    count = tokens.withPointer { tokens in
      Self.withPlaces(&start, &order, &bounds, &row, &group) { start, order, bounds, row, group in
        Scalar.kernels.pointee.sequence.groupTokens(
          tokens, total, positions, TokenRows.number(padding), Int32(vocabulary), start, order, bounds, row, group)
      }
    }
    pairs = 0
    for e in 0..<count { pairs += e - Int(group[e]) + 1 }
  }

  /// sums [entries, D] = the cotangents [B, T D] of an entry's places, added up.
  package func sum<Scalar>(_ a: MatrixView<Scalar>, into sums: inout Matrix<Scalar>) {
    let width = positions == 0 ? 0 : a.columns / positions
    precondition(a.rows == rows && a.columns == positions * width, "cotangents of \(rows) x \(positions) tokens")
    sums.reshape(rows: count, columns: width)
    a.withPointer { a in
      withPlaces { order, bounds, _, _ in
        sums.elements.withMutablePointer { out in
          Partition.forEach(count, work: Double(rows * positions * width), grain: TokenRows.grain) { r in
            Scalar.kernels.pointee.sequence.sumGroups(a, width, order, bounds, r.lowerBound, r.upperBound, out)
          }
        }
      }
    }
  }

  /// sums [entries, 1] = how often an entry's token comes, times the example's scale.
  package func weigh<Scalar>(by scales: [Scalar], into sums: inout Matrix<Scalar>) {
    precondition(scales.count == rows, "a scale for each of \(rows) examples")
    sums.reshape(rows: count, columns: 1)
    withPlaces { _, bounds, row, _ in
      scales.withPointer { scales in
        sums.elements.withMutablePointer { Scalar.kernels.pointee.sequence.weighGroups(scales, bounds, row, count, $0) }
      }
    }
  }

  /// Lower triangle: result_ij = the sum over tokens that i and j share of sums_i . sums_j; zeros above. 2 D flops for
  /// each of the `pairs`.
  package func gram<Scalar>(of sums: Matrix<Scalar>, into result: inout Matrix<Scalar>) {
    let (count, width, rows) = (count, sums.columns, rows)
    precondition(sums.rows == count, "sums of other tokens")
    result.reshape(rows: rows, columns: rows)
    result.clear()
    // Row i costs in proportion to i, so the last go first.
    let pieces = Partition.pieces(rows, step: 1, work: Double(2 * pairs * width), grain: 4e5)
    withPlaces { _, _, row, group in
      sums.elements.withPointer { sums in
        result.elements.withMutablePointer { out in
          Partition.run(pieces.count) { piece in
            let r = pieces[pieces.count - 1 - piece]
            Scalar.kernels.pointee.sequence.addGroupGram(
              sums, width, row, group, count, r.lowerBound, r.upperBound, out, rows)
          }
        }
      }
    }
  }

  /// Adds its diagonal to `result` [B].
  package func addSquaredNorms<Scalar>(of sums: Matrix<Scalar>, into result: inout [Scalar]) {
    precondition(sums.rows == count && result.count == rows, "sums of other tokens")
    let width = sums.columns
    withPlaces { _, _, row, _ in
      sums.elements.withPointer { sums in
        result.withMutablePointer { Scalar.kernels.pointee.sequence.addGroupNorms(sums, width, row, count, $0) }
      }
    }
  }

  private static func grow(_ places: inout [Int32], _ count: Int) {
    if places.count < count { places = [Int32](repeating: 0, count: count) }
  }

  private typealias Places = UnsafePointer<Int32>
  private typealias NewPlaces = UnsafeMutablePointer<Int32>

  private func withPlaces(_ body: (Places, Places, Places, Places) -> Void) {
    guard count > 0 else { return }
    order.withUnsafeBufferPointer { order in
      bounds.withUnsafeBufferPointer { bounds in
        row.withUnsafeBufferPointer { row in
          group.withUnsafeBufferPointer {
            body(order.baseAddress!, bounds.baseAddress!, row.baseAddress!, $0.baseAddress!)
          }
        }
      }
    }
  }

  private static func withPlaces(
    _ start: inout [Int32], _ order: inout [Int32], _ bounds: inout [Int32], _ row: inout [Int32],
    _ group: inout [Int32], _ body: (NewPlaces, NewPlaces, NewPlaces, NewPlaces, NewPlaces) -> Int
  ) -> Int {
    guard !order.isEmpty else { return 0 }
    return start.withUnsafeMutableBufferPointer { start in
      order.withUnsafeMutableBufferPointer { order in
        bounds.withUnsafeMutableBufferPointer { bounds in
          row.withUnsafeMutableBufferPointer { row in
            group.withUnsafeMutableBufferPointer {
              body(
                start.baseAddress!, order.baseAddress!, bounds.baseAddress!, row.baseAddress!, $0.baseAddress!)
            }
          }
        }
      }
    }
  }
}
