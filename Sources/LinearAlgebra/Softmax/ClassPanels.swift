/// Weights [C, D] and bias [C] of a softmax regression as the sweeps read them: in panels of as many classes as fill a
/// vector register, feature by feature, padded with zeros; the bias after the panels.
///
/// Sums of squares and linear combinations of `elements` are those of weights and bias.
package struct ClassPanels<Scalar: RealScalar>: Sendable, Equatable {
  /// D.
  package let features: Int
  /// C.
  package let classes: Int
  package var elements: [Scalar]

  /// Classes in a panel: 64 bytes.
  static var lanes: Int { 64 / MemoryLayout<Scalar>.stride }
  var vectors: Int { (classes + Self.lanes - 1) / Self.lanes }
  /// Where the padded bias starts in `elements`.
  package var biasOffset: Int { vectors * Self.lanes * features }

  /// Zeros.
  package init(features: Int, classes: Int) {
    precondition(features >= 1 && classes >= 1, "panels of \(features) features and \(classes) classes")
    self.features = features
    self.classes = classes
    elements = []
    elements.resize(to: vectors * Self.lanes * (features + 1))
  }

  /// Packs `values`: weight [C, D], row-major, then bias [C] where there is one.
  package init(features: Int, classes: Int, values: [Scalar]) {
    self.init(features: features, classes: classes)
    precondition(
      values.count == classes * features || values.count == classes * (features + 1),
      "\(classes) x \(features) weights with or without a bias, got \(values.count)")
    let (offset, hasBias) = (biasOffset, values.count > classes * features)
    values.withPointer { values in
      elements.withMutablePointer { panels in
        Scalar.kernels.pointee.sweep.pack(values, features, classes, features, panels)
        if hasBias { (panels + offset).update(from: values + classes * features, count: classes) }
      }
    }
  }

  /// Weight [C, D], then bias [C] where `hasBias`.
  package func values(hasBias: Bool) -> [Scalar] {
    var result: [Scalar] = []
    result.resize(to: classes * (features + (hasBias ? 1 : 0)))
    let (classes, features, offset) = (classes, features, biasOffset)
    elements.withPointer { panels in
      result.withMutablePointer { values in
        Scalar.kernels.pointee.sweep.unpack(panels, classes, features, values, features)
        if hasBias { (values + classes * features).update(from: panels + offset, count: classes) }
      }
    }
    return result
  }

  /// Takes over `elements`, which are those of other panels of this shape.
  package init(features: Int, classes: Int, elements: [Scalar]) {
    self.features = features
    self.classes = classes
    self.elements = elements
    precondition(
      elements.count == vectors * Self.lanes * (features + 1),
      "elements of panels of \(features) features and \(classes) classes, got \(elements.count)")
  }

  /// Writes the weights into a matrix [C, D], or with the bias as a last column [C, D + 1]. Nothing is allocated once
  /// the matrix has held this shape.
  package func unpack(hasBias: Bool, into matrix: inout Matrix<Scalar>) {
    let (classes, features, stride) = (classes, features, features + (hasBias ? 1 : 0))
    matrix.reshape(rows: classes, columns: stride)
    elements.withPointer { panels in
      matrix.elements.withMutablePointer { Scalar.kernels.pointee.sweep.unpack(panels, classes, features, $0, stride) }
    }
  }

  /// The reverse of `unpack`: takes weights [C, D] and a bias of zero, or both from a matrix [C, D + 1].
  package mutating func pack(_ matrix: Matrix<Scalar>) {
    precondition(
      matrix.rows == classes && (matrix.columns == features || matrix.columns == features + 1),
      "\(classes) x \(features) weights with or without a bias, got \(matrix.rows) x \(matrix.columns)")
    let (classes, features) = (classes, features)
    matrix.elements.withPointer { rows in
      elements.withMutablePointer { Scalar.kernels.pointee.sweep.pack(rows, matrix.columns, classes, features, $0) }
    }
  }

  /// The places of the weights in `elements`.
  package var weightRange: Range<Int> { 0..<biasOffset }
  /// The places of the bias, without padding.
  package var biasRange: Range<Int> { biasOffset..<biasOffset + classes }

  /// |weight|^2, added in double.
  package var weightSquaredNorm: Double { elements.squaredNorm(in: weightRange) }

  /// W x for one vector of features: [C].
  package func products(_ x: [Scalar]) -> [Double] {
    precondition(x.count == features, "\(features) features, got \(x.count)")
    let count = vectors * Self.lanes
    let zeros = [Scalar](repeating: 0, count: count)
    var result = zeros
    let (features, vectors) = (features, vectors)
    x.withPointer { x in
      elements.withPointer { panels in
        zeros.withPointer { zeros in
          result.withMutablePointer {
            Scalar.kernels.pointee.sweep.forward(x, features, nil, 1, panels, zeros, vectors, $0)
          }
        }
      }
    }
    return result.prefix(classes).map { Double($0) }
  }

  /// W += alpha u x^T, with u [C] and x [D].
  package mutating func addOuterProduct(_ alpha: Scalar, _ u: [Scalar], _ x: [Scalar]) {
    precondition(u.count == classes && x.count == features, "\(classes) x \(features) weights")
    let padded = u + [Scalar](repeating: 0, count: vectors * Self.lanes - classes)
    let (features, vectors) = (features, vectors)
    x.withPointer { x in
      padded.withPointer { u in
        elements.withMutablePointer {
          Scalar.kernels.pointee.sweep.accumulate(x, features, nil, 1, 0, features, nil, u, 1, alpha, $0, vectors)
        }
      }
    }
  }

  /// The same numbers in double, whose panels differ.
  package var widened: ClassPanels<Double> {
    ClassPanels<Double>(features: features, classes: classes, values: self.values(hasBias: true).widened)
  }
}

extension Array where Element: RealScalar {
  /// The sum of squares of some elements, added in double over stretches of 4,096.
  package func squaredNorm(in range: Range<Int>) -> Double {
    stride(from: range.lowerBound, to: range.upperBound, by: 4096).reduce(0) { sum, start in
      sum + Double(dot(self, range: start..<Swift.min(start + 4096, range.upperBound)))
    }
  }

  /// The same numbers in double.
  package var widened: [Double] {
    var result: [Double] = []
    result.resize(to: count)
    let count = count
    withPointer { x in result.withMutablePointer { Element.kernels.pointee.sweep.widen(x, $0, count) } }
    return result
  }
}

extension Features {
  /// Features in memory, in double; the same if they are in double.
  public var widened: Features<Double> {
    if let same = self as? Features<Double> { return same }
    switch self {
    case .dense(let x): return .dense(Matrix(rows: x.rows, columns: x.columns, elements: x.elements.widened))
    case .sparse(let x):
      return .sparse(
        SparseMatrix(
          columns: x.columns, rowStarts: x.rowStarts, columnIndices: x.columnIndices, values: x.values.widened))
    case .stored: preconditionFailure("expected features in memory, got \(kind)")
    }
  }
}
