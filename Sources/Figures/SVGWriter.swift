/// Writes SVG elements, one a line, indented. The only place that knows how XML is escaped.
struct SVGWriter {
  private(set) var text = ""
  private var depth = 0

  typealias Attributes = KeyValuePairs<String, String>

  mutating func open(_ name: String, _ attributes: Attributes = [:]) {
    write("<\(name)\(Self.joined(attributes))>")
    depth += 1
  }

  mutating func close(_ name: String) {
    depth -= 1
    write("</\(name)>")
  }

  mutating func element(_ name: String, _ attributes: Attributes) {
    write("<\(name)\(Self.joined(attributes))/>")
  }

  mutating func element(_ name: String, _ attributes: Attributes = [:], content: String) {
    write("<\(name)\(Self.joined(attributes))>\(Self.escaped(content))</\(name)>")
  }

  /// A text element whose end may be raised.
  mutating func element(_ name: String, _ attributes: Attributes, label: NumberLabel, size: Double) {
    guard !label.superscript.isEmpty else {
      element(name, attributes, content: label.base)
      return
    }
    let raised: Attributes = ["dy": number(-0.4 * size), "font-size": number(superscriptScale * size)]
    write(
      "<\(name)\(Self.joined(attributes))>\(Self.escaped(label.base))"
        + "<tspan\(Self.joined(raised))>\(Self.escaped(label.superscript))</tspan></\(name)>")
  }

  private mutating func write(_ line: String) {
    text += String(repeating: "  ", count: depth) + line + "\n"
  }

  private static func joined(_ attributes: Attributes) -> String {
    attributes.map { " \($0.key)=\"\(escaped($0.value))\"" }.joined()
  }

  /// `text` with XML's special characters as entities; characters XML does not allow become U+FFFD.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\t", "\n", "\r": result += " "
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// The data of an SVG path.
struct Path {
  private(set) var data = ""
  var isEmpty: Bool { data.isEmpty }

  mutating func move(_ x: Double, _ y: Double) { data += "M\(number(x)),\(number(y))" }
  mutating func line(_ x: Double, _ y: Double) { data += "L\(number(x)),\(number(y))" }
  mutating func close() { data += "Z" }
}

/// A coordinate to a hundredth of a pixel, without trailing zeros. Coordinates far outside of any figure are clamped.
func number(_ value: Double) -> String {
  let hundredths = Int((min(max(value, -1e6), 1e6) * 100).rounded())
  let magnitude = hundredths.magnitude
  var text = hundredths < 0 ? "-" : ""
  text += String(magnitude / 100)
  let rest = magnitude % 100
  if rest == 0 { return text }
  if rest % 10 == 0 { return text + "." + String(rest / 10) }
  return text + (rest < 10 ? ".0" : ".") + String(rest)
}
