extension AtomicFile {
  /// Throws before the work where a file could not be created after it: where `path` is a directory, or its directory
  /// is not there or may not be written.
  package static func checkCanCreate(_ path: String) throws(FileError) {
    switch OperatingSystem.status(of: path)?.kind {
    case .directory: throw FileError(.cannotCreate, file: path, "cannot write: it is a directory")
    case .other: return
    default: break
    }
    guard !OperatingSystem.isDanglingLink(path) else { throw danglingLink(path) }
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard OperatingSystem.mayCreateFiles(in: directory) else {
      throw FileError(
        .cannotCreate, file: path, "cannot create a file in its directory: \(OperatingSystem.lastError)")
    }
  }
}
