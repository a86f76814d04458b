/// The size of a superscript relative to its text.
let superscriptScale = 0.75

/// Estimated sizes of text of one font size. The font is not known, so the widths are those of wide sans-serif faces
/// (DejaVu Sans, Verdana): text may turn out narrower than estimated, seldom wider.
struct TextMetrics: Sendable, Hashable {
  var size: Double

  /// From one baseline to the next.
  var lineHeight: Double { 1.25 * size }
  /// From the middle of a line down to its baseline.
  var baseline: Double { 0.36 * size }

  func width(_ text: String) -> Double {
    size * text.reduce(0) { $0 + Self.width($1) }
  }

  func width(_ label: NumberLabel) -> Double {
    width(label.base) + superscriptScale * width(label.superscript)
  }

  private static func width(_ character: Character) -> Double {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar {
    case "i", "j", "l", "I", "|", "!", "'", ".", ",", ":", ";", " ": return 0.35
    case "f", "r", "t", "(", ")", "[", "]", "-", "/", "\\": return 0.42
    case "m", "w", "M", "W", "@", "%": return 1.0
    case "c", "k", "s", "v", "x", "y", "z": return 0.6
    case "a"..."z", "0"..."9": return 0.64
    case "E", "F", "J", "L", "P", "S", "T", "X", "Y", "Z": return 0.69
    case "A"..."Z": return 0.79
    case "\u{80}"..."\u{2FF}": return 0.8
    case "\u{370}"..."\u{3FF}": return 0.7
    case "\u{1100}"...: return scalar.value < 0x2E80 && scalar.value >= 0x1200 ? 0.9 : 1.1
    default: return 0.85
    }
  }

  /// The pieces between which `text` may be broken, each with the space before it: at spaces, and after a hyphen
  /// between letters.
  private static func pieces(_ text: String) -> [(space: String, piece: String)] {
    var result: [(space: String, piece: String)] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
      var piece = ""
      var space = " "
      for index in word.indices {
        piece.append(word[index])
        let next = word.index(after: index)
        guard word[index] == "-", next < word.endIndex, word[next].isLetter, piece.dropLast().last?.isLetter == true
        else { continue }
        result.append((space, piece))
        (piece, space) = ("", "")
      }
      result.append((space, piece))
    }
    return result
  }

  /// The width below which `wrapped` has to break words.
  func longestPiece(_ text: String) -> Double { Self.pieces(text).map { width($0.piece) }.max() ?? 0 }

  /// `text` in lines no wider than `limit`, broken within words only where one is too long by itself.
  func wrapped(_ text: String, to limit: Double) -> [String] {
    var lines: [String] = []
    var line = ""
    for (space, word) in Self.pieces(text) {
      let joined = line.isEmpty ? word : line + space + word
      if width(joined) <= limit {
        line = joined
        continue
      }
      if !line.isEmpty { lines.append(line) }
      line = ""
      for character in word {
        if !line.isEmpty, width(line + String(character)) > limit {
          lines.append(line)
          line = ""
        }
        line.append(character)
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }
}
