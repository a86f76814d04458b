import LinearAlgebra

/// A NumPy archive (`numpy.savez`, `numpy.savez_compressed`): a zip file of npy arrays.
///
/// Opening reads only the directory. An array is inflated straight into the result, which costs the
/// result and about a tenth of a megabyte, and its checksum is verified. The shape in the npy header, the
/// size in the directory and the size the data inflates to must all agree, and the result must fit
/// `memoryLimit`, before anything large is allocated.
///
/// ```swift
/// let archive = try NPZ("data.npz")
/// let x = try archive.matrix("X", as: Float.self)
/// let y = try archive.integers("y")
/// ```
///
/// Throws `FileError`: `.missingInput` when the file cannot be opened, `.badData` for everything
/// else, naming the entry.
package struct NPZ: Sendable {
  let file: InputFile
  let entries: [ZipEntry]
  let memoryLimit: Int

  /// Reads the directory of the archive at `path`; no array of it may take more than `memoryLimit` bytes.
  package init(_ path: String, memoryLimit: Int = 8 << 30) throws(FileError) {
    file = try InputFile.open(path)
    let all = try ZipDirectory(file).entries
    entries = all.filter { $0.name.hasSuffix(".npy") }
    if entries.isEmpty, let format = ForeignFormat.archive(all.map(\.name)) {
      throw .badData(path, format.message(path))
    }
    self.memoryLimit = memoryLimit
  }

  /// The arrays in the archive, without ".npy", in its order.
  package var names: [String] { entries.map { String($0.name.dropLast(4)) } }

  /// A two-dimensional array; see `NPY.matrix`.
  package func matrix<Scalar: RealScalar>(
    _ name: String, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> Matrix<Scalar> {
    try reading(name) { source throws(FileError) in try NPY.matrix(from: &source, memoryLimit: memoryLimit) }
  }

  /// A one-dimensional array; see `NPY.vector`.
  package func vector<Scalar: RealScalar>(
    _ name: String, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> [Scalar] {
    try reading(name) { source throws(FileError) in try NPY.vector(from: &source, memoryLimit: memoryLimit) }
  }

  /// A one- or two-dimensional array of numbers to predict; see `NPY.columns`.
  package func columns<Scalar: RealScalar>(
    _ name: String, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> (values: Matrix<Scalar>, stored: ElementType) {
    try reading(name) { source throws(FileError) in try NPY.columns(from: &source, memoryLimit: memoryLimit) }
  }

  /// A one-dimensional array of whole numbers; see `NPY.integers`.
  package func integers(_ name: String) throws(FileError) -> [Int] {
    try reading(name) { source throws(FileError) in try NPY.integers(from: &source, memoryLimit: memoryLimit) }
  }

  /// A one-dimensional array of labels; see `NPY.labels`.
  package func labels(_ name: String) throws(FileError) -> StoredLabels {
    try reading(name) { source throws(FileError) in try NPY.labels(from: &source, memoryLimit: memoryLimit) }
  }

  /// A `[rows, columns]` array of whole numbers, row-major; see `NPY.integers`.
  package func integers(_ name: String, columns: Int) throws(FileError) -> [Int] {
    try reading(name) { source throws(FileError) in
      try NPY.integers(from: &source, columns: columns, memoryLimit: memoryLimit)
    }
  }

  /// Indices of a sparse matrix, of any integer type, each at least 0 and below `bound`.
  func indices(_ name: String, below bound: Int) throws(FileError) -> [Int32] {
    try reading(name) { source throws(FileError) in
      try NPY.indices(from: &source, below: bound, memoryLimit: memoryLimit)
    }
  }

  /// A short text without a shape, as bytes or as Unicode.
  func text(_ name: String) throws(FileError) -> String {
    try reading(name) { source throws(FileError) in
      guard source.remaining <= 4096 else {
        throw .badData(source.path, "expected a short text, got \(source.remaining) bytes")
      }
      // Behind the header's line end; Unicode has four bytes a letter.
      let bytes = try source.bytes(source.remaining)
      return String(decoding: bytes[((bytes.lastIndex(of: 10) ?? -1) + 1)...].filter { $0 != 0 }, as: UTF8.self)
    }
  }

  var path: String { file.path }

  /// The shape of an array, as its header tells.
  package func shape(_ name: String) throws(FileError) -> [Int] {
    try reading(name) { source throws(FileError) in
      try NPYHeader(&source, resultSize: 1, memoryLimit: .max).shape
    }
  }

  private func reading<Result>(
    _ name: String, _ body: (inout ZipEntrySource) throws(FileError) -> Result
  ) throws(FileError) -> Result {
    let entry = try entry(name)
    do {
      var source = try ZipEntrySource(file, entry)
      return try body(&source)
    } catch {
      var error = error
      error.position = "entry \(excerpt(entry.name))" + (error.position.map { ", " + $0 } ?? "")
      throw error
    }
  }

  func entry(_ name: String) throws(FileError) -> ZipEntry {
    if let entry = entries.first(where: { $0.name == name + ".npy" }) { return entry }
    let list = names.isEmpty ? "none" : names.prefix(20).map(excerpt).joined(separator: ", ")
    throw .badData(file.path, "expected an array named \(excerpt(name)), got \(list)")
  }
}
