import LinearAlgebra
import Testing

@testable import TensorFiles

@Suite struct NumberParserTests {
  private func parse<Scalar: RealScalar>(_ text: String, as: Scalar.Type = Scalar.self) -> Scalar? {
    let bytes = Array(text.utf8) + [0]
    var position = 0
    let value = NumberParser.number(bytes, at: &position, end: bytes.count - 1, as: Scalar.self)
    return position == bytes.count - 1 ? value : nil
  }

  private func expectExact(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(
      parse(text, as: Float.self)?.bitPattern == Float(text)?.bitPattern, "\(text)", sourceLocation: sourceLocation)
    #expect(
      parse(text, as: Double.self)?.bitPattern == Double(text)?.bitPattern, "\(text)", sourceLocation: sourceLocation)
  }

  @Test func agreesWithTheStandardLibraryOnRandomNumbers() {
    let seed: UInt64 = 20_240_601
    var generator = TestGenerator(seed)
    for _ in 0..<20_000 {
      // Any float or double by its bits, and decimal fractions of 1 to 20 digits.
      let float = Float(bitPattern: UInt32.random(in: 0..<0x7F80_0000, using: &generator))
      let double = Double(bitPattern: UInt64.random(in: 0..<0x7FF0_0000_0000_0000, using: &generator))
      expectExact("\(float)")
      expectExact("\(double)")
      expectExact("\(-Double(float))")
      var digits = String(UInt64.random(in: 0 ... .max, using: &generator))
      digits = String(digits.prefix(Int.random(in: 1...20, using: &generator)))
      let point = Int.random(in: 0...digits.count, using: &generator)
      let text = "\(digits.prefix(point)).\(digits.dropFirst(point))"
      expectExact(text)
      expectExact("\(text)e\(Int.random(in: -50...45, using: &generator))")
    }
  }

  /// Numbers a hair above, below and on the midpoints of neighbouring floats, where rounding to
  /// `Double` first goes wrong.
  @Test func roundsOnceNearFloatMidpoints() {
    var generator = TestGenerator(7)
    var doublyRounded = 0
    for _ in 0..<20_000 {
      let float = Float.random(in: 1..<1024, using: &generator)
      let midpoint = (Double(float) + Double(float.nextUp)) / 2
      let text = "\(midpoint)"
      for candidate in [text, text + "0000000001", text + "00000000000000000001"] {
        expectExact(candidate)
        if Float(Double(candidate)!) != Float(candidate)! { doublyRounded += 1 }
      }
    }
    #expect(doublyRounded > 1000, "the test no longer meets the hard cases")
  }

  @Test(arguments: [
    "0", "-0", "+1", "1.", ".5", "-.5e-3", "1e22", "1e23", "1E+2", "00012.50", "9007199254740993",
    "18446744073709551616",
    "1e-400", "1e400", "-1e39", "4.9e-324", "2.2250738585072011e-308", "0.1e1", "1e00000000001",
    "0.000000000000000000000000000000000000000000001",
  ])
  func spellings(_ text: String) { expectExact(text) }

  @Test(arguments: ["", "-", "+", ".", "e5", "1e", "1e+", "--1", "1-", "1x", "0x10", "1 ", "nano", "in", "1_000", "١"])
  func refuses(_ text: String) {
    #expect(parse(text, as: Double.self) == nil)
    #expect(parse(text, as: Float.self) == nil)
  }

  @Test func words() {
    #expect(parse("inf") == Float.infinity)
    #expect(parse("-Infinity") == -Double.infinity)
    #expect(parse("NaN", as: Double.self)?.isNaN == true)
  }
}
