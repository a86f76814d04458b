import LinearAlgebra

/// An array of numbers in a file, in order and uncompressed, of which parts can be read: an npy file, or a stored
/// member of an npz archive. Safe from several threads.
struct StoredArray: Sendable {
  let file: InputFile
  let shape: [Int]
  let type: ElementType
  private let isBigEndian: Bool
  /// The first byte of the numbers.
  private let start: Int
  private let windowSize: Int

  /// The array that fills `region`.
  init(_ region: FileRegion, windowSize: Int) throws(FileError) {
    var source = region
    let header = try NPYHeader(&source, resultSize: 1, memoryLimit: .max)
    // In one row or column both orders are the same.
    guard !header.isFortranOrder || header.shape.filter({ $0 != 1 }).count <= 1 else {
      throw .badData(
        source.path,
        "the array is stored column by column (Fortran order), and is too large to be turned round in memory: save "
          + "numpy.ascontiguousarray(X)")
    }
    file = source.file
    (shape, type, isBigEndian) = (header.shape, header.type, header.isBigEndian)
    start = source.range.lowerBound
    self.windowSize = windowSize
  }

  /// In the file.
  var byteCount: Int { (elementCount(shape) ?? 0) * type.size }

  private func bytes(_ range: Range<Int>) -> Range<Int> {
    start + range.lowerBound * type.size..<start + range.upperBound * type.size
  }

  /// Numbers `range` into `result` from index `first`: through a mapping, or where that is not worth it by a system
  /// call.
  func read<Scalar: RealScalar>(
    _ range: Range<Int>, into result: inout [Scalar], first: Int = 0, isShort: Bool = false
  ) throws(FileError) {
    let place = first..<first + range.count
    if isShort {
      var source = FileRegion(file, range: bytes(range))
      return try ArrayDecoder.read(&source, type: type, bigEndian: isBigEndian, into: &result, place)
    }
    var source = MappedRegion(file, range: bytes(range), windowSize: windowSize)
    try ArrayDecoder.read(&source, type: type, bigEndian: isBigEndian, into: &result, place)
  }

  /// Whole numbers `range`, each at least 0 and below `bound`, appended to `result`.
  func appendIndices(
    _ range: Range<Int>, below bound: Int, to result: inout [Int32], isShort: Bool
  ) throws(FileError) {
    let first = result.count
    result.append(contentsOf: repeatElement(0, count: range.count))
    if isShort {
      var source = FileRegion(file, range: bytes(range))
      return try ArrayDecoder.indices(
        &source, type: type, bigEndian: isBigEndian, into: &result, first: first, below: bound)
    }
    var source = MappedRegion(file, range: bytes(range), windowSize: windowSize)
    try ArrayDecoder.indices(&source, type: type, bigEndian: isBigEndian, into: &result, first: first, below: bound)
  }

  /// Asks the system to have these numbers ready soon, so that reading overlaps computing, or other reading: a call for
  /// each range, which is spared where the last numbers of some of them are in memory already.
  func willNeed(_ ranges: [Range<Int>]) {
    let sample = stride(from: 0, to: ranges.count, by: max(1, ranges.count / 8)).map { bytes(ranges[$0]) }
    if sample.allSatisfy({ $0.isEmpty || file.isCached($0.upperBound - 1) }) { return }
    for range in ranges where !range.isEmpty { file.willNeed(bytes(range)) }
  }
}

extension NPZ {
  /// The bytes of a member that is not compressed.
  func storedRegion(_ name: String) throws(FileError) -> FileRegion {
    let entry = try entry(name)
    guard !entry.isDeflated else {
      throw .badData(
        file.path, at: "entry \(excerpt(entry.name))",
        "the array is compressed, and compressed arrays cannot be read in blocks of rows: save it uncompressed "
          + "(numpy.savez, or scipy.sparse.save_npz with compressed=False), or raise the memory limit")
    }
    return FileRegion(file, range: try ZipEntrySource(file, entry).storedRange)
  }
}
