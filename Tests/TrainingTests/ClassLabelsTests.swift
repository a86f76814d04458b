import Testing

@testable import Training

/// What is the same class, and in which order classes are.
@Suite struct ClassLabelsTests {
  @Test(arguments: [
    (["1", "0"], ["0", "1"], [1, 0]),
    (["1.0", "0.0"], ["0", "1"], [1, 0]),
    (["+1", "1", "-1"], ["-1", "1"], [1, 1, 0]),
    (["1e0", "1e2", "-0", "0"], ["0", "1", "100"], [1, 2, 0, 0]),
    (["10", "9", "-5"], ["-5", "9", "10"], [2, 1, 0]),
    (["9007199254740993", "9007199254740992"], ["9007199254740992", "9007199254740993"], [1, 0]),
  ]) func wholeNumbers(_ labels: [String], _ names: [String], _ classes: [Int32]) {
    let result = ClassLabels(labels)
    #expect(result.kind == .wholeNumber && !result.areRealNumbers)
    #expect(result.names == names)
    #expect(result.classes == classes)
  }

  @Test func truths() {
    let result = ClassLabels(["True", "FALSE", "true"])
    #expect(result.kind == .boolean)
    #expect(result.names == ["FALSE", "True"])
    #expect(result.classes == [1, 0, 1])
  }

  /// As they stand, in the order of text: codes with zeros in front, and numbers beside text.
  @Test(arguments: [
    (["b", "a", "A"], ["A", "a", "b"]),
    (["007", "07", "7"], ["007", "07", "7"]),
    (["1.0", "1", "none"], ["1", "1.0", "none"]),
    (["true", "false", "maybe"], ["false", "maybe", "true"]),
    (["10", "9", "x"], ["10", "9", "x"]),
  ]) func text(_ labels: [String], _ names: [String]) {
    let result = ClassLabels(labels)
    #expect(result.kind == .text && !result.areRealNumbers)
    #expect(result.names == names)
    #expect(result.classes.map { result.names[Int($0)] } == labels)
  }

  @Test(arguments: [["1.5", "2"], ["1e-3", "0"], ["1e300", "1"]]) func realNumbers(_ labels: [String]) {
    #expect(ClassLabels(labels).areRealNumbers)
  }

  @Test func labelsOfAModel() {
    let lookup = ClassLookup(["-1", "1", "True", "x", "01"])
    #expect(lookup["1.0"] == 1 && lookup["+1"] == 1 && lookup["-1.0"] == 0)
    #expect(lookup["true"] == 2 && lookup["x"] == 3 && lookup["01"] == 4)
    #expect(lookup["X"] == nil && lookup["0"] == nil && lookup["false"] == nil)
    // Two names are the same number: neither is meant by a third way to write it.
    let ambiguous = ClassLookup(["1", "1.0"])
    #expect(ambiguous["1"] == 0 && ambiguous["1.0"] == 1 && ambiguous["+1"] == nil)
  }
}
