extension JSONValue {
  /// The value as a `T`. Numbers may be the strings "inf", "-inf" and "nan", as `JSONText` writes them; whole numbers
  /// must fit their type exactly.
  ///
  /// - Throws: `DecodingError`.
  package func decoded<T: Decodable>(as type: T.Type = T.self) throws -> T { try decoded(type, []) }

  fileprivate func decoded<T: Decodable>(_ type: T.Type, _ path: [any CodingKey]) throws -> T {
    let result: (any Decodable)? =
      switch type {
      case is Bool.Type: if case .bool(let value) = self { value } else { nil }
      case is String.Type: if case .string(let value) = self { value } else { nil }
      case is Double.Type: real
      case is Float.Type: real.map { Float($0) }
      case let type as any (FixedWidthInteger & Decodable).Type: integer(type)
      default: try T(from: ValueDecoder(value: self, codingPath: path))
      }
    guard let result = result as? T else {
      throw DecodingError.typeMismatch(T.self, .init(codingPath: path, debugDescription: "got \(excerpt)"))
    }
    return result
  }

  private func integer<I: FixedWidthInteger & Decodable>(_ type: I.Type) -> (any Decodable)? {
    switch self {
    case .integer(let value): I(exactly: value)
    case .unsigned(let value): I(exactly: value)
    case .number(let value): I(exactly: value)
    default: nil
    }
  }

  /// The value as a number, if it is one.
  private var real: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .number(let value): value
    case .string("inf"): .infinity
    case .string("-inf"): -.infinity
    case .string("nan"): .nan
    default: nil
    }
  }
}

private struct ValueDecoder: Decoder {
  let value: JSONValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  private func mismatch(_ expected: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: codingPath, debugDescription: "expected \(expected), got \(value.excerpt)"))
  }

  func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .object(let members) = value else { throw mismatch("an object") }
    return KeyedDecodingContainer(Members<Key>(members: members, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    guard case .array(let values) = value else { throw mismatch("an array") }
    return Elements(values: values, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueDecodingContainer { Single(value: value, codingPath: codingPath) }
}

private struct Single: SingleValueDecodingContainer {
  let value: JSONValue
  let codingPath: [any CodingKey]

  func decodeNil() -> Bool { value == .null }
  func decode<T: Decodable>(_ type: T.Type) throws -> T { try value.decoded(type, codingPath) }
}

private struct Elements: UnkeyedDecodingContainer {
  let values: [JSONValue]
  let codingPath: [any CodingKey]
  var currentIndex = 0
  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex == values.count }

  private mutating func next<T>(_ type: T.Type, _ read: (JSONValue) throws -> T) throws -> T {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(T.self, .init(codingPath: codingPath, debugDescription: "got the end"))
    }
    let result = try read(values[currentIndex])
    currentIndex += 1
    return result
  }

  mutating func decodeNil() -> Bool {
    guard !isAtEnd, values[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }
  mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
    let path = codingPath
    return try next(type) { try $0.decoded(type, path) }
  }
  mutating func nestedContainer<K: CodingKey>(keyedBy type: K.Type) throws -> KeyedDecodingContainer<K> {
    let path = codingPath
    return try next(KeyedDecodingContainer<K>.self) {
      try ValueDecoder(value: $0, codingPath: path).container(keyedBy: type)
    }
  }
  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
    let path = codingPath
    return try next((any UnkeyedDecodingContainer).self) {
      try ValueDecoder(value: $0, codingPath: path).unkeyedContainer()
    }
  }
  mutating func superDecoder() throws -> any Decoder {
    let path = codingPath
    return try next((any Decoder).self) { ValueDecoder(value: $0, codingPath: path) }
  }
}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let members: [String: JSONValue]
  let codingPath: [any CodingKey]
  var allKeys: [Key] { members.keys.compactMap { Key(stringValue: $0) } }

  func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }

  private func value(_ key: any CodingKey) throws -> JSONValue {
    guard let value = members[key.stringValue] else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "\"\(key.stringValue)\" is not there"))
    }
    return value
  }

  private func decoder(_ key: any CodingKey) throws -> ValueDecoder {
    ValueDecoder(value: try value(key), codingPath: codingPath + [key])
  }

  func decodeNil(forKey key: Key) throws -> Bool { try value(key) == .null }
  func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
    try value(key).decoded(type, codingPath + [key])
  }
  func nestedContainer<K: CodingKey>(keyedBy type: K.Type, forKey key: Key) throws -> KeyedDecodingContainer<K> {
    try decoder(key).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try decoder(key).unkeyedContainer()
  }
  func superDecoder() throws -> any Decoder {
    ValueDecoder(value: members["super"] ?? .null, codingPath: codingPath)
  }
  func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}
