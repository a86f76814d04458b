import CFiles

/// A file that appears under its name complete or not at all.
///
/// The bytes go to a temporary file in the same directory, are handed to the disk, and the
/// temporary is renamed over the old file; then the directory is handed to the disk too. On any
/// failure the temporary is removed and the old file is as it was. A new file gets mode 0666
/// less the umask; a replaced one keeps its mode. A symbolic link stays a link: the file it points
/// to is replaced. A path that is a pipe or device is written to directly, without any of this.
///
/// ```swift
/// try AtomicFile.write(to: "report.txt") { file throws(FileError) in
///   try file.append("loss 0.25\n")
/// }
/// ```
package struct AtomicFile: ~Copyable {
  /// The path as the caller gave it.
  package let path: String
  private let target: String
  /// nil when writing to a pipe or device.
  private let temporary: String?
  private let descriptor: Int32
  private var isOpen = true
  private var buffer: [UInt8] = []
  private static let bufferSize = 1 << 18

  /// Runs `body` on an open file, then puts the file in place. Where `body` throws, nothing has changed.
  ///
  /// Throws `FileError.Kind.cannotCreate` when no file can be made there, `.inputOutput` when
  /// writing it fails.
  package static func write(
    to path: String, _ body: (inout AtomicFile) throws(FileError) -> Void
  ) throws(FileError) {
    var file = try AtomicFile(path)
    try body(&file)
    try file.commit()
  }

  /// Writes `bytes` as the whole file.
  package static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
    try write(to: path) { file throws(FileError) in try file.append(bytes) }
  }

  /// Writes `text` as the whole file, in UTF-8.
  package static func write(_ text: String, to path: String) throws(FileError) {
    try write(to: path) { file throws(FileError) in try file.append(text) }
  }

  init(_ path: String) throws(FileError) {
    self.path = path
    (target, temporary, descriptor) = try AtomicFile.create(path)
  }

  private static func create(
    _ path: String
  ) throws(FileError) -> (target: String, temporary: String?, descriptor: Int32) {
    let target = OperatingSystem.resolved(path) ?? path
    let old = OperatingSystem.status(of: target)
    guard !OperatingSystem.isDanglingLink(path) else { throw danglingLink(path) }
    switch old?.kind {
    case nil, .regular: break
    case .directory: throw FileError(.cannotCreate, file: path, "cannot write: it is a directory")
    case .other:
      let descriptor = OperatingSystem.openToWrite(target)
      guard descriptor >= 0 else {
        throw FileError(.cannotCreate, file: path, "cannot open for writing: \(OperatingSystem.lastError)")
      }
      return (target, nil, descriptor)
    }
    let name = ".\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
    let temporary = directory(of: target) + name
    let descriptor = OperatingSystem.create(temporary, permissions: old?.permissions ?? 0o666)
    guard descriptor >= 0 else {
      throw FileError(
        .cannotCreate, file: path, "cannot create a file in its directory: \(OperatingSystem.lastError)")
    }
    if let old { OperatingSystem.setPermissions(old.permissions, ofDescriptor: descriptor) }
    return (target, temporary, descriptor)
  }

  static func danglingLink(_ path: String) -> FileError {
    FileError(.cannotCreate, file: path, "cannot write: it is a symbolic link that leads nowhere")
  }

  deinit {
    guard isOpen else { return }
    OperatingSystem.close(descriptor)
    if let temporary { OperatingSystem.remove(temporary) }
  }

  /// Adds the memory of `values`: numbers in this machine's byte order.
  package mutating func append<Element: BitwiseCopyable>(_ values: [Element]) throws(FileError) {
    try append(values, 0..<values.count)
  }

  /// Adds `text` in UTF-8.
  package mutating func append(_ text: String) throws(FileError) {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= AtomicFile.bufferSize { try flush() }
  }

  mutating func append<Element: BitwiseCopyable>(_ values: [Element], _ range: Range<Int>) throws(FileError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= values.count)
    try flush()
    let stride = MemoryLayout<Element>.stride
    try check(cfiles_write(descriptor, values, Int64(range.lowerBound * stride), Int64(range.count * stride)))
  }

  private mutating func flush() throws(FileError) {
    guard !buffer.isEmpty else { return }
    try check(cfiles_write(descriptor, buffer, 0, Int64(buffer.count)))
    buffer.removeAll(keepingCapacity: true)
  }

  private func check(_ status: Int64) throws(FileError) {
    guard status < 0 else { return }
    throw FileError(.inputOutput, file: path, "cannot write: \(systemMessage(negated: status))")
  }

  /// Puts the file in place. Nothing may be appended afterwards.
  mutating func commit() throws(FileError) {
    try flush()
    guard let temporary else { return }
    try check(Int64(cfiles_sync(descriptor)))
    guard OperatingSystem.rename(temporary, to: target) else {
      throw FileError(.inputOutput, file: path, "cannot put the new file in place: \(OperatingSystem.lastError)")
    }
    isOpen = false
    guard OperatingSystem.close(descriptor) else {
      throw FileError(.inputOutput, file: path, "cannot write: \(OperatingSystem.lastError)")
    }
    // The file is complete and in place; a directory that cannot be synced only weakens what
    // happens if the power fails now, so that is not reported.
    let directory = OperatingSystem.openToRead(AtomicFile.directory(of: target))
    guard directory >= 0 else { return }
    _ = cfiles_sync(directory)
    OperatingSystem.close(directory)
  }

  /// "a/b/" of "a/b/c", "./" of "c".
  private static func directory(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "./" }
    return String(path[...slash])
  }
}
