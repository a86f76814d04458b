#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Text for people, unbuffered.
public enum StandardError {
  public static func write(_ text: String) {
    let bytes = Array(text.utf8)
    #if canImport(Glibc)
      _ = Glibc.write(2, bytes, bytes.count)
    #elseif canImport(Darwin)
      _ = Darwin.write(2, bytes, bytes.count)
    #endif
  }

  /// Whether it is a terminal.
  public static var isTerminal: Bool { isatty(2) != 0 }
}
