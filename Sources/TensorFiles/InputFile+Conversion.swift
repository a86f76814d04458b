import CFiles

/// A file without a name that is written once and then read.
private struct ScratchFile: ~Copyable {
  private let path: String
  private var descriptor: Int32

  /// - Parameter path: whose contents it takes, for messages.
  init(for path: String) throws(FileError) {
    self.path = path
    descriptor = OperatingSystem.openScratch()
    guard descriptor >= 0 else {
      throw FileError(
        .inputOutput, file: path,
        "cannot make room for its contents in \(OperatingSystem.scratchDirectory): \(OperatingSystem.lastError)")
    }
  }

  mutating func append(_ bytes: [UInt8], count: Int) throws(FileError) {
    let status = cfiles_write(descriptor, bytes, 0, Int64(count))
    guard status >= 0 else {
      throw FileError(
        .inputOutput, file: path,
        "cannot write its contents to \(OperatingSystem.scratchDirectory): \(systemMessage(negated: status))")
    }
  }

  /// What was written, under the name of the file that it came from.
  consuming func finish() throws(FileError) -> InputFile {
    let file = try InputFile(path, descriptor)
    descriptor = -1
    return file
  }

  deinit { if descriptor >= 0 { OperatingSystem.close(descriptor) } }
}

enum GzipMember {
  /// What gzip data begin with.
  static let magic: [UInt8] = [0x1F, 0x8B, 8]
}

extension InputFile {
  private static let chunk = 1 << 17

  /// What gzip data hold, all of their members. Costs that much room in the directory for temporary files.
  func unpacked() throws(FileError) -> InputFile {
    var scratch = try ScratchFile(for: path)
    let inflater = Inflater(.gzip)
    var (input, output) = ([UInt8](repeating: 0, count: Self.chunk), [UInt8](repeating: 0, count: 4 * Self.chunk))
    var (position, next, filled) = (0, 0, 0)
    while true {
      if next == filled {
        (next, filled) = (0, min(input.count, size - position))
        try read(at: position, into: &input, first: 0, count: filled)
        position += filled
      }
      let step = inflater.step(input, next..<filled, into: &output, offset: 0, count: output.count)
      next += step.consumed
      try scratch.append(output, count: step.produced)
      let place = "byte \(position - filled + next)"
      guard !step.failed else { throw .badData(path, at: place, "the gzip data are damaged") }
      if step.ended {
        // What follows is another member, or zeros that fill a block.
        if next == filled, position == size { return try scratch.finish() }
        let tail = try bytes(position - filled + next..<min(size, position - filled + next + 3))
        guard tail.starts(with: GzipMember.magic.prefix(tail.count)) else {
          guard tail.allSatisfy({ $0 == 0 }) else {
            throw .badData(path, at: place, "expected the end of the gzip data, got other bytes")
          }
          return try scratch.finish()
        }
        inflater.restart()
      } else if step.produced == 0, next == filled, position == size {
        throw .badData(path, at: place, "expected more gzip data, got the end of the file: it is truncated")
      }
    }
  }

  /// UTF-16 text in UTF-8.
  func decoded(_ encoding: UTF16Encoding) throws(FileError) -> InputFile {
    guard size % 2 == 0 else {
      throw .badData(path, at: "byte \(size - 1)", "expected UTF-16 text, got an odd number of bytes")
    }
    var scratch = try ScratchFile(for: path)
    var (input, output) = ([UInt8](repeating: 0, count: Self.chunk), [UInt8]())
    var (position, high) = (encoding.markSize, UInt32?.none)
    while position < size {
      let count = min(input.count, size - position)
      try read(at: position, into: &input, first: 0, count: count)
      output.removeAll(keepingCapacity: true)
      for k in stride(from: 0, to: count, by: 2) {
        let unit =
          encoding.isBigEndian
          ? UInt32(input[k]) << 8 | UInt32(input[k + 1])
          : UInt32(input[k + 1]) << 8 | UInt32(input[k])
        let scalar: UInt32
        switch (high, unit) {
        case (nil, 0xD800...0xDBFF):
          high = unit
          continue
        case (let first?, 0xDC00...0xDFFF): scalar = 0x10000 + (first - 0xD800) << 10 + (unit - 0xDC00)
        case (nil, _): scalar = unit
        case (.some, _): scalar = 0xD800
        }
        high = nil
        guard let character = Unicode.Scalar(scalar) else {
          throw .badData(path, at: "byte \(position + k)", "expected UTF-16 text, got half of a surrogate pair")
        }
        output.append(contentsOf: UTF8.encode(character)!)
      }
      position += count
      try scratch.append(output, count: output.count)
    }
    guard high == nil else {
      throw .badData(path, at: "byte \(size - 2)", "expected UTF-16 text, got half of a surrogate pair")
    }
    return try scratch.finish()
  }
}

/// Text of two bytes a letter, as spreadsheets save "Unicode text".
struct UTF16Encoding {
  var isBigEndian: Bool
  /// Of the byte order mark.
  var markSize: Int

  /// Tells it by the first four bytes: a byte order mark, or two letters that each have a zero byte. Nil for other text.
  /// Throws for UTF-32.
  init?(_ head: [UInt8], _ path: String) throws(FileError) {
    guard head.count >= 2 else { return nil }
    if head == [0xFF, 0xFE, 0, 0] || head == [0, 0, 0xFE, 0xFF] {
      throw .badData(path, "expected text in UTF-8 or UTF-16, got UTF-32: iconv -f UTF-32 -t UTF-8 converts it")
    }
    switch (head[0], head[1]) {
    case (0xFF, 0xFE): (isBigEndian, markSize) = (false, 2)
    case (0xFE, 0xFF): (isBigEndian, markSize) = (true, 2)
    default:
      guard head.count == 4, (head[0] == 0) == (head[2] == 0), (head[1] == 0) == (head[3] == 0),
        (head[0] == 0) != (head[1] == 0)
      else { return nil }
      (isBigEndian, markSize) = (head[0] == 0, 0)
    }
  }
}
