import LinearAlgebra

/// Turns stored numbers into Swift arrays, shared by npy, npz and safetensors.
///
/// Where the stored type is the wanted one the bytes go straight into the result; otherwise they
/// pass through a chunk of at most 64 Ki numbers. The caller has checked `count` against the source.
enum ArrayDecoder {
  private static let chunkCount = 1 << 16
  private static let isBigEndianHost = Int(1).bigEndian == 1

  /// Where a number read k-th goes in the result.
  enum Layout {
    case inOrder
    /// The file is column by column; the result is row by row.
    case transposed(rows: Int, columns: Int)
  }

  @specialized(where Scalar == Float, Source == FileRegion)
  @specialized(where Scalar == Double, Source == FileRegion)
  @specialized(where Scalar == Float, Source == ZipEntrySource)
  @specialized(where Scalar == Double, Source == ZipEntrySource)
  static func reals<Scalar: RealScalar, Source: ByteSource>(
    _ source: inout Source, type: ElementType, bigEndian: Bool, count: Int, layout: Layout = .inOrder
  ) throws(FileError) -> [Scalar] {
    var result = [Scalar](repeating: 0, count: count)
    try read(&source, type: type, bigEndian: bigEndian, into: &result, 0..<count, layout)
    return result
  }

  /// Fills `result[range]`.
  @specialized(where Scalar == Float, Source == FileRegion)
  @specialized(where Scalar == Double, Source == FileRegion)
  @specialized(where Scalar == Float, Source == MappedRegion)
  @specialized(where Scalar == Double, Source == MappedRegion)
  @specialized(where Scalar == Float, Source == ZipEntrySource)
  @specialized(where Scalar == Double, Source == ZipEntrySource)
  static func read<Scalar: RealScalar, Source: ByteSource>(
    _ source: inout Source, type: ElementType, bigEndian: Bool, into result: inout [Scalar], _ range: Range<Int>,
    _ layout: Layout = .inOrder
  ) throws(FileError) {
    let swap = bigEndian != isBigEndianHost
    if case .inOrder = layout, !swap, type.rawValue == Scalar.precisionName {
      return try source.read(into: &result, first: range.lowerBound, count: range.count)
    }
    switch type {
    case .float16:
      try fill(&result, range, &source, layout, UInt16.self) { Scalar(widenedHalf(swap ? $0.byteSwapped : $0)) }
    case .bfloat16:
      try fill(&result, range, &source, layout, UInt16.self) { Scalar(widenedBrain(swap ? $0.byteSwapped : $0)) }
    case .float32:
      try fill(&result, range, &source, layout, UInt32.self) { Scalar(Float(bitPattern: swap ? $0.byteSwapped : $0)) }
    case .float64:
      try fill(&result, range, &source, layout, UInt64.self) { Scalar(Double(bitPattern: swap ? $0.byteSwapped : $0)) }
    case .int8: try fill(&result, range, &source, layout, Int8.self) { Scalar($0) }
    case .int16: try fill(&result, range, &source, layout, Int16.self) { Scalar(swap ? $0.byteSwapped : $0) }
    case .int32: try fill(&result, range, &source, layout, Int32.self) { Scalar(swap ? $0.byteSwapped : $0) }
    case .int64: try fill(&result, range, &source, layout, Int64.self) { Scalar(swap ? $0.byteSwapped : $0) }
    case .uint8: try fill(&result, range, &source, layout, UInt8.self) { Scalar($0) }
    case .uint16: try fill(&result, range, &source, layout, UInt16.self) { Scalar(swap ? $0.byteSwapped : $0) }
    case .uint32: try fill(&result, range, &source, layout, UInt32.self) { Scalar(swap ? $0.byteSwapped : $0) }
    case .uint64: try fill(&result, range, &source, layout, UInt64.self) { Scalar(swap ? $0.byteSwapped : $0) }
    case .bool: try fill(&result, range, &source, layout, UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  /// Whole numbers from an integer or boolean type, or from a floating-point type that holds nothing else.
  static func integers<Source: ByteSource>(
    _ source: inout Source, type: ElementType, bigEndian: Bool, count: Int
  ) throws(FileError) -> [Int] {
    let swap = bigEndian != isBigEndianHost
    var result = [Int](repeating: 0, count: count)
    if type == .int64, !swap, MemoryLayout<Int>.size == 8 {
      try source.read(into: &result, first: 0, count: count)
      return result
    }
    switch type {
    case .float16: try fillWhole(&result, &source, UInt16.self) { Double(widenedHalf(swap ? $0.byteSwapped : $0)) }
    case .bfloat16: try fillWhole(&result, &source, UInt16.self) { Double(widenedBrain(swap ? $0.byteSwapped : $0)) }
    case .float32:
      try fillWhole(&result, &source, UInt32.self) { Double(Float(bitPattern: swap ? $0.byteSwapped : $0)) }
    case .float64: try fillWhole(&result, &source, UInt64.self) { Double(bitPattern: swap ? $0.byteSwapped : $0) }
    case .int8: try fillWhole(&result, &source, Int8.self) { $0 }
    case .int16: try fillWhole(&result, &source, Int16.self) { swap ? $0.byteSwapped : $0 }
    case .int32: try fillWhole(&result, &source, Int32.self) { swap ? $0.byteSwapped : $0 }
    case .int64: try fillWhole(&result, &source, Int64.self) { swap ? $0.byteSwapped : $0 }
    case .uint8: try fillWhole(&result, &source, UInt8.self) { $0 }
    case .uint16: try fillWhole(&result, &source, UInt16.self) { swap ? $0.byteSwapped : $0 }
    case .uint32: try fillWhole(&result, &source, UInt32.self) { swap ? $0.byteSwapped : $0 }
    case .uint64: try fillWhole(&result, &source, UInt64.self) { swap ? $0.byteSwapped : $0 }
    case .bool: try fillWhole(&result, &source, UInt8.self) { $0 == 0 ? 0 : 1 }
    }
    return result
  }

  /// Whole numbers from an integer type, each at least 0 and below `bound`, into `result` from index `first` to its
  /// end; 32-bit ones go straight there.
  static func indices<Source: ByteSource>(
    _ source: inout Source, type: ElementType, bigEndian: Bool, into result: inout [Int32], first: Int,
    below bound: Int
  ) throws(FileError) {
    let swap = bigEndian != isBigEndianHost
    let range = first..<result.count
    switch type {
    case .int32 where !swap: try source.read(into: &result, first: first, count: range.count)
    case .int32: try fill(&result, range, &source, .inOrder, Int32.self) { $0.byteSwapped }
    case .uint32:
      try fill(&result, range, &source, .inOrder, UInt32.self) { Int32(clamping: swap ? $0.byteSwapped : $0) }
    case .int64: try fill(&result, range, &source, .inOrder, Int64.self) { Int32(clamping: swap ? $0.byteSwapped : $0) }
    case .uint64:
      try fill(&result, range, &source, .inOrder, UInt64.self) { Int32(clamping: swap ? $0.byteSwapped : $0) }
    default: throw .badData(source.path, "expected indices of 32 or 64 bits, got \(type)")
    }
    if let i = range.first(where: { result[$0] < 0 || Int(result[$0]) >= bound }) {
      throw .badData(
        source.path, at: "element \(i - first)", "expected an index from 0 to \(bound - 1), got \(result[i])")
    }
  }

  @inline(__always)
  private static func fill<Scalar, Stored: BitwiseCopyable & ExpressibleByIntegerLiteral, Source: ByteSource>(
    _ result: inout [Scalar], _ range: Range<Int>, _ source: inout Source, _ layout: Layout, _: Stored.Type,
    _ convert: (Stored) -> Scalar
  ) throws(FileError) {
    let first = range.lowerBound
    var chunk = [Stored](repeating: 0, count: min(chunkCount, range.count))
    var done = 0
    while done < range.count {
      let step = min(chunk.count, range.count - done)
      try source.read(into: &chunk, first: 0, count: step)
      switch layout {
      case .inOrder:
        let input = chunk.span
        var output = result.mutableSpan
        for k in 0..<step { output[first + done + k] = convert(input[k]) }
      case .transposed(let rows, let columns):
        var row = done % rows
        var column = done / rows
        for k in 0..<step {
          result[first + row * columns + column] = convert(chunk[k])
          row += 1
          if row == rows {
            row = 0
            column += 1
          }
        }
      }
      done += step
    }
  }

  @inline(__always)
  private static func fillWhole<
    Stored: BitwiseCopyable & ExpressibleByIntegerLiteral, Number: WholeConvertible, Source: ByteSource
  >(
    _ result: inout [Int], _ source: inout Source, _: Stored.Type, _ convert: (Stored) -> Number
  ) throws(FileError) {
    var chunk = [Stored](repeating: 0, count: min(chunkCount, result.count))
    var done = 0
    while done < result.count {
      let step = min(chunk.count, result.count - done)
      try source.read(into: &chunk, first: 0, count: step)
      for k in 0..<step {
        let number = convert(chunk[k])
        guard let whole = number.exactInt else {
          throw .badData(source.path, at: "element \(done + k)", "expected a whole number, got \(number)").ofLabels
        }
        result[done + k] = whole
      }
      done += step
    }
  }
}

/// A number that may be an `Int`.
private protocol WholeConvertible {
  var exactInt: Int? { get }
}

extension WholeConvertible where Self: BinaryInteger {
  var exactInt: Int? { Int(exactly: self) }
}

extension Double: WholeConvertible {
  var exactInt: Int? { Int(exactly: self) }
}
extension Int: WholeConvertible {}
extension Int8: WholeConvertible {}
extension Int16: WholeConvertible {}
extension Int32: WholeConvertible {}
extension Int64: WholeConvertible {}
extension UInt8: WholeConvertible {}
extension UInt16: WholeConvertible {}
extension UInt32: WholeConvertible {}
extension UInt64: WholeConvertible {}
