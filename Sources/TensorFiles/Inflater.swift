import CFiles

/// An inflate stream of zlib.
final class Inflater {
  typealias Step = (consumed: Int, produced: Int, ended: Bool, failed: Bool)

  /// What is around the deflate data: nothing, as in zip archives, or the header and checksum of gzip, which is verified.
  enum Wrapper: Int32 {
    case raw = 0
    case gzip = 1
  }

  private(set) var hasEnded = false
  private let stream: cfiles_inflater_ref?

  init(_ wrapper: Wrapper) { stream = cfiles_inflater_create(wrapper.rawValue) }

  deinit {
    cfiles_inflater_destroy(stream)
  }

  /// Begins another stream.
  func restart() {
    hasEnded = false
    if let stream { cfiles_inflater_restart(stream) }
  }

  /// Inflates from `input[range]` into `count` bytes of `array` at byte `offset`.
  func step<Element: BitwiseCopyable>(
    _ input: [UInt8], _ range: Range<Int>, into array: inout [Element], offset: Int, count: Int
  ) -> Step {
    guard let stream else { return (0, 0, false, true) }
    let result = cfiles_inflate(
      stream, input, Int64(range.lowerBound), Int64(range.upperBound), &array, Int64(offset), Int64(count))
    hasEnded = result.ended != 0
    return (Int(result.consumed), Int(result.produced), hasEnded, result.failed != 0)
  }
}
