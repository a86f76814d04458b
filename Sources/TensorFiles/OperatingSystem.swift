import CFiles

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the package asks of the operating system above LinearAlgebra: files, the process' time and memory, standard
/// error. This is the one file of the libraries above LinearAlgebra that imports the C library.
///
/// Paths are as `FileName` writes them. A function that may fail gives a number below 0 or false, and then `lastError`
/// says why.
package enum OperatingSystem {
  /// The system's words for why its last call on this thread failed.
  package static var lastError: String { message(errno) }

  /// The system's words for an error number.
  package static func message(_ number: Int32) -> String { String(cString: strerror(number)) }

  // MARK: Files

  enum FileKind { case regular, directory, other }

  /// What is known of a file: its kind, its permissions (the lower nine bits) and its size in bytes.
  struct FileStatus {
    let kind: FileKind
    let permissions: UInt32
    let size: Int

    fileprivate init(_ status: stat) {
      kind =
        switch status.st_mode & S_IFMT {
        case S_IFREG: .regular
        case S_IFDIR: .directory
        default: .other
        }
      permissions = UInt32(status.st_mode & 0o777)
      size = Int(status.st_size)
    }
  }

  /// The file that a path leads to, or nil where there is none.
  static func status(of path: String) -> FileStatus? {
    var status = stat()
    return stat(FileName.bytes(path), &status) == 0 ? FileStatus(status) : nil
  }

  /// Tells files apart, whatever they are called: two paths with one identity lead to one file. A file that is not there
  /// yet has the identity of its directory and its name.
  struct FileIdentity: Equatable {
    let device: UInt64
    let number: UInt64
    var name = ""
  }

  /// Nil where neither the file nor its directory is there.
  static func identity(of path: String) -> FileIdentity? {
    var status = stat()
    if stat(FileName.bytes(path), &status) == 0 {
      return FileIdentity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
    }
    let cut = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = cut.map { String(path[...$0]) } ?? "."
    guard stat(FileName.bytes(directory), &status) == 0 else { return nil }
    return FileIdentity(
      device: UInt64(status.st_dev), number: UInt64(status.st_ino),
      name: cut.map { String(path[path.utf8.index(after: $0)...]) } ?? path)
  }

  /// Whether a path is a symbolic link that leads nowhere.
  static func isDanglingLink(_ path: String) -> Bool {
    var status = stat()
    return stat(FileName.bytes(path), &status) != 0 && lstat(FileName.bytes(path), &status) == 0
  }

  /// Waits until no other process holds a directory, and runs `body` meanwhile. Where it cannot be held, as on some
  /// network file systems, `body` runs all the same.
  package static func holding<Result>(directory: String, _ body: () throws -> Result) rethrows -> Result {
    let descriptor = open(FileName.bytes(directory), O_RDONLY | O_CLOEXEC)
    defer { if descriptor >= 0 { close(descriptor) } }
    if descriptor >= 0 { _ = flock(descriptor, LOCK_EX) }
    return try body()
  }

  static func status(ofDescriptor descriptor: Int32) -> FileStatus? {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? FileStatus(status) : nil
  }

  /// Opens for reading at once: a pipe that nobody writes to is not waited for.
  static func openToRead(_ path: String) -> Int32 { open(FileName.bytes(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK) }

  static func openToWrite(_ path: String) -> Int32 { open(FileName.bytes(path), O_WRONLY | O_CLOEXEC) }

  /// Makes a file that must not be there yet, with these permissions less the umask.
  static func create(_ path: String, permissions: UInt32) -> Int32 {
    open(FileName.bytes(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(permissions))
  }

  /// The directory for files that live as long as the process: `TMPDIR`, or else /tmp.
  static var scratchDirectory: String {
    guard let directory = getenv("TMPDIR"), directory[0] != 0 else { return "/tmp" }
    return String(cString: directory)
  }

  /// Opens a new file for writing and reading that has no name, and is gone when it is closed.
  static func openScratch() -> Int32 {
    let path = scratchDirectory + "/.\(String(UInt64.random(in: .min ... .max), radix: 36)).scratch"
    let descriptor = open(FileName.bytes(path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 { _ = unlink(FileName.bytes(path)) }
    return descriptor
  }

  static func setPermissions(_ permissions: UInt32, ofDescriptor descriptor: Int32) {
    _ = fchmod(descriptor, mode_t(permissions))
  }

  @discardableResult static func close(_ descriptor: Int32) -> Bool { sysClose(descriptor) == 0 }

  static func remove(_ path: String) { _ = unlink(FileName.bytes(path)) }

  static func rename(_ path: String, to target: String) -> Bool { sysRename(path, target) == 0 }

  /// The path without symbolic links, or nil where it leads nowhere.
  static func resolved(_ path: String) -> String? {
    var resolved = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    guard realpath(FileName.bytes(path), &resolved) != nil else { return nil }
    return FileName.text(resolved.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) })
  }

  /// Whether this process may make files in a directory, which must be there.
  static func mayCreateFiles(in directory: String) -> Bool { access(FileName.bytes(directory), W_OK | X_OK) == 0 }

  /// Whether a path leads to a file or a directory.
  package static func exists(_ path: String) -> Bool { access(FileName.bytes(path), F_OK) == 0 }

  /// Throws before the work where `makeDirectory` would fail; nothing is made.
  package static func checkCanMakeDirectory(_ path: String) throws(FileError) {
    var place = path
    while place.hasSuffix("/"), place.utf8.count > 1 { place.removeLast() }
    if !exists(place), !isDanglingLink(place), !place.isEmpty {
      place = place.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(place[...$0]) } ?? "."
    }
    guard !place.isEmpty, access(FileName.bytes(place + "/."), W_OK | X_OK) == 0 else {
      throw FileError(.cannotCreate, file: path, "cannot create the directory: \(lastError)")
    }
  }

  /// Makes a directory, whose parent must be there; one that is there already stays, and must be writable.
  package static func makeDirectory(_ path: String) throws(FileError) {
    guard mkdir(FileName.bytes(path), 0o777) == 0 || errno == EEXIST && access(FileName.bytes(path + "/."), W_OK) == 0
    else {
      throw FileError(.cannotCreate, file: path, "cannot create the directory: \(lastError)")
    }
  }

  /// The negated error of a write to a pipe that nobody reads any more.
  static let brokenPipe = -Int64(EPIPE)

  /// From now on, a write to a pipe that nobody reads is an error and does not end the process.
  package static func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }

  // MARK: The process

  /// What the process was started with, its own name first. Bytes that are no UTF-8 are as in `FileName`; Swift's own
  /// list loses them, and is empty where there is no /proc.
  package static var arguments: [String] {
    let count = cfiles_argument_count()
    guard count >= 0 else { return CommandLine.arguments }
    return (0..<count).map { number in
      var bytes: [UInt8] = []
      bytes = [UInt8](repeating: 0, count: Int(cfiles_argument(number, &bytes, 0)))
      _ = cfiles_argument(number, &bytes, Int64(bytes.count))
      return FileName.text(bytes)
    }
  }

  /// From now on Ctrl-C is counted and ends nothing; the second ends the process at once, with code 130.
  package static func countInterrupts() { cfiles_count_interrupts() }

  /// How many came since then.
  package static var interrupts: Int { Int(cfiles_interrupts()) }

  /// Processor time that this process has used, in seconds.
  package static var processSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The machine's memory in bytes.
  package static var physicalMemory: Int { Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE))) }

  /// The most address space that this process may have (`ulimit -v`) in bytes; nil where there is no limit.
  package static var addressSpaceLimit: Int? {
    var limit = rlimit()
    #if canImport(Glibc)
      let resource = __rlimit_resource_t(UInt32(RLIMIT_AS.rawValue))
    #else
      let resource = RLIMIT_AS
    #endif
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < rlim_t(Int.max) else { return nil }
    return Int(limit.rlim_cur)
  }

  /// Writes to standard error, unbuffered.
  package static func writeError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(2, bytes, bytes.count)
  }

  /// Whether standard error is a terminal that lines can be redrawn on.
  package static var errorIsTerminal: Bool {
    // One that says so takes no escape sequences.
    if let kind = getenv("TERM"), String(cString: kind) == "dumb" { return false }
    return isTerminal(2)
  }

  /// Whether a descriptor is a terminal.
  static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) != 0 }

  /// The processor's name, or nil where the system does not tell it.
  package static var processorName: String? {
    #if canImport(Darwin)
      var (size, bytes) = (256, [UInt8](repeating: 0, count: 256))
      guard sysctlbyname("machdep.cpu.brand_string", &bytes, &size, nil, 0) == 0 else { return nil }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    #else
      guard let text = try? TextFile.readGenerated("/proc/cpuinfo") else { return nil }
      let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
      return line?.split(separator: ":").last.map { String($0.drop { $0 == " " }) }
    #endif
  }
}

// A static function of the same name would hide these.
private func sysClose(_ descriptor: Int32) -> Int32 { close(descriptor) }
private func sysRename(_ path: String, _ target: String) -> Int32 {
  rename(FileName.bytes(path), FileName.bytes(target))
}
