import Foundation

@testable import Figures

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// What a strict XML parser reads in a figure. Nil if the figure is not well-formed.
final class ParsedSVG: NSObject, XMLParserDelegate {
  struct Text {
    var content: String
    var attributes: [String: String]
    /// The corners of its estimated box.
    var corners: [(x: Double, y: Double)]
  }

  struct Element {
    var name: String
    var attributes: [String: String]
  }

  private(set) var texts: [Text] = []
  private(set) var elements: [Element] = []
  private(set) var width = 0.0
  private(set) var height = 0.0
  private var current: (base: String, raised: String, attributes: [String: String])?
  private var isRaised = false

  init?(_ svg: String) {
    super.init()
    let parser = XMLParser(data: Data(svg.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    if elements.isEmpty {
      let box = (attributes["viewBox"] ?? "").split(separator: " ").compactMap { Double($0) }
      if box.count == 4 { (width, height) = (box[2], box[3]) }
    }
    elements.append(Element(name: name, attributes: attributes))
    if name == "text" { current = ("", "", attributes) }
    isRaised = name == "tspan"
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) {
    if isRaised { current?.raised += string } else { current?.base += string }
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    isRaised = false
    guard name == "text", let text = current else { return }
    current = nil
    texts.append(
      Text(
        content: text.base + text.raised, attributes: text.attributes,
        corners: Self.corners(NumberLabel(text.base, superscript: text.raised), text.attributes)))
  }

  private static func corners(_ label: NumberLabel, _ attributes: [String: String]) -> [(x: Double, y: Double)] {
    func value(_ key: String) -> Double { Double(attributes[key] ?? "") ?? .nan }
    let size = value("font-size")
    let width = TextMetrics(size: size).width(label) * (attributes["font-weight"] == "bold" ? 1.1 : 1)
    let left =
      switch attributes["text-anchor"] {
      case "middle": value("x") - width / 2
      case "end": value("x") - width
      default: value("x")
      }
    let (top, bottom) = (value("y") - 0.78 * size, value("y") + 0.22 * size)
    let box = [(left, top), (left + width, top), (left + width, bottom), (left, bottom)]
    guard let rotation = attributes["transform"] else { return box.map { (x: $0.0, y: $0.1) } }
    let numbers = rotation.dropFirst("rotate(".count).dropLast().split(separator: " ").compactMap { Double($0) }
    let (angle, x0, y0) = (numbers[0] * .pi / 180, numbers[1], numbers[2])
    return box.map { corner in
      let (dx, dy) = (corner.0 - x0, corner.1 - y0)
      return (x: x0 + dx * cos(angle) - dy * sin(angle), y: y0 + dx * sin(angle) + dy * cos(angle))
    }
  }

  /// All text, in the order of the document.
  var words: [String] { texts.map(\.content) }

  func elements(_ name: String) -> [Element] { elements.filter { $0.name == name } }

  /// Texts that reach out of the image.
  var clipped: [String] {
    texts.filter { $0.corners.contains { !($0.x >= 0 && $0.x <= width && $0.y >= 0 && $0.y <= height) } }.map(\.content)
  }

  /// Pairs of texts that overlap by more than a pixel.
  var collisions: [String] {
    texts.indices.flatMap { i in
      texts.indices.filter { $0 > i && Self.overlap(texts[i].corners, texts[$0].corners) }.map {
        "\(texts[i].content) | \(texts[$0].content)"
      }
    }
  }

  /// Separating axis test of two rectangles.
  private static func overlap(_ a: [(x: Double, y: Double)], _ b: [(x: Double, y: Double)]) -> Bool {
    for box in [a, b] {
      for (p, q) in [(box[0], box[1]), (box[1], box[2])] {
        let length = max(((q.x - p.x) * (q.x - p.x) + (q.y - p.y) * (q.y - p.y)).squareRoot(), 1e-9)
        let axis = (x: (q.x - p.x) / length, y: (q.y - p.y) / length)
        let first = a.map { $0.x * axis.x + $0.y * axis.y }
        let second = b.map { $0.x * axis.x + $0.y * axis.y }
        if first.max()! - 1 <= second.min()! || second.max()! - 1 <= first.min()! { return false }
      }
    }
    return true
  }
}
