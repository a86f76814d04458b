import ArgumentParser
import FastGaussNewton

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

func printError(_ text: String) { StandardError.write(text + "\n") }

/// Runs a command's work; an error is printed on standard error and becomes its documented exit code.
func reportingFailures(_ body: () throws -> Void) throws {
  // A file that grows beyond the process' limit is an error of the write, not the end of the process.
  signal(SIGXFSZ, SIG_IGN)
  do {
    try body()
  } catch let error as FileError {
    printError("fgn: \(error)")
    throw ExitCode(error.exitCode)
  } catch let error as DataError {
    printError("fgn: \(error)")
    throw ExitCode(65)
  } catch let error as OptimizerError {
    printError("fgn: \(error)")
    throw ExitCode(64)
  }
  guard fflush(nil) == 0 else {
    printError("fgn: standard output: cannot write: \(String(cString: strerror(errno)))")
    throw ExitCode(74)
  }
}

/// Fails before the work where a file could not be created after it.
func checkCanCreate(_ paths: String?...) throws(FileError) {
  for path in paths.compactMap({ $0 }) {
    var status = stat()
    if stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR {
        throw FileError(.cannotCreate, file: path, "cannot write: it is a directory")
      }
      if status.st_mode & S_IFMT != S_IFREG { continue }
    }
    let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    guard access(directory, W_OK | X_OK) == 0 else {
      throw FileError(
        .cannotCreate, file: path, "cannot create a file in its directory: \(String(cString: strerror(errno)))")
    }
  }
}
