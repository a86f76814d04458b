import LinearAlgebra
import TensorFiles

/// Features of arrays and archives: in memory, or left in their file.
extension DataFiles {
  /// The features of a pair: an array, or an archive with a sparse matrix.
  func features<Scalar>(of path: String) throws -> Features<Scalar> {
    if FileContent.name(path).hasSuffix(".npz") { return try features(of: archive(path), path) }
    if try isLarge(NPY.shape(path), of: Scalar.self) { return .stored(try StoredMatrix(path, as: Scalar.self)) }
    return .dense(try NPY.matrix(path))
  }

  /// Where labels are not asked for: an archive's only array is its features, whatever it is called.
  func featuresAlone<Scalar>(of archive: NPZ, _ path: String) throws -> Features<Scalar> {
    try features(of: archive, path, named: archive.names.count == 1 ? archive.names[0] : "X")
  }

  /// `X`, or a sparse matrix.
  func features<Scalar>(of archive: NPZ, _ path: String, named name: String = "X") throws -> Features<Scalar> {
    guard archive.isSparse, !archive.names.contains("X") else {
      if try isLarge(archive.shape(name), of: Scalar.self) {
        return .stored(try StoredMatrix(name, of: archive, as: Scalar.self))
      }
      return .dense(try archive.matrix(name))
    }
    if let stored: Features<Scalar> = try storedSparse(archive) { return stored }
    let matrix: SparseMatrix<Scalar> = try archive.sparseMatrix()
    if matrix.density < sparseBelow { return .sparse(matrix) }
    let (count, overflow) = matrix.rows.multipliedReportingOverflow(by: matrix.columns)
    guard !overflow, count <= (8 << 30) / MemoryLayout<Scalar>.stride else {
      throw DataError(
        path,
        "\(matrix.rows) examples of \(matrix.columns) features need more memory as a dense matrix than 8 GB; only a "
          + "linear head takes them as they are")
    }
    return .dense(matrix.densified())
  }

  /// An archive whose arrays may take the memory that features may.
  func archive(_ path: String) throws(FileError) -> NPZ {
    memoryLimit == .max ? try NPZ(path) : try NPZ(path, memoryLimit: max(8 << 30, memoryLimit))
  }

  private func isLarge<Scalar: RealScalar>(_ shape: [Int], of type: Scalar.Type) -> Bool {
    bytes(shape, each: MemoryLayout<Scalar>.stride) > Double(memoryLimit)
  }

  private func bytes(_ shape: [Int], each: Int) -> Double { shape.reduce(Double(each)) { $0 * Double($1) } }

  /// Features that stay in an archive; nil where there is room for them.
  private func storedSparse<Scalar: RealScalar>(_ archive: NPZ) throws -> Features<Scalar>? {
    guard memoryLimit < .max else { return nil }
    let (shape, entries) = (try archive.integers("shape"), try archive.shape("data").first ?? 0)
    guard shape.count == 2 else { return nil }
    let staysSparse = Double(entries) / max(1, bytes(shape, each: 1)) < sparseBelow
    let size = MemoryLayout<Scalar>.stride
    guard (staysSparse ? bytes([entries], each: 4 + size) : bytes(shape, each: size)) > Double(memoryLimit) else {
      return nil
    }
    let stored = try StoredSparse<Scalar>(archive)
    return .stored(staysSparse ? stored : StoredView(stored).densified)
  }
}
