/// Small text files, read whole.
public enum TextFile {
  /// The text of a file of at most `limit` bytes.
  ///
  /// Throws `FileError`: `.missingInput` when the file cannot be opened, `.badData` when it is larger or not UTF-8.
  public static func read(_ path: String, limit: Int = 16 << 20) throws(FileError) -> String {
    let file = try InputFile(path)
    guard file.size <= limit else {
      throw .badData(path, "expected text of at most \(byteCount(limit)), got \(byteCount(file.size))")
    }
    guard let text = String(validating: try file.bytes(0..<file.size), as: UTF8.self) else {
      throw .badData(path, "expected text in UTF-8")
    }
    return text
  }
}
