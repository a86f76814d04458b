/// Small text files, read whole.
package enum TextFile {
  /// The text of a file of at most `limit` bytes.
  ///
  /// Throws `FileError`: `.missingInput` when the file cannot be opened, `.badData` when it is larger or not UTF-8.
  package static func read(_ path: String, limit: Int = 16 << 20) throws(FileError) -> String {
    let file = try InputFile.text(path)
    guard file.size <= limit else {
      throw .badData(path, "expected text of at most \(byteCount(limit)), got \(byteCount(file.size))")
    }
    guard let text = String(validating: try file.bytes(0..<file.size), as: UTF8.self) else {
      throw .badData(path, encodingRemedy)
    }
    return text
  }

  /// The text of a file that the kernel makes up when it is read, whose size is said to be 0: of /proc, for example.
  package static func readGenerated(_ path: String) throws(FileError) -> String {
    let file = try InputFile.text(path)
    var bytes: [UInt8] = []
    let step = 1 << 16
    while true {
      let start = bytes.count
      bytes.append(contentsOf: repeatElement(0, count: step))
      let got = try file.readAvailable(at: start, into: &bytes, count: step)
      bytes.removeLast(step - got)
      if got == 0 { return String(decoding: bytes, as: UTF8.self) }
    }
  }
}
