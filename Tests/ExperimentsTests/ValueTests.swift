import Testing

@testable import Experiments

struct ValueTests {
  @Test func textReadsBackToTheSameBits() {
    for number in [0, 1, -3, 0.1, 1e-300, 1.5e20, 123_456_789_012_345, 1.0 / 3] {
      #expect(Value(parsing: Value.number(number).text) == .number(number))
    }
    #expect(Value(parsing: "fgn") == .text("fgn"))
    #expect(Value.number(42).text == "42")
  }
}
