/// A contiguous row-major window into an array, for reading: some rows of a matrix, or one parameter slice.
///
/// A view shares the array's memory. While one is alive, changing the array would copy it, so make views
/// where they are used and do not keep them.
package struct MatrixView<Scalar: RealScalar>: Sendable {
  let storage: [Scalar]
  let offset: Int
  package let rows: Int
  package let columns: Int

  /// Elements `offset..<offset + rows * columns` of `storage`.
  package init(_ storage: [Scalar], offset: Int = 0, rows: Int, columns: Int) {
    precondition(
      offset >= 0 && rows >= 0 && columns >= 0 && offset + rows * columns <= storage.count,
      "a \(rows) x \(columns) view at \(offset) does not fit \(storage.count) elements")
    self.storage = storage
    self.offset = offset
    self.rows = rows
    self.columns = columns
  }

  func withPointer<Result>(_ body: (UnsafePointer<Scalar>) -> Result) -> Result {
    storage.withUnsafeBufferPointer { buffer in
      // An empty array has no base address; nothing is read from an empty view.
      body(buffer.baseAddress.map { $0 + offset } ?? UnsafePointer(bitPattern: MemoryLayout<Scalar>.alignment)!)
    }
  }
}

extension Matrix {
  /// The whole matrix.
  package var view: MatrixView<Scalar> { MatrixView(elements, rows: rows, columns: columns) }

  /// Rows `range`.
  package func rows(_ range: Range<Int>) -> MatrixView<Scalar> {
    MatrixView(elements, offset: range.lowerBound * columns, rows: range.count, columns: columns)
  }
}

extension Array where Element: RealScalar {
  func withPointer<Result>(_ body: (UnsafePointer<Element>) -> Result) -> Result {
    withUnsafeBufferPointer { body($0.baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<Element>.alignment)!) }
  }

  mutating func withMutablePointer<Result>(_ body: (UnsafeMutablePointer<Element>) -> Result) -> Result {
    withUnsafeMutableBufferPointer {
      body($0.baseAddress ?? UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment)!)
    }
  }
}
