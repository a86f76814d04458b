import LinearAlgebra

/// NumPy array files (`numpy.save`), format versions 1.0 to 3.0.
///
/// Reads the real numeric types f2, f4, f8, i1 to i8, u1 to u8 and b1 in either byte order, V2 as the bfloat16 of
/// `ml_dtypes`, and two-dimensional arrays in Fortran order too. Pickled objects are never read. Writes version 1.0.
///
/// The header's shape must account for every byte of the file, which is checked before anything
/// is allocated. Reading the type that is asked for costs the result and nothing else; a conversion
/// costs half a megabyte more.
///
/// ```swift
/// let x = try NPY.matrix("X.npy", as: Float.self)   // [examples, features]
/// let y = try NPY.integers("y.npy")                 // one hard label per example
/// ```
///
/// Every reader throws `FileError`: `.missingInput` when the file cannot be opened, `.badData` when
/// it is not such an array, with the expected and the actual shape or size.
///
/// Source: NumPy's `numpy/lib/_format_impl.py`.
public enum NPY {
  /// A two-dimensional array, converted to `Scalar`.
  public static func matrix<Scalar: RealScalar>(
    _ path: String, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> Matrix<Scalar> {
    var source = FileRegion(try InputFile.open(path))
    return try matrix(from: &source)
  }

  /// A one-dimensional array, converted to `Scalar`.
  public static func vector<Scalar: RealScalar>(
    _ path: String, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> [Scalar] {
    var source = FileRegion(try InputFile.open(path))
    return try vector(from: &source)
  }

  /// A one- or two-dimensional array of numbers to predict, converted to `Scalar`: `[N]` becomes `[N, 1]`. With the
  /// type that it is stored in, which tells measurements from labels of classes.
  package static func columns<Scalar: RealScalar>(
    _ path: String, as type: Scalar.Type = Scalar.self
  ) throws(FileError) -> (values: Matrix<Scalar>, stored: ElementType) {
    var source = FileRegion(try InputFile.open(path))
    return try columns(from: &source)
  }

  /// A one-dimensional array of whole numbers, such as labels: any integer or boolean type, or a
  /// floating-point type that holds only whole numbers.
  public static func integers(_ path: String) throws(FileError) -> [Int] {
    var source = FileRegion(try InputFile.open(path))
    return try integers(from: &source)
  }

  /// A `[rows, columns]` array of whole numbers, such as a label for each position, row-major. The types are those of
  /// `integers(_:)`.
  public static func integers(_ path: String, columns: Int) throws(FileError) -> [Int] {
    var source = FileRegion(try InputFile.open(path))
    return try integers(from: &source, columns: columns)
  }

  /// The shape that the header tells.
  public static func shape(_ path: String) throws(FileError) -> [Int] {
    var source = FileRegion(try InputFile.open(path))
    return try NPYHeader(&source, resultSize: 1, memoryLimit: .max).shape
  }

  /// Writes a `[rows, columns]` array of f4 or f8, atomically.
  public static func write<Scalar: RealScalar>(_ matrix: Matrix<Scalar>, to path: String) throws(FileError) {
    try write(matrix.elements, shape: [matrix.rows, matrix.columns], to: path)
  }

  /// Writes a one-dimensional array of f4 or f8, atomically.
  public static func write<Scalar: RealScalar>(_ vector: [Scalar], to path: String) throws(FileError) {
    try write(vector, shape: [vector.count], to: path)
  }

  /// Writes a one-dimensional array of i8, atomically.
  public static func write(_ integers: [Int], to path: String) throws(FileError) {
    try write(integers, shape: [integers.count], to: path)
  }

  /// Writes an array of i8, atomically; the shape's product is the count.
  public static func write(_ integers: [Int], shape: [Int], to path: String) throws(FileError) {
    precondition(elementCount(shape) == integers.count, "shape \(shape) got \(integers.count) values")
    let header = NPYHeader.bytes(type: .int64, shape: shape)
    try AtomicFile.write(to: path) { file throws(FileError) in
      try file.append(header)
      try file.append(integers)
    }
  }

  /// Writes an array of f4 or f8, atomically; the shape's product is the count.
  public static func write<Scalar: RealScalar>(
    _ values: [Scalar], shape: [Int], to path: String
  ) throws(FileError) {
    precondition(elementCount(shape) == values.count, "shape \(shape) got \(values.count) values")
    let header = NPYHeader.bytes(type: .of(Scalar.self), shape: shape)
    try AtomicFile.write(to: path) { file throws(FileError) in
      try file.append(header)
      try file.append(values)
    }
  }
}

extension NPY {
  static func matrix<Scalar: RealScalar, Source: ByteSource>(
    from source: inout Source, memoryLimit: Int = .max
  ) throws(FileError) -> Matrix<Scalar> {
    let header = try NPYHeader(&source, resultSize: MemoryLayout<Scalar>.size, memoryLimit: memoryLimit)
    guard header.shape.count == 2 else {
      throw wrongShape(header, source, "a two-dimensional array [examples, features]")
    }
    return try matrix(header, from: &source)
  }

  static func columns<Scalar: RealScalar, Source: ByteSource>(
    from source: inout Source, memoryLimit: Int = .max
  ) throws(FileError) -> (values: Matrix<Scalar>, stored: ElementType) {
    var header = try NPYHeader(&source, resultSize: MemoryLayout<Scalar>.size, memoryLimit: memoryLimit)
    guard header.shape.count == 1 || header.shape.count == 2 else {
      throw wrongShape(header, source, "targets [examples] or [examples, outputs]")
    }
    if header.shape.count == 1 { header.shape.append(1) }
    return (try matrix(header, from: &source), header.type)
  }

  private static func matrix<Scalar: RealScalar, Source: ByteSource>(
    _ header: NPYHeader, from source: inout Source
  ) throws(FileError) -> Matrix<Scalar> {
    let (rows, columns) = (header.shape[0], header.shape[1])
    let elements: [Scalar] = try ArrayDecoder.reals(
      &source, type: header.type, bigEndian: header.isBigEndian, count: header.count,
      layout: header.isFortranOrder ? .transposed(rows: rows, columns: columns) : .inOrder)
    try source.finish()
    return Matrix(rows: rows, columns: columns, elements: elements)
  }

  static func vector<Scalar: RealScalar, Source: ByteSource>(
    from source: inout Source, memoryLimit: Int = .max
  ) throws(FileError) -> [Scalar] {
    let header = try NPYHeader(&source, resultSize: MemoryLayout<Scalar>.size, memoryLimit: memoryLimit)
    guard header.shape.count == 1 else { throw wrongShape(header, source, "a one-dimensional array") }
    let values: [Scalar] = try ArrayDecoder.reals(
      &source, type: header.type, bigEndian: header.isBigEndian, count: header.count)
    try source.finish()
    return values
  }

  static func indices<Source: ByteSource>(
    from source: inout Source, below bound: Int, memoryLimit: Int
  ) throws(FileError) -> [Int32] {
    let header = try NPYHeader(&source, resultSize: MemoryLayout<Int32>.size, memoryLimit: memoryLimit)
    guard header.shape.count == 1 else { throw wrongShape(header, source, "a one-dimensional array") }
    var values = [Int32](repeating: 0, count: header.count)
    try ArrayDecoder.indices(
      &source, type: header.type, bigEndian: header.isBigEndian, into: &values, first: 0, below: bound)
    try source.finish()
    return values
  }

  static func integers<Source: ByteSource>(
    from source: inout Source, memoryLimit: Int = .max
  ) throws(FileError) -> [Int] {
    try integers(NPYHeader(&source, resultSize: MemoryLayout<Int>.size, memoryLimit: memoryLimit), from: &source)
  }

  static func integers<Source: ByteSource>(_ header: NPYHeader, from source: inout Source) throws(FileError) -> [Int] {
    if header.shape.count == 2, header.shape[1] != 1 {
      throw wrongShape(
        header, source,
        "one hard integer label per example (soft or one-hot labels are not supported by any curvature here: "
          + "use argmax(axis=1))"
      ).ofLabels
    }
    guard header.shape.count == 1 else {
      throw wrongShape(header, source, "one integer label per example in a one-dimensional array (use y.ravel())")
    }
    let values = try ArrayDecoder.integers(
      &source, type: header.type, bigEndian: header.isBigEndian, count: header.count)
    try source.finish()
    return values
  }

  static func integers<Source: ByteSource>(
    from source: inout Source, columns: Int, memoryLimit: Int = .max
  ) throws(FileError) -> [Int] {
    let header = try NPYHeader(&source, resultSize: MemoryLayout<Int>.size, memoryLimit: memoryLimit)
    guard header.shape.count == 2, header.shape[1] == columns else {
      throw wrongShape(header, source, "whole numbers [rows, \(columns)]").ofLabels
    }
    let values = try ArrayDecoder.integers(
      &source, type: header.type, bigEndian: header.isBigEndian, count: header.count)
    try source.finish()
    guard header.isFortranOrder else { return values }
    let rows = header.shape[0]
    return values.indices.map { values[$0 / columns + $0 % columns * rows] }
  }

  private static func wrongShape(_ header: NPYHeader, _ source: some ByteSource, _ expected: String) -> FileError {
    .badData(source.path, at: "shape", "expected \(expected), got shape \(pythonTuple(header.shape))")
  }
}

extension ElementType {
  /// float32 for `Float`, float64 for `Double`.
  static func of<Scalar: RealScalar>(_: Scalar.Type) -> ElementType {
    Scalar.self == Float.self ? .float32 : .float64
  }
}
