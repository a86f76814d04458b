import CFiles

/// Some bytes of a file that are mapped, until its last reference goes.
final class FileWindow {
  let range: Range<Int>
  private let reference: cfiles_window_ref

  /// Takes over `reference`, which maps `range`.
  init(range: Range<Int>, reference: cfiles_window_ref) {
    self.range = range
    self.reference = reference
  }

  deinit {
    cfiles_unmap(reference)
  }

  /// Copies bytes from `position` of the file to byte `offset` of `array`.
  func copy<Element: BitwiseCopyable>(at position: Int, into array: inout [Element], offset: Int, count: Int) {
    precondition(range.lowerBound <= position && position + count <= range.upperBound)
    precondition(offset >= 0 && offset + count <= array.count * MemoryLayout<Element>.stride)
    cfiles_copy(reference, Int64(position - range.lowerBound), &array, Int64(offset), Int64(count))
  }
}

/// A range of an open file as a byte source that is mapped one window at a time: neither memory nor address space grow
/// with the file.
///
/// Half the processor time of reading by system calls where the file is cached. Each window is checked against the
/// file's size before it is used. (A file that shrinks while a window is being copied, which takes about a millisecond,
/// ends the process with SIGBUS: nothing may write to a file in use.)
struct MappedRegion: ByteSource {
  /// Bytes of a window.
  static let windowSize = 8 << 20

  let file: InputFile
  private let windowSize: Int
  private var next: Int
  private let end: Int
  private var window: FileWindow?

  /// `range` lay inside the file when it was opened.
  init(_ file: InputFile, range: Range<Int>, windowSize: Int = MappedRegion.windowSize) {
    self.file = file
    self.windowSize = windowSize
    next = range.lowerBound
    end = range.upperBound
  }

  var path: String { file.path }
  var remaining: Int { end - next }
  var position: String { "byte \(next)" }

  mutating func read<Element: BitwiseCopyable>(
    into array: inout [Element], first: Int, count: Int
  ) throws(FileError) {
    let stride = MemoryLayout<Element>.stride
    let wanted = count * stride
    precondition(wanted <= remaining, "the caller reads what it mapped")
    var done = 0
    while done < wanted {
      if window.map({ $0.range.upperBound == next }) ?? true {
        window = nil  // first, so that there is only one
        window = try file.map(next..<min(end, next + windowSize))
      }
      guard let window else { return }
      let step = min(wanted - done, window.range.upperBound - next)
      window.copy(at: next, into: &array, offset: first * stride + done, count: step)
      done += step
      next += step
    }
  }

  func finish() throws(FileError) {}
}
