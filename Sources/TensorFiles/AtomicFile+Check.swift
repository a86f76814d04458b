#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension AtomicFile {
  /// Throws before the work where a file could not be created after it: where `path` is a directory, or its directory is
  /// not there or may not be written.
  public static func checkCanCreate(_ path: String) throws(FileError) {
    var status = stat()
    if stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR {
        throw FileError(.cannotCreate, file: path, "cannot write: it is a directory")
      }
      if status.st_mode & S_IFMT != S_IFREG { return }
    }
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard access(directory, W_OK | X_OK) == 0 else {
      throw FileError(.cannotCreate, file: path, "cannot create a file in its directory: \(systemMessage(errno))")
    }
  }
}
