import TensorFiles

/// Text for people, unbuffered.
package enum StandardError {
  package static func write(_ text: String) { OperatingSystem.writeError(text) }

  /// Whether it is a terminal.
  package static var isTerminal: Bool { OperatingSystem.errorIsTerminal }
}
