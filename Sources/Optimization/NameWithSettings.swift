/// The parts of `NAME[:option=value...]`, in which methods and losses are written.
package struct NameWithSettings: Sendable {
  package var name: String
  /// In the order in which they are written.
  package var settings: [(option: String, value: String)] = []

  /// - Throws: `Malformed` for a part after a colon without an equals sign.
  package init(_ text: String) throws(Malformed) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    name = parts[0]
    for part in parts.dropFirst() {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard sides.count == 2 else {
        throw Malformed(description: "\(text): expected option=value after a colon, got \"\(part)\"")
      }
      settings.append((sides[0], sides[1]))
    }
  }

  package struct Malformed: Error, CustomStringConvertible {
    package let description: String
  }

  /// A name with hyphens as a key of JSON: `learningRate` of `learning-rate`.
  package static func key(_ name: String) -> String {
    let parts = name.split(separator: "-")
    return parts.dropFirst().reduce(String(parts.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
  }
}
