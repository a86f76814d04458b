import Logging

/// Messages for people, on standard error without time stamps.
let logger: Logger = {
  var logger = Logger(label: "fgn") { _ in PlainLogHandler() }
  logger.logLevel = .info
  return logger
}()

private struct PlainLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    printError(event.level >= .warning ? "\(event.level): \(event.message)" : "\(event.message)")
  }
}
