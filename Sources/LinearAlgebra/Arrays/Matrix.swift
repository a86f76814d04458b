/// A dense row-major matrix with value semantics.
///
/// Element (i, j) is `elements[i * columns + j]`. A batch of B examples with D features is
/// `[B, D]`; a dense layer's weight is `[out, in]`.
///
/// ```swift
/// var x = Matrix<Float>(rows: 2, columns: 3)   // zeros
/// x[1, 2] = 4
/// ```
public struct Matrix<Scalar: RealScalar>: Sendable, Equatable, Codable {
  public private(set) var rows: Int
  public private(set) var columns: Int
  /// Row-major, `rows * columns` of them.
  public internal(set) var elements: [Scalar]

  /// A matrix of zeros.
  public init(rows: Int, columns: Int) {
    self.init(rows: rows, columns: columns, elements: VectorLoops.zeros(rows * columns))
  }

  /// Takes over `elements`, row-major; their count must be `rows * columns`.
  public init(rows: Int, columns: Int, elements: [Scalar]) {
    precondition(
      rows >= 0 && columns >= 0 && elements.count == rows * columns,
      "a \(rows) x \(columns) matrix needs \(rows * columns) elements, got \(elements.count)")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  public subscript(row: Int, column: Int) -> Scalar {
    get { elements[row * columns + column] }
    _modify { yield &elements[row * columns + column] }
  }

  /// The elements of one row.
  public func row(_ index: Int) -> ArraySlice<Scalar> {
    elements[index * columns..<(index + 1) * columns]
  }

  /// Gives the matrix another shape, keeping its memory where it is large enough.
  /// What the elements hold afterwards is unspecified; nothing is allocated when the count shrinks or stays.
  public mutating func reshape(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    elements.resize(to: rows * columns)
  }

  /// Sets every element to zero.
  public mutating func clear() { elements.fill(with: 0) }

  /// Sets every element to `value`.
  public mutating func fill(with value: Scalar) { elements.fill(with: value) }

  /// Takes the elements of `values`, row-major, keeping the shape.
  public mutating func assign(_ values: [Scalar]) { elements.combine(1, values, beta: 0) }

  /// Takes the elements of a view of the same shape.
  package mutating func assign(_ view: MatrixView<Scalar>) {
    precondition(view.rows == rows && view.columns == columns, "shapes differ")
    let count = rows * columns
    view.withPointer { source in elements.withMutablePointer { $0.update(from: source, count: count) } }
  }

  /// x_ij <- (x_ij - shift_j) factor_j.
  public mutating func mapColumns(_ transform: (Int) -> (shift: Scalar, factor: Scalar)) {
    var (shifts, factors): ([Scalar], [Scalar]) = ([], [])
    for j in 0..<columns {
      let (shift, factor) = transform(j)
      shifts.append(shift)
      factors.append(factor)
    }
    let (rows, columns) = (rows, columns)
    elements.withMutablePointer { x in
      shifts.withPointer { shifts in
        factors.withPointer { factors in Scalar.kernels.pointee.main.standardizeRows(x, shifts, factors, rows, columns)
        }
      }
    }
  }

  /// self = alpha other + self.
  public mutating func combine(_ alpha: Scalar, _ other: Matrix) {
    precondition(other.rows == rows && other.columns == columns, "shapes differ")
    elements.combine(alpha, other.elements)
  }

  /// self = factor self.
  public mutating func scale(by factor: Scalar) { elements.scale(by: factor) }
}

extension Matrix {
  /// The same numbers in another precision.
  public func converted<Other: RealScalar>(to type: Other.Type = Other.self) -> Matrix<Other> {
    Matrix<Other>(rows: rows, columns: columns, elements: elements.map { Other($0) })
  }

  /// The transpose, a copy. For tests and small matrices.
  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for i in 0..<rows {
      for j in 0..<columns { result[j, i] = self[i, j] }
    }
    return result
  }
}

extension Array where Element: RealScalar {
  /// Sets every element to `value`.
  package mutating func fill(with value: Element) { VectorLoops.fill(&self, with: value) }

  /// Grows with zeros or shrinks to `count` elements, keeping the memory.
  package mutating func resize(to count: Int) {
    if count < self.count {
      removeLast(self.count - count)
    } else if count > self.count {
      let kept = self
      self = VectorLoops.zeros(count)
      replaceSubrange(0..<kept.count, with: kept)
    }
  }
}
