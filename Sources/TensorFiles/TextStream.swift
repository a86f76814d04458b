import CFiles

/// Text to a pipe, terminal or file that is open, in large writes. A terminal gets printable text.
package struct TextStream: Sendable {
  private let descriptor: Int32
  private let name: String
  private let isTerminal: Bool
  private var buffer: [UInt8] = []
  /// False once nobody reads any more.
  package private(set) var isOpen = true

  package init(descriptor: Int32, name: String) {
    (self.descriptor, self.name) = (descriptor, name)
    isTerminal = OperatingSystem.isTerminal(descriptor)
  }

  package mutating func append(_ text: String) {
    buffer.append(contentsOf: (isTerminal ? PrintableText.escaped(text) : text).utf8)
  }

  /// Hands on what was appended. A closed pipe is no error (see `isOpen`), if SIGPIPE is ignored.
  package mutating func flush() throws(FileError) {
    guard isOpen, !buffer.isEmpty else { return }
    let status = cfiles_write(descriptor, buffer, 0, Int64(buffer.count))
    buffer.removeAll(keepingCapacity: true)
    if status == OperatingSystem.brokenPipe {
      isOpen = false
    } else if status < 0 {
      throw FileError(.inputOutput, file: name, "cannot write: \(systemMessage(negated: status))")
    }
  }
}
