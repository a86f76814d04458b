/// Encodable values as JSON text with sorted names.
///
/// The text is that of Foundation's `JSONEncoder` with sorted keys and slashes as they are, but for characters that
/// terminals act on, which are escaped. Whole numbers have no
/// point, other numbers as many digits as tell them apart, and numbers that are not finite are the strings "inf",
/// "-inf" and "nan".
package enum JSONText {
  /// On one line.
  package static func line(of value: some Encodable) throws -> String { try node(of: value).line }

  /// With a line for each value and two spaces for each level.
  package static func indented(_ value: some Encodable) throws -> String { try node(of: value).indented("") }

  private static func node(of value: some Encodable) throws -> Node {
    let node = Node()
    try node.set(value, [])
    return node
  }

  /// A value that is being put together.
  fileprivate final class Node {
    enum Content {
      case none
      /// Text as it will stand in the document.
      case literal(String)
      case array([Node])
      case object([String: Node])
    }

    var content = Content.none

    func set<T: Encodable>(_ value: T, _ path: [any CodingKey]) throws {
      switch value {
      case let value as Bool: content = .literal("\(value)")
      case let value as String: content = .literal(JSONValue.quotedWithLetters(value))
      case let value as Double: content = .literal(Self.number(value))
      case let value as Float: content = .literal(Self.number(value))
      case let value as any FixedWidthInteger: content = .literal("\(value)")
      default:
        try value.encode(to: NodeEncoder(node: self, codingPath: path))
        if case .none = content { content = .object([:]) }
      }
    }

    private static func number(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
      guard value.isFinite else { return value.isNaN ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"" }
      let text = value.description
      return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    func add() -> Node {
      let node = Node()
      if case .array(let nodes) = content { content = .array(nodes + [node]) } else { content = .array([node]) }
      return node
    }

    func add(_ name: String) -> Node {
      let node = Node()
      guard case .object(var members) = content else {
        content = .object([name: node])
        return node
      }
      content = .none  // so that the members have one owner
      members[name] = node
      content = .object(members)
      return node
    }

    /// An empty array or object, where nothing has been put in yet.
    func begin(_ empty: Content) { if case .none = content { content = empty } }

    private static func sorted(_ members: [String: Node]) -> [(key: String, value: Node)] {
      members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    var line: String {
      switch content {
      case .none: "null"
      case .literal(let text): text
      case .array(let nodes): "[\(nodes.map(\.line).joined(separator: ","))]"
      case .object(let members):
        "{\(Self.sorted(members).map { "\(JSONValue.quotedWithLetters($0.key)):\($0.value.line)" }.joined(separator: ","))}"
      }
    }

    func indented(_ space: String) -> String {
      let inner = space + "  "
      func block(_ open: String, _ lines: [String], _ close: String) -> String {
        "\(open)\n\(lines.map { inner + $0 }.joined(separator: ",\n"))\n\(space)\(close)"
      }
      return switch content {
      case .none: "null"
      case .literal(let text): text
      case .array(let nodes): block("[", nodes.map { $0.indented(inner) }, "]")
      case .object(let members):
        block(
          "{", Self.sorted(members).map { "\(JSONValue.quotedWithLetters($0.key)) : \($0.value.indented(inner))" }, "}")
      }
    }
  }

  fileprivate struct NodeEncoder: Encoder {
    let node: Node
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      node.begin(.object([:]))
      return KeyedEncodingContainer(Members<Key>(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
      node.begin(.array([]))
      return Elements(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { Single(node: node, codingPath: codingPath) }
  }

  private struct Single: SingleValueEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]

    func encodeNil() { node.content = .literal("null") }
    func encode<T: Encodable>(_ value: T) throws { try node.set(value, codingPath) }
  }

  private struct Elements: UnkeyedEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]
    var count: Int { if case .array(let nodes) = node.content { nodes.count } else { 0 } }

    private func next() -> NodeEncoder { NodeEncoder(node: node.add(), codingPath: codingPath) }

    func encodeNil() { node.add().content = .literal("null") }
    func encode<T: Encodable>(_ value: T) throws { try node.add().set(value, codingPath) }
    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      next().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next().unkeyedContainer() }
    func superEncoder() -> any Encoder { next() }
  }

  private struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let codingPath: [any CodingKey]

    private func next(_ key: any CodingKey) -> NodeEncoder {
      NodeEncoder(node: node.add(key.stringValue), codingPath: codingPath + [key])
    }

    func encodeNil(forKey key: Key) { node.add(key.stringValue).content = .literal("null") }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
      try node.add(key.stringValue).set(value, codingPath + [key])
    }
    func nestedContainer<K: CodingKey>(keyedBy type: K.Type, forKey key: Key) -> KeyedEncodingContainer<K> {
      next(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { next(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { NodeEncoder(node: node.add("super"), codingPath: codingPath) }
    func superEncoder(forKey key: Key) -> any Encoder { next(key) }
  }
}
