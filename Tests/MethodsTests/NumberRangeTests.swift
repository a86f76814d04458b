import Testing

@testable import Optimization

@Suite struct NumberRangeTests {
  static let ranges: [(NumberRange, String, inside: [Double], outside: [Double])] = [
    (.above(0), "a number above 0", [1e-300, 1e300], [0, -1, .infinity, .nan]),
    (NumberRange.above(0).orInfinity, "a number above 0, or inf", [1, .infinity], [0, .nan, -.infinity]),
    (.atLeast(0), "a number of at least 0", [0, 7], [-1e-300, .infinity, .nan]),
    (.from(0, below: 0.25), "a number from 0 to below 0.25", [0, 0.2499], [0.25, -1, .nan]),
    (
      NumberRange.from(0, below: 1).withoutLower, "a number above 0 and below 1", [1e-300, 0.999], [0, 1, .nan]
    ),
    (NumberRange.from(0, to: 1).withoutLower, "a number above 0 and at most 1", [1], [0, 1.001]),
    (.from(-1, to: 1), "a number from -1 to 1", [-1, 1], [-1.001, 1.001, .nan]),
    (.whole(1...1_000_000), "a whole number from 1 to 1000000", [1, 1e6], [0, 1.5, 1e6 + 1, .nan, .infinity]),
  ]

  @Test(arguments: ranges) func holdsWhatItSays(
    _ range: NumberRange, _ text: String, inside: [Double], outside: [Double]
  ) {
    #expect(range.expectation() == text)
    for value in inside { #expect(range.contains(value), "\(text): \(value)") }
    for value in outside { #expect(!range.contains(value), "\(text): \(value)") }
  }

  @Test func unitsAreNamed() {
    #expect(NumberRange.whole(1...9).expectation(unit: "steps") == "a whole number of steps from 1 to 9")
    #expect(NumberRange.from(-1, to: 1).expectation(unit: "cosine") == "a cosine from -1 to 1")
  }

  @Test func keysAreInCamelCase() {
    #expect(NameWithSettings.key("learning-rate") == "learningRate" && NameWithSettings.key("memory") == "memory")
  }
}
