import ArgumentParser
import FastGaussNewton

func printError(_ text: String) { StandardError.write(text + "\n") }

/// Runs a command's work; an error is printed on standard error and becomes its documented exit code.
func reportingFailures(_ body: () throws -> Void) throws {
  do {
    try body()
  } catch let error as FileError {
    printError("fgn: \(error)")
    throw ExitCode(error.exitCode)
  } catch let error as DataError {
    printError("fgn: \(error)")
    throw ExitCode(65)
  }
}
