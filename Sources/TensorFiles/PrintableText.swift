/// Text for a terminal, whoever wrote it.
package enum PrintableText {
  /// What a terminal would act on, or show out of order: control characters, line ends of Unicode, and marks that turn
  /// the direction of what follows.
  static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case ..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    default: FileName.byte(scalar) != nil
    }
  }

  /// The text with such characters made visible (`\u{1B}`, or `\xE9` for a byte of a file's name that is no UTF-8), but
  /// for line feeds and tabs where these are kept.
  package static func escaped(_ text: String, keepsLines: Bool = true) -> String {
    func isKept(_ scalar: Unicode.Scalar) -> Bool {
      !isHidden(scalar) || keepsLines && (scalar == "\n" || scalar == "\t")
    }
    guard !text.unicodeScalars.allSatisfy(isKept) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if isKept(scalar) {
        result.unicodeScalars.append(scalar)
      } else if let byte = FileName.byte(scalar) {
        result += "\\x" + String(byte, radix: 16, uppercase: true)
      } else {
        result +=
          scalar.value < 0x80
          ? scalar.escaped(asASCII: true) : "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      }
    }
    return result
  }
}

/// Names of files as text. They are bytes, and need not be UTF-8: a byte that is not becomes one of the last 256
/// characters of Unicode, which no text uses, and that becomes the byte again where a file is opened.
package enum FileName {
  private static let first: UInt32 = 0x10_FF00

  /// The byte that a character stands for; nil for all other characters.
  static func byte(_ scalar: Unicode.Scalar) -> UInt8? {
    scalar.value >= first ? UInt8(truncatingIfNeeded: scalar.value) : nil
  }

  /// The name of these bytes.
  package static func text(_ bytes: some Collection<UInt8>) -> String {
    if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: { byte($0) != nil }) {
      return text
    }
    var (text, rest) = (String.UnicodeScalarView(), Array(bytes)[...])
    while let start = rest.first {
      let length = start < 0x80 ? 1 : start >= 0xF0 ? 4 : start >= 0xE0 ? 3 : 2
      if let scalar = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first, byte(scalar) == nil
      {
        text.append(scalar)
        rest = rest.dropFirst(length)
      } else {
        text.append(Unicode.Scalar(first + UInt32(start))!)
        rest = rest.dropFirst()
      }
    }
    return String(text)
  }

  /// The bytes of a name, and a zero behind them.
  package static func bytes(_ text: String) -> [CChar] {
    var bytes: [CChar] = []
    for scalar in text.unicodeScalars {
      if let byte = byte(scalar) {
        bytes.append(CChar(bitPattern: byte))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar)!.map { CChar(bitPattern: $0) })
      }
    }
    return bytes + [0]
  }
}
