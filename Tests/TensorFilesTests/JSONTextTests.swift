import Foundation
import Testing

@testable import TensorFiles

/// Our JSON text against Foundation's, and back.
@Suite struct JSONTextTests {
  struct Record: Codable, Equatable {
    enum Kind: String, Codable { case first, second }
    enum Choice: Codable, Equatable {
      case none
      case some(value: Double, Int)
    }

    var l10 = 1.0
    var l2: Double? = 0.1
    var aB = -0.0
    var loss: Float = 0.1
    var nothing: Int?
    var isGood = true
    var kind = Kind.second
    var choices = [Choice.none, .some(value: 2.5, 3)]
    var seed = UInt64.max
    var names = ["a/b", "\"\\\u{1F}\né"]
    var nested = [[Int]](arrayLiteral: [], [1, -2])
    var empty: [String: Int] = [:]
    var table: [String: [Double?]] = [
      "ab": [], "B": [-7.5], "b": [nil, 1e16], "a-b": [1e-5, 5e-300], "é": [123_456_789_012_345_680],
    ]
    var numbered: [Int: String] = [10: "ten", 2: "two"]
  }

  /// With numbers that are not finite, and a super encoder.
  private final class Child: Encodable {
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: Key.self)
      try [Double.infinity, -.infinity, .nan].encode(to: container.superEncoder())
      var list = container.nestedUnkeyedContainer(forKey: .list)
      try list.encodeNil()
      var inner = list.nestedContainer(keyedBy: Key.self)
      try inner.encode(Float.infinity, forKey: .list)
      #expect(list.count == 2)
    }
    enum Key: CodingKey { case list }
  }

  private static func foundation(_ value: some Encodable, _ more: JSONEncoder.OutputFormatting = []) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, more]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func expectTheSame(_ value: some Encodable) throws {
    #expect(try JSONText.line(of: value) == foundation(value))
    #expect(try JSONText.indented(value) == foundation(value, .prettyPrinted))
  }

  @Test func theBytesAreFoundations() throws {
    try Self.expectTheSame(Record())
    try Self.expectTheSame(Child())
    try Self.expectTheSame([String: Record]())
    try Self.expectTheSame("text")
    let controls = String(String.UnicodeScalarView((0..<33).map { Unicode.Scalar($0)! }))
    try Self.expectTheSame([controls: controls])
    var generator = SystemRandomNumberGenerator()
    let doubles = (0..<200).map { _ in Double(bitPattern: generator.next()) }
    try Self.expectTheSame(doubles)
    try Self.expectTheSame(doubles.map { Float(truncating: $0 as NSNumber) })
  }

  @Test func whatIsWrittenIsReadBack() throws {
    let record = Record()
    for text in [try JSONText.line(of: record), try JSONText.indented(record)] {
      #expect(try JSONValue(parsing: text).decoded(as: Record.self) == record)
    }
    let values: [Double] = try JSONValue(parsing: "[\"inf\", \"-inf\", \"nan\", 2, 18446744073709551615]").decoded()
    #expect(values[0] == .infinity && values[1] == -.infinity && values[2].isNaN)
    #expect(values[3] == 2 && values[4] == 0x1p64)
  }

  /// Text that is JSON but not of the type.
  @Test(arguments: [
    "[1]", "{\"l10\": 1}", "null",
    #"{"a": 1.5}"#, #"{"a": 300}"#, #"{"a": "1"}"#, #"{"a": true}"#, #"{"a": null}"#, #"{"a": -1}"#, "{}",
  ])
  func otherTypesAreErrors(_ text: String) throws {
    let value = try JSONValue(parsing: text)
    #expect(throws: DecodingError.self) { try value.decoded(as: Record.self) }
    #expect(throws: DecodingError.self) { try value.decoded(as: [String: UInt8].self)["a"] ?? { throw missing }() }
  }

  private var missing: DecodingError { .valueNotFound(UInt8.self, .init(codingPath: [], debugDescription: "")) }

  @Test func errorsNameThePlace() throws {
    let error = try #require(throws: JSONError.self) { try JSONValue(parsing: "{\"a\": 1,\n \"a\": 2}") }
    #expect(error == JSONError(offset: 10, line: 2, column: 2, message: "\"a\" occurs twice"))
  }
}
