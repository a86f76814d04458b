import LinearAlgebra
import TensorFiles

/// Features in a file as training wants them: some of the rows, dense where a model takes nothing else, standardised.
/// Each block is made so when it is read.
struct StoredView<Scalar: RealScalar>: StoredFeatures {
  private let source: any StoredFeatures<Scalar>
  /// Rows of the source; nil for all.
  private var index: [Int32]?
  private var isDensified = false
  private var standardization: Standardization?

  init(_ source: any StoredFeatures<Scalar>) {
    if let view = source as? StoredView { self = view } else { self.source = source }
  }

  var densified: StoredView {
    var result = self
    result.isDensified = true
    return result
  }

  /// Rows `part` of these, in that order.
  func selecting(_ part: [Int32]) -> StoredView {
    var result = self
    result.index = sourceRows(part)
    return result
  }

  /// The standardisation comes after none.
  func standardized(_ standardization: Standardization) -> StoredView {
    precondition(self.standardization == nil, "these features are standardised already")
    var result = self
    result.standardization = standardization
    return result
  }

  var rows: Int { index?.count ?? source.rows }
  var columns: Int { source.columns }
  var entryCount: Int? { isDensified ? nil : index.map { source.entryCount(of: $0) } ?? source.entryCount }
  func entryCount(of part: [Int32]) -> Int? { isDensified ? nil : source.entryCount(of: sourceRows(part)) }

  func read(_ range: Range<Int>, into result: inout Features<Scalar>) throws {
    if let index {
      try gatherNeighbours(Array(index[range]), into: &result)
    } else {
      try source.read(range, into: &result)
    }
    try prepare(&result)
  }

  func gather(_ part: [Int32], into result: inout Features<Scalar>) throws {
    try source.gather(sourceRows(part), into: &result)
    try prepare(&result)
  }

  private func sourceRows(_ part: [Int32]) -> [Int32] {
    guard let index else { return part }
    return part.map { index[Int($0)] }
  }

  /// Of rows that lie close together all between them are read: a system call for each takes the time of copying some
  /// kilobytes.
  private func gatherNeighbours(_ rows: [Int32], into result: inout Features<Scalar>) throws {
    guard let first = rows.min(), let last = rows.max() else { return try source.gather(rows, into: &result) }
    let (span, rowBytes) = (Int(last - first) + 1, Features.stored(source).rowBytes)
    guard span * rowBytes <= rows.count * (rowBytes + 4096), span <= 8 * rows.count else {
      return try source.gather(rows, into: &result)
    }
    let all = try source.read(Int(first)..<Int(last) + 1)
    try all.gather(rows.map { $0 - first }, into: &result)
  }

  private func prepare(_ block: inout Features<Scalar>) throws(DataError) {
    if isDensified, case .sparse(let matrix) = block { block = .dense(matrix.densified()) }
    try standardization?.apply(to: &block)
  }
}

extension Features {
  /// What a row takes in memory, about.
  var rowBytes: Int {
    guard let entryCount else { return columns * MemoryLayout<Scalar>.stride }
    return 8 + entryCount / max(1, rows) * (4 + MemoryLayout<Scalar>.stride)
  }

  /// Calls `body` with blocks of rows and the number of the first row of each: features in memory as they are, those of
  /// a file in blocks of four megabytes.
  func forEachBlock(_ body: (Features, Int) throws(DataError) -> Void) throws(DataError) {
    guard case .stored(let source) = self else { return try body(self, 0) }
    let size = max(1, (4 << 20) / max(1, rowBytes))
    var block = Features.none
    for start in stride(from: 0, to: rows, by: size) {
      do { try source.read(start..<min(rows, start + size), into: &block) } catch { throw DataError(reading: error) }
      try body(block, start)
    }
  }
}

extension DataError {
  /// What reading features said, whatever it said it in.
  init(reading error: any Error, _ source: String = "") {
    switch error {
    case let error as DataError: self = error
    case let error as FileError: self.init(error.file, (error.position.map { "\($0): " } ?? "") + error.message)
    default: self.init(source, "\(error)")
    }
  }
}
