import TensorFiles

/// Text for people, unbuffered.
public enum StandardError {
  public static func write(_ text: String) { OperatingSystem.writeError(text) }

  /// Whether it is a terminal.
  public static var isTerminal: Bool { OperatingSystem.errorIsTerminal }
}
