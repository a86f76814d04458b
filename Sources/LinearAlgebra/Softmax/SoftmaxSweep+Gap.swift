extension SoftmaxSweep {
  /// What a look at the dual variables adds up to, over rows and times their weights.
  package struct GapSums: Sendable {
    fileprivate var parts = [Double](repeating: 0, count: 4 * Partition.maximumPieces)
    /// [pieces, 2, padded classes].
    fileprivate var columns: [Double] = []
    private let classes: Int
    private let padded: Int

    package init(classes: Int) {
      self.classes = classes
      padded = (classes + ClassPanels<Scalar>.lanes - 1) / ClassPanels<Scalar>.lanes * ClassPanels<Scalar>.lanes
    }

    fileprivate mutating func reserve(pieces: Int) {
      let count = pieces * 2 * padded
      if columns.count < count { columns += [Double](repeating: 0, count: count - columns.count) }
    }

    private func total(_ first: Int) -> Double {
      stride(from: first, to: parts.count, by: 4).reduce(0) { $0 + parts[$1] }
    }

    private func columnTotals(_ which: Int) -> [Double] {
      var result = [Double](repeating: 0, count: classes)
      for start in stride(from: which * padded, to: columns.count, by: 2 * padded) {
        for c in 0..<classes { result[c] += columns[start + c] }
      }
      return result
    }

    /// The sum of the losses.
    package var loss: Double { total(0) }
    /// How many rows there are whose class is not ahead of all others; those of weight zero do not count.
    package var rowsBehind: Int { Int(total(1)) }
    /// The sum of KL(q, p), or with a tilt of KL(m, p).
    package var divergence: Double { total(2) }
    /// The sum of log sum e^z.
    package var normalizers: Double { total(3) }
    /// The sum of q, or with a tilt of m, of each class [C].
    package var duals: [Double] { columnTotals(0) }
    /// The sum of p, of each class [C].
    package var probabilities: [Double] { columnTotals(1) }
  }

  /// Dual variables of rows.
  package struct Duals {
    /// [N, C], which are made to add up to one; nil is p, the softmax itself.
    package var values: [Scalar]?
    /// The row of `values` that the first row of features has.
    package var first: Int
    /// m = values + blend (p - values).
    package var blend: Scalar
    /// What m is multiplied by before it is made to add up to one again [C].
    package var tilt: [Scalar]?

    package init(values: [Scalar]?, first: Int, blend: Scalar, tilt: [Scalar]?) {
      (self.values, self.first, self.blend, self.tilt) = (values, first, blend, tilt)
    }
  }

  /// Losses and divergences from dual variables over rows in order, and where asked for the product of those with the
  /// features: gradient += alpha sum of w (m - y) x^T, and of the bias likewise.
  ///
  /// Half the flops of a pass, and all of them with a gradient.
  ///
  /// - Parameters:
  ///   - features: in memory.
  ///   - first: the number of their first row in `labels` and `weights` [N].
  ///   - sums: what is added to. All rows in one call, or whole blocks of them at a time: the same bits.
  package mutating func look(
    _ features: Features<Scalar>, first: Int = 0, labels: [Int32], weights: [Scalar]?, duals: Duals,
    panels: ClassPanels<Scalar>, alpha: Scalar, gradient: inout ClassPanels<Scalar>?, sums: inout GapSums
  ) {
    let rows = features.rows
    precondition(first + rows <= labels.count, "a label for each row")
    precondition(weights.map { $0.count == labels.count } ?? true, "a weight for each row")
    precondition(duals.values.map { $0.count >= (duals.first + rows) * classes } ?? true, "duals for each row")
    precondition(duals.tilt.map { $0.count == classes } ?? true, "a tilt for each class")
    precondition(gradient.map { $0.elements.count == panels.elements.count } ?? true, "panels of another shape")
    let (shape, lanes) = (shape(of: panels, features), (classes, vectors, blockSize))
    sums.reserve(pieces: shape.most)
    let width = 2 * vectors * ClassPanels<Scalar>.lanes
    let (rowWeights, values) = (weights ?? [], duals.values ?? [])
    let tilt = duals.tilt.map { $0 + [Scalar](repeating: 1, count: width / 2 - classes) } ?? []
    var elements = gradient.map { _ in [Scalar]() } ?? []
    let writes = gradient != nil
    if writes { swap(&elements, &gradient!.elements) }
    defer { if writes { swap(&elements, &gradient!.elements) } }
    labels.withNumbers { labels in
      rowWeights.withPointer { rowWeights in
        values.withPointer { values in
          tilt.withPointer { tilt in
            panels.elements.withPointer { panels in
              elements.withMutablePointer { gradient in
                sums.parts.withMutablePointer { parts in
                  sums.columns.withMutablePointer { columns in
                    run(shape, features, nil, read: panels, write: writes ? gradient : nil, (alpha, alpha)) {
                      start, rows, z, delta, piece in
                      Scalar.kernels.pointee.sweep.gap(
                        z, rows, lanes.0, lanes.1, labels + first + start,
                        weights == nil ? nil : rowWeights + first + start,
                        duals.values == nil ? nil : values + (duals.first + start) * lanes.0, duals.blend,
                        duals.tilt == nil ? nil : tilt, delta, lanes.2, parts + 4 * piece, columns + piece * width)
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
